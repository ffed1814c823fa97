"""Feeds, episodes and jobs: who may, what is answered, what is refused."""

import io

import pytest
from flask.testing import FlaskClient

from app.settings import get_settings
from app.store import get_store
from tests.app.web import library

ADMIN_CALLS = [
    ("GET", "/feeds"),
    ("POST", "/feeds"),
    ("GET", "/feeds/x"),
    ("PATCH", "/feeds/x"),
    ("DELETE", "/feeds/x"),
    ("POST", "/feeds/x/refresh"),
    ("GET", "/episodes"),
    ("POST", "/episodes/x/retry"),
    ("DELETE", "/episodes/x"),
    ("PUT", "/admin/password"),
    ("GET", "/opml"),
    ("POST", "/opml"),
    ("POST", "/reindex"),
    ("GET", "/reindex/x"),
]


@pytest.mark.parametrize(("method", "path"), ADMIN_CALLS)
@pytest.mark.parametrize("token", [None, "Bearer wrong", "Basic test-token"])
def test_admin_calls_need_the_token(
    client: FlaskClient, method: str, path: str, token: str | None
) -> None:
    headers = {"Authorization": token} if token else {}
    answer = client.open(f"/api/v1{path}", method=method, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "admin token" in answer.json["detail"]


def test_feeds_tell_their_health(admin: FlaskClient) -> None:
    page = admin.get("/api/v1/feeds").json
    assert page["next_cursor"] is None
    feed = next(item for item in page["items"] if item["id"] == library.KUECHE)
    assert feed["health"] == "failing"
    assert feed["last_error"] == "The address answered 503 (Service Unavailable)."
    assert feed["last_polled_at"] < feed["next_poll_at"]


def test_episodes_are_listed_page_by_page(admin: FlaskClient) -> None:
    def part(cursor: str | None = None) -> dict:
        query = {"size": 2} | ({"cursor": cursor} if cursor else {})
        return admin.get("/api/v1/episodes", query_string=query).json

    first = part()
    second = part(first["next_cursor"])
    assert [e["title"] for e in first["items"] + second["items"]] == [
        "The ferry that never came back",
        "The one about wasps",
        "Brot, sonst nichts",
        "Three blasts in the fog",
    ]
    assert set(first["items"][0]) == {
        "id", "feed_id", "guid", "title", "published", "duration_s", "language", "status",
        "progress", "error", "audio_url",
    }  # fmt: skip
    assert first["items"][0]["progress"] == {"done_s": 700.0, "total_s": 1860.0}
    failed = admin.get("/api/v1/episodes?status=failed").json["items"]
    assert [e["id"] for e in failed] == [library.FAILED]


def test_an_unknown_status_is_refused(admin: FlaskClient) -> None:
    answer = admin.get("/api/v1/episodes?status=lost")
    assert answer.status_code == 422
    assert answer.json["errors"][0]["name"] == "status"


def test_a_feed_is_paused_and_its_episodes_are_told(admin: FlaskClient, redis) -> None:
    redis.delete("feeds")
    answer = admin.patch(f"/api/v1/feeds/{library.HARBOUR}", json={"paused": True})
    assert answer.status_code == 200
    assert answer.json["paused"] is True
    assert "earmark.apply_pause" in redis.lindex("feeds", 0).decode()
    assert (
        admin.patch(f"/api/v1/feeds/{library.HARBOUR}", json={"paused": False}).status_code == 200
    )


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"pause": True},
        {"paused": "perhaps"},
        {"paused": None},
        {"transcripts": None},
        {"latest": 10**20},
    ],
)
def test_a_change_that_cannot_be_meant(admin: FlaskClient, body: dict) -> None:
    answer = admin.patch(f"/api/v1/feeds/{library.HARBOUR}", json=body)
    assert answer.status_code == 422
    assert admin.get("/api/v1/feeds").status_code == 200


def test_json_nested_too_deeply_is_refused(admin: FlaskClient) -> None:
    body = '{"url":' + "[" * 50_000
    answer = admin.post("/api/v1/feeds", data=body, content_type="application/json")
    assert answer.status_code == 422
    assert "nested" in answer.json["detail"]


def test_retry_is_refused_while_it_runs(admin: FlaskClient) -> None:
    assert admin.post(f"/api/v1/episodes/{library.COMING}/retry").status_code == 409
    assert admin.post(f"/api/v1/episodes/{library.FAILED}/retry").status_code == 202
    assert admin.post("/api/v1/episodes/none/retry").status_code == 404


def test_a_removed_episode_is_gone_at_once(admin: FlaskClient) -> None:
    found = admin.get("/api/v1/search?q=Teig").json
    assert found["hits"]
    assert admin.delete(f"/api/v1/episodes/{library.BROT}").status_code == 204
    assert admin.get(f"/api/v1/episodes/{library.BROT}").status_code == 404
    assert admin.delete(f"/api/v1/episodes/{library.BROT}").status_code == 404
    assert not admin.get("/api/v1/search?q=Teig&w_meaning=0").json["hits"]


def test_a_removed_feed_is_gone_at_once(admin: FlaskClient) -> None:
    assert admin.delete(f"/api/v1/feeds/{library.KUECHE}").status_code == 204
    assert admin.get(f"/api/v1/feeds/{library.KUECHE}").status_code == 404


def test_adding_without_a_worker_says_so(admin: FlaskClient) -> None:
    answer = admin.post("/api/v1/feeds", json={"url": "https://feeds.example/x.xml"})
    assert answer.status_code == 503
    assert "worker-feeds" in answer.json["detail"]


def test_adding_needs_json(admin: FlaskClient) -> None:
    assert admin.post("/api/v1/feeds", data="url=x").status_code == 415
    broken = admin.post("/api/v1/feeds", data="{", content_type="application/json")
    assert broken.status_code == 422
    assert admin.post("/api/v1/feeds", json=["x"]).status_code == 422
    assert admin.post("/api/v1/feeds", json={"url": "x", "latest": 0}).status_code == 422


def test_a_rebuild_of_a_field_that_no_engine_fills_is_refused(admin: FlaskClient) -> None:
    assert admin.post("/api/v1/reindex?only=audio_classes").status_code == 202
    refused = admin.post("/api/v1/reindex?only=audio_smell")
    assert refused.status_code == 422
    (fault,) = refused.json["errors"]
    assert fault["name"] == "only"
    assert "audio_whisper, audio_classes, voice" in fault["detail"]


def test_a_job_tells_its_progress(admin: FlaskClient, redis) -> None:
    job = admin.post("/api/v1/reindex").json
    assert job == {"id": job["id"], "state": "queued", "done": 0, "total": 0, "error": None}
    redis.hset(f"earmark:job:{job['id']}", mapping={"state": "running", "done": 3, "total": 8})
    running = admin.get(f"/api/v1/reindex/{job['id']}").json
    assert (running["state"], running["done"], running["total"]) == ("running", 3, 8)
    assert admin.get("/api/v1/reindex/none").status_code == 404


def test_a_clip_is_gone_even_where_nobody_hears_it(
    client: FlaskClient, query_worker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = get_settings().model_copy(update={"clip_timeout_s": 0.2})
    monkeypatch.setattr("app.web.clips.get_settings", lambda: short)
    answer = _send(client, b"RIFF")
    assert answer.status_code == 504
    assert get_store().names("clips") == []


def test_clips_that_are_refused(
    client: FlaskClient, query_worker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _send(client, None).json["errors"][0]["name"] == "clip"
    assert "empty" in _send(client, b"").json["detail"]
    small = get_settings().model_copy(update={"clip_max_bytes": 1000})
    monkeypatch.setattr("app.web.clips.get_settings", lambda: small)
    monkeypatch.setattr("app.web.api.search.get_settings", lambda: small)
    assert _send(client, b"x" * 2000).status_code == 413
    assert _send(client, b"x" * 200_000).status_code == 413
    assert get_store().names("clips") == []


def _send(client: FlaskClient, clip: bytes | None):
    form = {"size": "3"} | ({"clip": (io.BytesIO(clip), "a.wav")} if clip is not None else {})
    return client.post("/api/v1/search/clip", data=form)


def test_clips_without_a_worker_say_so(client: FlaskClient) -> None:
    answer = _send(client, b"RIFF")
    assert answer.status_code == 503
    assert "worker-query" in answer.json["detail"]


def test_what_is_not_there(client: FlaskClient) -> None:
    missing = client.get("/api/v1/nothing")
    assert missing.status_code == 404
    assert missing.content_type == "application/problem+json"
    wrong = client.delete("/api/v1/search")
    assert wrong.status_code == 405
    assert "GET" in wrong.headers["Allow"]
