"""A small library in a real Elasticsearch."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from app.catalog import Catalog
from app.domain import Episode, EpisodeStatus, Feed, Segment, Word
from app.encoders.base import Floats, Tokens
from app.encoders.minilm import MiniLm
from app.encoders.sound_classes import SoundClasses
from app.search.hybrid import Searcher
from app.search.index import SegmentIndex, make_indices
from app.search.schema import Model
from app.settings import Settings

MODELS = {
    "text_vector": Model("a-text-model", "1", 384),
    "audio_whisper": Model("an-audio-model", "1", 512),
    "audio_classes": Model(
        "yamnet", SoundClasses("yamnet", lambda: MiniLm("minilm-int8")).version, 522
    ),
    "voice": Model("a-voice-model", "1", 192),
    "reading": Model("a-reader", "1", 4),
}


def axis(number: int, dims: int = 384) -> Floats:
    """The unit vector along one axis; two of them have a cosine of 0."""
    vector = np.zeros(dims, np.float32)
    vector[number] = 1.0
    return vector


def between(a: Floats, b: Floats, cosine: float) -> Floats:
    """A unit vector at this cosine to ``a``, in the plane of two orthogonal ones."""
    return (cosine * a + np.sqrt(1 - cosine**2) * b).astype(np.float32)


def say(text: str, start_s: float = 0.0, language: str | None = "en") -> Segment:
    """A segment of these words, one every half second."""
    words = [
        Word(f" {word}", start_s + 0.5 * number, start_s + 0.5 * number + 0.4, 0.9)
        for number, word in enumerate(text.split())
    ]
    end_s = words[-1].end_s if words else start_s + 5.0
    return Segment(start_s, end_s, words, language)


class Library:
    """Feeds and episodes written as the pipeline writes them, and searched."""

    def __init__(self, es: Elasticsearch, prefix: str) -> None:
        self.es, self.prefix = es, prefix
        self.catalog = Catalog(es, prefix)
        self.segments = SegmentIndex(es, prefix)
        self.vectors: dict[str, Floats] = {}  # what a query means

    def add(
        self,
        name: str,
        segments: Sequence[Segment],
        *,
        feed: str = "show",
        text_vectors: Floats | None = None,
        audio_vectors: Floats | None = None,
        class_vectors: Floats | None = None,
        voice_vectors: Floats | None = None,
        readings: Sequence[Tokens] | None = None,
        **fields: Any,
    ) -> Episode:
        show = Feed(id=feed, url=f"http://127.0.0.1/{feed}.xml", title=fields.pop("show_title", ""))
        values = {"title": "", "published": datetime(2024, 5, 1, tzinfo=UTC)} | fields
        episode = Episode(id=name, feed_id=feed, guid=name, status=EpisodeStatus.INDEXED, **values)
        self.catalog.put_feed(show)
        self.catalog.put_episode(episode, wait=True)
        vectors = {
            "text_vector": text_vectors,
            "audio_whisper": audio_vectors,
            "audio_classes": class_vectors,
            "voice": voice_vectors,
            "reading": readings,
        }
        given = {field: rows for field, rows in vectors.items() if rows is not None}
        self.segments.write(show, episode, segments, given)
        return episode

    def embed(self, text: str) -> list[float]:
        """The meaning that a test gave these words, else one far from everything."""
        return [float(value) for value in self.vectors.get(text, axis(383))]

    @property
    def searcher(self) -> Searcher:
        return Searcher(self.es, self.prefix, self.embed)


@pytest.fixture
def new_library(es: Elasticsearch, settings: Settings) -> Iterator[Callable[[], Library]]:
    """Makes libraries with indices of their own."""
    prefixes: list[str] = []

    def make() -> Library:
        prefixes.append(
            f"{settings.index_prefix}-{len(prefixes)}{np.random.default_rng().integers(10**9)}"
        )
        make_indices(es, prefixes[-1], MODELS)
        return Library(es, prefixes[-1])

    yield make
    for prefix in prefixes:
        es.indices.delete(index=list(es.indices.get(index=f"{prefix}-*")))


@pytest.fixture
def library(new_library: Callable[[], Library]) -> Library:
    """An empty library."""
    return new_library()
