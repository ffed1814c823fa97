"""Another engine on an index that is in use: searches go on, and no two models' vectors meet.

What a restart with other settings does is done here in one process: settings and all that was
cached of them are forgotten, as `earmark reindex` runs in a thread beside searches.
"""

import threading
import uuid
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from redis import Redis

from app.encoders import registry
from app.search.client import get_client
from app.search.hybrid import Query, search
from app.search.index import ModelMismatch, alias, ensure_indices, stored_models
from app.settings import Settings, get_settings
from app.store import get_store
from app.web import create_app
from tests.conftest import forget_caches
from tests.served import Site, serving
from tests.workers.test_pipeline import Desk, tone
from workers.clips import hear_clip
from workers.reindex import run_reindex

BEFORE = {"EARMARK_AUDIO_EMBEDDER": "whisper:base", "EARMARK_TEXT_EMBEDDER": "minilm-int8"}

VTT = b"""WEBVTT

00:00.500 --> 00:09.000
Im Winter steigen sie jeden Morgen in den zugefrorenen See. Zwei Minuten Eisbaden, dann heraus.
"""


@pytest.fixture
def chosen(settings: Settings) -> Iterator[pytest.MonkeyPatch]:
    """An index of its own under the former engines; what is set here is undone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARMARK_INDEX_PREFIX", f"{settings.index_prefix}-{uuid.uuid4().hex[:6]}")
        for name, value in BEFORE.items():
            patch.setenv(name, value)
        forget_caches()
        yield patch
    forget_caches()


@pytest.fixture
def indexed(chosen: pytest.MonkeyPatch) -> Iterator[str]:
    """The id of an episode, indexed under the former engines."""
    with serving() as site:
        chosen.setenv("EARMARK_ALLOW_PRIVATE_NETWORKS", f"127.0.0.1:{site.port}")
        forget_caches()
        ensure_indices()
        yield str(_ingest(site).id)


def _ingest(site: Site) -> Any:
    site.serve("/birds.wav", tone(20), headers={"Content-Type": "audio/wav"})
    site.serve("/birds.vtt", VTT)
    desk = Desk(get_settings(), site)
    feed = desk.add("switch", vtt=True)
    desk.run()
    return desk.episode(feed)


def switch(patch: pytest.MonkeyPatch, **engines: str) -> None:
    """What a restart under other settings does."""
    for name, value in engines.items():
        patch.setenv(name, value)
    forget_caches()


def indices_part() -> dict[str, Any]:
    """What /readyz says of the indices."""
    parts = create_app().test_client().get("/readyz").get_json()["parts"]
    (part,) = [part for part in parts if part["name"] == "indices"]
    return dict(part)


def reindex(redis: Redis, only: str | None = None) -> tuple[dict[str, str], list[int]]:
    """The job's end, and how many hits each search had that was asked meanwhile."""
    job, over, counts = uuid.uuid4().hex, threading.Event(), list[int]()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            run_reindex(job, get_store(), redis, only)
        except BaseException as error:  # noqa: BLE001 - told by the test's own thread
            failures.append(error)
        finally:
            over.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not over.is_set():
        counts.append(len(search(Query(q="Eisbaden")).hits))
    thread.join()
    assert failures == []
    told = redis.hgetall(f"earmark:job:{job}")
    return {name.decode(): value.decode() for name, value in told.items()}, counts


def cosines(field: str, vectors: dict[str, list[float]]) -> list[float]:
    """Of each segment's vector in the index with the one that is expected of it, by id."""
    es, index = get_client(), alias(get_settings().index_prefix, "segments")
    found = []
    for id_, vector in vectors.items():
        knn = {"field": field, "query_vector": vector, "k": 1, "num_candidates": 50}
        knn["filter"] = {"term": {"id": id_}}
        (hit,) = es.search(index=index, knn=knn)["hits"]["hits"]
        found.append(2 * hit["_score"] - 1)
    return found


def texts() -> dict[str, str]:
    es, index = get_client(), alias(get_settings().index_prefix, "segments")
    hits = es.search(index=index, query={"exists": {"field": "text"}}, size=50)["hits"]["hits"]
    return {hit["_id"]: hit["_source"]["text"] for hit in hits}


def test_another_text_embedder_finds_what_is_said_in_another_language(
    indexed: str, chosen: pytest.MonkeyPatch, redis: Redis
) -> None:
    assert search(Query(q="cold water swimming")).hits == []
    switch(chosen, EARMARK_TEXT_EMBEDDER="e5-small")
    with pytest.raises(ModelMismatch, match="earmark reindex"):
        ensure_indices()
    assert "e5-small" in (indices_part()["reason"] or "")
    before = search(Query(q="Eisbaden"))
    assert [one.part for one in before.degraded] == ["meaning"]
    assert len(before.hits) == 1  # by its words
    job, counts = reindex(redis)
    assert (job["state"], job.get("error", "")) == ("done", "")
    assert min(counts) == 1
    forget_caches()  # rather than wait until the index is looked at again
    assert indices_part()["ok"]
    engine = registry.text_embedder()
    stored = stored_models(get_client(), get_settings().index_prefix)["text_vector"]
    assert stored == (engine.name, engine.version, engine.dims)
    said = texts()
    vectors = {id_: engine.embed([text])[0].tolist() for id_, text in said.items()}
    assert min(cosines("text_vector", vectors)) > 0.99
    result = search(Query(q="cold water swimming"))
    assert result.degraded == []
    assert "Eisbaden" in result.hits[0].text


def test_another_audio_engine_is_heard_while_people_search(
    indexed: str, chosen: pytest.MonkeyPatch, redis: Redis
) -> None:
    switch(chosen, EARMARK_AUDIO_EMBEDDER="yamnet,whisper:base")
    with get_store().write("clips/hum") as file:
        file.write(tone(6))
    heard = hear_clip("hum", "sound", get_store(), get_settings())
    clip = Query(is_clip=True, intent="sound", audio_vectors=heard["audio_vectors"])
    (told,) = search(clip).degraded
    assert told.part == "sound" and "earmark reindex --only audio_classes" in told.reason
    job, counts = reindex(redis, "audio_classes")
    assert (job["state"], job.get("error", "")) == ("done", "")
    assert min(counts) == 1
    forget_caches()
    assert indices_part()["ok"]
    stored = stored_models(get_client(), get_settings().index_prefix)
    for field, engine in registry.audio_embedders().items():
        assert stored[field] == (engine.name, engine.version, engine.dims)
        hum = engine.pool(engine.states(_samples()))
        near = cosines(field, dict.fromkeys(texts(), hum.tolist()))
        assert min(near) > 0.9  # of another engine's vectors it would be about 0
    result = search(clip)
    assert result.degraded == []
    assert result.hits


def _samples() -> Any:
    at_s = np.arange(10 * 16_000) / 16_000
    return (0.25 * np.sin(2 * np.pi * 440 * at_s)).astype(np.float32)
