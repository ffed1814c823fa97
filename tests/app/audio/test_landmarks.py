import numpy as np
import pytest

from app.audio.landmarks import (
    FRAMES_A_SECOND,
    LEVELS,
    Floats,
    Landmarks,
    clip_hashes,
    clip_landmarks,
    hashes,
    landmarks,
    read_clip,
)

RATE_HZ = 16_000


def tones(duration_s: float, seed: int) -> Floats:
    """Short tones of random pitches, as notes or syllables are."""
    rng, audio = np.random.default_rng(seed), np.zeros(round(duration_s * RATE_HZ), np.float32)
    time_s = np.arange(round(0.2 * RATE_HZ)) / RATE_HZ
    for start in range(0, len(audio) - len(time_s), RATE_HZ // 20):
        tone = np.sin(2 * np.pi * rng.uniform(350, 3200) * time_s) * np.exp(-time_s / 0.05)
        audio[start : start + len(time_s)] += (0.2 * tone).astype(np.float32)
    return audio


@pytest.mark.parametrize("sizes", [[700_000], [16_000], [5_003, 999_999], [1, 300_000, 37]])
def test_windows_change_nothing(sizes: list[int]) -> None:
    audio = tones(140.0, seed=1)
    whole = landmarks([audio])
    windows, at = list[Floats](), 0
    while at < len(audio):
        size = sizes[len(windows) % len(sizes)]
        windows.append(audio[at : at + size])
        at += size
    again = landmarks(iter(windows))
    assert np.array_equal(again.times, whole.times)
    assert np.array_equal(again.bins, whole.bins)
    assert len(whole) > 10 * 140
    assert (np.diff(whole.times) >= 0).all()


def test_a_long_episode_has_no_seams() -> None:
    audio = tones(200.0, seed=2)
    found = landmarks([audio])
    per_s = np.bincount((found.times / FRAMES_A_SECOND).astype(int), minlength=200)[1:198]
    assert per_s.min() >= 0.5 * np.median(per_s)
    assert per_s.max() <= 2 * np.median(per_s)


def test_silence_has_none() -> None:
    assert len(landmarks([np.zeros(160_000, np.float32)])) == 0
    assert len(landmarks([])) == 0
    assert len(landmarks([np.zeros(100, np.float32)])) == 0
    dither = np.random.default_rng(0).integers(-1, 2, 160_000).astype(np.float32) / 32768
    assert len(landmarks([dither])) == 0
    for samples in (0, 50, 32_000):
        copies = read_clip(clip_landmarks(np.zeros(samples, np.float32))).copies
        assert [len(copy.landmarks) for copy in copies] == [0] * len(copies)


def test_a_tone_is_where_it_sounds() -> None:
    audio = np.zeros(RATE_HZ * 4, np.float32)
    at = np.arange(1600)
    audio[32_000:33_600] = 0.3 * np.sin(2 * np.pi * 1000 * at / RATE_HZ) * np.hanning(1600)
    found = landmarks([audio])
    loudest = np.argmin(np.abs(found.times / FRAMES_A_SECOND - 2.02))
    assert found.times[loudest] / FRAMES_A_SECOND == pytest.approx(2.02, abs=0.02)
    assert (18 + found.bins[loudest]) * 15.625 == pytest.approx(1000, abs=16)


def test_a_clip_has_the_hashes_of_its_episode() -> None:
    audio = tones(30.0, seed=3)
    values, times = hashes(landmarks([audio]))
    clip = audio[10 * RATE_HZ + 77 : 13 * RATE_HZ]
    inside = (times >= 10.1 * FRAMES_A_SECOND) & (times < 12.3 * FRAMES_A_SECOND)
    own, *others = read_clip(clip_landmarks(clip)).copies
    assert own.speed == 1
    assert np.isin(values[inside], clip_hashes(own.landmarks)).mean() > 0.6
    elsewhere = times > 15 * FRAMES_A_SECOND
    assert np.isin(values[elsewhere], clip_hashes(own.landmarks)).mean() < 0.05
    assert min(copy.speed for copy in others) < 0.98
    assert max(copy.speed for copy in others) > 1.02


def test_a_clip_is_loud_at_the_landmarks_of_its_episode_under_noise() -> None:
    audio = tones(30.0, seed=6)
    inside = landmarks([audio]).between(625, 625 + 120)
    noise = np.random.default_rng(0).standard_normal(2 * RATE_HZ).astype(np.float32)
    clip = audio[10 * RATE_HZ : 12 * RATE_HZ]
    level = np.sqrt(np.mean(clip**2)) * np.float32(1.4)  # -3 dB
    levels = read_clip(clip_landmarks(clip + level * noise)).levels
    assert levels.mean() == pytest.approx(1.0, abs=0.05)
    assert levels[inside.bins, inside.times * LEVELS].mean() > 3.5
    elsewhere = levels[inside.bins, (inside.times + 40) % 110 * LEVELS].mean()
    assert elsewhere < 1.5


def test_of_a_long_clip_the_loudest_stretch_is_read() -> None:
    audio = tones(40.0, seed=4) * np.float32(0.01)
    audio[20 * RATE_HZ : 32 * RATE_HZ] *= 80
    clip = clip_landmarks(audio)
    assert clip["start_s"] == pytest.approx(20.0, abs=0.5)
    assert clip["duration_s"] == pytest.approx(12.0)


def test_packing_keeps_everything() -> None:
    given = Landmarks(np.array([0, 3, 3, 65_535]), np.array([0, 7, 199, 100]), 4)
    again = Landmarks.unpack(given.pack(), 4)
    assert again.times.tolist() == [0, 3, 3, 65_535]
    assert again.bins.tolist() == [0, 7, 199, 100]
    with pytest.raises(ValueError, match="too much time"):
        Landmarks(np.array([65_536]), np.array([0])).pack()


def test_landmarks_of_another_version_are_refused() -> None:
    clip = clip_landmarks(tones(1.0, seed=5)) | {"version": 0}
    with pytest.raises(ValueError, match="version 0"):
        read_clip(clip)
