"""/livez, /readyz, /metrics, and what happens when a service is away."""

import io
import socket
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.catalog import get_catalog
from app.search.client import get_client
from app.settings import get_settings
from app.store import get_store
from app.web import health
from app.web.redis import get_redis

PARTS = [
    "elasticsearch", "indices", "index options", "redis", "store", "worker-feeds",
    "worker-fetch", "worker-transcribe", "worker-query", "beat", "transcriber", "text embedder",
    "reader", "audio embedder whisper:base", "audio embedder yamnet",
    "voice embedder", "front-end packages",
]  # fmt: skip


@pytest.fixture
def nothing_there(app: Flask, monkeypatch: pytest.MonkeyPatch):
    """Services at an address where nothing listens."""
    monkeypatch.setenv("ELASTICSEARCH_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:9/0")
    cached = (get_settings, get_client, get_catalog, get_redis)
    for function in cached:
        function.cache_clear()
    yield
    monkeypatch.undo()
    for function in cached:
        function.cache_clear()


def parts(client: FlaskClient) -> dict[str, dict]:
    return {part["name"]: part for part in client.get("/readyz").json["parts"]}


def test_a_process_that_lives_says_so(client: FlaskClient) -> None:
    assert client.get("/livez").json == {"status": "ok"}


def test_ready_names_each_part(client: FlaskClient, query_worker: None) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert [part["name"] for part in answer.json["parts"]] == PARTS
    assert parts(client)["worker-query"]["ok"]
    assert parts(client)["elasticsearch"]["ok"]
    assert not parts(client)["worker-fetch"]["ok"]
    assert "no sign of life" in parts(client)["worker-fetch"]["reason"]


def test_fields_that_wait_for_a_reindex_are_named(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert parts(client)["index options"]["ok"]
    monkeypatch.setenv("EARMARK_INDEX_OPTIONS", '{"voice": {"type": "flat"}}')
    get_settings.cache_clear()
    try:
        part = parts(client)["index options"]
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
    assert not part["ok"]
    assert not part["required"]  # searches go on
    assert "the settings say flat: run `earmark reindex`" in part["reason"]


def test_services_that_are_down_are_named(client: FlaskClient, nothing_there: None) -> None:
    found = parts(client)
    assert not found["elasticsearch"]["ok"]
    assert not found["redis"]["ok"]
    assert client.get("/livez").status_code == 200


def test_a_cluster_that_hangs_does_not_hold_up_the_answer(
    client: FlaskClient, nothing_there: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PROBE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("ELASTICSEARCH_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        get_settings.cache_clear()
        get_client.cache_clear()
        found = parts(client)
        assert "Timeout" in found["elasticsearch"]["reason"]
        assert "while Elasticsearch" in found["indices"]["reason"]
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):  # one attempt, and no second question
            silent.accept()


def test_calls_say_which_service_is_down(client: FlaskClient, nothing_there: None) -> None:
    token = {"Authorization": "Bearer test-token"}
    search = client.get("/api/v1/search?q=x&w_meaning=0")
    assert search.status_code == 503
    assert "Elasticsearch" in search.json["detail"]
    feeds = client.post("/api/v1/feeds", json={"url": "https://a.example/"}, headers=token)
    assert feeds.status_code == 503
    assert "Redis" in feeds.json["detail"]
    page = client.get("/")
    assert page.status_code == 503
    assert "could not be reached" in page.text


def test_a_store_that_cannot_be_written_says_so(
    client: FlaskClient, query_worker: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("EARMARK_STORE_URL", str(tmp_path / "file" / "store"))
    for function in (get_settings, get_store):
        function.cache_clear()
    try:
        form = {"clip": (io.BytesIO(b"RIFF"), "clip.wav")}
        answer = client.post("/api/v1/search/clip", data=form)
    finally:
        monkeypatch.undo()
        for function in (get_settings, get_store):
            function.cache_clear()
    assert answer.status_code == 503
    assert "EARMARK_STORE_URL" in answer.json["detail"]


def test_metrics_count_requests_and_episodes(client: FlaskClient) -> None:
    client.get("/api/v1/search?q=fog")
    text = client.get("/metrics").text
    assert 'earmark_request_seconds_count{method="GET",route="/api/v1/search",status="200"}' in text
    assert 'earmark_episodes{status="failed"} 1.0' in text
    assert 'earmark_queue_depth{queue="transcribe"}' in text


def test_a_full_disk_of_elasticsearch_says_so(client: FlaskClient) -> None:
    """At the flood stage Elasticsearch itself sets this block on every index."""
    everything = f"{get_settings().index_prefix}-*"
    block = "index.blocks.read_only_allow_delete"
    get_client().indices.put_settings(index=everything, settings={block: True})
    try:
        assert "disk of Elasticsearch is full" in parts(client)["indices"]["reason"]
    finally:
        get_client().indices.put_settings(index=everything, settings={block: None})
    assert parts(client)["indices"]["ok"]
