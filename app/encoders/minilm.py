"""MiniLM-L6 on ONNX Runtime: text to unit vectors of 384 dimensions."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from app.encoders.base import Floats
from app.encoders.onnx import open_session, open_tokenizer
from app.encoders.weights import weights_folder, weights_version

MAX_TOKENS = 256

_BATCH = 8


class MiniLm:
    """all-MiniLM-L6-v2 with int8 weights: the mean of the tokens' vectors, of length one."""

    dims = 384

    def __init__(self, name: str) -> None:
        self.name = name
        self.version = weights_version(name)

    def embed(self, texts: Sequence[str]) -> Floats:
        """Unit vectors, ``(len(texts), 384)``; what follows the 256th token is not read.

        Raises EncoderError where the weights are absent.
        """
        vectors = np.zeros((len(texts), self.dims), np.float32)
        by_length = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        for first in range(0, len(texts), _BATCH):  # of like length, so that little is padding
            batch = by_length[first : first + _BATCH]
            vectors[batch] = self._embed([texts[index] for index in batch])
        return vectors

    def ask(self, question: str) -> Floats:
        """The unit vector of a question, ``(384,)``: questions and passages are read alike."""
        vector: Floats = self.embed([question])[0]
        return vector

    def _embed(self, texts: list[str]) -> Floats:
        encodings = self._tokenizer.encode_batch(texts)
        ids = np.array([encoding.ids for encoding in encodings], np.int64)
        mask = np.array([encoding.attention_mask for encoding in encodings], np.int64)
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        wanted = {node.name for node in self._session.get_inputs()}
        inputs = {name: value for name, value in given.items() if name in wanted}
        tokens = self._session.run(None, inputs)[0]
        means = (tokens * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        vectors: Floats = (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float32)
        return vectors

    @cached_property
    def _session(self) -> Any:
        folder = weights_folder(self.name)
        return open_session(folder / "model.onnx", folder)

    @cached_property
    def _tokenizer(self) -> Any:
        tokenizer = open_tokenizer(weights_folder(self.name), MAX_TOKENS)
        tokenizer.enable_padding()
        return tokenizer
