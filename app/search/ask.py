"""All legs in one ``_msearch``; one that fails costs nothing but itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from elasticsearch import Elasticsearch

from app.search import legs
from app.search.fuse import Found, Scale
from app.search.result import Degraded, Total

VECTOR_LEGS = frozenset({"meaning", "sound"})

SCALES: Mapping[str, Scale] = {
    "keyword": Scale(),
    "meaning": Scale(legs.MEANING_FLOOR, 1.0),
    "sound": Scale(legs.SOUND_FLOOR, 1.0),
}

# All that is read of an answer; the rest need not be sent.
_FILTER_PATH = [
    "took",
    "responses.error",
    "responses.hits.total",
    "responses.hits.hits._score",
    "responses.hits.hits.fields",
    "responses._shards.failures",
]


@dataclass(frozen=True, slots=True)
class Answers:
    """What each leg found, and those that failed; ``total`` counts segments over all legs."""

    found: Mapping[str, Sequence[Found]]
    total: Total
    took_ms: int
    degraded: Sequence[Degraded]

    @classmethod
    def nothing(cls) -> "Answers":
        """The answer to a search without words, such as "?!"."""
        return cls({}, Total(0, "eq"), 0, [])


def ask(es: Elasticsearch, index: str, bodies: Mapping[str, legs.Body], copy: str) -> Answers:
    """Send every leg. ``copy`` keeps the pages of one search on the same copy of a shard."""
    searches = []
    for body in bodies.values():
        searches += [{"index": index, "preference": copy}, body]
    answer = es.msearch(searches=searches, filter_path=_FILTER_PATH)
    parts = dict(zip(bodies, answer["responses"], strict=True))
    degraded = [Degraded(leg, reason) for leg, part in parts.items() if (reason := _failure(part))]
    whole = {leg: part for leg, part in parts.items() if "error" not in part}
    found = {leg: _found(leg, part["hits"]) for leg, part in whole.items()}
    return Answers(found, _total(whole, found), int(answer["took"]), degraded)


def _failure(part: Mapping[str, Any]) -> str | None:
    failures = part.get("_shards", {}).get("failures", [])
    causes = [part["error"]] if "error" in part else [failure["reason"] for failure in failures]
    return _reason(causes[0]) if causes else None


def _reason(error: Mapping[str, Any]) -> str:
    """The innermost reason, which says most."""
    causes = error.get("root_cause") or [error]
    return str(causes[0].get("reason") or causes[0].get("type"))


def _found(leg: str, hits: Mapping[str, Any]) -> list[Found]:
    return [
        Found(
            id=hit["fields"]["id"][0],
            episode_id=hit["fields"]["episode_id"][0],
            feed_id=hit["fields"]["feed_id"][0],
            score=_cosine(hit["_score"]) if leg in VECTOR_LEGS else hit["_score"],
        )
        for hit in hits.get("hits", [])
    ]


def _cosine(score: float) -> float:
    """Elasticsearch scores a cosine as (1 + cosine) / 2."""
    return 2 * score - 1


def _total(parts: Mapping[str, Any], found: Mapping[str, Sequence[Found]]) -> Total:
    """Words are counted; of the nearest vectors nobody can say how many there are."""
    seen = len({hit.id for hits in found.values() for hit in hits})
    words = parts["keyword"]["hits"]["total"] if "keyword" in parts else {"value": 0}
    unseen = max(0, words["value"] - len(found.get("keyword", ())))
    full = any(len(found.get(leg, ())) >= legs.VECTOR_DEPTH for leg in VECTOR_LEGS)
    is_exact = unseen == 0 and not full
    return Total(seen + unseen, "eq" if is_exact else "gte")
