"""Every question of a folder put to the search that serves users."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.evaluation import fusions
from app.evaluation.corpus import Corpus
from app.evaluation.folder import Passage, Question
from app.evaluation.metrics import DEPTH, Place, places
from app.search.ask import SCALES, Answers
from app.search.fuse import fuse
from app.search.hybrid import Searcher
from app.search.query import Query
from app.search.result import Hit

PRODUCTION = "fused"
UNREAD = "fused, not read"
READ = "reading"  # no leg: it orders what the legs found
Ranking = Sequence[str]  # the folder's segment ids, the best first
# Ranks the passages for each question by some other engine: rankings by its name.
Peers = Callable[[Sequence[Passage], Sequence[Question]], Mapping[str, Sequence[Ranking]]]
# Asks a condition in some further way, such as aloud, and returns figures of it.
Further = Callable[[Corpus, Sequence[Question]], Mapping[str, Any]]
Watch = Callable[[Iterable[Question]], Iterable[Question]]  # shows how far it is


@dataclass(frozen=True, slots=True)
class Run:
    """One condition: where each system put the relevant segments, question by question.

    ``own_ms`` is the search's time without Elasticsearch's, the query's embedding included;
    ``degraded`` counts the parts that did not take part.
    """

    found: Mapping[str, Sequence[Sequence[Place]]]
    own_ms: Sequence[float]
    es_ms: Sequence[float]
    degraded: Mapping[str, int] = field(default_factory=dict)


def run(corpus: Corpus, questions: Sequence[Question], watch: Watch = iter) -> Run:
    """Ask everything: the search as it serves, then each leg and each other fusion."""
    rankings: list[Mapping[str, Ranking]] = []
    own_ms, es_ms, degraded = [], [], Counter[str]()
    for question in watch(questions):
        answer = corpus.searcher.search(Query(q=question.text, size=DEPTH))
        own_ms.append(round(answer.took_ms - answer.es_took_ms, 2))
        es_ms.append(float(answer.es_took_ms))
        degraded.update(f"{one.part}: {one.reason}" for one in answer.degraded)
        fused = [corpus.passages[hit.id] for hit in answer.hits if isinstance(hit, Hit)]
        rankings.append({PRODUCTION: fused} | others(corpus, question))
    systems = {name: None for ranking in rankings for name in ranking}
    found = {
        name: [
            places(ranking.get(name, ()), question.judged)
            for ranking, question in zip(rankings, questions, strict=True)
        ]
        for name in systems
    }
    return Run(found, own_ms, es_ms, dict(degraded))


def others(corpus: Corpus, question: Question) -> dict[str, Ranking]:
    """Each leg alone, the legs fused but not read, and the fusions that are not in use."""
    query = Query(q=question.text)
    weights = query.weights_for(query.words())
    answers = corpus.searcher.answers(query)
    found = scores_of(answers)
    ranked: dict[str, Ranking] = {
        READ if leg == READ else f"leg {leg}": fusions.single(scores)
        for leg, scores in found.items()
    }
    legs = {leg: hits for leg, hits in answers.found.items() if leg != READ}
    ranked[UNREAD] = [hit.id for hit in fuse(legs, weights, SCALES)]
    ranked |= fusions.variants(found, weights)
    return {name: [corpus.passages[id_] for id_ in ids[:DEPTH]] for name, ids in ranked.items()}


def leg_scores(searcher: Searcher, query: Query) -> dict[str, dict[str, float]]:
    """What each leg scored each segment that it found, and what reading did."""
    return scores_of(searcher.answers(query))


def scores_of(answers: Answers) -> dict[str, dict[str, float]]:
    """The answers' scores, by leg and segment."""
    return {leg: {hit.id: hit.score for hit in hits} for leg, hits in answers.found.items()}


def percentile_ms(times: Sequence[float], share: float) -> float:
    """The time that this share of the searches did not exceed."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def with_peers(
    run_: Run, peers: Mapping[str, Sequence[Ranking]], questions: Sequence[Question]
) -> Run:
    """The run with other engines' rankings of the same questions beside its own."""
    found = {
        f"peer {name}": [
            places(ranking, question.judged)
            for ranking, question in zip(rankings, questions, strict=True)
        ]
        for name, rankings in peers.items()
    }
    return replace(run_, found={**run_.found, **found})
