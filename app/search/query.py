"""What is asked, and whether it can be."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from app.search.classes import query_class
from app.search.cursors import decode, encode, invalid
from app.search.weights import INTENTS, LEGS, defaults
from app.search.words import Words, heard, read

MOST_HITS = 100


class QueryError(ValueError):
    """A search that makes no sense, with the parameter to change."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


@dataclass(frozen=True, slots=True)
class Query:
    """One search. ``since`` includes its moment, ``until`` excludes it; both know their zone.

    ``audio_vectors`` are what a clip sounds like, by the field of each audio embedder;
    ``voice_vector`` likewise who speaks in it; ``landmarks`` what tells the recording, of
    app.audio.landmarks; and ``intent`` what the clip is for, None: whatever it finds.
    ``is_clip``: the search is by a clip, of which there may be no words and no vector;
    ``was_heard``: the words are what is said in it, and hold no operators.
    Raises QueryError on values that cannot be meant.
    """

    q: str = ""
    size: int = 10
    cursor: str | None = None
    show: tuple[str, ...] = ()  # feed ids, any of them
    sound: tuple[str, ...] = ()  # names of classes of sound, all of them heard
    language: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    min_duration_s: float | None = None
    max_duration_s: float | None = None
    weights: Mapping[str, float] = field(default_factory=dict)
    group: Literal["episode"] | None = None
    audio_vectors: Mapping[str, Sequence[float]] = field(default_factory=dict)
    voice_vector: Sequence[float] | None = None
    landmarks: Mapping[str, Any] | None = None
    intent: str | None = None
    was_heard: bool = False
    is_clip: bool = False
    within: frozenset[str] | None = None  # the ids of the passages to look in; None: all

    def __post_init__(self) -> None:
        if not self.q.strip() and not self.is_clip:
            raise QueryError("q", "Say what to search for.")
        if not 1 <= self.size <= MOST_HITS:
            raise QueryError("size", f"size lies between 1 and {MOST_HITS}.")
        if self.group not in (None, "episode"):
            raise QueryError("group", "group can only be: episode.")
        if self.intent not in (None, *INTENTS):
            raise QueryError("intent", f"intent can only be: {', '.join(INTENTS)}.")
        _check_weights(self.weights)

    def words(self) -> Words:
        """What was typed, or heard."""
        return heard(self.q) if self.was_heard else read(self.q)

    def weights_for(self, words: Words) -> dict[str, float]:
        """Every leg's weight: the one asked for, else that of the words' class or the intent."""
        return {**defaults(query_class(words), self.intent), **self.weights}

    def identity(self) -> str:
        """The same for each page of one search, whatever its size."""
        parts = (
            self.q,
            sorted(self.show),
            sorted(self.sound),
            self.language,
            self.since,
            self.until,
            self.min_duration_s,
            self.max_duration_s,
            sorted(self.weights.items()),
            self.group,
            sorted(self.audio_vectors),
            self.voice_vector is None,
            self.landmarks is None,
            self.intent,
            self.was_heard,
        )
        return hashlib.sha256(repr(parts).encode("utf-8", "backslashreplace")).hexdigest()[:12]

    def offset(self) -> int:
        """How many results came before this page. Raises CursorError on another's cursor."""
        if self.cursor is None:
            return 0
        match decode(self.cursor):
            case [str(identity), int(offset)] if identity == self.identity() and offset > 0:
                return offset
        raise invalid()

    def cursor_at(self, offset: int) -> str:
        """The cursor of the page that starts after this many results."""
        return encode([self.identity(), offset])


def _check_weights(weights: Mapping[str, float]) -> None:
    for leg, weight in weights.items():
        if leg not in LEGS:
            known = ", ".join(LEGS)
            raise QueryError(f"w_{leg}", f"There is no leg {leg}; legs are {known}.")
        if not (math.isfinite(weight) and weight >= 0):
            raise QueryError(f"w_{leg}", "A weight is a number, 0 or more.")
