"""The one presenter of segments: domain to Elasticsearch document."""

import base64
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain import Chapter, Episode, Feed, Segment, Word, segment_id
from app.encoders.audioset import heard_in
from app.search import sounds_like
from app.search.languages import form_of

Vector = NDArray[np.float32] | NDArray[np.int8]


def encode_vector(vector: Vector) -> str:
    """A vector as base64 of big-endian float32, which Elasticsearch reads faster than numbers.

    A reading's int8 rows are base64 of their bytes, one row after the other.
    """
    if vector.dtype == np.int8:
        return base64.b64encode(vector.tobytes()).decode("ascii")
    return base64.b64encode(np.asarray(vector, dtype=">f4").tobytes()).decode("ascii")


def segment_document(
    feed: Feed,
    episode: Episode,
    segment: Segment,
    vectors: Mapping[str, Vector],
) -> dict[str, Any]:
    """One segment's document with its vectors by field; fields without a value are left out."""
    document = {
        "id": segment_id(episode.id, segment.start_s),
        "feed_id": feed.id,
        "episode_id": episode.id,
        "start_s": segment.start_s,
        "end_s": segment.end_s,
        "language": segment.language,
        "published": episode.published.isoformat() if episode.published else None,
        "episode_duration_s": episode.duration_s,
        "feed_title": feed.title,
        "episode_title": episode.title,
        "people": episode.people,
        "chapters": [chapter.title for chapter in _heard_in(episode.chapters, segment)],
        **{field: encode_vector(vector) for field, vector in vectors.items()},
        **_spoken(segment),
        "sounds": _heard(vectors),
    }
    return {name: value for name, value in document.items() if value not in (None, "", [])}


def _spoken(segment: Segment) -> dict[str, Any]:
    text, offsets = join_words(segment.words)
    if not text:
        return {}
    return {
        "text": text,
        "stemmed": {form_of(segment.language): text},
        "sounds_like": sounds_like.of_text(text),
        "words": _columns(segment.words, offsets),
    }


def join_words(words: Iterable[Word]) -> tuple[str, list[int]]:
    """The words as one NFC string, and the code point at which each word begins."""
    text, offsets = "", []
    for word in words:
        spoken = unicodedata.normalize("NFC", word.text)
        joined = text + spoken if text else spoken.lstrip()
        offsets.append(len(joined) - len(spoken.lstrip()))
        text = joined
    return text.rstrip(), offsets


def _columns(words: Sequence[Word], offsets: list[int]) -> dict[str, list[Any]]:
    return {
        "offset": offsets,
        "start_s": [round(word.start_s, 3) for word in words],
        "end_s": [round(word.end_s, 3) for word in words],
        "probability": [round(word.probability, 3) for word in words],
    }


def _heard(vectors: Mapping[str, Vector]) -> list[str]:
    """The names of the sounds, where an engine tells them."""
    classes = vectors.get("audio_classes")
    return [] if classes is None else heard_in(classes.astype(np.float32))


def _heard_in(chapters: Sequence[Chapter], segment: Segment) -> list[Chapter]:
    """The chapters that a segment lies in, whole or in part."""
    ordered = sorted(chapters, key=lambda chapter: chapter.start_s)
    ends = [chapter.start_s for chapter in ordered[1:]] + [float("inf")]
    return [
        chapter
        for chapter, end_s in zip(ordered, ends, strict=False)  # without chapters, an end too many
        if chapter.start_s < segment.end_s and end_s > segment.start_s
    ]
