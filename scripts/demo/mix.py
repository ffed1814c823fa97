"""Adds up speech, sounds and noise on the timeline."""

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scripts.demo.dsp import RATE_HZ, Audio, active_rms, add, gain_to, limit, rms, silence
from scripts.demo.effects import make
from scripts.demo.music import TUNES
from scripts.demo.script import Cue, Script, Sentence
from scripts.demo.timeline import Timeline

SPEECH_DB = -20.0
MUSIC_DB = -23.0
EFFECT_DB = -25.0


def read_wav(path: Path) -> Audio:
    """A mono 16-bit WAV file at the mix's rate."""
    with wave.open(str(path)) as file:
        rate_hz = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return resample(samples.astype(np.float32) / 32768, rate_hz)


def resample(audio: Audio, rate_hz: int) -> Audio:
    """Audio of another rate at the mix's, by stretching its spectrum."""
    if rate_hz == RATE_HZ:
        return audio
    length = round(len(audio) * RATE_HZ / rate_hz)
    spectrum = np.fft.rfft(audio)
    padded = np.zeros(length // 2 + 1, spectrum.dtype)
    kept = min(len(spectrum), len(padded))
    padded[:kept] = spectrum[:kept]
    return (np.fft.irfft(padded, length) * (length / len(audio))).astype(np.float32)


def mix(script: Script, timeline: Timeline, voices: Sequence[Audio]) -> Audio:
    """The whole episode; ``voices`` are the sentences' recordings, in order."""
    audio = silence(timeline.duration_s)
    for place, voice in zip(timeline.of(Sentence), voices, strict=True):
        add(audio, gain_to(voice, SPEECH_DB), place.start_s)
    if script.noise:
        background = make(script.noise.sound, timeline.duration_s, script.show.theme)
        audio += at_snr(background, active_rms(audio), script.noise.snr_db)
    for place in timeline.of(Cue):
        add(audio, _cue(place.item, script.show.theme), place.start_s)
    return limit(audio)


def at_snr(background: Audio, speech_rms: float, snr_db: float) -> Audio:
    """The background, that many dB below the speech."""
    return background * np.float32(speech_rms / rms(background) * 10 ** (-snr_db / 20))


def _cue(cue: Cue, theme: str) -> Audio:
    music = cue.sound == "theme" or cue.sound in TUNES
    sound = make(cue.sound, cue.duration_s, theme)
    return cap_peak(gain_to(sound, MUSIC_DB if music else EFFECT_DB))


def cap_peak(audio: Audio, peak_db: float = -4.0) -> Audio:
    """Turns a sound down whole where its loudest knock is over the ceiling."""
    over = float(np.abs(audio).max()) / 10 ** (peak_db / 20)
    return audio / np.float32(over) if over > 1 else audio
