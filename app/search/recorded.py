"""The recording leg: from the places that a clip comes from to the segments that lie there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from elasticsearch import Elasticsearch

from app.search.clauses import Body
from app.search.fuse import Found
from app.search.index import alias
from app.search.legs import filters, ids_of
from app.search.query import Query
from app.search.recordings import Match, find

_LATE_S = 0.05  # a place is exact to less than that


@dataclass(frozen=True, slots=True)
class Recorded:
    """The segments that are the very recording, and the second of each at which the clip begins."""

    found: Sequence[Found] = ()
    places: Mapping[str, float] = field(default_factory=dict)


def find_recording(es: Elasticsearch, prefix: str, query: Query) -> Recorded:
    """Where the query's clip was recorded; nothing where no place is accepted.

    Raises ValueError, RecordingsUnavailable, ApiError or TransportError.
    """
    assert query.landmarks is not None  # noqa: S101 - the caller has seen to it
    matches = find(es, prefix, dict(query.landmarks), filters(query))
    accepted = [match for match in matches if match.accepted]
    if not accepted:
        return Recorded()
    index = alias(prefix, "segments")
    searches: list[Body] = []
    for match in accepted:
        searches += [{"index": index}, segment_at(match)]
    answers = es.msearch(searches=searches)["responses"]
    found: list[Found] = []
    places: dict[str, float] = {}
    for match, answer in zip(accepted, answers, strict=True):
        for hit in answer.get("hits", {}).get("hits", []):
            id_ = hit["fields"]["id"][0]
            if id_ not in places:  # the best of several in one segment came first
                places[id_] = round(max(0.0, match.start_s), 1)  # it is known to some 0.02 s
                found.append(Found(id_, match.episode_id, match.feed_id, match.score))
    return Recorded(found, places)


def segment_at(match: Match) -> Body:
    """The search for the last segment that begins before the place, in whatever language."""
    begins = {"range": {"start_s": {"lte": max(0.0, match.start_s) + _LATE_S}}}
    wanted = [{"term": {"episode_id": match.episode_id}}, begins]
    return {**ids_of({"query": {"bool": {"filter": wanted}}}, 1), "sort": [{"start_s": "desc"}]}
