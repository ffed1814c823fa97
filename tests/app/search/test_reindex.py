import threading
from collections.abc import Callable, Iterable
from typing import cast

import numpy as np
import pytest

from app.audio.landmarks import Landmarks, clip_landmarks, landmarks
from app.catalog import Catalog
from app.domain import Episode, EpisodeStatus, Feed, utc_now
from app.search.index import SegmentIndex, alias, behind, stored_models
from app.search.query import Query
from app.search.recordings import RecordingIndex, find
from app.search.reindex import Batch, Rebuild
from app.search.result import Hit
from app.search.schema import KINDS, Model
from tests.app.audio.test_landmarks import RATE_HZ, tones
from tests.app.search.conftest import MODELS, Library, axis, say

NEW_MODELS = MODELS | {"text_vector": Model("another-model", "2", 3)}


class Artefacts:
    """What the tests' library kept of its episodes."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.batches: dict[str, Batch] = {}
        self.kept: dict[str, Episode] = {}
        self.recordings: dict[str, Landmarks] = {}
        self.on_segments: Callable[[str], None] = lambda episode: None

    def add(self, name: str, *texts: str) -> None:
        segments = [say(text, 10.0 * number) for number, text in enumerate(texts)]
        vectors = np.stack([axis(0, 3)] * len(segments))
        self.batches[name] = Batch(segments, {"text_vector": vectors})
        self.kept[name] = self.library.add(name, segments, indexed_at=utc_now())

    def feeds(self) -> Iterable[Feed]:
        return [Feed(id="show", url="http://127.0.0.1/show.xml")]

    def episodes(self) -> Iterable[Episode]:
        return self.kept.values()

    def segments(self, feed: Feed, episode: Episode) -> Batch | None:
        self.on_segments(episode.id)
        return self.batches.get(episode.id)

    def landmarks(self, episode: Episode) -> Landmarks | None:
        return self.recordings.get(episode.id)


@pytest.fixture
def artefacts(library: Library) -> Artefacts:
    return Artefacts(library)


def rebuild(artefacts: Artefacts) -> list[tuple[int, int]]:
    library, progress = artefacts.library, list[tuple[int, int]]()
    work = Rebuild(library.es, library.prefix, NEW_MODELS, artefacts)
    work.run(lambda done, total: progress.append((done, total)))
    return progress


def texts(library: Library, q: str = "ice") -> list[str]:
    found = library.searcher.search(Query(q=q, size=100, weights={"meaning": 0.0}))
    assert found.degraded == []
    return sorted(hit.text for hit in cast(list[Hit], found.hits))


def test_everything_is_there_under_new_names_and_models(artefacts: Artefacts) -> None:
    library = artefacts.library
    artefacts.add("e1", "ice one", "ice two")
    artefacts.add("e2", "ice three")
    before = library.catalog.get_episode("e1")
    progress = rebuild(artefacts)
    assert texts(library) == ["ice one", "ice three", "ice two"]
    assert library.catalog.get_episode("e1") == before
    assert stored_models(library.es, library.prefix) == NEW_MODELS
    names = sorted(library.es.indices.get(index=f"{library.prefix}-*"))
    assert names == sorted(f"{library.prefix}-{kind}-000002" for kind in KINDS)
    assert progress[0] == (0, 2)
    assert progress[-1] == (2, 2)


def test_recordings_are_found_under_the_new_name(artefacts: Artefacts) -> None:
    library, audio = artefacts.library, tones(30.0, seed=1)
    for name in ("e1", "e2"):
        artefacts.add(name, "ice")
    artefacts.recordings["e1"] = landmarks([audio])
    old = RecordingIndex(library.es, library.prefix)
    old.write(artefacts.kept["e2"], landmarks([audio]))  # of which no artefact is kept
    rebuild(artefacts)
    clip = clip_landmarks(audio[12 * RATE_HZ : 15 * RATE_HZ])
    (match,) = find(library.es, library.prefix, clip)
    assert (match.episode_id, match.accepted) == ("e1", True)
    assert behind(library.es, alias(library.prefix, "recordings")) is not None


def test_searches_are_answered_throughout(artefacts: Artefacts) -> None:
    for number in range(12):
        artefacts.add(f"e{number}", f"ice {number}")
    stop, answered, failures = threading.Event(), [0], list[BaseException]()

    def keep_searching() -> None:
        try:
            while not stop.is_set():
                assert len(texts(artefacts.library)) == 12
                answered[0] += 1
        except BaseException as error:  # noqa: BLE001 - told by the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=keep_searching) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        rebuild(artefacts)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert answered[0] > 10


def test_what_changes_meanwhile_is_in_the_new_index(artefacts: Artefacts) -> None:
    library = artefacts.library
    for name in ("e1", "e2", "e3"):
        artefacts.add(name, f"ice of {name}")
    changes = iter([
        lambda: artefacts.add("e1", "ice made anew"),
        lambda: library.catalog.update_episode("e2", status=EpisodeStatus.DELETED),
        lambda: artefacts.add("e4", "ice that is new"),
    ])  # fmt: skip

    def change(episode: str) -> None:
        next(changes, lambda: None)()

    artefacts.on_segments = change
    rebuild(artefacts)
    assert texts(library) == ["ice made anew", "ice of e3", "ice that is new"]
    segments = SegmentIndex(library.es, library.prefix)
    assert segments.ids("e2") == []
    tombstone = library.catalog.get_episode("e2")
    assert tombstone is not None
    assert tombstone.status == EpisodeStatus.DELETED


def test_writers_wait_for_the_swap_and_lose_nothing(artefacts: Artefacts) -> None:
    library = artefacts.library
    artefacts.add("e1", "ice")
    stop, written = threading.Event(), list[int]()

    def keep_writing() -> None:
        while not stop.is_set():
            written.append(len(written))
            library.catalog.update_episode("e1", attempts=written[-1])

    thread = threading.Thread(target=keep_writing)
    thread.start()
    try:
        rebuild(artefacts)
    finally:
        stop.set()
        thread.join()
    kept = library.catalog.get_episode("e1")
    assert kept is not None
    assert kept.attempts == written[-1]


def test_a_failed_rebuild_leaves_everything_as_it_was(artefacts: Artefacts) -> None:
    library = artefacts.library
    artefacts.add("e1", "ice")

    def fail(episode: str) -> None:
        raise OSError("the store is away")

    artefacts.on_segments = fail
    with pytest.raises(OSError, match="away"):
        rebuild(artefacts)
    names = sorted(library.es.indices.get(index=f"{library.prefix}-*"))
    assert names == sorted(f"{library.prefix}-{kind}-000001" for kind in KINDS)
    artefacts.on_segments = lambda episode: None
    artefacts.add("e2", "ice again")
    rebuild(artefacts)
    assert texts(library) == ["ice", "ice again"]


def test_a_swap_whose_answer_was_lost_keeps_the_new_indices(
    artefacts: Artefacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = artefacts.library
    artefacts.add("e1", "ice")
    swap = Rebuild._swap

    def lose_the_answer(self: Rebuild, *names: dict[str, str]) -> None:
        swap(self, *names)
        raise ConnectionError("no answer came")

    monkeypatch.setattr(Rebuild, "_swap", lose_the_answer)
    with pytest.raises(ConnectionError):
        rebuild(artefacts)
    monkeypatch.undo()
    assert texts(library) == ["ice"]
    rebuild(artefacts)
    assert texts(library) == ["ice"]


def test_what_an_interrupted_run_left_is_no_hindrance(artefacts: Artefacts) -> None:
    library = artefacts.library
    artefacts.add("e1", "ice")
    library.es.indices.create(index=f"{library.prefix}-segments-000002")
    rebuild(artefacts)
    assert texts(library) == ["ice"]


def test_a_lost_cluster_is_rebuilt_from_the_snapshots(artefacts: Artefacts) -> None:
    library = artefacts.library
    artefacts.add("e1", "ice")
    names = list(library.es.indices.get(index=f"{library.prefix}-*"))
    library.es.indices.delete(index=names)
    rebuild(artefacts)
    assert texts(library) == ["ice"]
    assert Catalog(library.es, library.prefix).get_feed("show") is not None
    assert behind(library.es, alias(library.prefix, "segments")) is not None
