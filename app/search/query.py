"""What is asked, and whether it can be."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from app.search.cursors import decode, encode, invalid

# Words and meaning: tuned on the development questions at both word error rates.
DEFAULT_WEIGHTS: Mapping[str, float] = {"keyword": 1.0, "meaning": 1.5, "sound": 1.0}
MOST_HITS = 100


class QueryError(ValueError):
    """A search that makes no sense, with the parameter to change."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


@dataclass(frozen=True, slots=True)
class Query:
    """One search. ``since`` includes its moment, ``until`` excludes it; both know their zone.

    ``audio_vector`` is what a clip sounds like, a unit vector of the audio embedder.
    Raises QueryError on values that cannot be meant.
    """

    q: str = ""
    size: int = 10
    cursor: str | None = None
    show: tuple[str, ...] = ()  # feed ids, any of them
    language: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    min_duration_s: float | None = None
    max_duration_s: float | None = None
    weights: Mapping[str, float] = field(default_factory=dict)
    group: Literal["episode"] | None = None
    audio_vector: Sequence[float] | None = None

    def __post_init__(self) -> None:
        if not self.q.strip() and self.audio_vector is None:
            raise QueryError("q", "Say what to search for.")
        if not 1 <= self.size <= MOST_HITS:
            raise QueryError("size", f"size lies between 1 and {MOST_HITS}.")
        if self.group not in (None, "episode"):
            raise QueryError("group", "group can only be: episode.")
        _check_weights(self.weights)

    def weight_of(self, leg: str) -> float:
        """The weight asked for, or the default."""
        return self.weights.get(leg, DEFAULT_WEIGHTS[leg])

    def identity(self) -> str:
        """The same for each page of one search, whatever its size."""
        parts = (
            self.q,
            sorted(self.show),
            self.language,
            self.since,
            self.until,
            self.min_duration_s,
            self.max_duration_s,
            sorted(self.weights.items()),
            self.group,
            self.audio_vector is None,
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
        if leg not in DEFAULT_WEIGHTS:
            known = ", ".join(DEFAULT_WEIGHTS)
            raise QueryError(f"w_{leg}", f"There is no leg {leg}; legs are {known}.")
        if not (math.isfinite(weight) and weight >= 0):
            raise QueryError(f"w_{leg}", "A weight is a number, 0 or more.")
