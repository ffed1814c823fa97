"""What is said near a sound: "climate" sound:applause.

Applause follows the words that earned it, in a passage of its own. So a sound beside words is
looked for first, and the words in the passages around what was found.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from elasticsearch import Elasticsearch

from app.search.ask import cosine
from app.search.clauses import Body, one_of
from app.search.fuse import Found
from app.search.legs import ids_of

NEAR_S = 30.0  # between the end of one and the start of the other
MOST_NEAR = 2000  # passages

_TIMES = ("start_s", "end_s")


@dataclass(frozen=True, slots=True)
class _Place:
    """A passage with its times; of what was heard, the score says how surely."""

    found: Found
    start_s: float
    end_s: float

    def distance_s(self, other: "_Place") -> float:
        """The silence between two passages; 0 where they touch or overlap."""
        return max(0.0, self.start_s - other.end_s, other.start_s - self.end_s)


def near(es: Elasticsearch, index: str, heard: Body, alone: float) -> tuple[list[Found], int]:
    """The passages with words near what a search by sound finds, with the best score of those.

    ``alone`` is the score from which a sound is taken to be there. The second value is the
    milliseconds that Elasticsearch took. Raises ApiError or TransportError.
    """
    answer = es.search(index=index, **_with_times(heard))
    sounds = [one for one in _places(answer.body, cosine) if one.found.score >= alone]
    if not sounds:
        return [], int(answer["took"])
    around = es.search(index=index, **around_body(sounds))
    by_episode: dict[str, list[_Place]] = {}
    for one in sounds:
        by_episode.setdefault(one.found.episode_id, []).append(one)
    passages = [
        _scored(passage, by_episode[passage.found.episode_id])
        for passage in _places(around.body, lambda _: 0.0)
    ]
    return passages, int(answer["took"]) + int(around["took"])


def around_body(sounds: Iterable[_Place]) -> Body:
    """The search for the passages with words near any of these places."""
    clauses: list[Body] = [
        {
            "bool": {
                "filter": [
                    {"term": {"episode_id": one.found.episode_id}},
                    {"range": {"start_s": {"lte": one.end_s + NEAR_S}}},
                    {"range": {"end_s": {"gte": one.start_s - NEAR_S}}},
                ]
            }
        }
        for one in sounds
    ]
    wanted = [one_of(clauses), {"exists": {"field": "text"}}]
    return _with_times(ids_of({"query": {"bool": {"filter": wanted}}}, MOST_NEAR))


def _with_times(body: Body) -> Body:
    return {**body, "docvalue_fields": [*body["docvalue_fields"], *_TIMES]}


def _places(answer: Mapping[str, Any], score: Callable[[float], float]) -> list[_Place]:
    places = []
    for hit in answer["hits"]["hits"]:
        own = {name: values[0] for name, values in hit["fields"].items()}
        found = Found(own["id"], own["episode_id"], own["feed_id"], score(hit["_score"]))
        places.append(_Place(found, own["start_s"], own["end_s"]))
    return places


def _scored(passage: _Place, sounds: Sequence[_Place]) -> Found:
    """The passage with the score of the surest sound near it."""
    best = max(one.found.score for one in sounds if one.distance_s(passage) <= NEAR_S)
    return passage.found._replace(score=best)
