"""ColBERT on ONNX Runtime: a vector for every token, so that each word of a question is met.

The model is answerai-colbert-small-v1 as its package has it, which ends before the last
projection; ``basis`` stands for that: the principal directions of its token vectors, learned
from text without any questions by scripts/learn_token_basis.py. Scoring is Khattab and
Zaharia's MaxSim ("ColBERT", 2020), with the mean over the question's tokens for the sum.
"""

from collections.abc import Sequence
from functools import cached_property
from importlib.resources import files
from io import BytesIO
from typing import Any

import numpy as np

from app.encoders.base import Floats, Tokens
from app.encoders.onnx import open_session, open_tokenizer
from app.encoders.weights import weights_folder, weights_version

MAX_TOKENS = 509  # and three marks: as many as it was trained with
QUESTION_TOKENS = 62

_QUESTION, _PASSAGE = "[unused0]", "[unused1]"  # the marks that it was trained with
_SCALE = 127  # of int8, as no component of a unit vector is above 1


class LateInteraction:
    """answerai-colbert-small-v1 with int8 weights, projected to 64 dimensions."""

    dims = 64

    def __init__(self, name: str) -> None:
        self.name = name
        self.version = f"{weights_version(name)}-1"  # the last part: of the basis

    def read(self, texts: Sequence[str]) -> list[Tokens]:
        """Of each passage its tokens' unit vectors times 127, int8 ``(tokens, 64)``.

        What follows the 509th token is not read. Raises EncoderError where the weights are
        absent.
        """
        projected = (self._project(self.passage_states(text)) for text in texts)
        return [np.round(_SCALE * rows).astype(np.int8) for rows in projected]

    def ask(self, question: str) -> Floats:
        """The unit vectors of a question's tokens, ``(tokens, 64)``. Raises EncoderError."""
        ids = self._ids(question, _QUESTION, QUESTION_TOKENS)
        return self._project(self._states(ids))

    def passage_states(self, text: str) -> Floats:
        """A passage's tokens before the projection, ``(tokens, 384)``."""
        return self._states(self._ids(text, _PASSAGE, MAX_TOKENS))

    def _ids(self, text: str, mark: str, most: int) -> list[int]:
        own = self._tokenizer.encode(text, add_special_tokens=False).ids[:most]
        first, last, marked = (self._tokenizer.token_to_id(t) for t in ("[CLS]", "[SEP]", mark))
        return [first, marked, *own, last]

    def _states(self, ids: list[int]) -> Floats:
        """The encoder's output, ``(tokens, 384)``.

        One text at a time: texts of other lengths would be filled up, and the weights'
        quantisation would make a vector depend on its neighbours.
        """
        row = np.array([ids], np.int64)
        given = {
            "input_ids": row,
            "attention_mask": np.ones_like(row),
            "token_type_ids": np.zeros_like(row),
        }
        states: Floats = self._session.run(["last_hidden_state"], given)[0][0]
        return states

    def _project(self, states: Floats) -> Floats:
        rows = states @ self._basis
        unit: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit

    @cached_property
    def _basis(self) -> Floats:
        """Orthonormal directions, ``(384, 64)``."""
        content = (files("app.encoders") / "stats" / f"{self.name}.npz").read_bytes()
        with np.load(BytesIO(content)) as stored:
            basis: Floats = stored["basis"].astype(np.float32)
            return basis

    @cached_property
    def _session(self) -> Any:
        folder = weights_folder(self.name)
        return open_session(folder / "model.onnx", folder)

    @cached_property
    def _tokenizer(self) -> Any:
        return open_tokenizer(weights_folder(self.name), None)
