"""multilingual-e5-small on ONNX Runtime: text of a hundred languages to unit vectors.

The model is E5 (Wang et al., arXiv:2402.05672) in weights of four bits, multiplied as they are.
The graph is our own file (scripts/build_e5.py). Out of each vector goes what only says in which
language a text is (after Yang et al., arXiv:2109.04727): it would put a wrong passage in the
question's language above the right one in another.
"""

from collections.abc import Sequence
from functools import cached_property
from importlib.resources import files
from io import BytesIO
from typing import Any

import numpy as np

from app.encoders.base import Floats, Likeness
from app.encoders.e5_weights import WIDTH, converted_folder
from app.encoders.onnx import open_session, open_tokenizer
from app.encoders.weights import weights_version

MAX_TOKENS = 512


class E5:
    """The mean of the tokens' vectors, of length one; questions and passages are told apart."""

    dims = WIDTH
    likeness = Likeness(unlike=0.75, alike=0.92)

    def __init__(self, name: str) -> None:
        self.name = name
        self.version = f"{weights_version(name)}-1"  # the last part: of how they are used

    def embed(self, texts: Sequence[str]) -> Floats:
        """Unit vectors of passages, ``(len(texts), 384)``, each of 512 tokens at most.

        Raises EncoderError where the weights are absent or broken.
        """
        vectors = np.zeros((len(texts), self.dims), np.float32)
        for number, text in enumerate(texts):  # one by one: nothing is padding, and no slower
            vectors[number] = self._vector(f"passage: {text}")
        return vectors

    def ask(self, question: str) -> Floats:
        """The unit vector of a question, ``(384,)``, to be compared with passages."""
        return self._vector(f"query: {question}")

    def with_language(self, text: str) -> Floats:
        """The model's own unit vector of a text that has its prefix, ``(384,)``."""
        ids = np.array([self._tokenizer.encode(text).ids], np.int64)
        vector: Floats = self._session.run(None, {"input_ids": ids})[0][0]
        return vector

    def _vector(self, text: str) -> Floats:
        vector = self.with_language(text)
        vector = vector - self._languages.T @ (self._languages @ vector)
        unit: Floats = vector / np.linalg.norm(vector)
        return unit

    @cached_property
    def _languages(self) -> Floats:
        """The orthonormal directions in which languages differ, ``(6, 384)``."""
        content = (files("app.encoders") / "stats" / f"{self.name}.npz").read_bytes()
        with np.load(BytesIO(content)) as stored:
            directions: Floats = stored["directions"]
            return directions

    @cached_property
    def _session(self) -> Any:
        folder = converted_folder(self.name)
        graph = (files("app.encoders") / "graphs" / "e5-small.onnx").read_bytes()
        weights = {"session.model_external_initializers_file_folder_path": str(folder)}
        return open_session(graph, folder, weights)

    @cached_property
    def _tokenizer(self) -> Any:
        return open_tokenizer(converted_folder(self.name), MAX_TOKENS)
