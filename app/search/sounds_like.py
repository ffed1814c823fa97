"""How words sound, as terms: names and rare words are found though a recogniser misheard them.

A recogniser that does not know "Eisbaden" writes "ice baden", and "kubectl" becomes "cube
cuttle". Two kinds of terms survive that, and one BM25 field holds both: groups of five letters
within a word, which most spellings of one name share; and groups of four of the consonants as
they are pronounced (Metaphone), which run on from word to word, since words that were misheard
are also parted at other places. Pure: Elasticsearch sees the terms through a stock analyzer.
"""

import re
import unicodedata
from collections.abc import Iterator

import jellyfish

from app.search.spoken import said, without_asking

LETTERS, SOUNDS = 5, 4
MOST_TERMS = 600  # of a query, each a clause: about forty words

_SOUND = "+"  # what a term of the pronunciation begins with

# Words that are everywhere, and between others: they would part what belongs together.
_COMMON = frozenset({
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it",
    "no", "not", "of", "on", "or", "such", "that", "the", "their", "then", "there", "these",
    "they", "this", "to", "was", "will", "with",
})  # fmt: skip
_WORD = re.compile(r"[^\W_]+")
_LATIN = re.compile(r"[a-z]+")
_VOWELS = re.compile(r"[AEIOU]")


def of_text(text: str) -> str:
    """A segment's terms, separated by spaces."""
    return " ".join(_terms(text))


def of_query(text: str) -> tuple[str, str]:
    """A query's terms, each once and without those of the words that only ask.

    All of them, and those of the pronunciation alone.
    """
    terms = list(dict.fromkeys(_terms(without_asking(text))))[:MOST_TERMS]
    return " ".join(terms), " ".join(term for term in terms if term.startswith(_SOUND))


def _terms(text: str) -> Iterator[str]:
    words = [word for word in _WORD.findall(_plain(said(text))) if word not in _COMMON]
    for word in words:
        yield from _groups(f"_{word}_", LETTERS)
    spoken = "".join(_pronounced(word) for word in words)
    for group in _groups(spoken, SOUNDS):
        yield f"{_SOUND}{group}"


def _plain(text: str) -> str:
    """Lower case without accents; letters of other scripts stay."""
    parts = unicodedata.normalize("NFKD", text.lower())
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


def _pronounced(word: str) -> str:
    """The word's Metaphone code with one letter for any vowel that begins it; Latin script only."""
    if not _LATIN.fullmatch(word):
        return ""
    return _VOWELS.sub("A", jellyfish.metaphone(word).replace(" ", ""))


def _groups(text: str, size: int) -> Iterator[str]:
    """Every run of so many letters; a shorter text is one by itself."""
    if text:
        yield from (text[at : at + size] for at in range(max(1, len(text) - size + 1)))
