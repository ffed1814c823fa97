"""Finding the legs' weights: what each leg scored, gathered once, then a search on the grid.

``gather`` asks the search that serves users; the rest is pure. Scores are normalised and summed
as app.search.fuse does, in arrays over all questions at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.evaluation.corpus import Corpus
from app.evaluation.folder import Question
from app.evaluation.metrics import DEPTH, SEED
from app.evaluation.run import Watch, leg_scores
from app.search.ask import SCALES
from app.search.query import Query

# No leg is switched off: each finds and marks what the others do not.
GRID = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)
FOLDS = 5
KEPT = 100  # candidates of each leg for a question: the first ten are never below, but by ties

Floats = NDArray[np.float64]
Weights = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Gathered:
    """Every candidate of every question, one row each, in the questions' order.

    ``scores`` is ``(rows, legs)``, normalised, 0 where a leg did not find the segment;
    ``stands`` is whether some leg stands for it; ``question`` is the row's question, and
    ``relevance`` its judgement. Relevant segments that no leg found have no row;
    ``ideal`` is each question's best possible gain.
    """

    legs: tuple[str, ...]
    scores: Floats
    stands: NDArray[np.bool_]
    question: NDArray[np.int64]
    relevance: Floats
    ideal: Floats


def gather(corpus: Corpus, questions: Sequence[Question], watch: Watch = iter) -> Gathered:
    """Ask each question once, and keep the legs' best candidates."""
    found = [leg_scores(corpus.searcher, Query(q=question.text)) for question in watch(questions)]
    legs = tuple(dict.fromkeys(leg for scores in found for leg in scores))
    blocks = [
        _block(scores, question, legs, corpus.passages)
        for scores, question in zip(found, questions, strict=True)
    ]
    counts = [len(block[0]) for block in blocks]
    return Gathered(
        legs,
        np.concatenate([block[0] for block in blocks]).reshape(-1, len(legs)),
        np.concatenate([block[1] for block in blocks]),
        np.repeat(np.arange(len(questions)), counts),
        np.concatenate([block[2] for block in blocks]),
        np.array([_ideal(question) for question in questions]),
    )


def _block(
    found: Mapping[str, Mapping[str, float]],
    question: Question,
    legs: Sequence[str],
    passages: Mapping[str, str],
) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """One question's candidates, by id, as ties are broken."""
    kept = {
        leg: sorted(scores, key=lambda id_: (-scores[id_], id_))[:KEPT]
        for leg, scores in found.items()
    }
    ids = sorted({id_ for own in kept.values() for id_ in own})
    rows, stands = np.zeros((len(ids), len(legs))), np.zeros(len(ids), bool)
    for column, leg in enumerate(legs):
        scores, scale = found.get(leg, {}), SCALES[leg]
        best = max(scores.values(), default=0.0)
        for row, id_ in enumerate(ids):
            if id_ in scores:
                rows[row, column] = scale.normalise(scores[id_], best)
                stands[row] |= scores[id_] >= scale.alone
    relevance = np.array([question.judged.get(passages[id_], 0.0) for id_ in ids])
    return rows, stands, relevance


def _ideal(question: Question) -> float:
    best = np.sort(np.array(list(question.judged.values()), float))[::-1][:DEPTH]
    return float((best / np.log2(np.arange(2, len(best) + 2))).sum())


def ndcg(gathered: Gathered, weights: Weights) -> Floats:
    """nDCG@10 of each question under these weights."""
    total = gathered.scores @ np.array([weights[leg] for leg in gathered.legs])
    total = np.where(gathered.stands, total, -np.inf)
    relevant = np.flatnonzero((gathered.relevance > 0) & gathered.stands)
    edges = np.searchsorted(gathered.question, np.arange(len(gathered.ideal) + 1))
    owners = gathered.question[relevant]
    first, counts = edges[owners], np.diff(edges)[owners]
    # Each relevant row beside every row of its question, one pair after the other.
    mine = np.repeat(np.arange(len(relevant)), counts)
    rivals = np.arange(counts.sum()) - np.repeat(counts.cumsum() - counts - first, counts)
    own = total[relevant][mine]
    beats = (total[rivals] > own) | ((total[rivals] == own) & (rivals < relevant[mine]))
    ahead = np.bincount(mine[beats], minlength=len(relevant))
    gains = np.where(ahead < DEPTH, gathered.relevance[relevant] / np.log2(ahead + 2), 0.0)
    found: Floats = np.bincount(owners, gains, minlength=len(gathered.ideal)) / gathered.ideal
    return found


def best_weights(
    conditions: Sequence[Gathered], start: Weights, chosen: NDArray[np.bool_] | None = None
) -> dict[str, float]:
    """Weights with the highest mean nDCG@10 over the conditions, by coordinate search.

    One leg after the other takes its best value of GRID until none changes; the leg that
    weighs most in ``start`` stays as it is, as only proportions matter. ``chosen`` limits it to
    some of the questions.
    """
    legs = conditions[0].legs
    weights = {leg: start[leg] for leg in legs}
    fixed = max(legs, key=lambda leg: start[leg])

    def worth(trial: Weights) -> float:
        each = [ndcg(one, trial) for one in conditions]
        return float(np.mean([e if chosen is None else e[chosen] for e in each]))

    best, changed = worth(weights), True
    while changed:
        changed = False
        for leg in (leg for leg in legs if leg != fixed):
            trials = [{**weights, leg: value} for value in GRID]
            values = [worth(trial) for trial in trials]
            if max(values) > best + 1e-6:
                best, changed = max(values), True
                weights = trials[values.index(best)]
    return weights


@dataclass(frozen=True, slots=True)
class Learned:
    """Weights from all questions, and what weights from four fifths gave the other fifth."""

    weights: Mapping[str, float]
    before: float  # mean nDCG@10 with the weights it started from
    cross_validated: float
    after: float  # on the questions it was learned from


def learn(conditions: Sequence[Gathered], start: Weights) -> Learned:
    """The best weights, with five-fold cross-validation over the questions."""
    count = len(conditions[0].ideal)
    fold = np.random.default_rng(SEED).permutation(count) % FOLDS
    held = np.zeros(count)
    for number in range(FOLDS):
        trained = best_weights(conditions, start, fold != number)
        each = np.mean([ndcg(one, trained) for one in conditions], axis=0)
        held[fold == number] = each[fold == number]
    weights = best_weights(conditions, start)

    def mean(trial: Weights) -> float:
        return float(np.mean([ndcg(one, trial) for one in conditions]))

    return Learned(weights, mean(start), float(held.mean()), mean(weights))
