"""Ways to bring legs together, over their raw scores, to compare with the one that serves. Pure.

Names and bounds follow Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid
Retrieval" (2023); reciprocal rank fusion is Cormack, Clarke and Buettcher's (2009), k = 60.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Scores = Mapping[str, float]  # by segment id
Found = Mapping[str, Scores]  # by leg
Normalise = Callable[[NDArray[np.float64], float], NDArray[np.float64]]

RRF_K = 60
THEORETICAL_FLOORS = {"meaning": -1.0, "sound": -1.0, "voice": -1.0}  # cosines; others have 0


def min_max(scores: NDArray[np.float64], _floor: float) -> NDArray[np.float64]:
    """The lowest score found is 0, the highest 1."""
    return _between(scores, float(scores.min()))


def theoretical_min_max(scores: NDArray[np.float64], floor: float) -> NDArray[np.float64]:
    """The lowest score there can be is 0, the highest found 1."""
    return _between(scores, floor)


def z_score(scores: NDArray[np.float64], _floor: float) -> NDArray[np.float64]:
    """Standard deviations above the mean of what was found."""
    spread = scores.std()
    return (scores - scores.mean()) / spread if spread else np.zeros_like(scores)


def _between(scores: NDArray[np.float64], low: float) -> NDArray[np.float64]:
    high = float(scores.max())
    return (scores - low) / (high - low) if high > low else np.ones_like(scores)


def convex(found: Found, weights: Mapping[str, float], normalise: Normalise) -> list[str]:
    """Ids by the weighted sum of normalised scores, the best first, ties by id.

    What a leg did not find counts as its lowest normalised score found.
    """
    total: dict[str, float] = {}
    everything = {id_ for scores in found.values() for id_ in scores}
    for leg, scores in found.items():
        if not scores:
            continue
        raw = np.fromiter(scores.values(), np.float64)
        values = normalise(raw, THEORETICAL_FLOORS.get(leg, 0.0))
        given = dict(zip(scores, values.tolist(), strict=True))
        least = min(0.0, float(values.min()))
        for id_ in everything:
            total[id_] = total.get(id_, 0.0) + weights[leg] * given.get(id_, least)
    return _best_first(total)


def rrf(found: Found) -> list[str]:
    """Ids by the sum of 1 / (60 + rank) over the legs, the best first, ties by id."""
    total: dict[str, float] = {}
    for scores in found.values():
        for rank, id_ in enumerate(_best_first(scores), start=1):
            total[id_] = total.get(id_, 0.0) + 1 / (RRF_K + rank)
    return _best_first(total)


def single(scores: Scores) -> list[str]:
    """One leg alone."""
    return _best_first(scores)


def _best_first(scores: Scores) -> list[str]:
    return sorted(scores, key=lambda id_: (-scores[id_], id_))


def variants(found: Found, weights: Mapping[str, float]) -> dict[str, Sequence[str]]:
    """Each way's ranking by its name."""
    ways = {"min-max": min_max, "theoretical min-max": theoretical_min_max, "z-score": z_score}
    fused: dict[str, Sequence[str]] = {
        name: convex(found, weights, normalise) for name, normalise in ways.items()
    }
    return fused | {"RRF": rrf(found)}
