"""Text as a recogniser that guesses by sound might hear it: the same text, the same guesses."""

import re
import zlib

EVERY = 3  # one word of content in so many is misheard
SOUNDS = (
    ("ph", "f"), ("tion", "shun"), ("ght", "t"), ("ck", "k"), ("th", "d"), ("sh", "ch"),
    ("ee", "ea"), ("ou", "ow"), ("ai", "ay"), ("er", "ar"), ("v", "f"), ("b", "p"), ("g", "k"),
    ("z", "s"), ("d", "t"), ("c", "k"), ("l", "ll"), ("n", "m"), ("i", "e"), ("a", "o"),
)  # fmt: skip


def mishear(text: str) -> str:
    """The words in lower case, some of them as others that sound alike."""
    words = re.findall(r"[a-z']+", text.lower())
    return " ".join(
        _misheard(word) if _unlucky(word, place) else word for place, word in enumerate(words)
    )


def _unlucky(word: str, place: int) -> bool:
    return len(word) > 3 and zlib.crc32(f"{word} {place}".encode()) % EVERY == 0


def _misheard(word: str) -> str:
    """The first two of the sounds that the word has are heard as their neighbours."""
    changed = 0
    for said, heard in SOUNDS:
        if said in word[1:] and changed < 2:
            word, changed = word[0] + word[1:].replace(said, heard, 1), changed + 1
    return f"{word[:4]} {word[4:]}" if len(word) > 8 else word
