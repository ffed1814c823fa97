"""What a person typed: words, and the few operators that say more about them.

    "a phrase"              is said exactly so
    -word  -"a phrase"      is not said, nor in a title
    one OR other            at least one of them is said
    begin*                  words that begin so
    show:name               the show's title has these words
    sound:applause          what is heard, not what is said; quotes hold more words

Whatever reads otherwise is ordinary words: nothing that a person can type is an error.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

# Every word costs a clause in each language's field, and a cluster refuses too many clauses.
# Words of all kinds count, excluded ones as well.
MOST_WORDS = 40
MOST_LETTERS = 2000

Kind = Literal["word", "phrase", "prefix", "sound", "show", "or"]

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂", '"'))
# Scripts without spaces count each character as a word, and so do pictographs.
_WORD = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2600-\u27bf\u3040-\u30ff\u3400-\u9fff"
    r"\U0001f000-\U0001faff]|\w+"
)
# An operator stands at the beginning of a word: "co-op", "--", "10:30" and URLs have none.
_PART = re.compile(
    r"""(?:(?<!\S)(?P<minus>-)(?=["\w]))?"""
    r"""(?:(?<![^\s-])(?P<field>show|sound):(?=["\w]))?"""
    r"""(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))""",
    re.IGNORECASE,
)
# One letter begins too many words to mean anything.
_PREFIX = re.compile(r"[(\[{]*(\w[\w'’-]*\w)\*[)\]},.;!?]*")
_BRACKETS = "()[]{}"
_AFTER = ",.;:!?)]}"
_FIELDS: dict[str, Kind] = {"show": "show", "sound": "sound"}


@dataclass(frozen=True, slots=True)
class Term:
    """A word, a phrase that stood in quotes, the beginning of a word, or a show's name."""

    text: str
    kind: Kind = "word"

    def __str__(self) -> str:
        """As it would be typed."""
        match self.kind:
            case "phrase":
                return f'"{self.text}"'
            case "prefix":
                return f"{self.text}*"
            case _:
                return self.text


Group = tuple[Term, ...]  # one of them is enough


@dataclass(frozen=True, slots=True)
class Words:
    """What was typed, by what it asks for.

    ``text`` is every word that is looked for, in order and without operators: what a text
    embedder reads. ``loose`` are those that nothing more is said of: no phrase, alternative
    or prefix. ``phrases`` and, of each of the ``alternatives``, one term are required.
    """

    text: str
    loose: str
    phrases: tuple[str, ...] = ()
    excluded: tuple[Term, ...] = ()
    alternatives: tuple[Group, ...] = ()
    prefixes: tuple[str, ...] = ()
    sounds: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.text)

    @property
    def required(self) -> tuple[Group, ...]:
        """Of each group one term must be said."""
        return (*((Term(phrase, "phrase"),) for phrase in self.phrases), *self.alternatives)

    def requiring(self, groups: Sequence[Group]) -> "Words":
        """The same words with these groups required; words of no group become loose."""
        kept = {term for group in groups for term in group}
        freed = [term for group in self.required for term in group if term not in kept]
        loose = [term.text for term in freed if term.kind != "prefix"]
        return replace(
            self,
            loose=" ".join([self.loose, *loose]).strip(),
            phrases=tuple(term.text for term, *others in groups if not others),
            alternatives=tuple(group for group in groups if len(group) > 1),
            prefixes=(*self.prefixes, *(t.text for t in freed if t.kind == "prefix")),
        )


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of what was typed."""

    kind: Kind
    text: str
    excluded: bool = False

    @property
    def is_term(self) -> bool:
        """Whether it can be one of several alternatives."""
        return self.kind in ("word", "phrase", "prefix") and not self.excluded

    @property
    def term(self) -> Term:
        """The same as a term; brackets around alternatives are not part of them."""
        text = self.text.strip(_BRACKETS) if self.kind == "word" else self.text
        return Term(text or self.text, self.kind)


def read(q: str) -> Words:
    """The words of a query as typed."""
    groups = _grouped(_within_limits(_parts(_clean(q))))
    single = [group[0] for group in groups if len(group) == 1]
    asked = [part for part in single if part.is_term]

    def texts(kind: Kind) -> tuple[str, ...]:
        return tuple(part.text for part in single if part.kind == kind and not part.excluded)

    return Words(
        text=_joined(part for group in groups for part in group if part.is_term),
        loose=_joined(part for part in asked if part.kind == "word"),
        phrases=texts("phrase"),
        excluded=tuple(part.term for part in single if part.excluded),
        alternatives=tuple(
            tuple(part.term for part in group) for group in groups if len(group) > 1
        ),
        prefixes=texts("prefix"),
        sounds=texts("sound"),
        shows=texts("show"),
    )


def _clean(q: str) -> str:
    """NFC, as documents are; control characters and lone surrogates become spaces."""
    spaced = "".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in q)
    whole = unicodedata.normalize("NFC", spaced).translate(_QUOTES)
    return " ".join(whole.split())[:MOST_LETTERS]


def _parts(clean: str) -> list[_Part]:
    parts = [_part(found) for found in _PART.finditer(clean)]
    return [part for part in parts if part.text]


def _part(found: re.Match[str]) -> _Part:
    excluded = found["minus"] is not None
    field: Kind | None = _FIELDS.get((found["field"] or "").lower())
    if field == "sound" and excluded:  # what is not heard cannot be looked for
        return _Part("word", found[0])
    if found["phrase"] is not None:
        phrase = found["phrase"].strip()
        return _Part(field or "phrase", phrase if _says_something(phrase) else "", excluded)
    word = found["word"]
    if field:
        return _Part(field, word.rstrip(_AFTER), excluded)
    if prefix := _PREFIX.fullmatch(word):
        return _Part("prefix", prefix[1], excluded)
    return _Part("or" if word == "OR" and not excluded else "word", word, excluded)


def _within_limits(parts: Iterable[_Part]) -> list[_Part]:
    """As many parts as have MOST_WORDS words, the last one cut."""
    left, kept = MOST_WORDS, []
    for part in parts:
        ends = [word.end() for word in _WORD.finditer(part.text)]
        if len(ends) >= left:  # `left` is 1 or more
            kept.append(_Part(part.kind, part.text[: ends[left - 1]], part.excluded))
            break
        kept.append(part)
        left -= max(1, len(ends))
        if left == 0:
            break
    return kept


def _grouped(parts: Sequence[_Part]) -> list[list[_Part]]:
    """Terms with OR between them together, every other part by itself.

    An OR beside a show or a sound says what holds anyway; one without two sides is a word.
    """
    groups: list[list[_Part]] = []
    joins = False
    for number, part in enumerate(parts):
        if part.kind != "or":
            groups = [*groups[:-1], [*groups[-1], part]] if joins else [*groups, [part]]
            joins = False
        elif _is_between(parts, number):
            joins = parts[number - 1].is_term and parts[number + 1].is_term
        else:
            groups.append([_Part("word", part.text)])
    return groups


def _is_between(parts: Sequence[_Part], number: int) -> bool:
    around = range(number - 1, number + 2, 2)
    return all(0 <= side < len(parts) and parts[side].kind != "or" for side in around)


def _joined(parts: Iterable[_Part]) -> str:
    text = " ".join(part.text for part in parts)
    return text if _says_something(text) else ""


def _says_something(text: str) -> bool:
    """Whether there is more than punctuation."""
    return any(unicodedata.category(c)[0] in "LNS" for c in text)
