"""Made voices: near enough to speech for a detector of it, and told apart by pitch and throat."""

import numpy as np

RATE_HZ = 16_000
LOW, HIGH = (110.0, 1.0), (210.0, 1.2)  # a voice: pitch in Hz, and how much shorter the throat is

_SYLLABLE_S = 0.2
_FORMANTS = np.array([(700, 1200, 2600), (300, 2300, 3000), (500, 900, 2400), (350, 800, 2300)])


def babble(seconds: float, voice: tuple[float, float], seed: int = 0) -> np.ndarray:
    """A voice's syllables, float32 at 16 kHz; the seed is what it says."""
    hertz, throat = voice
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    syllable = (time / _SYLLABLE_S).astype(int)
    count = int(syllable[-1]) + 1
    formants = _FORMANTS[random.integers(len(_FORMANTS), size=count)][syllable] * throat
    pitch = hertz * np.interp(
        time, np.arange(count + 1) * _SYLLABLE_S, random.uniform(0.85, 1.15, count + 1)
    )
    phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
    samples = np.zeros(len(time))
    for harmonic in range(1, int(5000 / hertz)):
        distance = (harmonic * pitch[:, None] - formants) / (60 + 0.05 * formants)
        samples += (1 / (1 + distance**2)).sum(axis=1) / harmonic**0.5 * np.sin(harmonic * phase)
    rise = np.abs(np.sin(np.pi * time / _SYLLABLE_S)) ** 0.5
    hiss = random.normal(size=len(time)) * (1 - rise) ** 2 * np.abs(samples).max() * 0.3
    samples = samples * rise + hiss
    return (0.3 * samples / np.abs(samples).max()).astype(np.float32)
