"""Sounds of the world, made from noise and sines: each is a function of its length."""

from collections.abc import Callable

import numpy as np

from scripts.demo.dsp import Audio, add, band, fade, noise, room, seconds, silence
from scripts.demo.music import TUNES, play

_MORSE = {"W": ".--", "I": "..", "R": ".-.", "E": "."}
_MORSE_UNIT_S = 0.085


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def _hit(rng: np.random.Generator, low_hz: float, high_hz: float, life_s: float) -> Audio:
    """A short burst of noise that dies away."""
    time_s = seconds(life_s * 6)
    return (noise(rng, life_s * 6, low_hz, high_hz) * np.exp(-time_s / life_s)).astype(np.float32)


def _ping(frequency_hz: float, life_s: float) -> Audio:
    time_s = seconds(life_s * 5)
    return (np.sin(2 * np.pi * frequency_hz * time_s) * np.exp(-time_s / life_s)).astype(np.float32)


def _swell(audio: Audio, period_s: float, depth: float, phase: float = 0.0) -> Audio:
    """Louder and softer, in turns."""
    time_s = seconds(len(audio) / 24_000)
    gain = 1 - depth * (0.5 + 0.5 * np.cos(2 * np.pi * time_s / period_s + phase))
    return (audio * gain).astype(np.float32)


def rain(duration_s: float) -> Audio:
    """A shower on a tin roof: a hiss, and drops that ring a little."""
    rng = _rng(11)
    audio = 0.5 * _swell(noise(rng, duration_s, 900, 9000), 5.3, 0.4)
    for at_s in np.sort(rng.uniform(0, duration_s, int(55 * duration_s))):
        drop = _ping(rng.uniform(1400, 5200), rng.uniform(0.003, 0.012))
        add(audio, drop * np.float32(rng.exponential(1.1)), at_s)
    return audio


def applause(duration_s: float) -> Audio:
    """Some forty people clapping, each at their own pace, until they tire."""
    rng = _rng(12)
    audio = silence(duration_s)
    for _ in range(40):
        period_s, stop_s = rng.uniform(0.19, 0.32), duration_s * rng.uniform(0.65, 1.0)
        clap = _hit(rng, rng.uniform(700, 1300), rng.uniform(2200, 4200), 0.006)
        for at_s in np.arange(rng.uniform(0, 0.6), stop_s, period_s):
            add(audio, clap * np.float32(rng.uniform(0.3, 1)), at_s + rng.normal(0, 0.015) + 0.05)
    return room(audio, wet=0.5, decay_s=0.9)


def bell(duration_s: float) -> Audio:
    """A church bell, struck every two seconds, and left to ring."""
    partials = [(0.5, 4.0, 0.6), (1, 2.6, 1), (1.19, 2.0, 0.7), (1.5, 1.5, 0.4), (2, 1.4, 0.8),
                (2.51, 0.8, 0.35), (3.0, 0.6, 0.3), (4.1, 0.35, 0.25)]  # fmt: skip
    audio = silence(duration_s)
    for at_s in np.arange(0.05, max(0.1, duration_s - 1.5), 2.0):
        for ratio, life_s, strength in partials:
            add(audio, np.float32(strength) * _ping(311 * ratio, life_s), at_s)
    return room(audio, wet=0.3, decay_s=2.0)


def chime(duration_s: float) -> Audio:
    """Icicles in a light wind."""
    rng = _rng(13)
    audio = silence(duration_s)
    for at_s in np.sort(rng.uniform(0, duration_s - 0.8, int(2.4 * duration_s))):
        pitch = rng.choice([1175, 1319, 1568, 1760, 2093, 2349])
        for ratio, strength in ((1, 1), (2.76, 0.4), (5.4, 0.1)):
            add(audio, np.float32(strength) * _ping(pitch * ratio, 0.5 / ratio), at_s)
    return room(audio, wet=0.4)


def footsteps(duration_s: float) -> Audio:
    """Boots in fresh snow: a creak of many little breaks for each step."""
    rng = _rng(14)
    audio = 0.01 * noise(rng, duration_s, 100, 900)
    for step, at_s in enumerate(np.arange(0.2, duration_s - 0.5, 0.62)):
        for _ in range(90):
            grain = _hit(rng, 600 + 250 * (step % 2), 4200, 0.004)
            add(audio, grain * np.float32(rng.exponential(0.6)), at_s + rng.beta(2, 3) * 0.33)
    return audio


def swifts(duration_s: float) -> Audio:
    """A screaming party: thin, falling trills that pass overhead."""
    rng = _rng(15)
    audio = silence(duration_s)
    for at_s in np.sort(rng.uniform(0, duration_s - 1.0, int(3.2 * duration_s))):
        time_s = seconds(rng.uniform(0.35, 0.9))
        fall_hz = rng.uniform(5200, 6800) - 1300 * time_s / time_s[-1]
        trill = 1 + 0.55 * np.sin(2 * np.pi * rng.uniform(55, 75) * time_s)
        phase = 2 * np.pi * np.cumsum(fall_hz + 220 * np.sin(2 * np.pi * 65 * time_s)) / 24_000
        call = np.sin(phase) * trill * np.hanning(len(time_s)) * rng.uniform(0.2, 1.0)
        add(audio, call.astype(np.float32), at_s)
    return room(audio, wet=0.25, decay_s=0.8)


def street(duration_s: float) -> Audio:
    """A busy street: a rumble, cars that pass, a bus that brakes, a horn far off."""
    rng = _rng(16)
    audio = noise(rng, duration_s, 40, 320) + 0.25 * noise(rng, duration_s, 300, 4000)
    for at_s in np.arange(0.5, duration_s, 3.1):
        car = noise(rng, 4.0, rng.uniform(150, 300), rng.uniform(1500, 2800))
        shape = np.exp(-(((seconds(4.0) - 2.0) / rng.uniform(0.5, 0.9)) ** 2))
        add(audio, (car * shape * rng.uniform(0.6, 1.5)).astype(np.float32), at_s)
    for at_s in np.arange(7.0, duration_s, 19.0):
        horn = fade(_ping(392, 3)[:9600] + _ping(494, 3)[:9600], 0.02, 0.1)
        add(audio, 0.6 * room(horn, wet=0.8), at_s)
    return audio


def morse(duration_s: float) -> Audio:
    """A telegraph key that taps out WIRE."""
    rng = _rng(17)
    audio, at_s = silence(duration_s), 0.1
    while at_s < duration_s - 1.0:
        for letter in "WIRE":
            for mark in _MORSE[letter]:
                add(audio, _hit(rng, 1400, 5200, 0.005), at_s)
                at_s += _MORSE_UNIT_S * (1 if mark == "." else 3)
                add(audio, np.float32(0.6) * _hit(rng, 700, 2600, 0.006), at_s)
                at_s += _MORSE_UNIT_S
            at_s += 2 * _MORSE_UNIT_S
        at_s += 4 * _MORSE_UNIT_S
    return room(audio, wet=0.2, decay_s=0.4)


def waves(duration_s: float) -> Audio:
    """Surf that comes in and draws back."""
    rng = _rng(18)
    near = _swell(noise(rng, duration_s, 250, 5200), 5.0, 0.9)
    return near + 0.7 * _swell(noise(rng, duration_s, 60, 500), 7.0, 0.7, phase=1.0)


def train(duration_s: float) -> Audio:
    """A steam engine that gathers speed, and whistles once."""
    rng = _rng(19)
    audio, at_s, period_s = 0.03 * noise(rng, duration_s, 60, 500), 0.2, 0.62
    while at_s < duration_s - 0.2:
        add(audio, _hit(rng, 180, 2400, 0.05), at_s)
        at_s, period_s = at_s + period_s, max(0.2, period_s * 0.93)
    time_s = seconds(1.3)
    tones = sum(np.sin(2 * np.pi * pitch * time_s) for pitch in (587, 698, 880))
    whistle = fade((0.35 * tones).astype(np.float32), 0.12, 0.3)
    add(audio, whistle, duration_s * 0.45)
    return room(audio, wet=0.3, decay_s=1.0)


def ring(duration_s: float) -> Audio:
    """An old telephone: two small bells and a busy clapper."""
    rng = _rng(20)
    audio = silence(duration_s)
    for at_s in np.arange(0.05, duration_s - 0.9, 0.045):
        if at_s % 1.5 < 1.0:
            pitch = 1050 if round(at_s / 0.045) % 2 else 1320
            for ratio in (1, 2.4, 3.9):
                loudness = np.float32(rng.uniform(0.3, 0.4) / ratio)
                add(audio, loudness * _ping(pitch * ratio, 0.15), at_s)
    return room(audio, wet=0.2, decay_s=0.6)


def crackle(duration_s: float) -> Audio:
    """A crust that cools: ticks, now thick, now thin."""
    rng = _rng(21)
    audio = 0.004 * noise(rng, duration_s, 200, 3000)
    for at_s in np.cumsum(rng.exponential(0.03, int(duration_s / 0.03))):
        tick = _hit(rng, rng.uniform(1500, 3500), rng.uniform(4000, 9000), 0.0015)
        if at_s < duration_s - 0.1:
            add(audio, tick * np.float32(rng.exponential(0.7)), at_s)
    return room(audio, wet=0.15, decay_s=0.3)


def chopping(duration_s: float) -> Audio:
    """A knife on a board."""
    rng = _rng(22)
    audio = silence(duration_s)
    for at_s in np.arange(0.1, duration_s - 0.3, 0.24):
        at_s += rng.normal(0, 0.015)  # noqa: PLW2901 (a cook's hand is not a clock)
        add(audio, _hit(rng, 180, 900, 0.02), max(0, at_s))
        add(audio, _ping(210, 0.03), max(0, at_s))
        add(audio, np.float32(0.5) * _hit(rng, 2500, 7000, 0.008), max(0, at_s - 0.02))
    return room(audio, wet=0.2, decay_s=0.4)


def sizzle(duration_s: float) -> Audio:
    """Onions in a hot pan."""
    rng = _rng(23)
    audio = 0.4 * _swell(noise(rng, duration_s, 2500, 9500), 1.7, 0.25)
    for at_s in np.sort(rng.uniform(0, duration_s - 0.1, int(35 * duration_s))):
        add(audio, _hit(rng, 1500, 8000, 0.003) * np.float32(rng.exponential(0.9)), at_s)
    return audio


def whisk(duration_s: float) -> Audio:
    """A whisk in a copper bowl."""
    rng = _rng(24)
    audio = silence(duration_s)
    for at_s in np.arange(0.05, duration_s - 0.4, 0.21):
        stroke = noise(rng, 0.18, 1800, 8000) * np.hanning(len(seconds(0.18))).astype(np.float32)
        add(audio, np.float32(rng.uniform(0.4, 0.6)) * stroke, at_s)
        add(audio, np.float32(0.35) * _ping(rng.choice([740, 1130, 1690]), 0.12), at_s + 0.05)
    return room(audio, wet=0.2, decay_s=0.5)


EFFECTS: dict[str, Callable[[float], Audio]] = {
    made.__name__: made
    for made in (
        rain, applause, bell, chime, footsteps, swifts, street, morse,
        waves, train, ring, crackle, chopping, sizzle, whisk,
    )
}  # fmt: skip


def make(sound: str, duration_s: float, theme: str) -> Audio:
    """A cue's sound; ``theme`` is the tune that the show opens with."""
    name = theme if sound == "theme" else sound
    if name in TUNES:
        return play(name, duration_s)
    if name not in EFFECTS:
        raise ValueError(f"nobody has made the sound {name!r}")
    return fade(band(EFFECTS[name](duration_s), 50, 11_000), 0.05, 0.5)
