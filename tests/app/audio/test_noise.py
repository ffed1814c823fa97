import numpy as np
import pytest

from app.audio.noise import Noise, denoised, lifted, measure
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


@pytest.mark.parametrize(("snr_db", "opens"), [(0.0, True), (10.0, False), (None, False)])
def test_the_gate_opens_on_speech_in_much_noise(snr_db, opens):
    assert Noise(snr_db, -20.0).hides_sound is opens


def test_a_steady_noise_grows_less():
    tone = 0.2 * np.sin(2 * np.pi * 440 * np.arange(40 * FRAME) / RATE)
    said = np.concatenate([hiss(40, 0), tone, hiss(40, 0)]).astype(np.float32)
    noisy = said + hiss(120, 0.05)
    left = denoised(noisy)
    assert left.shape == noisy.shape
    assert left.dtype == np.float32
    assert np.std(left - said) < 0.9 * np.std(noisy - said)


@pytest.mark.parametrize("seconds", [0.01, 2.0])
def test_silence_stays_silence(seconds):
    silent = np.zeros(round(seconds * RATE), np.float32)
    assert np.array_equal(denoised(silent), silent)
    assert np.array_equal(lifted(silent), silent)


def test_quiet_speech_is_lifted_and_no_peak_is_clipped():
    quiet = hiss(60, 0.001)
    assert np.std(lifted(quiet)) == pytest.approx(0.1, rel=0.05)
    quiet[5000] = 0.1
    assert np.abs(lifted(quiet)).max() == pytest.approx(0.99, abs=1e-3)
    assert lifted(quiet).dtype == np.float32


@pytest.mark.parametrize("samples", [hiss(60, 0.1), hiss(60, 0.01), hiss(0, 0.1)])
def test_what_is_loud_enough_stays_as_it_is(samples):
    assert lifted(samples) is samples
