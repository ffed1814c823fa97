"""Cutting an episode into windows that an encoder hears, and windows into pieces of work."""

import math
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from app.domain import Piece, Span, Window

MAX_WINDOW_S = 30.0
MAX_PAUSE_S = 3.0  # a longer pause ends a window of speech: words are invented over silence

_LATE_S = 12.0  # a full window ends at the longest pause within this long of its limit

Floats = NDArray[np.float32]


def plan_windows(
    spans: Sequence[Span], duration_s: float, piece_max_s: float = 600.0
) -> list[Piece]:
    """Pieces whose windows cover the whole of ``duration_s`` without a gap.

    Windows are at most 30 s and are cut in pauses, so never in a word where the spans
    are right. Pieces are at most ``piece_max_s`` and of about the same length, so that
    several workers finish together. Spans are ordered, apart, and at most 30 s each.
    """
    windows = list(_windows(spans, duration_s))
    count = math.ceil(duration_s / max(piece_max_s - MAX_WINDOW_S, MAX_WINDOW_S))
    share_s = duration_s / max(1, count)
    groups = groupby(windows, key=lambda window: int(window.start_s / share_s))
    return [Piece(number, tuple(group)) for number, (_, group) in enumerate(groups)]


def _windows(spans: Sequence[Span], duration_s: float) -> Iterator[Window]:
    """Speech and what lies between; short silence at either end joins the speech there."""
    at_s = 0.0
    for first_s, last_s in _packed(spans):
        at_start = at_s == 0.0 and first_s <= MAX_PAUSE_S and last_s <= MAX_WINDOW_S
        start_s = 0.0 if at_start else first_s
        at_end = duration_s - last_s <= MAX_PAUSE_S and duration_s - start_s <= MAX_WINDOW_S
        end_s = duration_s if at_end else last_s
        yield from _silent(at_s, start_s)
        yield Window(start_s, end_s, speech=True)
        at_s = end_s
    yield from _silent(at_s, duration_s)


def _silent(start_s: float, end_s: float) -> Iterator[Window]:
    """Windows without speech, of equal length."""
    count = math.ceil((end_s - start_s) / MAX_WINDOW_S)
    edges = np.linspace(start_s, end_s, count + 1).round(3).tolist() if count > 0 else []
    for left_s, right_s in pairwise(edges):
        yield Window(left_s, right_s, speech=False)


def _packed(spans: Sequence[Span]) -> Iterator[tuple[float, float]]:
    """Neighbouring spans in windows; windows that a short pause parts meet within it."""
    begin_s, first = None, 0
    while first < len(spans):
        start_s = spans[first].start_s if begin_s is None else begin_s
        last = _last_that_fits(spans, first, start_s)
        begin_s = _meeting(start_s, *spans[last : last + 2])
        yield start_s, spans[last].end_s if begin_s is None else begin_s
        first = last + 1


def _meeting(start_s: float, span: Span, following: Span | None = None) -> float | None:
    """Where in a pause a window that starts at ``start_s`` hands over to the next, if it does.

    In the middle, or as near to it as lets both windows stay within MAX_WINDOW_S.
    """
    if following is None or following.start_s - span.end_s > MAX_PAUSE_S:
        return None
    low_s = max(span.end_s, following.end_s - MAX_WINDOW_S)
    high_s = min(following.start_s, start_s + MAX_WINDOW_S)
    middle_s = (span.end_s + following.start_s) / 2
    return round(min(max(middle_s, low_s), high_s), 3) if low_s <= high_s else None


def _last_that_fits(spans: Sequence[Span], first: int, begin_s: float) -> int:
    """The index of the span that ends the window which begins at ``begin_s``."""
    last = first
    while last + 1 < len(spans):
        following = spans[last + 1]
        if following.start_s - spans[last].end_s > MAX_PAUSE_S:
            return last
        if following.end_s - begin_s > MAX_WINDOW_S:
            return _longest_pause(spans, first, last, begin_s)
        last += 1
    return last


def _longest_pause(spans: Sequence[Span], first: int, last: int, begin_s: float) -> int:
    """Of the spans that end late in a full window, the one before the longest pause."""
    late_s = spans[last].end_s - _LATE_S
    able = [i for i in range(first, last + 1) if spans[i].end_s >= late_s]
    return max(able, key=lambda i: (spans[i + 1].start_s - spans[i].end_s, i))


def align_states(windows: Sequence[Window], rows: Floats, duration_s: float) -> Floats:
    """One row for each second of an episode, ``(ceil(duration_s), dims)``.

    ``rows`` are the windows' own, one after the other: a window's k-th row is its k-th
    second, so where windows start between whole seconds a second takes its share of two.
    Rows of NaN take no part; a second that has no other is NaN.
    Raises ValueError where the rows are not as many as the windows need.
    """
    counts = [math.ceil(round(window.end_s - window.start_s, 3)) for window in windows]
    if sum(counts) != len(rows):
        raise ValueError(f"{len(rows)} rows of states for windows of {sum(counts)} s")
    total = np.zeros((math.ceil(duration_s), rows.shape[1]), np.float32)
    weight = np.zeros((len(total), 1), np.float32)
    starts = [w.start_s + k for w, n in zip(windows, counts, strict=True) for k in range(n)]
    ends = [
        min(w.start_s + k + 1, w.end_s)
        for w, n in zip(windows, counts, strict=True)
        for k in range(n)
    ]
    lacking = np.zeros(len(total), bool)
    for row, start_s, end_s in zip(rows, starts, ends, strict=True):
        for second in range(int(start_s), min(math.ceil(end_s), len(total))):
            if not np.isfinite(row).all():
                lacking[second] = True
                continue
            share = min(end_s, second + 1) - max(start_s, second)
            total[second] += share * row
            weight[second] += share
    total[lacking & (weight[:, 0] == 0)] = np.nan
    return np.divide(total, np.maximum(weight, 1e-6), dtype=np.float32)


def rows_between(states: Floats, start_s: float, end_s: float) -> Floats:
    """The seconds that lie mostly within a stretch, and at least the one in its middle."""
    first, last = round(start_s), round(end_s)
    if first >= min(last, len(states)):
        first = min(int((start_s + end_s) / 2), len(states) - 1)
    return states[first : max(last, first + 1)]
