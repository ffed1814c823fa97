"""The voice embedder: whose voice it is, whatever is said, by CAM++ on ONNX Runtime.

The network is CAM++ (Wang et al., Interspeech 2023, arXiv:2303.00332) with the weights of
3D-Speaker, trained on 200,000 speakers of Chinese and English. The graph is our own file; it
maps the published checkpoint as it is (scripts/build_campplus.py).
"""

from functools import cached_property
from importlib.resources import files
from typing import Any

import numpy as np

from app.encoders.base import EncoderError, Floats, Transcriber
from app.encoders.check import SAMPLE_RATE_HZ, check_window
from app.encoders.fbank import log_mel
from app.encoders.onnx import open_session
from app.encoders.weights import verified_folder, weights_version

CHUNK_S = 1.6
MOST_CHUNKS = 5  # of a window: a voice is known from a quarter of what it says
SHORTEST_S = 0.8  # less speech is repeated

_FRAME = 320  # samples over which loudness is measured
_QUIET_DB = 45.0  # below the window's loud parts: a pause
_LEAST_SPOKEN = 0.25  # of a second
_DEEPEST = np.float32(45 * np.log(10) / 10)  # 45 dB below a chunk's peak tells of the channel alone


class CamPlusPlus:
    """Means of unit vectors, each of a moment of speech."""

    dims = 192
    hears_speech_alone = True
    sample_rate_hz = SAMPLE_RATE_HZ

    def __init__(self, name: str) -> None:
        self.name = name
        self.version = f"{weights_version(name)}-1"  # the last part: of how they are used

    def shares_encoder_with(self, transcriber: Transcriber) -> bool:
        """Never: no transcriber knows one voice from another."""
        del transcriber
        return False

    def states(self, window: Floats) -> Floats:
        """One row a second, ``(ceil(seconds), 192)``, of at most 30 s in which someone speaks.

        At most MOST_CHUNKS chunks are embedded, evenly spread; a second's row is the unit
        vector of the nearest. Rows of pauses are NaN.
        Raises EncoderError on a wrong shape or dtype, on NaN, or above 30 s.
        """
        check_window(window)
        rows = np.full((-(-len(window) // SAMPLE_RATE_HZ), self.dims), np.nan, np.float32)
        frames = np.pad(window, (0, -len(window) % _FRAME)).reshape(-1, _FRAME)
        spoken = _spoken(frames)
        if not spoken.any():
            return rows
        vectors, middles_s = self._embed(frames[spoken].ravel(), np.flatnonzero(spoken))
        for second in range(len(rows)):
            if spoken[second * 50 : second * 50 + 50].mean() >= _LEAST_SPOKEN:
                rows[second] = vectors[np.abs(middles_s - second - 0.5).argmin()]
        return rows

    def pool(self, states: Floats) -> Floats:
        """The unit vector, ``(192,)``, of a stretch's rows; NaN where nobody speaks."""
        if states.ndim != 2 or not len(states) or states.shape[1] != self.dims:
            raise EncoderError(f"States must be (seconds, {self.dims}), not {states.shape}.")
        spoken = states[np.isfinite(states).all(axis=1)]
        if not len(spoken):
            return np.full(self.dims, np.nan, np.float32)
        vector = spoken.astype(np.float32).mean(axis=0)
        unit: Floats = vector / max(float(np.linalg.norm(vector)), 1e-9)
        return unit

    def _embed(self, speech: Floats, frames: Any) -> tuple[Floats, Floats]:
        """Unit vectors of chunks of joined speech, and where in the window each has its middle.

        ``frames`` are the places of the speech in the window, in frames.
        """
        speech = np.resize(speech, max(len(speech), round(SHORTEST_S * SAMPLE_RATE_HZ)))
        size = min(len(speech), round(CHUNK_S * SAMPLE_RATE_HZ))
        count = min(-(-len(speech) // size), MOST_CHUNKS)
        starts = np.linspace(0, len(speech) - size, count).astype(int)
        features = np.stack([log_mel(speech[start : start + size]) for start in starts])
        features = np.maximum(features, features.max(axis=(1, 2), keepdims=True) - _DEEPEST)
        features -= features.mean(axis=1, keepdims=True)  # of a microphone and a room
        vectors = self._session.run(None, {"features": features})[0]
        middles = np.minimum((starts + size // 2) // _FRAME, len(frames) - 1)
        unit: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit, frames[middles] * (_FRAME / SAMPLE_RATE_HZ)

    @cached_property
    def _session(self) -> Any:
        folder = verified_folder(self.name)
        graph = (files("app.encoders") / "graphs" / "campplus.onnx").read_bytes()
        weights = {"session.model_external_initializers_file_folder_path": str(folder)}
        return open_session(graph, folder, weights)


def _spoken(frames: Floats) -> Any:
    """Which frames are loud enough to be of use; none where all is silent."""
    level = np.sqrt((frames**2).mean(axis=1))
    loud = float(np.quantile(level, 0.95))
    return level > max(loud * 10 ** (-_QUIET_DB / 20), 1e-5)
