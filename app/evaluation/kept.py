"""Vectors of texts that were embedded before, so that measuring again costs the asking only."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.encoders.base import Floats, TextEmbedder, model_of


class Kept:
    """A text embedder that keeps what it made, by its model and by the very texts."""

    def __init__(self, embedder: TextEmbedder, folder: Path) -> None:
        self._embedder, self._folder = embedder, folder
        self.name, self.version, self.dims = embedder.name, embedder.version, embedder.dims

    def embed(self, texts: Sequence[str]) -> Floats:
        """As the embedder's own."""
        parts = "\x1f".join([model_of(self._embedder), *texts]).encode("utf-8", "replace")
        file = self._folder / f"{hashlib.sha256(parts).hexdigest()[:32]}.npy"
        if file.exists():
            kept: Floats = np.load(file)
            return kept
        vectors = self._embedder.embed(texts)
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial.npy")
        np.save(partial, vectors)
        partial.replace(file)
        return vectors
