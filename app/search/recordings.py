"""The very same recording: an episode's landmarks in the index, and a clip's laid over them.

A document holds ten seconds of an episode: its hashes as words, by which Elasticsearch finds
the documents that have most rare hashes in common with the clip; and its landmarks, three bytes
each, which are moved over the clip until it is as loud as possible where they lie. What decides is
how unlikely that is by chance, so clips of all lengths and loudnesses share one threshold.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from elasticsearch import Elasticsearch
from numpy.typing import NDArray

from app.audio.landmarks import (
    BINS,
    FRAMES_A_SECOND,
    LANDMARKS_VERSION,
    LEVELS,
    LOW,
    Clip,
    Copy,
    Floats,
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

PLACES = 3  # offsets in each document that are looked at closely
APART = 12  # columns of levels, 96 ms: offsets nearer to each other are one place
CLOSE = 3  # columns, 24 ms: so far an offset is moved until it fits best

# What strange clips fit, they fit nearly as well in many places: in those of the same scale and
# metre, or of the same voice. The clip is the same recording where it leads over any other offset
# in the same ten seconds by so much, or does so by less and is ahead of all other places, of which
# a small library has too few to tell; and in both cases is loud at the landmarks, leads by most of
# its score, or is twice as far ahead. What is repeated at once has no such lead: there the clip has
# to be loud at nearly all landmarks. How near strange clips come to that is in docs/benchmarks.md.
ACCEPTED_LEAD = 42.0
ACCEPTED_LEAD_AT_OTHER_SPEEDS = 36.0  # where no other music is in the same metre
ACCEPTED_AHEAD = 15.0
PLACES_TO_COMPARE = 20
LOUD = 2.6
MOST_OF_SCORE = 0.8
ACCEPTED_SCORE = 45.0
ACCEPTED_LOUDNESS = 3.2

_DIGITS = np.frombuffer(b"0123456789abcdefghijklmnopqrstuvwxyz", "S1")


class RecordingsUnavailable(Exception):  # noqa: N818 - names the state, as SearchUnavailable does
    """Elasticsearch could not search the recordings; says why."""


@dataclass(frozen=True, slots=True)
class Match:
    """A place that a clip may come from.

    ``start_s``: the clip's first sample in the episode, below 0 where the clip begins earlier.
    ``landmarks``: the episode's that lie within the clip; ``loudness``: the clip's level there, as
    a multiple of its mean. ``score``: how unlikely that is by chance, in nats;
    ``lead``: how much more so than at another offset near by; ``ahead``: than anywhere else.
    """

    episode_id: str
    feed_id: str
    start_s: float
    landmarks: int
    loudness: float
    score: float
    lead: float
    speed: float = 1.0
    ahead: float = 0.0

    @property
    def accepted(self) -> bool:
        """Whether it is the same recording."""
        needed = ACCEPTED_LEAD if self.speed == 1 else ACCEPTED_LEAD_AT_OTHER_SPEEDS
        ahead = min(self.ahead, self.lead)
        leads = self.lead >= needed or ahead >= ACCEPTED_AHEAD
        is_far = ahead >= 2 * ACCEPTED_AHEAD or self.lead >= MOST_OF_SCORE * self.score
        is_clear = is_far or self.loudness >= LOUD
        is_loud = self.score >= ACCEPTED_SCORE and self.loudness >= ACCEPTED_LOUDNESS
        return (leads and is_clear) or is_loud


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
    index, heard = alias(prefix, "recordings"), read_clip(clip)
    own, others = heard.copies[:1], heard.copies[1:]
    matches = _at_speeds(es, index, heard, own, filters)
    if others and not any(match.accepted for match in matches):
        matches += _at_speeds(es, index, heard, others, filters)
        matches = best(matches, heard.duration_s)
    accepted = [match for match in matches if match.accepted]
    return accepted or matches[:UNACCEPTED]


def _at_speeds(
    es: Elasticsearch, index: str, clip: Clip, copies: Sequence[Copy], filters: Sequence[Body]
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
        matches += lay(clip, copy, _stretches(mine))
    return best(matches, clip.duration_s)


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
    """The best first, and how far it is ahead; of those that overlap in one episode the best."""
    kept: list[Match] = []
    for match in sorted(matches, key=lambda one: (-one.score, one.episode_id, one.start_s)):
        near = [
            one
            for one in kept
            if one.episode_id == match.episode_id and abs(one.start_s - match.start_s) < duration_s
        ]
        if not near:
            kept.append(replace(match, ahead=0.0))
    if len(kept) >= PLACES_TO_COMPARE:
        kept[0] = replace(kept[0], ahead=round(kept[0].score - kept[1].score, 2))
    return kept


@dataclass(frozen=True, slots=True)
class _Marks:
    """The landmarks of several stretches: frames, bins, and whose each is."""

    times: Ints
    bins: Ints
    owner: Ints
    count: int

    @classmethod
    def of(cls, stretches: Sequence[Stretch]) -> Self:
        lengths = [len(one.landmarks) for one in stretches]
        return cls(
            np.concatenate([one.landmarks.times for one in stretches]),
            np.concatenate([one.landmarks.bins for one in stretches]),
            np.repeat(np.arange(len(stretches)), lengths),
            len(stretches),
        )


def lay(clip: Clip, copy: Copy, stretches: Sequence[Stretch]) -> list[Match]:
    """The best place of the clip, at a speed, in each stretch; how unlikely it is by chance."""
    if not stretches or not len(copy.landmarks):
        return []
    marks = _Marks.of(stretches)
    moves = np.arange(-CLOSE, CLOSE + 1)
    places = (_places(copy.landmarks, marks)[:, None] + moves[:, None]).reshape(-1, marks.count)
    means = clip.levels.mean(axis=1)
    laid = [_loudness(clip.levels, means, copy.speed, marks, offsets) for offsets in places]
    counts, ratios = (np.stack(values) for values in zip(*laid, strict=True))
    scores = _surprise(counts, ratios)
    top, every = scores.argmax(axis=0), np.arange(marks.count)
    apart = np.abs(places - places[top, every]) > APART
    elsewhere = np.where(apart, scores, 0.0).max(axis=0)
    return [
        Match(
            stretch.episode_id,
            stretch.feed_id,
            start_s=round(
                (stretch.start_frame + places[at, number] / LEVELS) / FRAMES_A_SECOND
                - clip.start_s * copy.speed,
                3,
            ),
            landmarks=int(counts[at, number]),
            loudness=round(float(ratios[at, number]), 2),
            score=round(float(scores[at, number]), 2),
            lead=round(float(scores[at, number] - elsewhere[number]), 2),
            speed=copy.speed,
        )
        for number, (stretch, at) in enumerate(zip(stretches, top.tolist(), strict=True))
    ]


def _places(clip: Landmarks, marks: _Marks) -> Ints:
    """(PLACES, stretches): the most frequent differences of times of landmarks in one bin.

    In columns of levels; each of those of a stretch is at some distance from the others.
    """
    order = np.argsort(clip.bins, kind="stable")
    by_bin, clip_times = clip.bins[order], clip.times[order] * LEVELS // clip.ticks
    low = np.searchsorted(by_bin, marks.bins - 1)
    pairs = np.searchsorted(by_bin, marks.bins + 1, side="right") - low
    mine = np.repeat(np.arange(len(marks.times)), pairs)
    first = np.repeat(low - np.cumsum(pairs) + pairs, pairs)
    apart = marks.times[mine] * LEVELS - clip_times[first + np.arange(len(mine))]
    least = int(apart.min(initial=0))
    width = int(apart.max(initial=0)) - least + 1 + 2 * CLOSE
    cells = marks.owner[mine] * width + apart - least + CLOSE
    found = np.bincount(cells, minlength=marks.count * width).reshape(marks.count, width)
    sums = np.cumsum(np.pad(found, ((0, 0), (CLOSE + 1, CLOSE))), axis=1)
    near = sums[:, 2 * CLOSE + 1 :] - sums[:, : -2 * CLOSE - 1]
    places, columns = [], np.arange(width)
    for _ in range(PLACES):
        top = near.argmax(axis=1)
        places.append(top + least - CLOSE)
        near[np.abs(columns - top[:, None]) <= APART] = -1
    return np.stack(places)


def _loudness(
    levels: Floats, means: Floats, speed: float, marks: _Marks, offsets: Ints
) -> tuple[Ints, Floats64]:
    """Of each stretch: its landmarks within the clip, and how loud the clip is where they lie.

    As a multiple of the ``means`` of the same bins. At another speed than that of the levels, a
    landmark lies nearer to the clip's first frame, and higher.
    """
    at = marks.times * LEVELS - offsets[marks.owner]
    bins = marks.bins
    if speed != 1:
        at = np.round(at / speed).astype(np.int64)
        bins = np.round((bins + LOW) * speed).astype(np.int64) - LOW
    inside = (at >= 0) & (at < levels.shape[1]) & (bins >= 0) & (bins < BINS)
    owner, at, bins = marks.owner[inside], at[inside], bins[inside]
    counts = np.bincount(owner, minlength=marks.count)
    loud = np.bincount(owner, levels[bins, at], marks.count)
    expected = np.bincount(owner, means[bins], marks.count)
    return counts, np.maximum(loud / np.maximum(expected, 1e-9), 1.0)


def _surprise(counts: Ints, ratios: Floats64) -> Floats64:
    """How unlikely so loud a clip is by chance, in nats: Chernoff's bound.

    A level is minus the logarithm of a share, so by chance levels fall off exponentially. The
    bound on a mean of ``counts`` of them, ``ratios`` times what it ought to be, is that of H.
    Chernoff, Ann. Math. Statist. 23 (1952).
    """
    scores: Floats64 = counts * (ratios - 1 - np.log(ratios))
    return scores
