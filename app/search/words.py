"""The words of a query: cleaned, bounded, with what stands in quotes."""

import re
import unicodedata
from dataclasses import dataclass

# Every word costs a clause in each language's field, and a cluster refuses too many clauses.
MOST_WORDS = 40
MOST_LETTERS = 2000

_QUOTED = re.compile(r'"([^"]*)"')
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂", '"'))
# Scripts without spaces count each character as a word.
_WORD = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|\w+")


@dataclass(frozen=True, slots=True)
class Words:
    """``text`` is every word without the quotes; ``loose`` those outside of quotes."""

    text: str
    loose: str
    phrases: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.text)


def read(q: str) -> Words:
    """The words of a query as typed; nothing that a person can type is an error."""
    clean = _clean(q).translate(_QUOTES)
    phrases = tuple(phrase for found in _QUOTED.findall(clean) if (phrase := _words(found)))
    return Words(
        text=_words(clean.replace('"', " ")),
        loose=_words(_QUOTED.sub(" ", clean).replace('"', " ")),
        phrases=phrases,
    )


def _clean(q: str) -> str:
    """NFC, as documents are; control characters and lone surrogates become spaces."""
    spaced = "".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in q)
    return unicodedata.normalize("NFC", spaced)


def _words(text: str) -> str:
    """At most so many words; empty where there is nothing but punctuation."""
    text = " ".join(text[:MOST_LETTERS].split())
    if not any(unicodedata.category(c)[0] in "LNS" for c in text):
        return ""
    for number, found in enumerate(_WORD.finditer(text), start=1):
        if number == MOST_WORDS:
            return text[: found.end()]
    return text
