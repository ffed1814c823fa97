"""A search: all legs in one ``_msearch``, fused, and the page's hits read."""

import time
from collections.abc import Callable
from dataclasses import replace

from elasticsearch import ApiError, Elasticsearch, TransportError

from app.search import keyword, legs
from app.search.ask import SCALES, Answers, ask
from app.search.client import get_client
from app.search.fuse import Fused, fuse
from app.search.hydrate import HitsUnreadable, hydrate
from app.search.index import alias
from app.search.meaning import get_meaning
from app.search.paging import Slice, by_episode, by_segment, grouped
from app.search.query import Query, QueryError
from app.search.relax import Relaxed, relax
from app.search.result import Degraded, Result, Total
from app.search.words import Words, read
from app.settings import get_settings

Embed = Callable[[str], list[float]]  # a text's unit vector
Plan = dict[str, legs.Body]

TEXT_LEGS = frozenset({"keyword", "sounds_like", "meaning"})  # of these quotes are required


class SearchUnavailable(Exception):  # noqa: N818 - names the state, as the others here do
    """No leg could answer; says why."""


def search(query: Query) -> Result:
    """Answer a search from the configured index; see Searcher.search."""
    prefix = get_settings().index_prefix
    return Searcher(get_client(), prefix, lambda text: get_meaning().of(text)).search(query)


class Searcher:
    """Answers searches of one index prefix."""

    def __init__(self, es: Elasticsearch, prefix: str, embed: Embed) -> None:
        self._es = es
        self._prefix = prefix
        self._embed = embed

    def search(self, query: Query) -> Result:
        """One page of hits.

        Raises QueryError or CursorError on what cannot be asked, and SearchUnavailable where
        Elasticsearch or every leg fails; a single leg's failure is told in ``degraded``.
        """
        start, offset, words = time.perf_counter(), query.offset(), read(query.q)
        plan, absent = self._plan(query, words)
        try:
            answers = self._ask(plan, query)
            relaxed = self._relaxed(words, query, answers)
            if relaxed.named:
                words = relaxed.words
                plan, absent = self._plan(query, words)
                answers = self._ask(plan, query)
            ranked = fuse(answers.found, {leg: query.weight_of(leg) for leg in plan}, SCALES)
            cut = (by_episode if query.group else by_segment)(ranked, offset, query.size)
            hits, took_ms = hydrate(self._es, self._prefix, cut.segments, words, query)
        except (ApiError, TransportError, HitsUnreadable) as error:
            raise SearchUnavailable(f"Elasticsearch did not answer: {error}") from error
        _require_one(answers, absent)
        return Result(
            hits=grouped(hits, cut.moments) if query.group else hits,
            next_cursor=None if cut.is_last else query.cursor_at(cut.end),
            total=_total(answers, ranked),
            took_ms=round(1000 * (time.perf_counter() - start), 1),
            es_took_ms=relaxed.took_ms + answers.took_ms + took_ms,
            relaxed=list(relaxed.named),
            degraded=[*absent, *answers.degraded, *_depth(cut, answers, ranked)],
        )

    def answers(self, query: Query) -> Answers:
        """What each leg of a search finds, with its own scores: what is fused, to be studied."""
        words = read(query.q)
        answers = self._ask(self._plan(query, words)[0], query)
        relaxed = self._relaxed(words, query, answers)
        if not relaxed.named:
            return answers
        return self._ask(self._plan(query, relaxed.words)[0], query)

    def _plan(self, query: Query, words: Words) -> tuple[Plan, list[Degraded]]:
        """The bodies of the legs that take part, and those that cannot."""
        makers: dict[str, Callable[[], legs.Body]] = {}
        if words:
            makers["keyword"] = lambda: keyword.keyword(words, query)
            makers["meaning"] = lambda: legs.meaning(self._embed(words.text), words, query)
        if query.audio_vector is not None:
            vector = query.audio_vector
            makers["sound"] = lambda: legs.sound(vector, words, query)
        wanted = {leg: make for leg, make in makers.items() if query.weight_of(leg) > 0}
        if makers and not wanted:
            first, legs_of_it = next(iter(makers)), ", ".join(makers)
            raise QueryError(f"w_{first}", f"Give one of {legs_of_it} a weight above 0.")
        return _made(wanted)

    def _ask(self, plan: Plan, query: Query) -> Answers:
        if not plan:
            return Answers.nothing()
        return ask(self._es, alias(self._prefix, "segments"), plan, query.identity())

    def _relaxed(self, words: Words, query: Query, answers: Answers) -> Relaxed:
        """What to require where no leg of the text found what was; usually nothing else."""
        asked = TEXT_LEGS & answers.found.keys()
        if not asked or any(answers.found[leg] for leg in asked):
            return Relaxed(words)
        relaxed = relax(self._es, alias(self._prefix, "segments"), words, query)
        if not relaxed.named:
            return relaxed
        return replace(relaxed, took_ms=relaxed.took_ms + answers.took_ms)


def _made(makers: dict[str, Callable[[], legs.Body]]) -> tuple[Plan, list[Degraded]]:
    plan: Plan = {}
    failed: list[Degraded] = []
    for leg, make in makers.items():
        try:
            plan[leg] = make()
        except Exception as error:  # noqa: BLE001 - whatever fails in a model costs its leg only
            failed.append(Degraded(leg, str(error) or type(error).__name__))
    return plan, failed


def _require_one(answers: Answers, absent: list[Degraded]) -> None:
    failed = [*absent, *answers.degraded]
    if failed and not answers.found:
        reasons = "; ".join(f"{one.part}: {one.reason}" for one in failed)
        raise SearchUnavailable(f"No part of the search could answer. {reasons}")


def _total(answers: Answers, ranked: list[Fused]) -> Total:
    """Words are counted; of the nearest vectors nobody can say how many there are.

    What the vectors found may be among the segments with the words below the depth.
    """
    with_words = len(answers.found.get("keyword", ())) + answers.unseen
    return Total(max(len(ranked), with_words), "eq" if answers.is_whole else "gte")


def _depth(cut: Slice, answers: Answers, ranked: list[Fused]) -> list[Degraded]:
    """Said on the last page where more was found than can be paged through."""
    if not (cut.is_last and answers.unseen):
        return []
    reason = f"Only the best {len(ranked)} can be paged through; narrow the search for others."
    return [Degraded("paging", reason)]
