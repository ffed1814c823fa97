import numpy as np
import pytest

from app.audio.noise import measure
from app.audio.vad import FRAME_S

RATE = 16_000
FRAME = round(FRAME_S * RATE)


def track(*parts: tuple[int, float]) -> np.ndarray:
    """Probabilities from (frames, probability) pairs."""
    return np.concatenate([np.full(frames, p, np.float32) for frames, p in parts])


def hiss(frames: int, level: float, seed: int = 0) -> np.ndarray:
    return (level * np.random.default_rng(seed).normal(size=frames * FRAME)).astype(np.float32)


@pytest.mark.parametrize("snr_db", [20, 10, 5, 0])
def test_noise_is_what_is_heard_in_the_pauses(snr_db):
    said = np.concatenate([hiss(30, 0), hiss(60, 0.1, seed=1), hiss(30, 0)])
    samples = said + hiss(120, 0.1 / 10 ** (snr_db / 20))
    noise = measure(samples, track((30, 0.02), (60, 0.95), (30, 0.02)))
    assert noise.snr_db == pytest.approx(snr_db, abs=1)


def test_without_pauses_the_quietest_moments_stand_for_them():
    said = np.concatenate([hiss(3, 0.1), hiss(2, 0)] * 12)
    noise = measure(said + hiss(60, 0.01, seed=1), track((60, 0.9)))
    assert noise.snr_db == pytest.approx(18, abs=2)


def test_where_nobody_speaks_there_is_no_ratio():
    noise = measure(hiss(60, 0.1), track((60, 0.1)))
    assert noise.snr_db is None
    assert noise.level_db == pytest.approx(-20, abs=0.5)


def test_digital_silence_has_a_bound():
    silent = np.zeros(60 * FRAME, np.float32)
    assert measure(silent, track((60, 0.0))).level_db == -100
    said = np.concatenate([silent, hiss(30, 0.1)])
    assert measure(said, track((60, 0.0), (30, 0.9))).snr_db == 60
