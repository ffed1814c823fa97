"""How loud a recording is and how much noise lies under it; lifting the one, removing the other."""

from dataclasses import dataclass

import numpy as np

from app.audio.decode import SAMPLE_RATE_HZ
from app.audio.mono import Floats
from app.audio.vad import FRAME_S

_FRAME = round(FRAME_S * SAMPLE_RATE_HZ)
_SPEECH, _PAUSE = 0.5, 0.15  # how likely speech is in a frame that counts as either
_MIN_SPEECH_S, _MIN_PAUSES_S = 0.25, 0.35
_FLOOR_SHARE = 0.1  # without pauses, the quietest tenth of the frames stands for them
_HIDDEN_DB = 7.0
_REMOVED = 0.5
_SILENCE = 1e-10  # power, -100 dB: below what 16 bits can hold
_RANGE_DB = (-10.0, 60.0)

_TENTH_S = 0.1  # over which loudness is measured
_QUIET_DB, _LIFTED_DB = -55.0, -20.0  # what is louder than the first stays as it is
_LOUDEST = 0.99


@dataclass(frozen=True, slots=True)
class Noise:
    """``snr_db`` is speech over noise, None where nobody speaks; levels are dB of full scale."""

    snr_db: float | None
    level_db: float

    @property
    def hides_sound(self) -> bool:
        """Whether the vector of a sound is better made of what ``denoised`` leaves.

        No words and no voices were found better in that: docs/decisions/011 has the figures.
        """
        return self.snr_db is not None and self.snr_db < _HIDDEN_DB


def measure(samples: Floats, probabilities: Floats) -> Noise:
    """Levels of mono 16 kHz audio, by the voice activity model's view of its frames.

    Noise is what is heard in the pauses of the speech. Where there are none, as under other
    voices, it is the quietest frames, which is the idea of minimum statistics (Martin, 2001).
    """
    power = _frame_power(samples, len(probabilities))
    spoken = probabilities >= _SPEECH
    level_db = _db(float(power[spoken].mean()) if spoken.any() else float(power.mean()))
    if spoken.sum() * FRAME_S < _MIN_SPEECH_S:
        return Noise(None, level_db)
    floor = _floor(power, probabilities)
    speech = max(float(power[spoken].mean()) - floor, _SILENCE)
    return Noise(round(float(np.clip(_db(speech) - _db(floor), *_RANGE_DB)), 1), level_db)


def lifted(samples: Floats, sample_rate_hz: int = SAMPLE_RATE_HZ) -> Floats:
    """Mono audio, brought to -20 dB of full scale if its loud parts lie below -55 dB.

    Loud are the tenths of a second within 20 dB of the loudest. No peak is clipped, what is
    loud enough is returned as it is, and so is silence.
    """
    tenth = round(_TENTH_S * sample_rate_hz)
    whole = samples[: len(samples) // tenth * tenth].reshape(-1, tenth)
    power = np.square(whole).mean(axis=1) if len(whole) else np.zeros(1, np.float32)
    level = float(power[power >= power.max() * 0.01].mean())
    if not _SILENCE < level < 10 ** (_QUIET_DB / 10):
        return samples
    gain = min(np.sqrt(10 ** (_LIFTED_DB / 10) / level), _LOUDEST / float(np.abs(samples).max()))
    return samples * np.float32(gain)


def denoised(samples: Floats, sample_rate_hz: int = SAMPLE_RATE_HZ) -> Floats:
    """Mono audio with half as much of what changes slowly in each band.

    Spectral gating by noisereduce (Sainburg et al., 2020), its threshold a smoothed spectrogram.
    """
    import noisereduce  # noqa: PLC0415 - takes seconds to import, and few clips need it

    with np.errstate(invalid="ignore"):  # it divides by the spectrum, which silence has none of
        quieter = noisereduce.reduce_noise(y=samples, sr=sample_rate_hz, prop_decrease=_REMOVED)
    left: Floats = np.nan_to_num(quieter).astype(np.float32)
    return left


def _frame_power(samples: Floats, frames: int) -> Floats:
    padded = np.pad(samples, (0, max(0, frames * _FRAME - len(samples))))
    power: Floats = np.square(padded[: frames * _FRAME].reshape(frames, _FRAME)).mean(axis=1)
    return power


def _floor(power: Floats, probabilities: Floats) -> float:
    """The power of the noise."""
    pauses = power[probabilities < _PAUSE]
    if len(pauses) * FRAME_S >= _MIN_PAUSES_S:
        return max(float(np.median(pauses)), _SILENCE)
    quietest = np.sort(power)[: max(1, round(len(power) * _FLOOR_SHARE))]
    return max(float(quietest.mean()), _SILENCE)


def _db(power: float) -> float:
    return float(10 * np.log10(max(power, _SILENCE)))
