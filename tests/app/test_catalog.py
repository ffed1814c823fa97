from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest
from elasticsearch import Elasticsearch
from pydantic import BaseModel

from app.catalog import Catalog, Page
from app.domain import (
    Chapter,
    Episode,
    EpisodeStatus,
    Feed,
    FeedHealth,
    Progress,
    TranscriptLink,
    utc_now,
)
from app.search.cursors import CursorError, encode
from app.search.index import make_indices
from app.search.schema import Model, definition
from app.settings import Settings

T = TypeVar("T", bound=BaseModel)
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def prefix(es: Elasticsearch, settings: Settings) -> str:
    models = {"text_vector": Model("t", "1", 384), "audio_whisper": Model("a", "1", 512)}
    make_indices(es, settings.index_prefix, models)
    return settings.index_prefix


@pytest.fixture
def catalog(es: Elasticsearch, prefix: str) -> Iterator[Catalog]:
    yield Catalog(es, prefix)
    for kind in ("feeds", "episodes"):
        es.indices.refresh(index=f"{prefix}-{kind}")
        found = es.search(index=f"{prefix}-{kind}", size=1000, source=False)["hits"]["hits"]
        for hit in found:
            es.delete(index=f"{prefix}-{kind}", id=hit["_id"])
        es.indices.refresh(index=f"{prefix}-{kind}")


def feed(name: str, **fields: object) -> Feed:
    url = f"http://127.0.0.1/{name}.xml"
    return Feed.model_validate({"id": name, "url": url, "urls": [url]} | fields)


def episode(name: str, **fields: object) -> Episode:
    return Episode.model_validate({"id": name, "feed_id": "f", "guid": name} | fields)


def pages(read: Callable[[str | None], Page[T]]) -> list[list[T]]:
    found, cursor = [], None
    while True:
        page = read(cursor)
        found.append(page.items)
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.mark.parametrize(("kind", "model"), [("feeds", Feed), ("episodes", Episode)])
def test_the_mapping_has_each_field_of_the_model(kind: str, model: type[BaseModel]) -> None:
    assert definition(kind)["mappings"]["properties"].keys() == model.model_fields.keys()


def test_records_come_back_as_they_were_written(catalog: Catalog) -> None:
    full = episode(
        "e",
        published=NOON,
        duration_s=61.5,
        people=["Ada"],
        chapters=[Chapter(start_s=1.5, title="One")],
        transcripts=[TranscriptLink(url="http://127.0.0.1/t.vtt", type="text/vtt")],
        progress=Progress(done_s=1, total_s=61.5),
        description="d" * 100_000,
        error="no such host",
    )
    show = feed("f", latest=3, paused=True, last_error="x" * 40_000, next_poll_at=NOON)
    assert catalog.add_episode(full)
    catalog.put_feed(show)
    assert catalog.get_episode("e") == full
    assert catalog.get_feed("f") == show
    assert catalog.get_episode("x") is None
    assert catalog.get_feed("x") is None


def test_a_feed_is_found_by_every_address_it_had_and_by_its_guid(catalog: Catalog) -> None:
    moved = feed("f", urls=["http://127.0.0.1/old", "http://127.0.0.1/new"], podcast_guid="g-1")
    catalog.put_feed(moved)
    assert catalog.find_feed(url="http://127.0.0.1/old") == moved
    assert catalog.find_feed(url="http://127.0.0.1/f.xml") == moved
    assert catalog.find_feed(podcast_guid="g-1") == moved
    assert catalog.find_feed(url="http://127.0.0.1/other") is None
    assert catalog.find_feed(url="http://127.0.0.1/other", podcast_guid="g-1") == moved
    assert catalog.find_feed() is None


def test_due_are_the_feeds_whose_time_has_come_and_that_may_be_polled(catalog: Catalog) -> None:
    hour = timedelta(hours=1)
    catalog.put_feed(feed("never"))
    catalog.put_feed(feed("due", next_poll_at=NOON))
    catalog.put_feed(feed("later", next_poll_at=NOON + hour))
    catalog.put_feed(feed("paused", paused=True, next_poll_at=NOON - hour))
    catalog.put_feed(feed("gone", health=FeedHealth.GONE, next_poll_at=NOON - hour))
    assert [found.id for found in catalog.due_feeds(NOON)] == ["due", "never"]


def test_pages_of_feeds_hold_each_once_the_newest_first(catalog: Catalog) -> None:
    for number in range(5):
        catalog.put_feed(feed(f"f{number}", created_at=NOON + timedelta(days=number // 2)))
    found = pages(lambda cursor: catalog.feeds(2, cursor))
    assert [[one.id for one in page] for page in found] == [["f4", "f2"], ["f3", "f0"], ["f1"]]


def test_pages_of_episodes_end_with_those_without_a_date(catalog: Catalog) -> None:
    for number in range(4):
        catalog.add_episode(episode(f"d{number}", published=NOON + timedelta(days=number)))
        catalog.add_episode(episode(f"u{number}"))
    catalog.refresh()
    found = pages(lambda cursor: catalog.episodes(size=3, cursor=cursor))
    assert [one.id for page in found for one in page] == [
        "d3", "d2", "d1", "d0", "u0", "u1", "u2", "u3",
    ]  # fmt: skip
    assert [len(page) for page in found] == [3, 3, 2]


def test_episodes_are_listed_by_feed_and_status_and_tombstones_only_if_asked(
    catalog: Catalog,
) -> None:
    catalog.add_episode(episode("a", status=EpisodeStatus.INDEXED))
    catalog.add_episode(episode("b", status=EpisodeStatus.FAILED))
    catalog.add_episode(episode("c", status=EpisodeStatus.DELETED))
    catalog.add_episode(episode("d", feed_id="other"), wait=True)

    def listed(**filters: str) -> list[str]:
        return sorted(one.id for one in catalog.episodes(**filters).items)

    assert listed() == ["a", "b", "d"]
    assert listed(feed="f") == ["a", "b"]
    assert listed(feed="f", status="failed") == ["b"]
    assert listed(status="deleted") == ["c"]
    assert sorted(catalog.episode_ids("f")) == ["a", "b", "c"]
    assert [one.id for one in catalog.all_episodes("f")] == ["a", "b"]
    statuses = [EpisodeStatus.DELETED, EpisodeStatus.INDEXED]
    assert [one.id for one in catalog.all_episodes(statuses=statuses)] == ["a", "c"]


@pytest.mark.parametrize(
    "cursor", ["x", "", "é", encode([1]), encode({"a": 1}), encode(["x", "y"]), encode([[], {}])]
)
def test_a_cursor_that_no_list_gave_is_refused(catalog: Catalog, cursor: str) -> None:
    with pytest.raises(CursorError):
        catalog.episodes(cursor=cursor)


def test_an_episode_is_added_once_and_its_tombstone_stays(catalog: Catalog) -> None:
    assert catalog.add_episode(episode("e", title="first"))
    assert not catalog.add_episode(episode("e", title="second"))
    catalog.update_episode("e", status=EpisodeStatus.DELETED)
    assert not catalog.add_episode(episode("e", title="third"))
    kept = catalog.get_episode("e")
    assert kept is not None
    assert (kept.title, kept.status) == ("first", EpisodeStatus.DELETED)


def test_an_update_changes_its_fields_alone(catalog: Catalog) -> None:
    before = utc_now()
    catalog.add_episode(episode("e", title="t", error="e", created_at=NOON, updated_at=NOON))
    catalog.update_episode("e", error=None, progress=Progress(done_s=2, total_s=4), wait=True)
    (changed,) = catalog.episodes().items
    assert (changed.title, changed.error, changed.created_at) == ("t", None, NOON)
    assert changed.progress == Progress(done_s=2, total_s=4)
    assert changed.updated_at >= before


def test_updates_of_one_document_from_many_threads_are_all_kept(catalog: Catalog) -> None:
    catalog.put_feed(feed("f"))
    changes = [{"title": "t"}, {"author": "a"}, {"failures": 3}, {"etag": "x"}] * 5
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda fields: catalog.update_feed("f", **fields), changes))
    kept = catalog.get_feed("f")
    assert kept is not None
    assert (kept.title, kept.author, kept.failures, kept.etag) == ("t", "a", 3, "x")


def test_a_state_moves_only_from_where_it_was_expected(catalog: Catalog) -> None:
    catalog.add_episode(episode("e"))
    queued, fetching = EpisodeStatus.QUEUED, EpisodeStatus.FETCHING
    assert catalog.move_episode("e", fetching, among={queued}, error="why")
    assert not catalog.move_episode("e", fetching, among={queued}, error="again")
    assert not catalog.move_episode("nothing", fetching, among={queued})
    kept = catalog.get_episode("e")
    assert kept is not None
    assert (kept.status, kept.error) == (fetching, "why")


def test_of_many_that_move_one_state_one_does(catalog: Catalog) -> None:
    catalog.add_episode(episode("e"))

    def move(number: int) -> bool:
        catalog.update_episode("e", attempts=number)
        return catalog.move_episode("e", EpisodeStatus.FETCHING, among={EpisodeStatus.QUEUED})

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(move, range(20))) == 1


def test_what_is_not_there_cannot_be_updated_but_removed(catalog: Catalog) -> None:
    with pytest.raises(KeyError):
        catalog.update_episode("nothing", error="x")
    with pytest.raises(TypeError, match="smell"):
        catalog.update_feed("nothing", smell="x")
    with pytest.raises(ValueError, match="bool"):
        catalog.update_feed("nothing", paused=None)
    catalog.remove_episode("nothing")
    catalog.put_feed(feed("f"))
    catalog.remove_feed("f")
    assert catalog.feeds().items == []
