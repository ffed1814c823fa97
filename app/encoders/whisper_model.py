"""One loaded Whisper a process, which the transcriber and the audio embedder share."""

import math
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from app.encoders.base import EncoderError, Floats
from app.encoders.check import SAMPLE_RATE_HZ
from app.encoders.weights import weights_folder
from app.settings import get_settings

STATES_A_SECOND = 50
FRAMES = 3000  # of 10 ms: the 30 s that Whisper was trained to hear

_SAMPLES_A_STATE = SAMPLE_RATE_HZ // STATES_A_SECOND
_COMPUTE = "int8"


def load(engine: str) -> Any:
    """faster-whisper's model for a setting such as ``whisper:base``. Raises EncoderError."""
    return _load(weights_folder(engine), get_settings().threads)


@lru_cache(maxsize=2)
def _load(folder: Path, threads: int) -> Any:
    from faster_whisper import WhisperModel  # noqa: PLC0415 - heavy, and only where it is used

    try:
        return WhisperModel(
            str(folder), device="cpu", compute_type=_COMPUTE, cpu_threads=threads or cores()
        )
    except (RuntimeError, ValueError, OSError) as error:
        raise EncoderError(f"The weights in {folder} could not be loaded: {error}") from error


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def features_of(model: Any, window: Floats) -> Floats:
    """The log-mel spectrogram of a window, ``(mels, frames)``, without filling."""
    features: Floats = model.feature_extractor(window)
    return features


def encode(model: Any, features: Floats, frames: int = FRAMES) -> Any:
    """One pass of the encoder over at most 30 s, filled up to ``frames``.

    With zeros to 30 s, as faster-whisper does. A shorter pass is filled with the quietest of
    the window: beside quiet speech zeros are loud, and cost it every third word there.
    """
    heard = features[:, :-1][:, :frames]
    filling = 0.0 if frames == FRAMES else float(heard.min())
    wide = ((0, 0), (0, frames - heard.shape[1]))
    return model.encode(np.pad(heard, wide, constant_values=np.float32(filling)))


def pool_seconds(encoded: Any, samples: int) -> Floats:
    """The mean of an encoder's output in each second, ``(ceil(seconds), dims)``.

    States that lie over the filling behind the window are left out.
    """
    states = np.array(encoded)[0, : math.ceil(samples / _SAMPLES_A_STATE)]
    seconds = range(0, len(states), STATES_A_SECOND)
    return np.stack([states[at : at + STATES_A_SECOND].mean(axis=0) for at in seconds])
