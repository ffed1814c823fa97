"""Whose voice a recording holds, for a search by voice."""

import numpy as np

from app.audio.mono import Floats
from app.audio.speech import speech_spans
from app.encoders.base import AudioEmbedder

LEAST_SPEECH_S = 0.4

_RATE_HZ = 16_000
_WINDOW = 30 * _RATE_HZ


def voice_vector(samples: Floats, embedder: AudioEmbedder) -> list[float] | None:
    """The unit vector of who speaks in mono 16 kHz audio; None where nobody does.

    Of several speakers it is a mixture. Raises EncoderError where the weights are absent.
    """
    spans = [
        samples[round(span.start_s * _RATE_HZ) : round(span.end_s * _RATE_HZ)]
        for span in speech_spans([samples])
    ]
    speech = np.concatenate([samples[:0], *spans])
    if len(speech) < LEAST_SPEECH_S * _RATE_HZ:
        return None
    windows = [speech[start : start + _WINDOW] for start in range(0, len(speech), _WINDOW)]
    vector = embedder.pool(np.concatenate([embedder.states(window) for window in windows]))
    return [float(value) for value in vector] if np.isfinite(vector).all() else None
