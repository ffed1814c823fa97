"""Wav2Vec2, HuBERT and WavLM on ONNX Runtime: how speech and sound go on from frame to frame.

Exported by ``python -m app.encoders.export wav2vec2`` at their convolutions or at a hidden layer
(Baevski et al., NeurIPS 2020, arXiv:2006.11477; Hsu et al., TASLP 2021; Chen et al., JSTSP 2022).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from app.encoders.base import Floats
from app.encoders.check import SAMPLE_RATE_HZ, check_window
from app.encoders.exported import ExportedSound

STEP, REACH = 320, 400  # samples: a frame every 20 ms, which hears 25 ms
_FRAMES_A_SECOND = SAMPLE_RATE_HZ // STEP


class Wav2Vec2(ExportedSound):
    """The mean of the frames of each second, and of a stretch."""

    sample_rate_hz = SAMPLE_RATE_HZ

    def states(self, window: Floats) -> Floats:
        """One row a second, ``(ceil(seconds), dims)``, of at most 30 s of audio at 16 kHz.

        Raises EncoderError on a wrong shape or dtype, on NaN, or above 30 s.
        """
        check_window(window)
        frames = self._audio.run(None, {"samples": prepared(window, self._card.settings)})[0][0]
        seconds = range(0, len(frames), _FRAMES_A_SECOND)
        return np.stack([frames[at : at + _FRAMES_A_SECOND].mean(axis=0) for at in seconds])


def prepared(window: Floats, settings: Mapping[str, Any]) -> Floats:
    """``(1, samples)``: of mean 0 and variance 1 where the model wants that, and filled up.

    The filling lets the last frame begin within the last 20 ms of sound.
    """
    if settings["normalise"]:
        window = (window - window.mean()) / np.sqrt(window.var() + 1e-7)
    frames = -(-len(window) // STEP)
    filled = np.pad(window, (0, frames * STEP + REACH - STEP - len(window)))
    return filled[None].astype(np.float32)
