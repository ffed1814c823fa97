"""The API's answers: each field here is a promise to those who script against it."""

from datetime import datetime
from typing import Generic, Literal, TypeVar

from pydantic import BaseModel, Field

from app.domain import Chapter, EpisodeStatus, FeedHealth, Progress, TranscriptsMode
from app.web.inputs import Intent

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """A part of a list; ``next_cursor`` fetches the one after it."""

    items: list[T]
    next_cursor: str | None


class FeedOut(BaseModel):
    """A feed, how it is doing and when it is polled."""

    id: str
    url: str
    title: str
    description: str
    author: str
    language: str | None
    image_url: str | None
    site_url: str | None
    transcripts: TranscriptsMode
    latest: int | None
    hotwords: list[str]
    paused: bool
    health: FeedHealth
    last_error: str | None
    last_polled_at: datetime | None
    next_poll_at: datetime | None
    created_at: datetime


class EpisodeOut(BaseModel):
    """An episode and where it is on its way to being searchable."""

    id: str
    feed_id: str
    guid: str
    title: str
    published: datetime | None
    duration_s: float | None
    language: str | None
    status: EpisodeStatus
    progress: Progress
    error: str | None
    audio_url: str | None


class EpisodeDetail(EpisodeOut):
    """An episode with all that is known of it."""

    description: str
    link: str | None
    image_url: str | None
    people: list[str]
    chapters: list[Chapter]
    attempts: int
    vanished: bool
    words_from: Literal["audio", "publisher"] | None
    times_estimated: bool
    segments: int | None
    indexed_at: datetime | None


class PeaksOut(BaseModel):
    """A waveform: how loud the audio is, from 0 to 255, at evenly spread places.

    Empty where none was kept: the episode was heard before there were waveforms.
    """

    episode_id: str
    duration_s: float | None
    peaks: list[int]


class Leg(BaseModel):
    """What one way of searching gave a hit."""

    score: float
    normalised: float
    weight: float
    contribution: float
    rank: int


class HitEpisode(BaseModel):
    """The episode of a hit."""

    id: str
    title: str
    published: datetime | None
    duration_s: float | None
    audio_url: str | None


class HitFeed(BaseModel):
    """The show of a hit."""

    id: str
    title: str


class Hit(BaseModel):
    """One segment that was found; ``at_s`` is the second to play.

    ``legs`` holds the ways that found it: keyword, sounds_like, meaning, reading, sound,
    recording, voice. With recording, ``at_s`` is the very place at which the clip begins.
    """

    id: str
    start_s: float
    end_s: float
    at_s: float
    text: str
    highlights: list[tuple[int, int]]
    score: float
    legs: dict[str, Leg]
    sounds: list[str] = Field(description="What is heard there beside speech, the surest first")
    episode: HitEpisode
    feed: HitFeed
    url: str


class Group(BaseModel):
    """An episode with its best moments, of which there are ``moments`` in all."""

    episode: HitEpisode
    feed: HitFeed
    score: float
    moments: int
    hits: list[Hit]


class Total(BaseModel):
    """How many there are: exactly, or at least."""

    value: int
    relation: Literal["eq", "gte"]


class Degraded(BaseModel):
    """A part that could not do its share, and why."""

    part: str
    reason: str


class SoundOut(BaseModel):
    """What was listened for: the field that was asked, and the names that its engine has for it."""

    field: str
    names: list[str]


class SearchOut(BaseModel):
    """The hits of a search, best first; with ``group=episode``, the episodes."""

    hits: list[Hit] | list[Group]
    next_cursor: str | None
    total: Total
    took_ms: float
    es_took_ms: float
    relaxed: list[str] = Field(
        description="Phrases and alternatives of q that no hit, or not every hit, says: "
        "none says them, or not all of them together"
    )
    degraded: list[Degraded]
    sound: SoundOut | None = Field(
        None, description="Of a clip's sound, or one that was asked for by name"
    )


class HeardWord(BaseModel):
    """A word as it was heard in a clip."""

    word: str
    start_s: float
    end_s: float
    probability: float


class HeardOut(BaseModel):
    """What was said in a clip."""

    text: str
    language: str | None
    words: list[HeardWord]


class IntentOut(BaseModel):
    """What a clip was searched for: as asked, or as guessed (``asked`` is null), and why."""

    asked: str | None
    used: Intent
    reason: str


class NoiseOut(BaseModel):
    """How far speech stands above the noise (null: nobody speaks), and what heard it denoised."""

    snr_db: float | None
    denoised: list[str]


class ClipOut(SearchOut):
    """The hits of a clip; ``heard`` is null where nothing was said, or its words did not matter."""

    heard: HeardOut | None
    intent: IntentOut
    noise: NoiseOut


class SegmentOut(BaseModel):
    """One segment with its place."""

    id: str
    start_s: float
    end_s: float
    text: str
    language: str | None
    episode: HitEpisode
    feed: HitFeed
    url: str


class TranscriptWord(BaseModel):
    """A word of a transcript, in seconds from the start of the audio."""

    word: str
    start_s: float
    end_s: float
    probability: float
    speaker: str | None


class TranscriptSegment(BaseModel):
    """A stretch of a transcript."""

    start_s: float
    end_s: float
    language: str | None
    text: str
    words: list[TranscriptWord]


class TranscriptOut(BaseModel):
    """A whole transcript."""

    episode_id: str
    language: str | None
    times_estimated: bool
    segments: list[TranscriptSegment]


class JobOut(BaseModel):
    """A long job and how far it is."""

    id: str
    state: Literal["queued", "running", "done", "failed"]
    done: int
    total: int
    error: str | None


class ImportedFeed(BaseModel):
    """What became of one address of an OPML file; neither id nor error: still being checked."""

    url: str
    id: str | None
    created: bool
    error: str | None


class ImportOut(BaseModel):
    """An OPML file's feeds, in its order."""

    items: list[ImportedFeed]


class ProblemOut(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str
    errors: list["FaultOut"] = []


class FaultOut(BaseModel):
    """One bad parameter."""

    name: str
    detail: str
