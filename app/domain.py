"""The types that the stages hand to one another, and their deterministic ids."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

PIPELINE_VERSION = 1  # part of every segment id: raise it when segments of old audio would differ

TranscriptsMode = Literal["prefer", "ignore", "only"]


def utc_now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


def make_id(*parts: str) -> str:
    """Sixteen hex digits that depend on the parts alone."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def feed_id(url: str) -> str:
    """The id of the feed first seen at this address."""
    return make_id("feed", url)


def episode_id(feed: str, guid: str) -> str:
    """The id of an episode, from its feed's id and its GUID (or enclosure address)."""
    return make_id("episode", feed, guid)


def segment_id(episode: str, start_s: float) -> str:
    """The id of the segment of an episode that starts at this second."""
    return make_id("segment", episode, f"{start_s:.3f}", str(PIPELINE_VERSION))


class EpisodeStatus(StrEnum):
    """Where an episode is on its way; the last five stay until someone acts."""

    QUEUED = "queued"
    FETCHING = "fetching"
    TRANSCRIBING = "transcribing"
    EMBEDDING = "embedding"
    INDEXED = "indexed"
    FAILED = "failed"
    SKIPPED = "skipped"
    PAUSED = "paused"
    DELETED = "deleted"  # the tombstone: the next poll does not bring it back


IN_PROGRESS = frozenset(
    {
        EpisodeStatus.QUEUED,
        EpisodeStatus.FETCHING,
        EpisodeStatus.TRANSCRIBING,
        EpisodeStatus.EMBEDDING,
    }
)


class FeedHealth(StrEnum):
    """How the last poll of a feed went."""

    OK = "ok"
    FAILING = "failing"
    GONE = "gone"  # HTTP 410: polled no more


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Chapter(_Record):
    """A named place in an episode."""

    start_s: float
    title: str


class TranscriptLink(_Record):
    """A publisher's transcript, as the feed names it."""

    url: str
    type: str = ""
    language: str | None = None


class Progress(_Record):
    """Seconds of audio done, of how many."""

    done_s: float = 0.0
    total_s: float = 0.0


class Feed(_Record):
    """A podcast, as stored in the feeds index."""

    id: str
    url: str
    urls: list[str] = Field(default_factory=list)  # every address it was ever known by
    podcast_guid: str | None = None
    title: str = ""
    description: str = ""
    author: str = ""
    language: str | None = None  # BCP-47 primary subtag
    image_url: str | None = None
    site_url: str | None = None
    locked: bool = False
    transcripts: TranscriptsMode = "prefer"
    latest: int | None = None
    hotwords: list[str] = Field(default_factory=list)  # names to expect, as an admin spells them
    paused: bool = False
    health: FeedHealth = FeedHealth.OK
    last_error: str | None = None
    failures: int = 0
    etag: str | None = None
    last_modified: str | None = None
    last_polled_at: datetime | None = None
    next_poll_at: datetime | None = None
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)


class Episode(_Record):
    """An episode, as stored in the episodes index."""

    id: str
    feed_id: str
    guid: str
    title: str = ""
    description: str = ""
    published: datetime | None = None
    duration_s: float | None = None  # the feed's claim until the audio was measured
    language: str | None = None  # BCP-47 primary subtag: the feed's until the audio was heard
    audio_url: str | None = None
    audio_type: str = ""
    audio_bytes: int | None = None
    audio_sha256: str | None = None
    image_url: str | None = None
    link: str | None = None
    people: list[str] = Field(default_factory=list)
    chapters: list[Chapter] = Field(default_factory=list)
    chapters_url: str | None = None
    transcripts: list[TranscriptLink] = Field(default_factory=list)
    status: EpisodeStatus = EpisodeStatus.QUEUED
    progress: Progress = Field(default_factory=Progress)
    error: str | None = None
    attempts: int = 0
    vanished: bool = False  # no longer in its feed
    words_from: Literal["audio", "publisher"] | None = None
    times_estimated: bool = False
    segments: int | None = None
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)
    indexed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """A word as heard or read; ``text`` keeps the space before it where its language has one."""

    text: str
    start_s: float
    end_s: float
    probability: float = 1.0
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """The indexed unit: a stretch of an episode, with its words or without any."""

    start_s: float
    end_s: float
    words: Sequence[Word] = ()
    language: str | None = None

    @property
    def text(self) -> str:
        """The words as one string; empty where nothing was said."""
        return "".join(word.text for word in self.words).strip()


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of audio, in seconds from the first decoded sample."""

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        """Its length."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Window:
    """At most 30 s that one encoder pass hears; transcribed too where it holds speech."""

    start_s: float
    end_s: float
    speech: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """At most ten minutes of windows, the work of one transcription task."""

    number: int
    windows: Sequence[Window] = field(default_factory=tuple)
