"""Where someone speaks: Silero's voice activity model, streamed in bounded memory."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from importlib.resources import as_file, files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain import Span

FRAME_S = 512 / 16_000
MAX_SPAN_S = 28.0  # with its padding it fits the 30 s that an encoder hears

_FRAME = 512
_CONTEXT = 64  # samples of the frame before, which the model wants in front
_BATCH = 2048  # frames a call
_ON, _OFF = 0.5, 0.35  # hysteresis, as the model's authors advise
_MIN_SPEECH_S = 0.16
_MIN_PAUSE_S = 0.3
_PAD_S = 0.2
_LATE_S = 12.0  # a span that is too long is cut within this long of its limit

Floats = NDArray[np.float32]


def speech_spans(windows: Iterable[Floats]) -> list[Span]:
    """Stretches of speech in mono 16 kHz audio that comes in windows, in order.

    Spans are at most MAX_SPAN_S long; longer speech is cut where it is least certain,
    and such spans touch.
    """
    probabilities, samples = [], 0
    for chunk in _frames(windows):
        samples += chunk.size
        probabilities.append(chunk)
    return []


