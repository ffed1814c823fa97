from itertools import pairwise

import numpy as np
import pytest

from app.audio.speech import MAX_SPAN_S, spans_of, speech_spans
from app.audio.vad import FRAME_S, speech_probabilities

RATE = 16_000


def track(*parts: tuple[float, float]) -> np.ndarray:
    """Probabilities from (seconds, probability) pairs."""
    frames = [np.full(round(seconds / FRAME_S), p, np.float32) for seconds, p in parts]
    return np.concatenate(frames)


def spans(*parts: tuple[float, float]) -> list[tuple[float, float]]:
    probabilities = track(*parts)
    found = spans_of(probabilities, len(probabilities) * FRAME_S)
    return [(span.start_s, span.end_s) for span in found]


def test_speech_gets_a_little_room_on_both_sides():
    ((start_s, end_s),) = spans((3.2, 0), (3.2, 0.9), (3.2, 0))
    assert (start_s, end_s) == pytest.approx((3.0, 6.6))


def test_short_pauses_are_bridged_and_long_ones_are_not():
    assert len(spans((1, 0), (2, 0.9), (0.2, 0), (2, 0.9), (1, 0))) == 1
    assert len(spans((1, 0), (2, 0.9), (0.8, 0), (2, 0.9), (1, 0))) == 2


def test_a_click_is_no_speech_and_doubt_starts_none():
    assert spans((2, 0), (0.1, 0.99), (2, 0)) == []
    assert spans((5, 0.45)) == []
    assert len(spans((1, 0), (1, 0.9), (1, 0.4), (1, 0.9), (1, 0))) == 1


def test_endless_speech_is_cut_where_it_is_least_certain():
    found = spans((20, 0.95), (0.16, 0.6), (30, 0.95), (0.16, 0.7), (30, 0.95))
    assert found[0][1] == pytest.approx(20.1, abs=0.3)
    assert all(end_s - start_s <= MAX_SPAN_S for start_s, end_s in found)
    assert all(a[1] == b[0] for a, b in pairwise(found))


def test_spans_never_leave_the_recording():
    probabilities = track((2, 0.9))
    (span,) = spans_of(probabilities, 1.99)
    assert (span.start_s, span.end_s) == (0, 1.99)


@pytest.mark.parametrize("sound", ["silence", "noise", "tone", "hum"])
def test_sounds_without_a_voice_hold_no_speech(sound):
    time = np.arange(10 * RATE) / RATE
    noise = np.random.default_rng(0).normal(size=len(time)) * 0.1
    tones = {"silence": time * 0, "noise": noise, "tone": np.sin(time * 2764) * 0.3}
    hum = sum(np.sin(2 * np.pi * 50 * k * time) / k for k in range(1, 8)) * 0.1
    assert speech_spans([tones.get(sound, hum).astype(np.float32)]) == []


def test_windows_of_any_length_give_the_same_probabilities():
    rng = np.random.default_rng(0)
    samples = (rng.normal(size=5 * RATE + 123) * 0.1).astype(np.float32)
    whole = speech_probabilities([samples])
    parts = speech_probabilities(samples[at : at + 7777] for at in range(0, len(samples), 7777))
    np.testing.assert_allclose(parts, whole, atol=1e-6)
    assert len(whole) == -(-len(samples) // 512)
    assert speech_spans([]) == []
