"""The place in an episode that an address names: ``?t=90``, ``?t=1m30s``, ``?t=90,120``."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app import quotes
from app.domain import Segment

_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d{1,2}(?:\.\d+)?)")
_UNITS = re.compile(r"(?=.)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?")
_MOST_S = 1e6  # eleven days


@dataclass(frozen=True, slots=True)
class Moment:
    """Where to start, and where to stop if that is said; ``moved_s`` since the link was made."""

    start_s: float = 0.0
    end_s: float | None = None
    moved_s: float = 0.0

    @property
    def fragment(self) -> str:
        """As a media fragment, for a browser's own player; empty for the whole."""
        if self.end_s is not None:
            return f"#t={self.start_s:.10g},{self.end_s:.10g}"
        return f"#t={self.start_s:.10g}" if self.start_s else ""


def read(t: str) -> Moment:
    """The moment from what an address says; the start where it says nothing.

    Each side of a comma is ``90``, ``90.5``, ``90s``, ``1m30s``, ``1h2m3s``, ``1:30`` or
    ``1:02:03``; nothing before the comma is the start. Raises ValueError.
    """
    start, comma, end = t.strip().lower().removeprefix("npt:").partition(",")
    start_s = _seconds(start) if start.strip() else 0.0
    end_s = _seconds(end) if comma else None
    if end_s is not None and end_s <= start_s:
        raise ValueError(f"{t!r} ends before it starts")
    return Moment(start_s, end_s)


def _seconds(text: str) -> float:
    match = _CLOCK.fullmatch(text.strip()) or _UNITS.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{text!r} is no time")
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return min(hours * 3600 + minutes * 60 + seconds, _MOST_S)


def found_again(moment: Moment, quote: str, segments: Sequence[Segment]) -> Moment:
    """The moment, moved to where the quoted words are said now, if they are not said there."""
    words = [word for segment in segments for word in segment.words]
    at_s = quotes.find(quote, words, moment.start_s)
    if at_s is None or abs(at_s - moment.start_s) <= quotes.SAME_S:
        return moment
    moved_s = at_s - moment.start_s
    end_s = None if moment.end_s is None else moment.end_s + moved_s
    return replace(moment, start_s=at_s, end_s=end_s, moved_s=moved_s)
