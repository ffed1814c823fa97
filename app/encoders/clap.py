"""CLAP on ONNX Runtime: sound and text in one space, so that words find what sounds like them.

The models are those of transformers' ClapModel (Wu et al., ICASSP 2023, arXiv:2211.06687),
exported by ``python -m app.encoders.export clap``; neither torch nor transformers serves them.
"""

import numpy as np

from app.encoders.base import Floats
from app.encoders.check import check_window
from app.encoders.clap_mel import log_mel
from app.encoders.exported import ExportedSound

WINDOW_S = 10.0  # what it was trained to hear at once


class Clap(ExportedSound):
    """A unit vector for each 10 s, which stands for every second in it."""

    sample_rate_hz = 48_000

    def states(self, window: Floats) -> Floats:
        """One row a second, ``(ceil(seconds), dims)``, of at most 30 s of audio at 48 kHz.

        Each row is the unit vector of the 10 s that its second lies in; the last ones reach
        back where less than 10 s are left, and what is shorter than 10 s altogether is repeated.
        Raises EncoderError on a wrong shape or dtype, on NaN, or above 30 s.
        """
        check_window(window, self.sample_rate_hz)
        seconds = -(-len(window) // self.sample_rate_hz)
        rows = np.zeros((seconds, self.dims), np.float32)
        size = round(WINDOW_S * self.sample_rate_hz)
        for first in range(0, seconds, round(WINDOW_S)):
            start = max(0, min(first * self.sample_rate_hz, len(window) - size))
            rows[first : first + round(WINDOW_S)] = self._hear(window[start : start + size])
        return rows

    def ask(self, text: str) -> Floats | None:
        """The unit vector, ``(dims,)``, of what a text names; None for one without words."""
        if not text.strip():
            return None
        ids = np.array([self._tokenizer.encode(text).ids], np.int64)
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        vector: Floats = self._text.run(None, given)[0][0]
        return vector

    def _hear(self, samples: Floats) -> Floats:
        features = log_mel(samples, self._card.settings)
        vector: Floats = self._audio.run(None, {"input_features": features[None, None]})[0][0]
        return vector
