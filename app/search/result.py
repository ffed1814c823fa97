"""What a search answers: the shape that the HTTP interface promises."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from app.search.fuse import LegScore


@dataclass(frozen=True, slots=True)
class HitEpisode:
    """The episode of a hit."""

    id: str
    title: str
    published: str | None
    duration_s: float | None
    audio_url: str | None


@dataclass(frozen=True, slots=True)
class HitFeed:
    """The show of a hit."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One segment. ``highlights`` are code-point offsets into ``text``, the second excluded."""

    id: str
    start_s: float
    end_s: float
    at_s: float  # the second to play
    text: str
    highlights: list[tuple[int, int]]
    score: float
    legs: Mapping[str, LegScore]
    sounds: list[str]  # what is heard there, by name
    episode: HitEpisode
    feed: HitFeed
    url: str


@dataclass(frozen=True, slots=True)
class Group:
    """One episode with its best moments, of which there are ``moments`` in all."""

    episode: HitEpisode
    feed: HitFeed
    score: float
    moments: int
    hits: list[Hit]


@dataclass(frozen=True, slots=True)
class Total:
    """How many segments were found: ``eq`` exactly so many, ``gte`` at least."""

    value: int
    relation: str


@dataclass(frozen=True, slots=True)
class Degraded:
    """A part of the search that did not take part, and why."""

    part: str
    reason: str


@dataclass(frozen=True, slots=True)
class Intent:
    """What a clip was searched for: asked by the person, or guessed, and why."""

    asked: str | None
    used: str
    reason: str


@dataclass(frozen=True, slots=True)
class SoundAsked:
    """What the sound leg listened for: the field it asked, and the engine's names for it."""

    field: str
    names: list[str]


@dataclass(frozen=True, slots=True)
class Result:
    """A page of a search."""

    hits: list[Hit] | list[Group]
    next_cursor: str | None
    total: Total
    took_ms: float  # the whole time, of which Elasticsearch says it took es_took_ms
    es_took_ms: int
    relaxed: list[str]
    degraded: list[Degraded]
    intent: Intent | None = None  # of a clip
    sound: SoundAsked | None = None

    def as_json(self) -> dict[str, Any]:
        """The body of the answer."""
        return asdict(self)
