"""Late fusion: each leg's scores brought to 0..1, then a weighted sum. Pure.

A convex combination of normalised scores, after Bruch, Gai and Ingber, "An Analysis of
Fusion Functions for Hybrid Retrieval" (2023): the lower bound of each leg is the one that
its scoring has in theory, never the lowest score that happened to come back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Found(NamedTuple):
    """A segment that a leg found, with the leg's own score."""

    id: str
    episode_id: str
    feed_id: str
    score: float


@dataclass(frozen=True, slots=True)
class LegScore:
    """What one leg gave a hit."""

    score: float
    normalised: float  # 0 to 1
    weight: float
    contribution: float  # weight x normalised
    rank: int  # from 1


@dataclass(frozen=True, slots=True)
class Fused:
    """A segment with its summed score and what each leg gave."""

    id: str
    episode_id: str
    feed_id: str
    score: float
    legs: Mapping[str, LegScore]


@dataclass(frozen=True, slots=True)
class Scale:
    """A leg's range of scores; without a ``top`` the best score found is the top.

    A segment is a hit only where some leg scores it ``alone`` or more: neighbours that are
    not near may lift what other legs found, and are no answer themselves.
    """

    floor: float = 0.0
    top: float | None = None
    alone: float = 0.0

    def normalise(self, score: float, best: float) -> float:
        """The score's place between floor and top, 0 to 1."""
        top = best if self.top is None else self.top
        if top <= self.floor:
            return 1.0
        return min(1.0, max(0.0, (score - self.floor) / (top - self.floor)))


def fuse(
    found: Mapping[str, Sequence[Found]],
    weights: Mapping[str, float],
    scales: Mapping[str, Scale],
) -> list[Fused]:
    """Every segment that some leg stands for, the best first; ties go by id."""
    places: dict[str, Found] = {}
    legs: dict[str, dict[str, LegScore]] = {}
    for leg, hits in found.items():
        for hit, score in _scored(hits, weights[leg], scales[leg]):
            places[hit.id] = hit
            legs.setdefault(hit.id, {})[leg] = score
    fused = [
        Fused(hit.id, hit.episode_id, hit.feed_id, _total(legs[hit.id]), legs[hit.id])
        for hit in places.values()
        if any(given.score >= scales[leg].alone for leg, given in legs[hit.id].items())
    ]
    return sorted(fused, key=lambda hit: (-hit.score, hit.id))


def _total(legs: Mapping[str, LegScore]) -> float:
    return sum(score.contribution for score in legs.values())


def _scored(hits: Sequence[Found], weight: float, scale: Scale) -> list[tuple[Found, LegScore]]:
    ranked = sorted(hits, key=lambda hit: (-hit.score, hit.id))
    scored = []
    for rank, hit in enumerate(ranked, start=1):
        normalised = scale.normalise(hit.score, ranked[0].score)
        score = LegScore(hit.score, normalised, weight, weight * normalised, rank)
        scored.append((hit, score))
    return scored
