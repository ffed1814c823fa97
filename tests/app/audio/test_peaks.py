"""The waveform shows where it is loud, whatever the length of the audio and of its windows."""

import numpy as np
import pytest

from app.audio.peaks import PEAKS, peaks

RATE_HZ = 16_000


def hum(seconds: float, level: float) -> np.ndarray:
    return (level * np.sin(np.arange(int(seconds * RATE_HZ)) * 0.3)).astype(np.float32)


def test_the_loudest_is_at_the_top_and_silence_at_the_bottom() -> None:
    found = peaks([hum(30, 0.05), np.zeros(30 * RATE_HZ, np.float32), hum(30, 0.8)])
    assert len(found) == PEAKS
    quiet, silent, loud = found[10:320], found[345:655], found[680:]
    assert set(silent.tolist()) == {0}
    assert loud.min() >= 254
    assert quiet.mean() == pytest.approx(255 * (0.05 / 0.8) ** 0.5, abs=1)


def test_windows_make_no_difference() -> None:
    audio = np.concatenate([hum(7, 0.1), hum(13.017, 0.6)])
    minute = 60 * RATE_HZ
    whole, cut = peaks([audio]), peaks([audio[: 5 * RATE_HZ], audio[5 * RATE_HZ :]])
    assert whole.tolist() == cut.tolist()
    assert len(peaks(hum(60, 0.2) for _ in range(3))) == PEAKS
    assert len(audio) < minute


def test_short_silent_and_missing_audio_has_a_shape_too() -> None:
    assert len(peaks([hum(0.2, 0.5)])) == 10
    assert peaks([np.zeros(RATE_HZ, np.float32)]).max() == 0
    assert len(peaks([])) == 0
