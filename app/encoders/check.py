"""What every engine refuses before it looks at the sound."""

import numpy as np

from app.encoders.base import EncoderError, Floats

SAMPLE_RATE_HZ = 16_000
MAX_S = 30.0


def check_window(window: Floats, sample_rate_hz: int = SAMPLE_RATE_HZ) -> None:
    """Raise EncoderError unless this is mono float32 of more than 0 and at most 30 s."""
    if not isinstance(window, np.ndarray) or window.ndim != 1:
        raise EncoderError("Audio must be an array of one dimension: mono samples.")
    if window.dtype != np.float32:
        raise EncoderError(f"Audio must be float32 in [-1, 1], not {window.dtype}.")
    if not 0 < len(window) <= MAX_S * sample_rate_hz:
        seconds = len(window) / sample_rate_hz
        raise EncoderError(
            f"A window holds more than 0 and at most 30 s at {sample_rate_hz} Hz, "
            f"not {seconds:.2f} s."
        )
    if not np.isfinite(window).all():
        raise EncoderError("Audio holds values that are not numbers.")
