"""The shape of a recording's loudness over its length, as players draw it behind their seek bar."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

PEAKS = 1000  # as many as the widest seek bar shows apart

_CELL = 320  # samples that count as one moment: 20 ms of speech's 16 kHz

Floats = NDArray[np.float32]
Peaks = NDArray[np.uint8]


def peaks(windows: Iterable[Floats]) -> Peaks:
    """At most PEAKS values from 0 (silence) to 255 (the loudest), evenly spread over the audio.

    Each is the root mean square of its stretch, as single samples are as loud in every ten
    seconds of an hour; square roots again lift quiet speech beside a loud jingle.
    """
    power = np.concatenate([np.zeros(0), *(_power(window) for window in windows)])
    if not len(power):
        return np.zeros(0, np.uint8)
    count = min(PEAKS, len(power))
    starts = np.arange(count) * len(power) // count
    ends = np.append(starts[1:], len(power))
    level = np.sqrt(np.add.reduceat(power, starts) / (ends - starts))
    found: Peaks = np.round(255 * np.sqrt(level / max(level.max(), 1e-9))).astype(np.uint8)
    return found


def _power(window: Floats) -> NDArray[np.float64]:
    """The mean square of each moment; the last one may be short."""
    starts = np.arange(0, len(window), _CELL)
    if not len(starts):
        return np.zeros(0)
    sums = np.add.reduceat(np.square(window, dtype=np.float64), starts)
    return sums / np.diff(np.append(starts, len(window)))
