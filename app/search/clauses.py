"""What words ask of a segment, as clauses of Elasticsearch's query language. Pure."""

import re
from collections.abc import Iterable
from typing import Any

from app.search.languages import FORMS, form_of, stemmed_field
from app.search.spoken import numbers, pairs, without_asking
from app.search.words import MOST_WORDS, Term, Words

Body = dict[str, Any]

TITLES = ("episode_title", "feed_title", "people", "chapters")

ENGLISH = stemmed_field("en")
MOST_NUMBERS = 5  # each is several phrases
NEAR_WORDS = 2  # how far words may be moved to make a pair

# A beginning matches all words or none better than another: about what a word's BM25 gives.
PREFIX_BOOST = 4.0
# What a beginning stands for at most, where it is not one word to an analyzer ("co-op*", 氷河*).
MOST_EXPANSIONS = 200
_ONE_WORD = re.compile(r"[^\W\u3041-\u309f\u3400-\u9fff]+")


def stemmed(text: str, language: str | None) -> Body:
    """Any of the words, in the forms of their language (all languages where none is given).

    In English those that ask a question are not looked for.
    """
    every = _stemmed_fields(language)
    if ENGLISH not in every or (plain := without_asking(text)) == text:
        return {"multi_match": {"query": text, "fields": every}}
    english = {"match": {ENGLISH: plain}}
    others = [field for field in every if field != ENGLISH]
    if not others:
        return english
    return {"dis_max": {"queries": [english, {"multi_match": {"query": text, "fields": others}}]}}


def _stemmed_fields(language: str | None) -> list[str]:
    forms: Iterable[str] = [form_of(language)] if language else FORMS
    return [stemmed_field(form) for form in forms]


def in_words(text: str) -> list[Body]:
    """Numbers as they are said in English: "50" as "fifty"."""
    return [
        {"dis_max": {"queries": [_phrase(way) for way in ways]}}
        for ways in numbers(text)[:MOST_NUMBERS]
    ]


def near(text: str) -> list[Body]:
    """Neighbouring words that are said near each other."""
    asked = pairs(text)[:MOST_WORDS]
    return [{"match_phrase": {"text": {"query": pair, "slop": NEAR_WORDS}}} for pair in asked]


def exact(text: str) -> Body:
    """Every one of the words as typed, which finds what analyzers drop: "to be or not to be"."""
    return {"match": {"text": {"query": text, "operator": "and"}}}


def quoted(words: Words) -> list[Body]:
    """Each phrase in quotes, as typed."""
    return [_phrase(phrase) for phrase in words.phrases]


def _phrase(text: str) -> Body:
    return {"match_phrase": {"text": text}}


def begun(prefix: str) -> Body:
    """A word that begins so; of what is several words, the last."""
    if _ONE_WORD.fullmatch(prefix):
        return {"prefix": {"text": {"value": prefix.lower(), "boost": PREFIX_BOOST}}}
    return {"match_phrase_prefix": {"text": {"query": prefix, "max_expansions": MOST_EXPANSIONS}}}


def as_typed(words: Words) -> list[Body]:
    """What is marked as it stands: phrases and beginnings, and numbers in words."""
    terms = [term for group in words.alternatives for term in group]
    phrases = [*words.phrases, *(term.text for term in terms if term.kind == "phrase")]
    prefixes = [*words.prefixes, *(term.text for term in terms if term.kind == "prefix")]
    return [*map(_phrase, phrases), *map(begun, prefixes), *in_words(words.loose)]


def required(words: Words, language: str | None) -> list[Body]:
    """Each phrase, and of each group of alternatives at least one."""
    groups = [one_of([_said(term, language) for term in group]) for group in words.alternatives]
    return [*quoted(words), *groups]


def _said(term: Term, language: str | None) -> Body:
    match term.kind:
        case "phrase":
            return _phrase(term.text)
        case "prefix":
            return begun(term.text)
        case _:
            fields = [*_stemmed_fields(language), "text"]
            return {"multi_match": {"query": term.text, "fields": fields, "type": "phrase"}}


def narrowed(words: Words) -> list[Body]:
    """The clauses of ``show:`` and of what is excluded, which every leg applies inside itself."""
    clauses: list[Body] = []
    if words.shows:
        clauses.append(one_of([_in_show(name) for name in words.shows]))
    if words.excluded:
        clauses.append({"bool": {"must_not": [_left_out(term) for term in words.excluded]}})
    return clauses


def one_of(clauses: list[Body]) -> Body:
    """At least one of them."""
    return {"bool": {"should": clauses, "minimum_should_match": 1}}


def _in_show(name: str) -> Body:
    return {"match": {"feed_title": {"query": name, "operator": "and"}}}


def _left_out(term: Term) -> Body:
    """As typed, not stemmed: who excludes "universal" does not exclude "university"."""
    if term.kind == "show":
        return _in_show(term.text)
    way = "phrase_prefix" if term.kind == "prefix" else "phrase"
    return {"multi_match": {"query": term.text, "fields": ["text", *TITLES], "type": way}}
