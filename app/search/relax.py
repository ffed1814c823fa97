"""What was required and nobody says is required no more, and is named."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from elasticsearch import Elasticsearch

from app.search.clauses import Body, narrowed, one_of, required
from app.search.legs import filters
from app.search.query import Query
from app.search.words import Group, Words


@dataclass(frozen=True, slots=True)
class Relaxed:
    """Words that some segment has; ``named`` is what they required before, as typed."""

    words: Words
    named: Sequence[str] = ()
    took_ms: int = 0


def relax(es: Elasticsearch, index: str, words: Words, query: Query) -> Relaxed:
    """Require only what some segment has, under the search's own filters.

    What no segment has is dropped; where segments have each of the rest, but none has them
    all, one is enough. Called where the text legs found nothing, so that whoever finds what
    they required pays nothing for it. Raises ApiError or TransportError.
    """
    groups = words.required
    if not groups:
        return Relaxed(words)
    answer = es.search(index=index, allow_partial_search_results=False, **_counts(words, query))
    counts = answer["aggregations"]["having"]["buckets"]
    took_ms = int(answer["took"])
    if counts["all"]["doc_count"]:
        return Relaxed(words, took_ms=took_ms)
    said = [group for number, group in enumerate(groups) if counts[str(number)]["doc_count"]]
    if said == list(groups):
        either = tuple(term for group in groups for term in group)
        return Relaxed(words.requiring([either]), [_name(group) for group in groups], took_ms)
    rest = relax(es, index, words.requiring(said), query)
    absent = [_name(group) for group in groups if group not in said]
    return replace(rest, named=[*absent, *rest.named], took_ms=took_ms + rest.took_ms)


def _counts(words: Words, query: Query) -> Body:
    """How many segments have all that is required, and how many each part of it."""
    groups = required(words, query.language)
    having = {"all": {"bool": {"filter": groups}}}
    having |= {str(number): group for number, group in enumerate(groups)}
    return {
        "query": {"bool": {"filter": [*filters(query), *narrowed(words), one_of(groups)]}},
        "aggs": {"having": {"filters": {"filters": having}}},
        "size": 0,
        "track_total_hits": False,
    }


def _name(group: Group) -> str:
    return group[0].text if len(group) == 1 else " OR ".join(map(str, group))
