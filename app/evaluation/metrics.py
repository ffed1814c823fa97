"""Measures of a ranking, and how sure a difference of two systems is. Pure.

nDCG after Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques" (2002),
with the relevance itself as the gain; the paired bootstrap after Efron and Tibshirani, "An
Introduction to the Bootstrap" (1993), by percentiles.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

DEPTH = 10
MEASURES = ("ndcg@10", "mrr@10", "success@1", "success@10")
RESAMPLES = 2000
SEED = 2026

Values = NDArray[np.float64]  # one measure's value for each query


class Place(NamedTuple):
    """Where a relevant segment stood, from 1, and how relevant it is."""

    rank: int
    relevance: float


class Interval(NamedTuple):
    """A mean difference with the bounds between which 95 % of its resamples lie."""

    mean: float
    low: float
    high: float


def places(ranking: Sequence[str], judged: Mapping[str, float]) -> list[Place]:
    """The relevant segments among the first ten."""
    return [
        Place(rank, judged[id_])
        for rank, id_ in enumerate(ranking[:DEPTH], start=1)
        if judged.get(id_, 0) > 0
    ]


def measure(found: Sequence[Place], judged: Mapping[str, float]) -> dict[str, float]:
    """Each of MEASURES for one query."""
    best = min((place.rank for place in found), default=None)
    ideal = sorted(judged.values(), reverse=True)[:DEPTH]
    return {
        "ndcg@10": _gain(found) / _gain([Place(n, r) for n, r in enumerate(ideal, start=1)]),
        "mrr@10": 1 / best if best else 0.0,
        "success@1": float(best == 1),
        "success@10": float(best is not None),
    }


def _gain(found: Sequence[Place]) -> float:
    return sum(place.relevance / float(np.log2(place.rank + 1)) for place in found)


def paired_bootstrap(ours: Values, theirs: Values, seed: int = SEED) -> Interval:
    """The mean of ``ours - theirs`` over the same queries, with its 95 % interval."""
    difference = ours - theirs
    low, high = np.percentile(_shares(len(difference), seed) @ difference, [2.5, 97.5])
    return Interval(float(difference.mean()), float(low), float(high))


@lru_cache(maxsize=4)
def _shares(count: int, seed: int) -> NDArray[np.float32]:
    """``(RESAMPLES, count)``: how much of each resample a query makes up."""
    rng = np.random.default_rng(seed)
    drawn = (rng.integers(count, size=count) for _ in range(RESAMPLES))
    counts = np.array([np.bincount(one, minlength=count) for one in drawn], np.float32)
    shares: NDArray[np.float32] = counts / np.float32(count)
    return shares
