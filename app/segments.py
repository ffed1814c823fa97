"""Words and silence to segments, the indexed unit."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from app.domain import Segment, Word
from app.sentences import ends_sentence

MIN_S, MAX_S = 15.0, 45.0  # what a segment of speech aims at
GAP_S = 3.0  # a longer gap parts segments, and is one itself
MAX_SILENT_S = 15.0

_AIM_S = 28.0
_PAUSE_S = 0.3
_NOVEL = 0.9  # finds 29 of 35 changes between ESC-10 sounds in a row, with 9 cuts too many
_AROUND_S = 3  # seconds on each side that are compared; no part of a stretch is shorter

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Tongue:
    """The language spoken from ``start_s`` on, as a BCP-47 primary subtag."""

    start_s: float
    language: str | None


def segment(
    words: Sequence[Word],
    duration_s: float | None,
    states: Floats | None = None,
    tongues: Sequence[Tongue] = (),
) -> list[Segment]:
    """Cut an episode into segments, in order of time.

    Every word is in exactly one segment. A segment with words aims at 15 to 45 s and ends
    with a sentence, else in a pause, else in the widest gap between words; it never spans
    a gap of more than 3 s, nor a change of language. Such gaps become segments without
    words where there is audio (``duration_s`` is given), at most 15 s long and cut where
    ``states`` (one row a second) change.
    """
    ordered = sorted(words, key=lambda word: word.start_s)
    spoken = [
        _spoken(ordered[first:last], tongues) for first, last in _segment_bounds(ordered, tongues)
    ]
    if duration_s is None:
        return spoken
    silent = [
        Segment(start_s, end_s)
        for gap in _gaps(ordered, duration_s)
        for start_s, end_s in _silent_parts(*gap, states)
    ]
    return sorted([*spoken, *silent], key=lambda part: part.start_s)


def _spoken(words: Sequence[Word], tongues: Sequence[Tongue]) -> Segment:
    end_s = max(word.end_s for word in words)
    return Segment(words[0].start_s, end_s, tuple(words), _language(words[0], tongues))


def _language(word: Word, tongues: Sequence[Tongue]) -> str | None:
    """What is spoken in the middle of a word."""
    middle_s = (word.start_s + word.end_s) / 2
    heard = [tongue.language for tongue in tongues if tongue.start_s <= middle_s]
    return heard[-1] if heard else None


def _segment_bounds(words: Sequence[Word], tongues: Sequence[Tongue]) -> Iterator[tuple[int, int]]:
    """The (first, after the last) word of each segment."""
    gaps = _gaps_between(words)
    for first, last in _runs(words, gaps, tongues):
        at = first
        while at < last:
            end = _end_of_segment(words, gaps, at, last)
            yield at, end
            at = end


def _gaps_between(words: Sequence[Word]) -> list[float]:
    """Silence after each word but the last; 0 where words overlap."""
    ends = accumulate((word.end_s for word in words), max)
    return [max(0.0, word.start_s - end_s) for word, end_s in zip(words[1:], ends, strict=False)]


def _runs(
    words: Sequence[Word], gaps: Sequence[float], tongues: Sequence[Tongue]
) -> Iterator[tuple[int, int]]:
    """Words without a long gap or another language between them."""
    languages = [_language(word, tongues) for word in words]
    breaks = [
        index + 1
        for index, gap in enumerate(gaps)
        if gap > GAP_S or languages[index] != languages[index + 1]
    ]
    yield from pairwise([0, *breaks, len(words)] if words else [])


def _end_of_segment(words: Sequence[Word], gaps: Sequence[float], first: int, last: int) -> int:
    """The word after the last of the segment that begins at ``first``, in a run to ``last``."""
    start_s = words[first].start_s

    def length_s(end: int) -> float:
        return max(word.end_s for word in words[first:end]) - start_s

    if length_s(last) <= MAX_S:
        return last
    short = [end for end in range(first + 1, last) if words[end - 1].end_s - start_s <= MAX_S]
    within = [end for end in short if length_s(end) <= MAX_S]
    aimed = [end for end in within if length_s(end) >= MIN_S]
    if not aimed:  # a word longer than the aim leaves no choice of a good length
        return max(within or [first + 1], key=lambda end: (gaps[end - 1], end))
    rest_s = words[last - 1].end_s

    def merit(end: int) -> tuple[int, bool, float]:
        leaves_enough = rest_s - words[end].start_s >= MIN_S
        kind = _kind(words[end - 1], words[end], gaps[end - 1])
        away = -abs(length_s(end) - _AIM_S) if kind else gaps[end - 1]
        return kind, leaves_enough, away

    return max(aimed, key=merit)


def _kind(word: Word, following: Word, gap_s: float) -> int:
    """2 where a sentence ends, 1 in a pause, 0 elsewhere."""
    if ends_sentence(word.text, following.text):
        return 2
    return 1 if gap_s >= _PAUSE_S else 0


def _gaps(words: Sequence[Word], duration_s: float) -> Iterator[tuple[float, float]]:
    """Stretches of more than GAP_S without words, from the first sample to the last."""
    ends = accumulate((word.end_s for word in words), max, initial=0.0)
    starts = [*(word.start_s for word in words), duration_s]
    for end_s, start_s in zip(ends, starts, strict=True):
        if start_s - end_s > GAP_S:
            yield end_s, start_s


def _silent_parts(
    start_s: float, end_s: float, states: Floats | None
) -> Iterator[tuple[float, float]]:
    """A stretch without words in parts of one sound each."""
    novelty = _novelty(states)
    while True:
        cut_s = _cut(start_s, end_s, novelty)
        if cut_s is None:
            yield start_s, end_s
            return
        yield start_s, cut_s
        start_s = cut_s


def _cut(start_s: float, end_s: float, novelty: Floats) -> float | None:
    """The first second where the sound changes, or the best one that the length asks for."""
    must = end_s - start_s > MAX_SILENT_S
    first = math.ceil(start_s) + _AROUND_S
    last = math.floor(min(start_s + MAX_SILENT_S, end_s - _AROUND_S))
    seconds = range(first, last + 1)
    changes = {second: float(_at(novelty, second)) for second in seconds}
    peaks = [s for s in seconds if changes[s] >= _NOVEL and changes[s] == _highest(changes, s)]
    if peaks:
        return float(peaks[0])
    if not must:
        return None
    best = max(seconds, key=lambda second: (changes[second], second), default=None)
    return start_s + MAX_SILENT_S if best is None else float(best)


def _highest(changes: dict[int, float], second: int) -> float:
    near = range(second - _AROUND_S + 1, second + _AROUND_S)
    return max(changes[other] for other in near if other in changes)


def _at(novelty: Floats, second: int) -> float:
    return float(novelty[second]) if second < len(novelty) else 0.0


def _novelty(states: Floats | None) -> Floats:
    """How much the sound changes at the start of each second.

    The distance between the means of the seconds before and after, over the scatter
    within both: an even noise stays at about 0.6 however loud its fluctuations. Rows are
    standardised over the episode first, as few dimensions outweigh the rest.
    """
    if states is None or len(states) <= 2 * _AROUND_S:
        return np.zeros(0, np.float32)
    rows = states.astype(np.float32)
    rows = (rows - rows.mean(axis=0)) / (rows.std(axis=0) + 1e-6)
    shifted = [rows[k : len(rows) - _AROUND_S + 1 + k] for k in range(_AROUND_S)]
    means = sum(shifted[1:], shifted[0]) / _AROUND_S
    scatter = sum(np.square(part - means).sum(axis=1) for part in shifted) / (_AROUND_S - 1)
    before, after = slice(None, -_AROUND_S), slice(_AROUND_S, None)
    distance = np.square(means[after] - means[before]).sum(axis=1)
    novelty = distance / (scatter[before] + scatter[after] + 1e-6)
    return np.pad(novelty, (_AROUND_S, 0)).astype(np.float32)
