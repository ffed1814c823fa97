from datetime import UTC, datetime

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from app.audio.landmarks import Floats, Landmarks, clip_landmarks, landmarks
from app.domain import Episode
from app.search import legs
from app.search.query import Query
from app.search.recordings import (
    CANDIDATES,
    Match,
    RecordingIndex,
    RecordingsUnavailable,
    as_words,
    best,
    candidates,
    documents,
    find,
)
from tests.app.audio.test_landmarks import RATE_HZ, tones
from tests.app.search.conftest import Library

AUDIO = {name: tones(60.0, seed) for seed, name in enumerate(("e1", "e2", "e3"))}


@pytest.fixture
def recordings(library: Library) -> Library:
    for number, (name, audio) in enumerate(AUDIO.items()):
        write(library, name, audio, feed=f"show{number}", language=("en", "de", "en")[number])
    return library


def write(
    library: Library, name: str, audio: Floats, feed: str = "show", language: str = "en"
) -> int:
    published = datetime(2024, 5, 1, tzinfo=UTC)
    values = {"duration_s": len(audio) / RATE_HZ, "language": language, "published": published}
    episode = Episode(id=name, feed_id=feed, guid=name, **values)
    return RecordingIndex(library.es, library.prefix).write(episode, landmarks([audio]))


def cut(name: str, start_s: float, duration_s: float) -> Floats:
    return AUDIO[name][round(start_s * RATE_HZ) :][: round(duration_s * RATE_HZ)]


def noisy(audio: Floats, snr_db: float) -> Floats:
    noise = np.random.default_rng(0).standard_normal(len(audio)).astype(np.float32)
    level = np.sqrt(np.mean(audio**2) / 10 ** (snr_db / 10))
    return (audio + level * noise).astype(np.float32)


def at_speed(audio: Floats, speed: float) -> Floats:
    places = np.arange(0, len(audio) - 1, speed)
    return np.interp(places, np.arange(len(audio)), audio).astype(np.float32)


def found(library: Library, clip: Floats, query: Query | None = None) -> list[Match]:
    clauses = legs.filters(query) if query else []
    return find(library.es, library.prefix, clip_landmarks(clip), clauses)


@pytest.mark.parametrize("start_s", [0.0, 8.9, 19.37, 57.9])
def test_a_clip_is_found_at_its_place(recordings: Library, start_s: float) -> None:
    (match,) = found(recordings, cut("e2", start_s, 2.0))
    assert (match.episode_id, match.feed_id, match.accepted) == ("e2", "show1", True)
    assert match.start_s == pytest.approx(start_s, abs=0.03)
    assert match.speed == 1


def test_noise_and_a_low_level_do_not_hide_it(recordings: Library) -> None:
    clip = noisy(cut("e3", 30.2, 3.0), snr_db=0) * np.float32(0.02)
    (match,) = found(recordings, clip)
    assert (match.episode_id, match.accepted) == ("e3", True)
    assert match.start_s == pytest.approx(30.2, abs=0.05)


@pytest.mark.parametrize("speed", [0.98, 0.991, 1.013, 1.02])
def test_a_wrong_speed_does_not_hide_it(recordings: Library, speed: float) -> None:
    (match,) = found(recordings, at_speed(cut("e1", 21.5, 4.0), speed))
    assert (match.episode_id, match.accepted) == ("e1", True)
    assert match.start_s == pytest.approx(21.5, abs=0.1)


def test_a_clip_longer_than_is_read_is_placed_by_its_first_sample(recordings: Library) -> None:
    (match,) = found(recordings, cut("e1", 10.0, 30.0))
    assert match.start_s == pytest.approx(10.0, abs=0.05)


def test_what_is_not_there_is_not_accepted(recordings: Library) -> None:
    strange = tones(5.0, seed=99)
    assert not any(match.accepted for match in found(recordings, strange))
    assert found(recordings, np.zeros(2 * RATE_HZ, np.float32)) == []


def test_an_index_that_does_not_answer_is_said(library: Library) -> None:
    with pytest.raises(RecordingsUnavailable, match="no such index"):
        find(library.es, f"{library.prefix}-none", clip_landmarks(cut("e1", 0.0, 2.0)))


def test_every_episode_that_has_it_is_told(recordings: Library) -> None:
    jingle = tones(3.0, seed=50)
    for name in ("j1", "j2"):
        audio = np.concatenate([tones(15.0, seed=len(name) * ord(name[1])), jingle])
        write(recordings, name, audio.astype(np.float32))
    matches = found(recordings, jingle)
    assert {match.episode_id for match in matches} == {"j1", "j2"}
    assert all(match.accepted for match in matches)
    assert [match.start_s for match in matches] == pytest.approx([15.0, 15.0], abs=0.05)


def struck(duration_s: float, seed: int) -> Floats:
    """Two of seven notes at once, four times a second, each of which sounds for a second."""
    rng, audio = np.random.default_rng(seed), np.zeros(round(duration_s * RATE_HZ), np.float32)
    time_s = np.arange(RATE_HZ) / RATE_HZ
    for start in range(0, len(audio), RATE_HZ // 4):
        for note_hz in rng.choice(440 * 2 ** (np.array([0, 2, 4, 5, 7, 9, 11]) / 12), 2):
            partials = np.arange(1, 7)[:, None] * note_hz
            note = 0.1 * np.sin(2 * np.pi * partials * time_s).sum(axis=0) * np.exp(-3 * time_s)
            audio[start : start + RATE_HZ] += note[: len(audio) - start].astype(np.float32)
    return audio


def test_other_music_in_the_same_scale_and_metre_is_not_accepted(library: Library) -> None:
    write(library, "music", struck(260.0, seed=1))
    for seed in range(10, 15):
        assert not any(match.accepted for match in found(library, struck(3.0, seed)))
    (match,) = found(library, struck(260.0, seed=1)[70 * RATE_HZ : 75 * RATE_HZ])
    assert match.accepted
    assert match.start_s == pytest.approx(70.0, abs=0.05)


def test_what_is_repeated_at_once_is_accepted(library: Library) -> None:
    write(library, "loop", np.tile(tones(2.0, seed=60), 8))
    (match, *_) = found(library, tones(2.0, seed=60))
    assert (match.episode_id, match.accepted) == ("loop", True)
    assert match.lead < 15


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        (Query(q="-", show=("show1",)), True),
        (Query(q="-", show=("show0",)), False),
        (Query(q="-", language="de"), True),
        (Query(q="-", language="en"), False),
        (Query(q="-", since=datetime(2024, 6, 1, tzinfo=UTC)), False),
        (Query(q="-", min_duration_s=59, max_duration_s=61), True),
        (Query(q="-", min_duration_s=61), False),
    ],
)
def test_filters_apply(recordings: Library, query: Query, is_found: bool) -> None:
    matches = found(recordings, cut("e2", 12.0, 3.0), query)
    assert any(match.accepted for match in matches) == is_found


def test_writing_again_changes_nothing_and_removal_removes(library: Library) -> None:
    index = RecordingIndex(library.es, library.prefix)
    count = write(library, "e1", AUDIO["e1"])
    before = index.ids("e1")
    assert write(library, "e1", AUDIO["e1"]) == count == len(before) == 6
    assert index.ids("e1") == before
    write(library, "e1", AUDIO["e1"][: 25 * RATE_HZ])
    assert len(index.ids("e1")) == 3
    assert index.remove("e1") == 3
    assert found(library, cut("e1", 5.0, 3.0)) == []


def test_hashes_are_searched_but_not_kept(es: Elasticsearch, recordings: Library) -> None:
    (hit, *_) = es.search(index=f"{recordings.prefix}-recordings", size=1)["hits"]["hits"]
    assert "hashes" not in hit["_source"]


def test_a_candidate_has_the_hashes_and_fits_the_filters() -> None:
    only = {"term": {"language": "en"}}
    assert candidates("0001 zzzz", [only]) == {
        "query": {
            "bool": {
                "must": {"match": {"hashes": "0001 zzzz"}},
                "filter": [{"term": {"version": 1}}, only],
            }
        },
        "size": CANDIDATES,
        "track_total_hits": False,
        "_source": ["episode_id", "feed_id", "start_frame", "landmarks"],
    }


def test_hashes_are_words_of_four() -> None:
    assert as_words(np.array([0, 35, 36, 36**4 - 1])) == "0000 000z 0010 zzzz"
    assert as_words(np.zeros(0, np.int64)) == ""


def test_an_episode_without_landmarks_has_no_documents() -> None:
    nothing = Landmarks(np.zeros(0, np.int64), np.zeros(0, np.int64))
    assert list(documents(Episode(id="e", feed_id="f", guid="g"), nothing)) == []


def test_of_places_that_overlap_the_best_stays() -> None:
    def match(episode: str, start_s: float, score: float) -> Match:
        return Match(episode, "f", start_s, 10, 2.0, score, score)

    given = [match("a", 5.0, 9), match("a", 5.5, 12), match("b", 5.0, 9), match("a", 8.0, 3)]
    assert [(one.episode_id, one.start_s) for one in best(given, 2.0)] == [
        ("a", 5.5),
        ("b", 5.0),
        ("a", 8.0),
    ]
