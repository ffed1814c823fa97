"""Vectors of texts that were embedded before, so that measuring again costs the asking only."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.encoders.base import Floats, TextEmbedder, model_of


class Kept:
    """A text embedder that keeps what it made, by its model and by the very text."""

    def __init__(self, embedder: TextEmbedder, folder: Path) -> None:
        self._embedder = embedder
        self._folder = folder / _digest(model_of(embedder))
        self.name, self.version, self.dims = embedder.name, embedder.version, embedder.dims
        self.likeness = embedder.likeness
        self._known: dict[str, Floats] = {}
        for file in self._folder.glob("*.npz"):
            with np.load(file) as batch:
                self._known |= dict(zip(batch["texts"].tolist(), batch["vectors"], strict=True))

    def embed(self, texts: Sequence[str]) -> Floats:
        """As the embedder's own."""
        digests = [_digest(text) for text in texts]
        new = {d: t for d, t in zip(digests, texts, strict=True) if d not in self._known}
        if new:
            vectors = self._embedder.embed(list(new.values()))
            self._known |= dict(zip(new, vectors, strict=True))
            self._keep(list(new), vectors)
        return np.array([self._known[digest] for digest in digests], np.float32).reshape(
            len(texts), self.dims
        )

    def ask(self, question: str) -> Floats:
        """As the embedder's own."""
        return self._embedder.ask(question)

    def _keep(self, digests: list[str], vectors: Floats) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / f"{_digest(''.join(digests))}.npz"
        partial = file.with_suffix(".partial")
        with partial.open("wb") as target:
            np.savez(target, texts=np.array(digests), vectors=vectors)
        partial.replace(file)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
