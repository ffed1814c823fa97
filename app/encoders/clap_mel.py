"""Log-mel features as transformers' ClapFeatureExtractor makes them."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from app.encoders.base import Floats

_LEAST = 1e-10  # power below which all is silence
_LINEAR_HZ, _MEL_A_HZ, _MELS_A_LOG = 1000.0, 3 / 200, 27 / np.log(6.4)  # Slaney's scale


def log_mel(samples: Floats, settings: Mapping[str, Any]) -> Floats:
    """``(frames, bands)`` in dB of at most a window's mono samples, which are repeated to fill it.

    What does not fill up evenly stays silent at the end ("repeatpad"). The settings are the
    extractor's: sampling_rate, window_samples, fft_size, hop, bands, lowest_hz and highest_hz.
    """
    wanted, size, hop = settings["window_samples"], settings["fft_size"], settings["hop"]
    filled = np.zeros(wanted)  # in double precision, as what is faint lies far below the rest
    whole = np.tile(samples, wanted // len(samples))
    filled[: len(whole)] = whole
    padded = np.pad(filled, size // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    power = np.abs(np.fft.rfft(frames * hann)) ** 2
    mels = power @ _bands(
        settings["sampling_rate"],
        size,
        settings["bands"],
        settings["lowest_hz"],
        settings["highest_hz"],
    )
    decibels: Floats = (10 * np.log10(np.maximum(mels, _LEAST))).astype(np.float32)
    return decibels


@lru_cache(maxsize=4)
def _bands(rate_hz: int, size: int, count: int, lowest_hz: float, highest_hz: float) -> np.ndarray:
    """Triangles of equal area, even on Slaney's mel scale, ``(frequencies, bands)``."""
    edges = _hertz(np.linspace(_mel(lowest_hz), _mel(highest_hz), count + 2))
    hertz = np.linspace(0, rate_hz // 2, size // 2 + 1)[:, None]
    left, middle, right = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (hertz - left) / (middle - left), (right - hertz) / (right - middle)
    return np.asarray(np.maximum(0, np.minimum(rising, falling)) * (2 / (right - left)))


def _mel(hertz: float) -> float:
    if hertz < _LINEAR_HZ:
        return hertz * _MEL_A_HZ
    return float(_LINEAR_HZ * _MEL_A_HZ + np.log(hertz / _LINEAR_HZ) * _MELS_A_LOG)


def _hertz(mels: Any) -> Any:
    knee = _LINEAR_HZ * _MEL_A_HZ
    return np.where(mels < knee, mels / _MEL_A_HZ, _LINEAR_HZ * np.exp((mels - knee) / _MELS_A_LOG))
