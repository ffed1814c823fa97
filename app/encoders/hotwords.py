"""Names that Whisper is told to expect, as the end of what was said before."""

import re
from collections.abc import Sequence
from typing import Any

MOST_CHARS = 400  # some 120 of the 223 tokens that its decoder takes before the words
_MOST_ECHOED = 0.8


def hint_of(hotwords: Sequence[str]) -> str | None:
    """The text that stands before a window; None where there are no names."""
    told: list[str] = []
    for word in hotwords:
        if sum(len(one) + 2 for one in told) + len(word) > MOST_CHARS:
            break
        told.append(word)
    return f"{', '.join(told)}." if told else None  # else it goes on as within a sentence


def is_echo(segments: Sequence[Any], hotwords: Sequence[str]) -> bool:
    """Whether what was written is hardly more than the names: nobody speaks like that."""
    names = set(_plain(" ".join(hotwords)))
    written = _plain(" ".join(segment.text for segment in segments))
    return bool(names) and sum(word in names for word in written) > _MOST_ECHOED * len(written)


def _plain(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
