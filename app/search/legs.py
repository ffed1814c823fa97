"""Each leg's query body: pure, and tested as exact dictionaries."""

from collections.abc import Iterable, Sequence
from typing import Any

from app.search.languages import FORMS, form_of, stemmed_field
from app.search.query import Query
from app.search.words import Words

Body = dict[str, Any]

# How deep each leg looks, which bounds how far a search can be paged.
KEYWORD_DEPTH = 1000
VECTOR_DEPTH = 200
CANDIDATES = 400

# Neighbours below these cosines tell nothing, and are not asked for. Of 28 development sounds
# and voices, nine in ten pairs of different classes lie below .43; a 3 s clip has .54 or more
# with the recording it was cut from.
MEANING_FLOOR = 0.2
SOUND_FLOOR = 0.4

# Against 1 for the stemmed form.
EXACT_BOOST = 0.25
TITLES_BOOST = 0.1

TITLES = ("episode_title", "feed_title", "people", "chapters")
_IDS = ("id", "episode_id", "feed_id")


def filters(query: Query) -> list[Body]:
    """The clauses that each leg applies inside itself."""
    clauses: list[Body] = []
    if query.show:
        clauses.append({"terms": {"feed_id": sorted(query.show)}})
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


def stemmed(text: str, language: str | None) -> Body:
    """Any of the words, in the forms of their language (all languages where none is given)."""
    forms: Iterable[str] = [form_of(language)] if language else FORMS
    return {"multi_match": {"query": text, "fields": [stemmed_field(form) for form in forms]}}


def exact(text: str) -> Body:
    """Every one of the words as typed, which finds what analyzers drop: "to be or not to be"."""
    return {"match": {"text": {"query": text, "operator": "and"}}}


def quoted(words: Words) -> list[Body]:
    """Each phrase in quotes, as typed."""
    return [{"match_phrase": {"text": phrase}} for phrase in words.phrases]


def keyword(words: Words, query: Query) -> Body:
    """BM25: some word of the text, or all of them in the titles; quoted phrases are required.

    Exact words and titles add to the score of what was found.
    """
    in_titles = {"query": words.text, "fields": list(TITLES)}
    matching = [
        stemmed(words.text, query.language),
        exact(words.text),
        {"multi_match": {**in_titles, "type": "cross_fields", "operator": "and"}},
    ]
    return _ids_of(
        {
            "query": {
                "bool": {
                    "filter": filters(query),
                    "must": [
                        {"bool": {"should": matching, "minimum_should_match": 1}},
                        *quoted(words),
                    ],
                    "should": [
                        {"match": {"text": {"query": words.text, "boost": EXACT_BOOST}}},
                        {"multi_match": {**in_titles, "boost": TITLES_BOOST}},
                    ],
                }
            }
        },
        KEYWORD_DEPTH,
    )


def meaning(vector: Sequence[float], words: Words, query: Query) -> Body:
    """The nearest text vectors, among the segments that say the quoted phrases."""
    return _nearest("text_vector", vector, MEANING_FLOOR, [*filters(query), *quoted(words)])


def sound(vector: Sequence[float], query: Query) -> Body:
    """The nearest audio vectors."""
    return _nearest("audio_whisper", vector, SOUND_FLOOR, filters(query))


def _nearest(field: str, vector: Sequence[float], floor: float, clauses: list[Body]) -> Body:
    knn = {
        "field": field,
        "query_vector": list(vector),
        "k": VECTOR_DEPTH,
        "num_candidates": CANDIDATES,
        "similarity": floor,
        "filter": clauses,
    }
    return _ids_of({"knn": knn}, VECTOR_DEPTH)


def _ids_of(search: Body, size: int) -> Body:
    """Only ids come back, from columns: what is shown is read for the page's hits alone."""
    return {
        **search,
        "size": size,
        "_source": False,
        "stored_fields": "_none_",
        "docvalue_fields": list(_IDS),
    }
