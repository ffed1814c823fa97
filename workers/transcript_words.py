"""From cues to words, with times where the document gives none of their own."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from app.domain import Word
from workers.transcript_types import Cue

USUAL_RATE = 15.0  # characters a second of speech
SLOWEST_RATE = 5.0  # slower than this, the words end before the next cue starts
MAX_WORD = 100  # characters

# Han and kana are written without spaces: each character counts as a word of its own, with
# the closing marks that follow it.
_WORD = re.compile(
    r"\s*(?:[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff][\u3001\u3002\uff0c\uff01\uff1f\u300d]*"
    r"|[^\s\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+)"
)


@dataclass
class _Stretch:
    """Words between two known times."""

    start_s: float
    end_s: float | None
    words: list[Word] = field(default_factory=list)


def timed_words(cues: Sequence[Cue], duration_s: float | None) -> list[Word]:
    """The words of cues of which some have times; spread within each by their length."""
    stretches = sorted(_stretches(cues), key=lambda stretch: stretch.start_s)
    nexts = [*(stretch.start_s for stretch in stretches[1:]), duration_s]
    words: list[Word] = []
    for stretch, next_s in zip(stretches, nexts, strict=True):
        words += spread(stretch.words, stretch.start_s, _end_s(stretch, next_s))
    return words


def untimed_words(cues: Sequence[Cue]) -> list[Word]:
    """The words of cues without times; every time is 0."""
    return [word for cue in cues for word in _words(cue)]


def estimate_times(words: Sequence[Word], duration_s: float | None) -> list[Word]:
    """Words spread evenly over an episode, or at the usual rate where its length is unknown."""
    return spread(words, 0.0, duration_s or _length(words) / USUAL_RATE)


def spread(words: Sequence[Word], start_s: float, end_s: float) -> list[Word]:
    """Words one after the other between two times, each as long as its share of characters."""
    total, done = _length(words), 0
    timed = []
    for word in words:
        begins_s = start_s + (end_s - start_s) * done / total
        done += len(word.text)
        ends_s = start_s + (end_s - start_s) * done / total
        timed.append(replace(word, start_s=begins_s, end_s=ends_s))
    return timed


def _length(words: Sequence[Word]) -> int:
    return sum(len(word.text) for word in words)


def _stretches(cues: Sequence[Cue]) -> Iterator[_Stretch]:
    stretch = _Stretch(0.0, None)
    for cue in cues:
        if cue.start_s is not None:
            if stretch.words:
                yield stretch
            stretch = _Stretch(cue.start_s, cue.end_s)
        stretch.words += _words(cue)
    if stretch.words:
        yield stretch


def _end_s(stretch: _Stretch, next_s: float | None) -> float:
    if stretch.end_s is not None and stretch.end_s > stretch.start_s:
        return stretch.end_s
    length = _length(stretch.words)
    if next_s is None or next_s <= stretch.start_s:
        return stretch.start_s + length / USUAL_RATE
    return min(next_s, stretch.start_s + length / SLOWEST_RATE)


def _words(cue: Cue) -> list[Word]:
    text = " " + " ".join(cue.text.split())
    return [
        Word(found[0][: MAX_WORD + 1], 0.0, 0.0, speaker=cue.speaker)
        for found in _WORD.finditer(text)
    ]
