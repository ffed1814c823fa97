"""All legs in one ``_msearch``; one that fails costs nothing but itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from elasticsearch import Elasticsearch

from app.encoders.base import Likeness
from app.search import legs
from app.search.fuse import Found, Scale
from app.search.result import Degraded

VECTOR_LEGS = frozenset({"meaning", "sound", "voice"})
DEPTHS = {"sounds_like": legs.SOUNDS_LIKE_DEPTH} | dict.fromkeys(VECTOR_LEGS, legs.VECTOR_DEPTH)

SCALES: Mapping[str, Scale] = {
    "keyword": Scale(),
    "sounds_like": Scale(),
    # In likeness, which is MiniLM's cosine: questions about something else reach .38 against the
    # development segments.
    "meaning": Scale(floor=0.0, top=1.0, alone=0.4),
    # Of 800 development questions the answer reads at .89 (median), the best passage of another
    # episode at .83, and any passage at .75.
    "reading": Scale(floor=0.7, top=1.0, alone=0.86),
    "sound": Scale(floor=0.0, top=1.0),  # as app.search.sound says, by field
    "voice": Scale(floor=0.0, top=1.0, alone=legs.VOICE_ALONE),
    "recording": Scale(),
}

# What is worth reading: a passage that means something near may turn out to be the answer.
WORTH_READING = {**SCALES, "meaning": replace(SCALES["meaning"], alone=legs.MEANING_FLOOR)}

# All that is read of an answer; the rest need not be sent.
_FILTER_PATH = [
    "took",
    "responses.status",  # lest a leg that found nothing leave no trace
    "responses.error",
    "responses.hits.total",
    "responses.hits.hits._score",
    "responses.hits.hits.fields",
    "responses._shards.failures",
]


@dataclass(frozen=True, slots=True)
class Answers:
    """What each leg found, and those that failed.

    ``unseen`` counts the segments with the words below the depth that was asked for;
    ``is_whole`` is whether nothing can lie below any leg's depth.
    """

    found: Mapping[str, Sequence[Found]]
    unseen: int
    is_whole: bool
    took_ms: int
    degraded: Sequence[Degraded]

    @classmethod
    def nothing(cls) -> "Answers":
        """The answer to a search without words, such as "?!"."""
        return cls({}, 0, True, 0, [])


def ask(
    es: Elasticsearch,
    index: str,
    bodies: Mapping[str, legs.Body],
    copy: str,
    likeness: Likeness = Likeness(),  # noqa: B008 - a tuple, which never changes
) -> Answers:
    """Send every leg. ``copy`` keeps the pages of one search on the same copy of a shard.

    ``likeness`` is what the cosines of the leg ``meaning`` mean, whose scores it makes.
    """
    searches = []
    for body in bodies.values():
        searches += [{"index": index, "preference": copy}, body]
    answer = es.msearch(searches=searches, filter_path=_FILTER_PATH)
    parts = dict(zip(bodies, answer["responses"], strict=True))
    degraded = [Degraded(leg, reason) for leg, part in parts.items() if (reason := _failure(part))]
    whole = {leg: part for leg, part in parts.items() if "error" not in part}
    found = {leg: _found(leg, part.get("hits", {}), likeness) for leg, part in whole.items()}
    unseen = _unseen(whole, found)
    is_whole = unseen == 0 and not any(_may_go_on(leg, hits) for leg, hits in found.items())
    return Answers(found, unseen, is_whole, int(answer["took"]), degraded)


def _failure(part: Mapping[str, Any]) -> str | None:
    failures = part.get("_shards", {}).get("failures", [])
    causes = [part["error"]] if "error" in part else [failure["reason"] for failure in failures]
    return _reason(causes[0]) if causes else None


def _reason(error: Mapping[str, Any]) -> str:
    """The innermost reason, which says most."""
    causes = error.get("root_cause") or [error]
    return str(causes[0].get("reason") or causes[0].get("type"))


def _found(leg: str, hits: Mapping[str, Any], likeness: Likeness) -> list[Found]:
    return [
        Found(
            id=hit["fields"]["id"][0],
            episode_id=hit["fields"]["episode_id"][0],
            feed_id=hit["fields"]["feed_id"][0],
            score=_score(leg, hit["_score"], likeness),
        )
        for hit in hits.get("hits", [])
    ]


def _score(leg: str, score: float, likeness: Likeness) -> float:
    if leg not in VECTOR_LEGS:
        return score
    return float(likeness.of(cosine(score))) if leg == "meaning" else cosine(score)


def cosine(score: float) -> float:
    """The cosine, which Elasticsearch scores as (1 + cosine) / 2."""
    return 2 * score - 1


def _unseen(parts: Mapping[str, Any], found: Mapping[str, Sequence[Found]]) -> int:
    if "keyword" not in parts:
        return 0
    return int(parts["keyword"]["hits"]["total"]["value"]) - len(found["keyword"])


def _may_go_on(leg: str, hits: Sequence[Found]) -> bool:
    """Whether a leg whose answers are not counted may have more than it was asked for."""
    full = leg in DEPTHS and len(hits) >= DEPTHS[leg]
    return full and hits[-1].score >= SCALES[leg].alone
