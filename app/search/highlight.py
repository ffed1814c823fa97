"""Where the words of a query stand in a segment's text, as code-point offsets."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.search.clauses import Body, as_typed, exact, stemmed
from app.search.languages import FORMS, form_of, stemmed_field
from app.search.words import Words

ALL_WORDS = "all words"
Span = tuple[int, int]  # from, to: code points, the second excluded

# Nobody says these: markers must not occur in a text.
_OPEN, _CLOSE = "\ue000\ue001", "\ue001\ue000"
_MARKER = re.compile(f"({_OPEN}|{_CLOSE})")


def request(words: Words, language: str | None) -> Body:
    """The highlight part of a search: words by their stems, the rest as typed.

    Where nothing but words was typed, all of them as typed; excluded ones are never marked.
    """
    whole = {"number_of_fragments": 0, "pre_tags": [_OPEN], "post_tags": [_CLOSE]}
    typed = {"bool": {"should": as_typed(words) or [exact(words.text)]}}
    fields: dict[str, Any] = {"text": {"highlight_query": typed}}
    single = [term.text for group in words.alternatives for term in group if term.kind == "word"]
    if loose := " ".join([words.loose, *single]).strip():
        for form in [form_of(language)] if language else FORMS:
            fields[stemmed_field(form)] = {"highlight_query": stemmed(loose, form)}
    return {**whole, "fields": fields}


def all_words_named(words: Words) -> Body:
    """A clause whose name is reported for the hits that hold every word as typed."""
    clause = exact(words.text)
    return {"match": {"text": {**clause["match"]["text"], "_name": ALL_WORDS}}}


def spans(hit: Mapping[str, Any], words: Words) -> tuple[list[Span], list[Span]]:
    """All highlights in order, and the spans of which the first is the place to play.

    Phrases come first. Other words as typed count only where all of them are there and no
    stemmed one is ("to be or not to be"), lest every "the" be marked.
    """
    text, marked = hit["_source"].get("text", ""), hit.get("highlight", {})
    more_than_words = bool(as_typed(words))
    typed = []
    if more_than_words or ALL_WORDS in hit.get("matched_queries", ()):
        typed = _unmark(text, marked.get("text", ()))
    loose = [
        span
        for field, copies in marked.items()
        if field != "text"
        for span in _unmark(text, copies)
    ]
    every = _merged([*typed, *loose] if more_than_words else loose or typed)
    return every, (_merged(typed) if words.phrases and typed else every)


def _unmark(text: str, copies: Iterable[str]) -> list[Span]:
    """The spans between markers, if the marked copy is of this very text."""
    found: list[Span] = []
    for copy in copies:
        place, opened, plain = 0, 0, []
        for part in _MARKER.split(copy):
            if part == _OPEN:
                opened = place
            elif part == _CLOSE:
                found.append((opened, place))
            else:
                plain.append(part)
                place += len(part)
        if "".join(plain) != text:
            return []
    return found


def _merged(found: Iterable[Span]) -> list[Span]:
    """Sorted, with overlapping spans made one."""
    merged: list[Span] = []
    for start, end in sorted(found):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def second_of(offset: int, words: Mapping[str, Sequence[Any]]) -> float | None:
    """When the word at a code point begins, from a document's ``words``."""
    number = bisect_right(words["offset"], offset) - 1
    return float(words["start_s"][number]) if number >= 0 else None
