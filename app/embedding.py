"""Vectors of whole episodes, as ingest, re-indexing and evaluation need them."""

from collections.abc import Sequence

import numpy as np

from app.domain import Segment
from app.encoders.base import Floats, Reader, TextEmbedder, Tokens
from app.search.spoken import said


def embed_texts(segments: Sequence[Segment], embedder: TextEmbedder) -> Floats:
    """``(segments, dims)``; rows of NaN for segments without words."""
    vectors = np.full((len(segments), embedder.dims), np.nan, dtype=np.float32)
    spoken = [i for i, s in enumerate(segments) if s.text]
    if spoken:
        vectors[spoken] = embedder.embed([segments[i].text for i in spoken])
    return vectors


def read_texts(segments: Sequence[Segment], reader: Reader) -> list[Tokens]:
    """Of each segment its tokens' vectors, numbers in words; none for one without words."""
    spoken = [i for i, s in enumerate(segments) if s.text]
    read = reader.read([said(segments[i].text) for i in spoken])
    readings = [np.zeros((0, reader.dims), np.int8)] * len(segments)
    for i, tokens in zip(spoken, read, strict=True):
        readings[i] = tokens
    return readings
