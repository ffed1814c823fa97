"""Noises that are mixed under clips, made here: babble, music, a fan."""

import io
import wave
from collections.abc import Sequence

import numpy as np

from scripts.demo.dsp import RATE_HZ, Audio, active_rms, noise
from scripts.demo.mix import at_snr
from scripts.demo.music import TUNES, play

SNRS_DB = (None, 10.0, 0.0)  # None: clean
TALKERS = 5


def babble(others: Sequence[Audio], length: int, rng: np.random.Generator) -> Audio:
    """Several people at once, saying something else."""
    total = np.zeros(length, np.float32)
    for number in rng.integers(len(others), size=TALKERS):
        one = others[number]
        total += np.roll(np.resize(one / active_rms(one), length), int(rng.integers(length)))
    return total


def music(length: int, rng: np.random.Generator) -> Audio:
    """A stretch of one of the demo's tunes."""
    tune = sorted(TUNES)[int(rng.integers(len(TUNES)))]
    return np.resize(play(tune, 20.0), length + RATE_HZ)[:length]


def fan(length: int, rng: np.random.Generator) -> Audio:
    """A steady rush of air."""
    return np.resize(noise(rng, length / RATE_HZ + 1, 60, 1800), length)


def under(clip: Audio, background: Audio, snr_db: float | None) -> Audio:
    """The clip with a background so many dB below it; None leaves it clean."""
    return clip if snr_db is None else clip + at_snr(background, active_rms(clip), snr_db)


def as_wav(audio: Audio) -> bytes:
    """A file as a browser would send it."""
    loudest = max(1e-6, float(np.abs(audio).max()))
    samples = (audio / loudest * 20_000).astype("<i2")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.tobytes())
    return buffer.getvalue()
