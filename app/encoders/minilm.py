"""MiniLM-L6 on ONNX Runtime: text to unit vectors of 384 dimensions."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from app.encoders.base import Floats, Likeness
from app.encoders.onnx import open_session, open_tokenizer
from app.encoders.weights import weights_folder, weights_version

MAX_TOKENS = 256


class MiniLm:
    """all-MiniLM-L6-v2 with int8 weights: the mean of the tokens' vectors, of length one."""

    dims = 384
    likeness = Likeness()  # whose scale it is

    def __init__(self, name: str) -> None:
        self.name = name
        self.version = weights_version(name)

    def embed(self, texts: Sequence[str]) -> Floats:
        """Unit vectors, ``(len(texts), 384)``; what follows the 256th token is not read.

        Raises EncoderError where the weights are absent.
        """
        vectors = np.zeros((len(texts), self.dims), np.float32)
        for number, text in enumerate(texts):  # one by one: nothing is padding, and faster
            vectors[number] = self._vector(text)
        return vectors

    def ask(self, question: str) -> Floats:
        """The unit vector of a question, ``(384,)``: questions and passages are read alike."""
        return self._vector(question)

    def _vector(self, text: str) -> Floats:
        ids = np.array([self._tokenizer.encode(text).ids], np.int64)
        whole = {"attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        mean = self._session.run(None, {"input_ids": ids, **whole})[0][0].mean(axis=0)
        vector: Floats = mean / np.linalg.norm(mean)
        return vector

    @cached_property
    def _session(self) -> Any:
        folder = weights_folder(self.name)
        return open_session(folder / "model.onnx", folder)

    @cached_property
    def _tokenizer(self) -> Any:
        return open_tokenizer(weights_folder(self.name), MAX_TOKENS)
