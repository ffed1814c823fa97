"""Small building blocks of sound: noise, filters, envelopes, levels, a room."""

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 24_000

Audio = NDArray[np.float32]


def silence(duration_s: float) -> Audio:
    """That many seconds of nothing."""
    return np.zeros(round(duration_s * RATE_HZ), np.float32)


def seconds(duration_s: float) -> NDArray[np.float64]:
    """The time of each sample, in seconds."""
    return np.arange(round(duration_s * RATE_HZ)) / RATE_HZ


def band(audio: NDArray[np.floating], low_hz: float, high_hz: float, tilt: float = 0.0) -> Audio:
    """Keeps a band with soft edges; ``tilt`` is the power of frequency to multiply by."""
    spectrum = np.fft.rfft(audio)
    frequency_hz = np.fft.rfftfreq(len(audio), 1 / RATE_HZ) + 1e-9
    gain = 1 / (1 + (low_hz / frequency_hz) ** 4) / (1 + (frequency_hz / high_hz) ** 4)
    gain *= (frequency_hz / 1000) ** tilt
    return np.fft.irfft(spectrum * np.sqrt(gain**2), len(audio)).astype(np.float32)


def noise(rng: np.random.Generator, duration_s: float, low_hz: float, high_hz: float) -> Audio:
    """A band of noise whose loudness is about 1."""
    audio = band(rng.standard_normal(round(duration_s * RATE_HZ)), low_hz, high_hz)
    return audio / (rms(audio) + 1e-12)


def rms(audio: NDArray[np.floating]) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(audio, dtype=np.float64)))) if len(audio) else 0.0


def active_rms(audio: NDArray[np.floating]) -> float:
    """Root mean square of the louder tenths of a second: of the words, without the pauses."""
    size = RATE_HZ // 10
    frames = audio[: len(audio) // size * size].reshape(-1, size)
    if not len(frames):
        return rms(audio)
    power = np.mean(np.square(frames, dtype=np.float64), axis=1)
    return float(np.sqrt(power[power >= power.max() * 0.01].mean()))


def gain_to(audio: Audio, level_db: float) -> Audio:
    """The audio with its active part at this level, in dB below full scale."""
    level = active_rms(audio)
    return audio * np.float32(10 ** (level_db / 20) / level) if level > 0 else audio


def fade(audio: Audio, in_s: float, out_s: float) -> Audio:
    """A smooth start and end."""
    audio = audio.copy()
    head, tail = (min(len(audio), round(length * RATE_HZ)) for length in (in_s, out_s))
    audio[:head] *= np.sin(np.linspace(0, np.pi / 2, head, dtype=np.float32)) ** 2
    if tail:
        audio[-tail:] *= np.cos(np.linspace(0, np.pi / 2, tail, dtype=np.float32)) ** 2
    return audio


def add(into: Audio, what: Audio, at_s: float) -> None:
    """Adds a sound in place; what would reach over the end is cut."""
    start = round(at_s * RATE_HZ)
    what = what[: max(0, len(into) - start)]
    into[start : start + len(what)] += what


def room(audio: Audio, wet: float, decay_s: float = 1.6) -> Audio:
    """The sound in a hall: convolved with noise that dies away by 60 dB in ``decay_s``."""
    rng = np.random.default_rng(7)
    time_s = seconds(decay_s)
    tail = band(rng.standard_normal(len(time_s)), 180, 5500) * 10 ** (-3 * time_s / decay_s)
    tail /= np.sqrt(np.sum(tail**2))
    size = 1 << (len(audio) + len(tail)).bit_length()
    spectrum = np.fft.rfft(audio, size) * np.fft.rfft(tail, size)
    return (audio + wet * np.fft.irfft(spectrum, size)[: len(audio)]).astype(np.float32)


def limit(audio: Audio, peak_db: float = -1.5) -> Audio:
    """Rounds off the few peaks over the ceiling."""
    ceiling = 10 ** (peak_db / 20)
    return (ceiling * np.tanh(audio / ceiling)).astype(np.float32)
