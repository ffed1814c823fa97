"""A feed as read from its document, before anything is known of what is stored."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from app.domain import Chapter, TranscriptLink


class FeedError(ValueError):
    """Why an address is no podcast, in words for the person who gave it."""


class _Parsed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ParsedEpisode(_Parsed):
    """One item; ``identity`` is its GUID, or its enclosure's address where it has none."""

    identity: str
    title: str = ""
    description: str = ""
    published: datetime | None = None  # UTC
    duration_s: float | None = None
    language: str | None = None
    audio_url: str | None = None
    audio_type: str = ""
    image_url: str | None = None
    link: str | None = None
    people: list[str] = Field(default_factory=list)
    chapters: list[Chapter] = Field(default_factory=list)
    chapters_url: str | None = None
    transcripts: list[TranscriptLink] = Field(default_factory=list)
    blocked: bool = False  # the publisher asks directories not to list it


class ParsedFeed(_Parsed):
    """A whole feed document, newest episode first."""

    podcast_guid: str | None = None
    new_url: str | None = None  # itunes:new-feed-url
    title: str = ""
    description: str = ""
    author: str = ""
    language: str | None = None
    image_url: str | None = None
    site_url: str | None = None
    locked: bool = False
    blocked: bool = False
    episodes: list[ParsedEpisode] = Field(default_factory=list)
