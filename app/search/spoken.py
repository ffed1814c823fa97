"""How what is typed in English is said: numbers in words, questions without the asking. Pure.

Transcripts may hold numbers in words, and Elasticsearch's English analyzer keeps the words that
ask, which its other analyzers drop. Other languages were not measured.
"""

import re
from itertools import pairwise

from num2words import num2words

# In fewer words each was chosen: "Doctor Who".
_QUESTION_WORDS = 4
_ASKING = frozenset({
    "who", "whom", "whose", "what", "which", "when", "where", "why", "how",
    "do", "does", "did", "doing", "done", "have", "has", "had", "having",
    "is", "was", "were", "are", "am", "be", "been", "being",
})  # fmt: skip
_WORD = re.compile(r"\w+(?:['’-]\w+)*")
_AROUND = re.compile(r"^\W+|\W+$")
_NUMBER = re.compile(
    r"\b(?P<digits>\d{1,3}(?:,\d{3}){1,3}|\d{1,12})(?P<rest>\.\d{1,6}|st|nd|rd|th|s)?\b"
)
_YEAR = re.compile(r"1\d{3}|20\d\d")


def without_asking(text: str) -> str:
    """A question without the words that ask; what is short or only asks stays whole."""
    words = text.split()
    kept = [word for word in words if not _asks(word)]
    return " ".join(kept) if kept and len(words) >= _QUESTION_WORDS else text


def _asks(word: str) -> bool:
    return _AROUND.sub("", word.lower().replace("’", "'")).removesuffix("'s") in _ASKING


def numbers(text: str) -> list[list[str]]:
    """Each number of the text in the ways that it is said: 1905 as a year and as a count."""
    return [_ways(found) for found in _NUMBER.finditer(text)]


def said(text: str) -> str:
    """The text with each number in words, the first of the ways that it is said."""
    return _NUMBER.sub(lambda found: _ways(found)[0], text)


def pairs(text: str) -> list[str]:
    """Every two neighbouring words, with numbers in words."""
    words = _WORD.findall(said(text))
    return [f"{first} {second}" for first, second in pairwise(words)]


def _ways(found: re.Match[str]) -> list[str]:
    digits, rest = found["digits"].replace(",", ""), found["rest"] or ""
    is_year = _YEAR.fullmatch(found["digits"])
    if rest in ("st", "nd", "rd", "th"):
        said = [num2words(int(digits), to="ordinal")]
    elif rest == "s":
        said = [_decade(_year(digits) if is_year else num2words(int(digits)))]
    else:
        said = [_year(digits)] if is_year and not rest else []
        said.append(num2words(digits + rest))
    plain = [way.replace("-", " ").replace(",", "") for way in said]
    return list(dict.fromkeys(way for one in plain for way in (one, one.replace(" and ", " "))))


def _year(digits: str) -> str:
    return str(num2words(int(digits), to="year"))


def _decade(said: str) -> str:
    return f"{said[:-1]}ies" if said.endswith("y") else f"{said}s"
