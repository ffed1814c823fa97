"""The keyword leg: BM25 over what was said, with titles, people and chapters. Pure."""

from app.search.clauses import (
    TITLES,
    Body,
    begun,
    exact,
    in_words,
    narrowed,
    near,
    required,
    stemmed,
)
from app.search.legs import filters, ids_of
from app.search.query import Query
from app.search.words import Words

# How deep the leg looks, which bounds how far a search can be paged.
KEYWORD_DEPTH = 400

# Against 1 for the stemmed form.
EXACT_BOOST = 0.25
TITLES_BOOST = 0.1
NEAR_BOOST = 0.2

NEAR_DEPTH = 200  # how many of the best are looked at for words near each other


def keyword(words: Words, query: Query) -> Body:
    """BM25: some word of the text, or all of them in the titles; or what is required.

    Exact words and titles add to the score of what was found, and words that are said near
    each other to the score of the best.
    """
    must = required(words, query.language)
    scored = _scored(words, query.language)
    if not must:
        must, scored = [_some(scored, words)], []
    wanted = {
        "filter": [*filters(query), *narrowed(words)],
        "must": must,
        "should": [*scored, *_lifting(words)],
    }
    return ids_of({"query": {"bool": wanted}, **_rescored(words)}, KEYWORD_DEPTH)


def _rescored(words: Words) -> Body:
    """Common pairs, such as "of the", would cost much in every segment."""
    if not (pairs := near(words.text)):
        return {}
    lifted = {
        "rescore_query": {"bool": {"should": pairs}},
        "rescore_query_weight": NEAR_BOOST,
    }
    return {"rescore": {"window_size": NEAR_DEPTH, "query": lifted}}


def _scored(words: Words, language: str | None) -> list[Body]:
    """What is looked for and not required: quotes and alternatives score by themselves."""
    loose = [stemmed(words.loose, language)] if words.loose else []
    return [*loose, *in_words(words.loose), *map(begun, words.prefixes)]


def _some(scored: list[Body], words: Words) -> Body:
    """Any of the words; or all of them as typed, or in the titles."""
    whole = [exact(words.text), _titles(words.text, type="cross_fields", operator="and")]
    return {"bool": {"should": [*scored, *whole], "minimum_should_match": 1}}


def _lifting(words: Words) -> list[Body]:
    return [
        {"match": {"text": {"query": words.text, "boost": EXACT_BOOST}}},
        _titles(words.text, boost=TITLES_BOOST),
    ]


def _titles(text: str, **how: str | float) -> Body:
    return {"multi_match": {"query": text, "fields": list(TITLES), **how}}
