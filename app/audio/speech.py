"""Where someone speaks, as spans that an encoder can hear whole."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np

from app.audio.mono import Floats
from app.audio.vad import FRAME_S, speech_probabilities
from app.domain import Span

MAX_SPAN_S = 28.0

_ON, _OFF = 0.5, 0.35  # hysteresis: speech starts above the one and ends below the other
_MIN_SPEECH_S = 0.15
_MIN_PAUSE_S = 0.3
_PAD_S = 0.2
_LATE_S = 12.0  # longer speech is cut within this long of its limit
_SMOOTH = 5  # frames: a cut wants a quiet moment, not one quiet frame


def speech_spans(windows: Iterable[Floats]) -> list[Span]:
    """Stretches of speech in mono 16 kHz audio that comes in windows, in order.

    Spans are at most MAX_SPAN_S long. Longer speech is cut where it is least certain,
    and the two spans touch there.
    """
    samples = 0

    def counted() -> Iterator[Floats]:
        nonlocal samples
        for window in windows:
            samples += len(window)
            yield window

    probabilities = speech_probabilities(counted())
    return spans_of(probabilities, samples / 16_000)


def spans_of(probabilities: Floats, duration_s: float) -> list[Span]:
    """Spans from the probability of speech in each frame of FRAME_S."""
    spans: list[Span] = []
    for first, last in _runs(probabilities):
        for start, end in pairwise(_cuts(probabilities, first, last)):
            spans.append(Span(start * FRAME_S, end * FRAME_S))
    return _padded(spans, duration_s)


def _runs(probabilities: Floats) -> list[tuple[int, int]]:
    """Runs of speech as (first frame, frame after the last), short pauses bridged."""
    runs: list[tuple[int, int]] = []
    start: int | None = None
    for frame, probability in enumerate([*probabilities.tolist(), 0.0]):
        if start is None and probability >= _ON:
            start = frame
        elif start is not None and probability < _OFF:
            if runs and (start - runs[-1][1]) * FRAME_S < _MIN_PAUSE_S:
                start = runs.pop()[0]
            runs.append((start, frame))
            start = None
    return [run for run in runs if (run[1] - run[0]) * FRAME_S >= _MIN_SPEECH_S]


def _cuts(probabilities: Floats, first: int, last: int) -> list[int]:
    """The frames where a run begins, is cut, and ends."""
    longest = int((MAX_SPAN_S - 2 * _PAD_S) / FRAME_S)
    late = int(_LATE_S / FRAME_S)
    smooth = np.convolve(probabilities, np.ones(_SMOOTH) / _SMOOTH, mode="same")
    cuts = [first]
    while last - cuts[-1] > longest:
        low = cuts[-1] + longest - late
        cuts.append(low + int(np.argmin(smooth[low : cuts[-1] + longest])))
    return [*cuts, last]


def _padded(spans: list[Span], duration_s: float) -> list[Span]:
    """Spans with a little more on both sides, as far as that is silence."""
    edges = [0.0, *(edge for span in spans for edge in (span.start_s, span.end_s)), duration_s]
    padded = []
    for index, span in enumerate(spans):
        before = (span.start_s - edges[2 * index]) / (2 if index else 1)
        after = (edges[2 * index + 3] - span.end_s) / (2 if index + 1 < len(spans) else 1)
        start_s = span.start_s - min(_PAD_S, before)
        end_s = min(span.end_s + min(_PAD_S, max(0.0, after)), duration_s)
        padded.append(Span(round(start_s, 3), round(end_s, 3)))
    return padded
