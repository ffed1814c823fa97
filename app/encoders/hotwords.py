"""Names that may be said, taken from a second hearing of a window that sounds as if it held one.

Told of names, Whisper writes all else differently, too: after titles it writes as titles are
written, and leaves sentences out. So a window is first heard without. Where words of it sound
like a name it is heard again with that name, and of this second hearing the name alone is taken,
in the place and time of what sounded like it. Where nothing was heard nothing is written.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from functools import lru_cache

import jellyfish

from app.domain import Word

Encode = Callable[[str], Sequence[int]]  # of the tokenizer

MOST_TOKENS = 100  # of the 223 that the decoder takes before the words; a name has about four

_FURTHEST_HEARD = 0.25  # edits a consonant from what was heard, for a name to be looked for
_FURTHEST_WRITTEN = 0.5  # and for it to be written there once it was found
_LEAST_CONSONANTS = 3
_ALIKE = 0.8  # by their letters (Jaro-Winkler), for words with fewer consonants than that
_MORE_WORDS = 3  # that a name may be heard as, beyond its own

# Metaphone's codes without vowels, and one letter for consonants that are taken for one another.
_CONSONANTS = str.maketrans("BFPKSXJT0MNLR", "PPPKSSSTTNNLR", "AEIOUHWY ")
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})
_LATIN = re.compile(r"[a-z]+")
_WORD = re.compile(r"[^\W_]+")
_MARKS = re.compile(r"[^\w]*$")


def likely_names(hotwords: Sequence[str], words: Sequence[Word], encode: Encode) -> list[str]:
    """The names that could hide behind words that were heard, as many as are told at once."""
    heard = [part for word in words for part in _parts(word.text)]
    found: list[str] = []
    room = MOST_TOKENS
    for name in hotwords:
        if "<|" in name or not _could_hide(name, heard, encode):  # <|…|> would steer the decoder
            continue
        room -= len(encode(f" {name},"))
        if room < 0:
            break
        found.append(name)
    return found


def hint_of(names: Sequence[str]) -> str:
    """The text that stands before a window; without its full stop a sentence would go on."""
    return f"{', '.join(names)}."


def with_names(plain: Sequence[Word], told: Sequence[Word], names: Sequence[str]) -> list[Word]:
    """The words as heard without names, but for those that turned out to be one.

    ``told`` are the words of the same window as heard with the names.
    """
    if not told:
        return list(plain)
    wanted = {part for name in names for part in _parts(name)}
    ours, theirs = ([_parts(word.text) for word in heard] for heard in (plain, told))
    matcher = SequenceMatcher(None, [*map(" ".join, ours)], [*map(" ".join, theirs)], False)
    words: list[Word] = []
    for _, start, end, told_start, told_end in matcher.get_opcodes():
        old, new = _flat(ours[start:end]), _flat(theirs[told_start:told_end])
        if wanted.intersection(new).difference(old) and _sound_alike(old, new):
            words += _placed(told[told_start:told_end], plain[start:end])
        else:
            words += plain[start:end]
    return words


def _placed(new: Sequence[Word], old: Sequence[Word]) -> Iterator[Word]:
    """Words in the time of those that they replace, and with the mark that ended those."""
    first_s, last_s = old[0].start_s, old[-1].end_s
    for number, word in enumerate(new, start=1):
        start_s, end_s = (min(max(at_s, first_s), last_s) for at_s in (word.start_s, word.end_s))
        text = word.text
        if number == len(new):
            text = _MARKS.sub("", text, 1) + (_MARKS.search(old[-1].text) or [""])[0]
        yield replace(word, text=text, start_s=start_s, end_s=end_s)


def _could_hide(name: str, heard: Sequence[str], encode: Encode) -> bool:
    """Whether a name, or a word of it that Whisper may not know, was heard as something else.

    What it knows is a token of its own.
    """
    words = _WORD.findall(name)
    parts = [part for word in words for part in _parts(word)]
    if set(parts) <= set(heard):
        return False
    unknown = [_parts(word) for word in words if len(encode(f" {word}")) > 1]
    candidates = [one for one in unknown if not set(one) <= set(heard)]
    return any(_is_near(one, heard) for one in [*candidates, *([parts] if len(words) > 1 else [])])


def _is_near(parts: Sequence[str], heard: Sequence[str]) -> bool:
    """Whether neighbours among the heard words sound like these words."""
    wanted = _sound(parts)
    if len(wanted) < _LEAST_CONSONANTS:
        name = "".join(parts)
        return any(jellyfish.jaro_winkler_similarity(name, one) >= _ALIKE for one in heard)
    sounds = [_consonants(word) for word in heard]
    return any(
        _apart(wanted, "".join(sounds[at : at + count])) <= _FURTHEST_HEARD
        for at in range(len(sounds))
        for count in range(1, len(parts) + _MORE_WORDS + 1)
    )


def _sound_alike(old: Sequence[str], new: Sequence[str]) -> bool:
    one, other = _sound(old), _sound(new)
    if min(len(one), len(other)) < _LEAST_CONSONANTS:
        return jellyfish.jaro_winkler_similarity("".join(old), "".join(new)) >= _ALIKE
    return _apart(one, other) <= _FURTHEST_WRITTEN


def _apart(one: str, other: str) -> float:
    """Edits a consonant."""
    return jellyfish.levenshtein_distance(one, other) / max(len(one), len(other))


def _sound(parts: Sequence[str]) -> str:
    return "".join(map(_consonants, parts))


@lru_cache(maxsize=20_000)
def _consonants(word: str) -> str:
    """A word's consonants; of another script than Latin, its letters."""
    if not _LATIN.fullmatch(word):
        return word
    return jellyfish.metaphone(word).translate(_CONSONANTS)


def _parts(text: str) -> list[str]:
    """Words in lower case without accents."""
    letters = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return _WORD.findall("".join(one for one in letters if not unicodedata.combining(one)))


def _flat(words: Sequence[Sequence[str]]) -> list[str]:
    return [part for parts in words for part in parts]
