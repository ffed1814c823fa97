"""Our own little tunes, for a struck string, a music box and a nylon guitar."""

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from scripts.demo.dsp import RATE_HZ, Audio, add, fade, room, seconds, silence

_NOTE = re.compile(r"([A-G])([#b]?)(\d)")
_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@dataclass(frozen=True)
class Instrument:
    """How a note sounds: the strength and the life of its partials."""

    brightness: float  # each partial's amplitude is its number to the power of minus this
    life_s: float  # how long middle C takes to fall to a third
    stiffness: float  # how far the partials are stretched
    partials: int = 9


PIANO = Instrument(brightness=1.7, life_s=1.3, stiffness=4e-4)
BOX = Instrument(brightness=2.2, life_s=0.9, stiffness=6e-3, partials=5)
NYLON = Instrument(brightness=1.3, life_s=0.55, stiffness=1e-4, partials=12)


@dataclass(frozen=True)
class Tune:
    """Parts of notes of one length; a dot holds, a slash rests, a plus joins a chord."""

    note_s: float
    instrument: Instrument
    parts: tuple[str, ...]


TUNES = {
    "pine": Tune(0.29, PIANO, (
        "A4 . D5 E5 F#5 . E5 D5 B4 . D5 . A4 . . . G4 . B4 D5 E5 . D5 B4 A4 . F#4 . E4 . D4 .",
        "D3 A3 D4 A3 D3 A3 D4 A3 G2 D3 B3 D3 D3 A3 F#4 A3 "
        "E3 B3 G4 B3 G2 D3 B3 D3 A2 E3 C#4 E3 D3 A3 D4 .",
    )),
    "wire": Tune(0.21, BOX, (
        "E5 . A5 C6 . B5 A5 . E5 F5 . D5 E5 . . G5 . C6 E6 . D6 C6 . G5 B5 . G#5 A5 . .",
        "A3 E4 C5 A3 E4 C5 F3 C4 A4 D4 A4 F4 A3 E4 C5 C4 G4 E5 C4 G4 E5 F4 C5 A4 E4 B4 D5 A3 E4 A4",
    )),
    "salt": Tune(0.19, NYLON, (
        "C5 . A4 C5 . D5 . F5 . E5 . C5 A4 . . . D5 . Bb4 D5 . E5 . G5 . F5 . C5 F5 . . .",
        "F2 . . A3+C4+E4 . . A3+C4+E4 . G2 . . Bb3+D4+F4 . . A3+C4+E4 . "
        "C3 . . Bb3+E4+G4 . . Bb3+D4+E4 . F2 . . A3+C4+E4 . A3+C4+F4 . .",
    )),
    "evening": Tune(0.36, PIANO, (
        "/ / E5 . D5 . B4 . G4 . A4 B4 . . / / / / C5 . B4 . G4 . E4 . F#4 G4 . . / / "
        "/ / E5 . G5 . F#5 . D5 . B4 D5 . . / / A4 . C5 . B4 . A4 . G4 . . . D5 . . . "
        "E5 . . D5 B4 . . . G4 . A4 . G4 . . .",
        "G2 D3 B3 D4 G2 D3 B3 D4 E3 B3 G4 B3 E3 B3 G4 B3 C3 G3 E4 G3 C3 G3 E4 G3 D3 A3 F#4 A3 "
        "D3 A3 C4 A3 G2 D3 B3 D4 B2 F#3 D4 F#3 E3 B3 G4 B3 D3 B3 G4 B3 C3 G3 E4 G3 D3 A3 C4 F#4 "
        "G2 D3 B3 D4 G3 . B3 . C3 G3 E4 G3 D3 A3 F#4 A3 G2 D3 B3 D4 G2+D3+B3 . . .",
    )),
}  # fmt: skip


def pitch_hz(note: str) -> float:
    """The frequency of a note such as F#4."""
    match = _NOTE.fullmatch(note)
    if not match:
        raise ValueError(f"no note is called {note!r}")
    letter, accidental, octave = match.groups()
    semitone = _SEMITONES[letter] + {"#": 1, "b": -1, "": 0}[accidental]
    return 440.0 * 2 ** ((semitone - 9) / 12 + int(octave) - 4)


@lru_cache(maxsize=64)
def strike(instrument: Instrument, frequency_hz: float) -> Audio:
    """One note, until it can no longer be heard."""
    life_s = instrument.life_s * (262 / frequency_hz) ** 0.5
    time_s = seconds(min(5.0, 5 * life_s))
    sound = np.zeros(len(time_s))
    for number in range(1, instrument.partials + 1):
        partial_hz = number * frequency_hz * np.sqrt(1 + instrument.stiffness * number**2)
        if partial_hz < RATE_HZ * 0.45:
            decay = np.exp(-time_s / life_s * (0.6 + 0.4 * number))
            beat = np.sin(2 * np.pi * partial_hz * time_s) + 0.5 * np.sin(
                2 * np.pi * partial_hz * 1.0007 * time_s
            )
            sound += number**-instrument.brightness * decay * beat
    return fade(sound.astype(np.float32), 0.004, 0.05)


def play(name: str, duration_s: float) -> Audio:
    """A tune, begun again until the time is over, in a room, with a soft end."""
    tune = TUNES[name]
    audio = silence(duration_s)
    for part, line in enumerate(tune.parts):
        _play_line(audio, tune, line.split(), loudness=1.0 if part == 0 else 0.5)
    return fade(room(audio, wet=0.35), 0.01, min(2.0, duration_s / 3))


def _play_line(audio: Audio, tune: Tune, notes: list[str], loudness: float) -> None:
    rng = np.random.default_rng(len(notes))
    steps = int(len(audio) / RATE_HZ / tune.note_s)
    for step in range(steps):
        written = notes[step % len(notes)]
        if written in "./":
            continue
        accent = (1.0 if step % 4 == 0 else 0.8) * rng.uniform(0.9, 1.0)
        late_s = rng.uniform(0, 0.012)  # nobody plays like a clock
        for note in written.split("+"):
            sound = strike(tune.instrument, pitch_hz(note))
            add(audio, sound * np.float32(loudness * accent), step * tune.note_s + late_s)
