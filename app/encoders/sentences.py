"""Any sentence-transformers model on ONNX Runtime: text to unit vectors.

Exported by ``python -m app.encoders.export sentence-transformers``.
"""

from collections.abc import Sequence

import numpy as np

from app.encoders.base import EncoderError, Floats, Likeness
from app.encoders.exported import Exported


class SentenceTransformer(Exported):
    """The model's own pooling of its tokens' vectors, of length one."""

    @property
    def likeness(self) -> Likeness:
        """As export measured it. Raises EncoderError where it did not, or the model is absent."""
        found = self._card.settings.get("likeness")
        if found is None:
            raise EncoderError(f"{self.name} was exported by an earlier version: export it again.")
        return Likeness(*found)

    def embed(self, texts: Sequence[str]) -> Floats:
        """Unit vectors of passages, ``(len(texts), dims)``, read as far as the model goes.

        Raises EncoderError where the model is absent or broken.
        """
        vectors = np.zeros((len(texts), self.dims), np.float32)
        for number, text in enumerate(texts):  # one by one: nothing is padding, and no slower
            vectors[number] = self._vector(self._card.settings["passage_prefix"] + text)
        return vectors

    def ask(self, question: str) -> Floats:
        """The unit vector of a question, ``(dims,)``, to be compared with passages."""
        return self._vector(self._card.settings["query_prefix"] + question)

    def _vector(self, text: str) -> Floats:
        ids = np.array([self._tokenizer.encode(text).ids], np.int64)
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        vector: Floats = self._text.run(None, given)[0][0]
        return vector
