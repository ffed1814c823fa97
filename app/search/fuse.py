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


class _Given(NamedTuple):
    """A LegScore in the making: of hundreds that are ranked, ten are shown."""

    leg: str
    rank: int
    score: float
    normalised: float
    weight: float


class Fused(NamedTuple):
    """A segment with its summed score."""

    id: str
    episode_id: str
    feed_id: str
    score: float
    given: Sequence[_Given]

    @property
    def legs(self) -> dict[str, LegScore]:
        """What each leg gave."""
        return {
            leg: LegScore(score, normalised, weight, weight * normalised, rank)
            for leg, rank, score, normalised, weight in self.given
        }


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
    given: dict[str, list[_Given]] = {}
    standing: set[str] = set()
    for leg, hits in found.items():
        weight, scale = weights[leg], scales[leg]
        ranked = sorted(hits, key=lambda hit: (-hit.score, hit.id))
        for rank, hit in enumerate(ranked, start=1):
            normalised = scale.normalise(hit.score, ranked[0].score)
            places[hit.id] = hit
            given.setdefault(hit.id, []).append(_Given(leg, rank, hit.score, normalised, weight))
            if hit.score >= scale.alone:
                standing.add(hit.id)
    fused = [
        Fused(id_, places[id_].episode_id, places[id_].feed_id, _total(given[id_]), given[id_])
        for id_ in standing
    ]
    return sorted(fused, key=lambda hit: (-hit.score, hit.id))


def _total(given: Sequence[_Given]) -> float:
    return sum(one.weight * one.normalised for one in given)
