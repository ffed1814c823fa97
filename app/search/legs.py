"""The vector legs' query bodies, and what every leg filters by. Pure."""

from collections.abc import Sequence

from app.encoders.base import Likeness
from app.search.clauses import Body as Body  # noqa: PLC0414 - a leg is a Body
from app.search.clauses import narrowed, required
from app.search.query import Query
from app.search.sound import Sound
from app.search.sounds_like import of_query
from app.search.words import Words

# How deep each leg looks.
SOUNDS_LIKE_DEPTH = 200
VECTOR_DEPTH = 200
CANDIDATES = 400

# What shares less with a query was not misheard, it is something else: of a name half of all its
# terms, or most of those of its pronunciation; of a question a quarter.
SHARE_OF_TERMS = "2<50% 16<25%"
SHARE_OF_SOUNDS = "2<70% 10<40%"

# Neighbours below these tell nothing, and are not asked for: of texts' vectors a likeness, which
# each model has at another cosine; of voices' a cosine.
MEANING_FLOOR = 0.2
VOICE_FLOOR = 0.2
VOICE_ALONE = 0.4

_IDS = ("id", "episode_id", "feed_id")


def filters(query: Query) -> list[Body]:
    """The clauses that each leg applies inside itself."""
    clauses: list[Body] = []
    if query.show:
        clauses.append({"terms": {"feed_id": sorted(query.show)}})
    if query.sound:
        clauses += [{"term": {"sounds": name}} for name in query.sound]
    if query.within is not None:
        clauses.append({"terms": {"id": sorted(query.within)}})
    if query.language:
        clauses.append({"term": {"language": query.language}})
    since = query.since.isoformat() if query.since else None
    until = query.until.isoformat() if query.until else None
    clauses += _range("published", gte=since, lt=until)
    clauses += _range("episode_duration_s", gte=query.min_duration_s, lte=query.max_duration_s)
    return clauses


def _range(field: str, **bounds: float | str | None) -> list[Body]:
    given = {bound: value for bound, value in bounds.items() if value is not None}
    return [{"range": {field: given}}] if given else []


def meaning(
    vector: Sequence[float],
    words: Words,
    query: Query,
    candidates: int = CANDIDATES,
    likeness: Likeness = Likeness(),  # noqa: B008 - a tuple, which never changes
) -> Body:
    """The nearest text vectors, among the segments that say what is required."""
    clauses = [*filters(query), *narrowed(words), *required(words, query.language)]
    return nearest("text_vector", vector, likeness.cosine(MEANING_FLOOR), clauses, candidates)


def sounds_like(words: Words, query: Query) -> Body:
    """BM25 over how the words sound, among the segments that say what is required."""
    every, spoken = of_query(words.text)
    shares = [(every, SHARE_OF_TERMS), *([(spoken, SHARE_OF_SOUNDS)] if spoken else [])]
    alike = [
        {"match": {"sounds_like": {"query": terms, "minimum_should_match": share}}}
        for terms, share in shares
    ]
    clauses = [*filters(query), *narrowed(words), *required(words, query.language)]
    wanted = {"must": [{"dis_max": {"queries": alike}}], "filter": clauses}
    return {
        **ids_of({"query": {"bool": wanted}}, SOUNDS_LIKE_DEPTH),
        "track_total_hits": False,
    }


def voice(
    vector: Sequence[float], words: Words, query: Query, candidates: int = CANDIDATES
) -> Body:
    """The nearest voices."""
    clauses = [*filters(query), *narrowed(words)]
    return nearest("voice", vector, VOICE_FLOOR, clauses, candidates)


def sound(wanted: Sound, words: Words, query: Query, candidates: int = CANDIDATES) -> Body:
    """The passages in which all that is listened for is heard, whatever is said there but for
    what is excluded.
    """
    clauses = [*filters(query), *narrowed(words)]
    floor = wanted.scale.floor
    knns = [_knn(wanted.field, one, floor, clauses, candidates) for one in wanted.vectors]
    if len(knns) == 1:
        return ids_of({"knn": knns[0]}, VECTOR_DEPTH)
    share = 1 / len(knns)  # so that the scores' sum is their mean
    every: list[Body] = [{"knn": {**knn, "boost": share}} for knn in knns]
    return ids_of({"query": {"bool": {"must": every}}}, VECTOR_DEPTH)


def nearest(
    field: str, vector: Sequence[float], floor: float, clauses: list[Body], candidates: int
) -> Body:
    """The nearest vectors of a field, of the ``candidates`` looked at in each Lucene segment."""
    return ids_of({"knn": _knn(field, vector, floor, clauses, candidates)}, VECTOR_DEPTH)


def _knn(
    field: str, vector: Sequence[float], floor: float, clauses: list[Body], candidates: int
) -> Body:
    return {
        "field": field,
        "query_vector": list(vector),
        "k": min(VECTOR_DEPTH, candidates),
        "num_candidates": candidates,
        "similarity": floor,
        "filter": clauses,
    }


def ids_of(search: Body, size: int) -> Body:
    """Only ids come back, from columns: what is shown is read for the page's hits alone."""
    return {
        **search,
        "size": size,
        "_source": False,
        "stored_fields": "_none_",
        "docvalue_fields": list(_IDS),
    }
