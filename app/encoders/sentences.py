"""Any sentence-transformers model on ONNX Runtime: text to unit vectors.

Exported by ``python -m app.encoders.export sentence-transformers``.
"""

from collections.abc import Sequence

import numpy as np

from app.encoders.base import Floats
from app.encoders.exported import Exported

_BATCH = 8


class SentenceTransformer(Exported):
    """The model's own pooling of its tokens' vectors, of length one."""

    def embed(self, texts: Sequence[str]) -> Floats:
        """Unit vectors of passages, ``(len(texts), dims)``, read as far as the model goes.

        Raises EncoderError where the model is absent or broken.
        """
        return self._embed_all([self._card.settings["passage_prefix"] + text for text in texts])

    def ask(self, question: str) -> Floats:
        """The unit vector of a question, ``(dims,)``, to be compared with passages."""
        vector: Floats = self._embed_all([self._card.settings["query_prefix"] + question])[0]
        return vector

    def _embed_all(self, texts: list[str]) -> Floats:
        vectors = np.zeros((len(texts), self.dims), np.float32)
        by_length = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        for first in range(0, len(texts), _BATCH):  # of like length, so that little is padding
            batch = by_length[first : first + _BATCH]
            vectors[batch] = self._embed_batch([texts[index] for index in batch])
        return vectors

    def _embed_batch(self, texts: list[str]) -> Floats:
        rows = [encoding.ids for encoding in self._tokenizer.encode_batch(texts)]
        shape = len(rows), max(len(row) for row in rows)
        ids = np.full(shape, self._card.settings["pad_token_id"], np.int64)
        mask = np.zeros(shape, np.int64)
        for number, row in enumerate(rows):
            ids[number, : len(row)], mask[number, : len(row)] = row, 1
        vectors: Floats = self._text.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return vectors
