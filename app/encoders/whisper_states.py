"""The audio embedder: what Whisper's encoder hears, second by second, made comparable."""

from functools import cached_property, lru_cache
from importlib.resources import files
from io import BytesIO

import numpy as np

from app.encoders import whisper_model
from app.encoders.base import EncoderError, Floats, Transcriber
from app.encoders.check import SAMPLE_RATE_HZ, check_window
from app.encoders.weights import weights_folder, weights_version

STATS_FILE = "earmark-audio-stats.npz"  # beside the weights in a folder of someone's own


class WhisperStates:
    """Mean of the encoder's states, standardised and of length one.

    The encoder's dimensions differ much in mean and spread, so that raw means all look
    alike; both were learned once from speech and sounds by scripts/learn_audio_stats.py.
    """

    hears_speech_alone = False
    sample_rate_hz = SAMPLE_RATE_HZ

    def __init__(self, name: str) -> None:
        self.name = name
        self.version = f"{weights_version(name)}-1"  # the last part: of the statistics

    @cached_property
    def dims(self) -> int:
        """The encoder's width."""
        return len(self._stats[0])

    def shares_encoder_with(self, transcriber: Transcriber) -> bool:
        """Whether the transcriber's states come from the same weights."""
        return transcriber.name in {f"faster-{self.name}", f"openai-{self.name}"}

    def states(self, window: Floats) -> Floats:
        """One row a second, ``(ceil(seconds), dims)``, of at most 30 s of audio.

        Raises EncoderError on a wrong shape or dtype, on NaN, or above 30 s.
        """
        check_window(window)
        model = whisper_model.load(self.name)
        encoded = whisper_model.encode(model, whisper_model.features_of(model, window))
        return whisper_model.pool_seconds(encoded, len(window))

    def pool(self, states: Floats) -> Floats:
        """The unit vector, ``(dims,)``, of a stretch's rows (at least one)."""
        if states.ndim != 2 or not len(states) or states.shape[1] != self.dims:
            raise EncoderError(f"States must be (seconds, {self.dims}), not {states.shape}.")
        mean, deviation = self._stats
        vector = (states.astype(np.float32).mean(axis=0) - mean) / deviation
        unit: Floats = vector / max(float(np.linalg.norm(vector)), 1e-9)
        return unit

    @cached_property
    def _stats(self) -> tuple[Floats, Floats]:
        return load_stats(self.name)


@lru_cache(maxsize=4)
def load_stats(name: str) -> tuple[Floats, Floats]:
    """The learned mean and deviation for an encoder's states. Raises EncoderError."""
    content = _stats_bytes(name)
    with np.load(BytesIO(content)) as stored:
        return stored["mean"].astype(np.float32), stored["deviation"].astype(np.float32)


def _stats_bytes(name: str) -> bytes:
    packaged = files("app.encoders") / "stats" / f"{name.replace(':', '-')}.npz"
    if "/" not in name and packaged.is_file():
        return packaged.read_bytes()
    beside = weights_folder(name) / STATS_FILE
    if beside.is_file():
        return beside.read_bytes()
    raise EncoderError(
        f"{name} has no statistics: python -m scripts.learn_audio_stats {name} FOLDER_OF_AUDIO"
    )
