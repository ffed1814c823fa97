"""Log-mel features as Kaldi makes them, which speaker models are trained on."""

from functools import lru_cache

import numpy as np

from app.encoders.base import Floats
from app.encoders.check import SAMPLE_RATE_HZ

BANDS = 80

SIZE, STEP, FFT = 400, 160, 512  # samples: 25 ms every 10 ms
_LOWEST_HZ = 20.0
_EMPHASIS = 0.97
_FLOOR = float(np.finfo(np.float32).eps)


def log_mel(samples: Floats) -> Floats:
    """``(frames, 80)`` of mono 16 kHz audio of at least 25 ms, a frame every 10 ms.

    As Kaldi's compute-fbank-feats with 80 bands, Povey's window and no dither.
    """
    frames = np.lib.stride_tricks.sliding_window_view(samples, SIZE)[::STEP]
    frames = frames - frames.mean(axis=1, keepdims=True)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    spectrum = np.fft.rfft((frames - _EMPHASIS * before) * _window(), FFT)
    power = np.abs(spectrum).astype(np.float32) ** 2
    logs: Floats = np.log(
        np.maximum(power @ mel_triangles(BANDS, _LOWEST_HZ, SAMPLE_RATE_HZ / 2), _FLOOR)
    )
    return logs


@lru_cache(maxsize=1)
def _window() -> Floats:
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(SIZE) / (SIZE - 1))
    povey: Floats = (hann**0.85).astype(np.float32)
    return povey


@lru_cache(maxsize=4)
def mel_triangles(count: int, lowest_hz: float, highest_hz: float) -> Floats:
    """Bands that are even on the mel scale, ``(frequencies of FFT samples at 16 kHz, count)``."""
    edges = np.linspace(_mel(lowest_hz), _mel(highest_hz), count + 2)
    left, middle, right = edges[:-2], edges[1:-1], edges[2:]
    mel = _mel(np.arange(FFT // 2 + 1) * SAMPLE_RATE_HZ / FFT)[:, None]
    rising, falling = (mel - left) / (middle - left), (right - mel) / (right - middle)
    triangles: Floats = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    return triangles


def _mel(hz: float | np.ndarray) -> np.ndarray:
    return np.asarray(1127.0 * np.log1p(np.asarray(hz) / 700.0))
