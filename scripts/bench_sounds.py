"""Sounds to measure the recording leg with: a library to be searched, and what befalls clips."""

import io
import re
import subprocess
import wave
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, resample_poly, sosfilt

from app.audio.ffmpeg import find_ffmpeg

RATE_HZ = 16_000
Audio = NDArray[np.float32]

ACCENTS = ("en-gb", "en-us", "en-gb-scotland", "en-gb-x-rp", "en-029", "de", "fr", "es", "it")
VARIANTS = (
    *("m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "f1", "f2", "f3", "f4", "f5", "croak"),
    *("klatt", "klatt2", "klatt3", "Andy", "Annie", "Gene", "Mario", "Michel", "steph", "Lee"),
)


def words_of(folder: Path) -> list[str]:
    """All words of the texts below a folder, to be read aloud in an order of our own."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in {".txt", ".jsonl", ".md"})
    return re.findall(r"[a-z']+", " ".join(path.read_text() for path in files).lower())


def read_aloud(words: list[str], rng: np.random.Generator) -> Audio:
    """A paragraph in a voice, at a speed and a pitch of its own."""
    voice = f"{rng.choice(ACCENTS)}+{rng.choice(VARIANTS)}"
    sounds = subprocess.run(
        [
            *("espeak-ng", "-v", voice, "-s", str(rng.integers(130, 200))),
            *("-p", str(rng.integers(15, 85)), "--stdout", " ".join(words)),
        ],
        capture_output=True,
        check=True,
    ).stdout
    with wave.open(io.BytesIO(sounds)) as file:
        rate_hz = file.getframerate()
        data = file.readframes(file.getnframes())
    audio = np.frombuffer(data, "<i2").astype(np.float32) / 32768
    return resampled(audio, Fraction(RATE_HZ, rate_hz))


def music(
    duration_s: float, rng: np.random.Generator, like: np.random.Generator | None = None
) -> Audio:
    """Chords that are struck and fade, with a voice above them, never twice the same.

    ``like``: a generator in the state that other music began with, whose metre and scale it has.
    """
    audio = np.zeros(int(duration_s * RATE_HZ), np.float32)
    step = int((like or rng).uniform(0.18, 0.4) * RATE_HZ)
    time_s = np.arange(int(1.5 * RATE_HZ)) / RATE_HZ
    tonic = (like or rng).integers(0, 12)
    scale = 220 * 2 ** ((tonic + np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16])) / 12)
    for start in range(0, len(audio), step):
        for note_hz in rng.choice(scale, rng.integers(1, 4)):
            partials = np.arange(1, 8)[:, None] * note_hz * rng.uniform(0.998, 1.002)
            strengths = np.arange(1, 8)[:, None] ** -rng.uniform(1.0, 2.0)
            fall = np.exp(-time_s * partials**0.5 * rng.uniform(0.1, 0.2))
            note = (strengths * fall * np.sin(2 * np.pi * partials * time_s)).sum(0)
            end = min(len(audio), start + len(note))
            audio[start:end] += 0.1 * note[: end - start].astype(np.float32)
    return audio


def programme(words: list[str], duration_s: float, rng: np.random.Generator) -> Audio:
    """An episode: paragraphs in changing voices, some over music, music between, in a room."""
    parts: list[Audio] = []
    while sum(map(len, parts)) < duration_s * RATE_HZ:
        runs = [int(rng.integers(0, len(words) - 12)) for _ in range(int(rng.integers(6, 14)))]
        speech = read_aloud([word for at in runs for word in words[at : at + 8]], rng)
        draw = rng.random()
        if draw < 0.2:
            speech = speech + 0.3 * music(len(speech) / RATE_HZ, rng)[: len(speech)]
        elif draw < 0.3:
            parts.append(music(float(rng.uniform(5, 15)), rng))
        parts.append(speech)
    whole = room(np.concatenate(parts), rng, wet=float(rng.uniform(0.02, 0.2)))
    hiss = rng.standard_normal(len(whole)).astype(np.float32) * 10 ** (rng.uniform(-70, -45) / 20)
    return (0.5 * whole / np.abs(whole).max() + hiss).astype(np.float32)[
        : int(duration_s * RATE_HZ)
    ]


def real_sounds(folder: Path) -> Iterator[tuple[Path, Audio]]:
    """Every recording below a folder, decoded."""
    kinds = {".mp3", ".m4a", ".flac", ".ogg", ".opus", ".wav"}
    for path in sorted(path for path in folder.rglob("*") if path.suffix in kinds):
        yield path, through_ffmpeg(["-i", str(path)])


def through_ffmpeg(given: list[str], audio: bytes | None = None) -> Audio:
    """What ffmpeg makes of its input, as mono 16 kHz."""
    wanted = ["-ac", "1", "-ar", str(RATE_HZ), "-f", "s16le", "pipe:1"]
    command = [find_ffmpeg(), "-v", "error", *([] if audio else ["-nostdin"]), *given, *wanted]
    done = subprocess.run(command, input=audio, capture_output=True, check=True)
    return np.frombuffer(done.stdout, "<i2").astype(np.float32) / 32768


def coded(audio: Audio, codec: str) -> Audio:
    """The clip after Opus or MP3 at 32 kb/s; an encoder's own delay is taken off by ffmpeg."""
    form = {"libopus": "ogg", "libmp3lame": "mp3"}[codec]
    raw = ["-f", "s16le", "-ar", str(RATE_HZ), "-ac", "1", "-i", "pipe:0"]
    samples = np.round(np.clip(audio, -1, 0.9999) * 32768).astype("<i2").tobytes()
    command = [find_ffmpeg(), "-v", "error", *raw, "-c:a", codec, "-b:a", "32k", "-f", form]
    done = subprocess.run([*command, "pipe:1"], input=samples, capture_output=True, check=True)
    return through_ffmpeg(["-f", form, "-i", "pipe:0"], done.stdout)


def resampled(audio: Audio, ratio: Fraction) -> Audio:
    """The same with ``ratio`` times as many samples."""
    made: Audio = resample_poly(audio, ratio.numerator, ratio.denominator).astype(np.float32)
    return made


def at_speed(audio: Audio, speed: float) -> Audio:
    """Played faster, and so higher, or slower and lower."""
    return resampled(audio, Fraction(1 / speed).limit_denominator(500))


def pink_noise(samples: int, rng: np.random.Generator) -> Audio:
    """Noise that falls by 3 dB an octave."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    pink = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), samples)
    return pink.astype(np.float32)


def babble(samples: int, voices: list[Audio], rng: np.random.Generator) -> Audio:
    """Six people who talk at once."""
    chosen = [voices[int(rng.integers(len(voices)))] for _ in range(6)]
    starts = [int(rng.integers(max(1, len(voice) - samples))) for voice in chosen]
    pairs = zip(chosen, starts, strict=True)
    return np.sum([np.resize(voice[at : at + samples], samples) for voice, at in pairs], axis=0)


def with_noise(audio: Audio, noise: Audio, snr_db: float) -> Audio:
    """The clip under noise of this level beside it."""
    power = float(np.mean(audio**2)) + 1e-12
    wanted = power / 10 ** (snr_db / 10) / (float(np.mean(noise**2)) + 1e-12)
    return (audio + np.sqrt(wanted) * noise).astype(np.float32)


def room(audio: Audio, rng: np.random.Generator, wet: float = 0.5) -> Audio:
    """Heard in a room: the sound itself and a tail of echoes, half a second long."""
    time_s = np.arange(int(0.5 * RATE_HZ)) / RATE_HZ
    tail = rng.standard_normal(len(time_s)) * np.exp(-time_s / rng.uniform(0.05, 0.12))
    impulse = wet * tail / np.sqrt(np.sum(tail**2))
    impulse[0] = 1.0
    return fftconvolve(audio, impulse)[: len(audio)].astype(np.float32)


def by_phone(audio: Audio, rng: np.random.Generator) -> Audio:
    """A phone at some distance in a room: echoes as loud as the voice, 300 to 3,400 Hz, a hiss."""
    band = butter(3, (300, 3400), "bandpass", fs=RATE_HZ, output="sos")
    heard = sosfilt(band, room(audio, rng, wet=1.0)).astype(np.float32)
    return with_noise(heard, rng.standard_normal(len(heard)).astype(np.float32), 25)
