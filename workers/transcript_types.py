"""What a publisher's transcript is read into."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain import Word


class TranscriptError(ValueError):
    """Why a document is no transcript that can be used, for a person."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Text that is said between two times; ``end_s`` None: until the next cue starts.

    ``start_s`` None: the document gives no time, so it follows on the cue before it.
    """

    start_s: float | None
    end_s: float | None
    text: str
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class PublisherTranscript:
    """A publisher's words.

    ``timed``: the document gave times. ``estimated``: the times were spread over the episode's
    duration. Where neither holds, every time is 0.
    """

    words: Sequence[Word]
    language: str | None
    timed: bool
    estimated: bool = False
