"""The very same recording: an episode's landmarks in the index, and a clip's laid over them.

A document holds ten seconds of an episode: its hashes as words, by which Elasticsearch finds
the documents that have most rare hashes in common with the clip; and its landmarks, three bytes
each, over which the clip's are moved until as many as possible coincide. What decides is how
unlikely so many are by chance, so clips of all lengths and loudnesses share one threshold.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from elasticsearch import Elasticsearch
from numpy.typing import NDArray

from app.audio.landmarks import (
    BINS,
    FRAMES_A_SECOND,
    LANDMARKS_VERSION,
    SHIFTS,
    Copy,
    Ints,
    Landmarks,
    clip_hashes,
    hashes,
    read_clip,
)
from app.domain import Episode, make_id
from app.search.client import get_client
from app.search.index import EpisodeIndex, alias
from app.settings import get_settings

Body = dict[str, Any]
Floats64 = NDArray[np.float64]

STRETCH = 625  # frames: the hashes of ten seconds begin in one document
MARGIN = 188  # frames on both sides of which the landmarks are there too: clips straddle

CANDIDATES = 50  # documents a search
TERMS_A_SEARCH = 1000  # below the least limit of clauses that an Elasticsearch has
SEARCHES = 2  # for a clip at its own speed; one for each other speed
UNACCEPTED = 10  # how many of the best are told where none is accepted

TICKS_NEAR = 6  # 24 ms: landmarks so near to each other in time, and one bin, coincide

# Of 45 clips from outside, at their own speed against ten hours, the highest score was 20.4 without
# music, with a lead of 11; with music 49.9, with a lead of 7.5.
ACCEPTED_SCORE = 18.0
ACCEPTED_SCORE_AT_OTHER_SPEEDS = 21.0

# Music in the same scale and metre coincides by more than chance, but then it does at several
# offsets. What is the same recording fits at one, and nowhere else within the ten seconds half as
# well; unless it is repeated there, when nearly all of its landmarks are found.
ACCEPTED_LEAD = 15.0
ACCEPTED_LEAD_OF_SCORE = 0.5
ACCEPTED_SHARE = 0.85
ACCEPTED_SCORE_IF_REPEATED = 25.0
ELSEWHERE_TICKS = 32  # 128 ms

_DIGITS = np.frombuffer(b"0123456789abcdefghijklmnopqrstuvwxyz", "S1")


class RecordingsUnavailable(Exception):  # noqa: N818 - names the state, as SearchUnavailable does
    """Elasticsearch could not search the recordings; says why."""


@dataclass(frozen=True, slots=True)
class Match:
    """A place that a clip may come from.

    ``start_s``: the clip's first sample in the episode, below 0 where the clip begins earlier.
    ``votes``: the episode's landmarks that the clip has too. ``score``: how unlikely so many
    are by chance, in nats; ``lead``: how much more so than at another offset near by. ``share``: of
    the landmarks beyond chance. ``accepted``: whether it is the same recording.
    """

    episode_id: str
    feed_id: str
    start_s: float
    votes: int
    score: float
    accepted: bool
    speed: float = 1.0
    lead: float = 0.0
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """A document's landmarks, in frames from ``start_frame`` of its episode."""

    episode_id: str
    feed_id: str
    start_frame: int
    landmarks: Landmarks


class RecordingIndex(EpisodeIndex):
    """Writes episodes' landmarks."""

    kind = "recordings"

    def write(self, episode: Episode, landmarks: Landmarks) -> int:
        """Make these the episode's landmarks; the number of documents. Raises IndexingError."""
        return self.replace(episode.id, list(documents(episode, landmarks)))


def write_landmarks(episode: Episode, landmarks: Landmarks | None) -> int:
    """Make these the episode's landmarks in the configured index; None: it has none."""
    index = RecordingIndex(get_client(), get_settings().index_prefix)
    if landmarks is None:
        index.remove(episode.id)
        return 0
    return index.write(episode, landmarks)


def remove_landmarks(episode_id: str) -> int:
    """Remove an episode's landmarks from the configured index."""
    return RecordingIndex(get_client(), get_settings().index_prefix).remove(episode_id)


def documents(episode: Episode, landmarks: Landmarks) -> Iterator[Body]:
    """One document for each ten seconds in which a hash begins."""
    values, times = hashes(landmarks)
    numbers = times // STRETCH
    for number in np.unique(numbers).tolist():
        start = max(0, number * STRETCH - MARGIN)
        fields = {
            "id": make_id("recording", episode.id, str(number), str(LANDMARKS_VERSION)),
            "episode_id": episode.id,
            "feed_id": episode.feed_id,
            "language": episode.language,
            "published": episode.published.isoformat() if episode.published else None,
            "episode_duration_s": episode.duration_s,
            "version": LANDMARKS_VERSION,
            "start_frame": start,
            "landmarks": landmarks.between(start, (number + 1) * STRETCH + MARGIN).pack(),
            "hashes": as_words(np.unique(values[numbers == number])),
        }
        yield {name: value for name, value in fields.items() if value is not None}


def as_words(values: Ints) -> str:
    """Hashes as words of four digits to the base of 36."""
    digits = values[:, None] // 36 ** np.arange(3, -1, -1) % 36
    rows = np.ascontiguousarray(_DIGITS[digits]).view("S4").ravel()
    return b" ".join(rows.tolist()).decode("ascii")


def candidates(words: str, filters: Sequence[Body]) -> Body:
    """The documents that have most of the hashes, rare ones before common ones."""
    known = {"term": {"version": LANDMARKS_VERSION}}
    return {
        "query": {
            "bool": {"must": {"match": {"hashes": words}}, "filter": [known, *filters]},
        },
        "size": CANDIDATES,
        "track_total_hits": False,
        "_source": ["episode_id", "feed_id", "start_frame", "landmarks"],
    }


def find(
    es: Elasticsearch, prefix: str, clip: dict[str, Any], filters: Sequence[Body] = ()
) -> list[Match]:
    """Where the clip (of app.audio.landmarks.clip_landmarks) comes from, best first.

    All accepted places; where there is none, the best few that are not. A clip that is not
    found at its own speed is tried as one that was played up to two per cent too fast or slow.
    Raises ValueError for landmarks of another version, RecordingsUnavailable where the index
    does not answer, and Elasticsearch's ApiError and TransportError.
    """
    index, copies = alias(prefix, "recordings"), read_clip(clip)
    matches = _at_speeds(es, index, copies[:1], filters)
    if not any(match.accepted for match in matches):
        matches = best(matches + _at_speeds(es, index, copies[1:], filters), clip["duration_s"])
    accepted = [match for match in matches if match.accepted]
    return accepted or matches[:UNACCEPTED]


def _at_speeds(
    es: Elasticsearch, index: str, copies: Sequence[Copy], filters: Sequence[Body]
) -> list[Match]:
    searches: list[Body] = []
    owners: list[Copy] = []
    for copy in copies:
        most = TERMS_A_SEARCH * (SEARCHES if copy.speed == 1 else 1)
        found = clip_hashes(copy.landmarks)[:most]
        for at in range(0, len(found), TERMS_A_SEARCH):
            words = as_words(found[at : at + TERMS_A_SEARCH])
            searches += [{"index": index}, candidates(words, filters)]
            owners.append(copy)
    if not searches:
        return []
    responses = es.msearch(searches=searches)["responses"]
    for part in responses:
        if failed := part.get("error") or part["_shards"].get("failures"):
            raise RecordingsUnavailable(f"The recordings cannot be searched: {failed}")
    matches: list[Match] = []
    for copy in copies:
        mine = [part for part, owner in zip(responses, owners, strict=True) if owner is copy]
        matches += vote(copy, _stretches(mine))
    return best(matches, max(copy.duration_s for copy in copies))


def _stretches(responses: Iterable[Body]) -> list[Stretch]:
    hits = {hit["_id"]: hit["_source"] for part in responses for hit in part["hits"]["hits"]}
    return [
        Stretch(
            row["episode_id"],
            row["feed_id"],
            row["start_frame"],
            Landmarks.unpack(row["landmarks"]),
        )
        for row in hits.values()
    ]


def best(matches: Iterable[Match], duration_s: float) -> list[Match]:
    """The best first; of those that overlap in one episode only the best."""
    kept: list[Match] = []
    for match in sorted(matches, key=lambda one: (-one.score, one.episode_id, one.start_s)):
        near = [
            one
            for one in kept
            if one.episode_id == match.episode_id and abs(one.start_s - match.start_s) < duration_s
        ]
        if not near:
            kept.append(match)
    return kept


def vote(copy: Copy, stretches: Sequence[Stretch]) -> list[Match]:
    """The best place of the clip in each stretch, with how unlikely it is by chance."""
    if not stretches or not len(copy.landmarks):
        return []
    times = np.concatenate([one.landmarks.times for one in stretches]) * SHIFTS
    bins = np.concatenate([one.landmarks.bins for one in stretches])
    owner = np.repeat(np.arange(len(stretches)), [len(one.landmarks) for one in stretches])
    covered = _covered(copy)
    chance = covered.mean(axis=1)

    def laid(offsets: Ints) -> tuple[Ints, Floats64, Floats64]:
        at = times - offsets[owner]
        inside = (at >= 0) & (at < covered.shape[1])
        hit = inside.copy()
        hit[inside] = covered[bins[inside], at[inside]]
        votes = np.bincount(owner[hit], minlength=len(stretches)).astype(np.int64)
        expected = np.bincount(owner[inside], chance[bins[inside]], len(stretches))
        missing = np.bincount(owner[inside], minlength=len(stretches)) - expected
        share = (votes - expected) / np.maximum(missing, 1.0)
        return votes, _surprise(votes, expected.astype(np.float64)), share

    offsets, elsewhere = _offsets(copy.landmarks, times, bins, owner, len(stretches))
    votes, scores, shares = laid(offsets)
    leads = scores - laid(elsewhere)[1]
    needed = ACCEPTED_SCORE if copy.speed == 1 else ACCEPTED_SCORE_AT_OTHER_SPEEDS
    leading = leads >= np.maximum(ACCEPTED_LEAD, ACCEPTED_LEAD_OF_SCORE * scores)
    repeated = (shares >= ACCEPTED_SHARE) & (scores >= ACCEPTED_SCORE_IF_REPEATED)
    accepted = (scores >= needed) & (leading | repeated)
    return [
        Match(
            stretch.episode_id,
            stretch.feed_id,
            round((stretch.start_frame + offset / SHIFTS) / FRAMES_A_SECOND - copy.start_s, 3),
            votes=int(count),
            score=round(float(score), 2),
            accepted=bool(is_accepted),
            speed=copy.speed,
            lead=round(float(lead), 2),
            share=round(float(share), 3),
        )
        for stretch, offset, count, score, lead, share, is_accepted in zip(
            stretches, offsets, votes, scores, leads, shares, accepted, strict=True
        )
    ]


def _covered(copy: Copy) -> NDArray[np.bool_]:
    """(BINS, ticks): where a landmark would coincide with one of the clip's."""
    ticks = max(1, int(copy.landmarks.times[-1]) + 1)
    marks = np.zeros((BINS + 2, ticks + 2 * TICKS_NEAR + 1), np.int32)
    for shift in (0, 1, 2):
        np.add.at(marks, (copy.landmarks.bins + shift, copy.landmarks.times), 1)
        np.add.at(
            marks, (copy.landmarks.bins + shift, copy.landmarks.times + 2 * TICKS_NEAR + 1), -1
        )
    whole = marks.cumsum(axis=1) > 0
    return whole[1:-1, TICKS_NEAR : TICKS_NEAR + ticks]


def _offsets(
    clip: Landmarks, times: Ints, bins: Ints, owner: Ints, count: int
) -> tuple[Ints, Ints]:
    """Each stretch's most frequent difference of coinciding landmarks' times, in ticks.

    And the most frequent of those that are not near it.
    """
    order = np.argsort(clip.bins, kind="stable")
    by_bin, clip_times = clip.bins[order], clip.times[order]
    low = np.searchsorted(by_bin, bins - 1)
    pairs = np.searchsorted(by_bin, bins + 1, side="right") - low
    mine = np.repeat(np.arange(len(times)), pairs)
    first = np.repeat(low - np.cumsum(pairs) + pairs, pairs)
    apart = times[mine] - clip_times[first + np.arange(len(mine))]
    if not len(apart):
        return np.zeros(count, np.int64), np.full(count, 1 << 40)
    least = int(apart.min())
    width = (int(apart.max()) - least) // 2 + 8  # two ticks to a column
    cells = owner[mine] * width + (apart - least) // 2 + 3
    found = np.bincount(cells, minlength=count * width).reshape(count, width)
    sums = np.cumsum(found, axis=1)
    near = sums[:, 6:] - sums[:, :-6]  # six columns, 48 ms
    columns: Ints = np.argmax(near, axis=1)
    apart_columns = np.abs(np.arange(near.shape[1]) - columns[:, None])
    others: Ints = np.argmax(np.where(apart_columns < ELSEWHERE_TICKS // 2, -1, near), axis=1)
    # The fourth of the six begins at the middle; the first three lie before the least.
    return (columns + 1) * 2 + least, (others + 1) * 2 + least


def _surprise(votes: Ints, expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """How unlikely so many votes are by chance, in nats: Chernoff's bound on a sum of rare events.

    Its source: H. Chernoff, Ann. Math. Statist. 23 (1952), in the form for Poisson trials.
    """
    most = np.maximum(votes.astype(np.float64), expected)
    ratio = np.maximum(most, 1e-9) / np.maximum(expected, 1e-9)
    scores: NDArray[np.float64] = most * np.log(ratio) - most + expected
    return scores
