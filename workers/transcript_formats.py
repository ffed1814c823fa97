"""Reading the forms that transcripts come in: VTT, SRT, JSON, HTML, plain text -> cues.

Parsers of our own: publishers' files break the formats' rules in ways that readers made for
well-formed subtitles refuse (commas in VTT times, missing numbers, names before colons), and
what is needed of them is small.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

from workers.transcript_types import Cue, TranscriptError

_TIME = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?"
_CLOCK = re.compile(_TIME)
_ARROW = re.compile(rf"^\s*(?P<start>{_TIME})\s*-->\s*(?P<end>{_TIME})(?:\s.*)?$")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s+([^<>]*)>", re.IGNORECASE)
_MARKUP = re.compile(r"</?[a-z][^<>]*>|<\d[\d:.,]*>|\{\\[^{}]*\}", re.IGNORECASE)
_NAME = re.compile(r"(?:[-–—>]+\s*)?([^\W\d_][\w.'’-]*(?: [\w.'’-]+){0,3}):\s+(?=\S)")
_NAME_MAX = 80  # characters
_FLASH_S = 0.05  # shorter cues only repeat what rolls up


def read_vtt(text: str) -> list[Cue]:
    """The cues of WebVTT; ``<v Name>`` tells the speaker."""
    cues: list[Cue] = []
    for start_s, end_s, lines in _timed_blocks(text):
        cues += _vtt_voices(start_s, end_s, "\n".join(lines))
    return cues if any(cue.speaker for cue in cues) else with_speakers(cues)


def read_srt(text: str) -> list[Cue]:
    """The cues of SubRip; ``NAME: text`` tells the speaker."""
    return with_speakers(
        [
            Cue(start_s, end_s, _bare(" ".join(lines)))
            for start_s, end_s, lines in _timed_blocks(text)
        ]
    )


def read_json(text: str) -> list[Cue]:
    """The segments of the podcast namespace's JSON: startTime, endTime, body, speaker."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TranscriptError("The transcript is not the JSON it claims to be.") from error
    segments = document.get("segments") if isinstance(document, dict) else document
    if not isinstance(segments, list):
        raise TranscriptError("The transcript is JSON without a list of segments.")
    return [_json_cue(row) for row in segments if isinstance(row, dict)]


def read_html(text: str) -> list[Cue]:
    """Paragraphs, with ``<cite>`` for the speaker and ``<time>`` for the start."""
    reader = _HtmlTranscript()
    reader.feed(text)
    reader.close()
    cues = reader.cues()
    if not times_are_plausible(cues):
        cues = [replace(cue, start_s=None) for cue in cues]
    return cues if any(cue.speaker for cue in cues) else with_speakers(cues)


def read_text(text: str) -> list[Cue]:
    """Lines, which may begin with a time or a name."""
    lines = [line.strip() for line in text.splitlines()]
    timed = [Cue(at_s, None, said) for at_s, said in map(_leading_time, lines)]
    if not times_are_plausible(timed):
        timed = [Cue(None, None, line) for line in lines]
    return with_speakers(timed)


def times_are_plausible(cues: Sequence[Cue]) -> bool:
    """Whether several cues have times, and these go forward."""
    times = [cue.start_s for cue in cues if cue.start_s is not None]
    return len(times) > 1 and all(earlier <= later for earlier, later in pairwise(times))


def with_speakers(cues: Sequence[Cue]) -> list[Cue]:
    """``NAME: text`` as name and text; a name holds until the next.

    What stands once before a colon and is not in capitals may be the start of a sentence.
    """
    found = [_NAME.match(cue.text[:_NAME_MAX]) for cue in cues]
    count = Counter(match[1] for match in found if match)
    named, speaker = [], None
    for cue, match in zip(cues, found, strict=True):
        text = cue.text
        if match and (count[match[1]] > 1 or match[1].isupper()):
            speaker, text = match[1], text[match.end() :]
        named.append(replace(cue, text=text, speaker=speaker))
    return named


def seconds(text: str) -> float | None:
    """Seconds of ``h:mm:ss.mmm`` or ``mm:ss``, with a point or a comma."""
    found = _CLOCK.fullmatch(text.strip().strip("[]()"))
    if found is None:
        return None
    hours, minutes, whole, fraction = found.groups()
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(whole) + float(f"0.{fraction or 0}")


def _timed_blocks(text: str) -> Iterator[tuple[float, float, list[str]]]:
    """The lines after each line with an arrow, up to a blank line or the next arrow."""
    lines = text.splitlines()
    number, last = 0, ""
    while number < len(lines):
        arrow = _ARROW.match(lines[number])
        number += 1
        if arrow is None:
            continue
        said = []
        while number < len(lines) and lines[number].strip() and "-->" not in lines[number]:
            said.append(lines[number].strip())
            number += 1
        start_s, end_s = seconds(arrow["start"]) or 0.0, seconds(arrow["end"]) or 0.0
        if said and said[0] == last and (len(said) > 1 or end_s - start_s < _FLASH_S):
            said = said[1:]  # captions that roll up show each line twice
        last = said[-1] if said else last
        yield start_s, max(start_s, end_s), said


def _vtt_voices(start_s: float, end_s: float, text: str) -> list[Cue]:
    """One cue for each voice; its time is shared in proportion to what each says."""
    first, *rest = _VOICE.split(text)
    pairs = [("", first), *zip(rest[::2], rest[1::2], strict=True)]
    turns = [(_bare(name) or None, _bare(said)) for name, said in pairs if _bare(said)]
    total = sum(len(said) for _, said in turns)
    cues, at_s = [], start_s
    for name, said in turns:
        until_s = at_s + (end_s - start_s) * len(said) / total
        cues.append(Cue(at_s, until_s, said, name))
        at_s = until_s
    return cues


def _bare(text: str) -> str:
    """Cue text without its markup."""
    return " ".join(unescape(_MARKUP.sub("", text)).split())


def _json_cue(row: dict[str, Any]) -> Cue:
    speaker = row.get("speaker")
    return Cue(
        _number(row.get("startTime", row.get("start"))),
        _number(row.get("endTime", row.get("end"))),
        str(row.get("body", row.get("text")) or ""),
        str(speaker) if speaker else None,
    )


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return seconds(value) if isinstance(value, str) else None
    return number if math.isfinite(number) and number >= 0 else None


def _leading_time(line: str) -> tuple[float | None, str]:
    found = re.match(rf"^(\[{_TIME}\]|\({_TIME}\)|{_TIME}(?=\s))\s*", line)
    if found is None:
        return None, line
    return seconds(found[1]), line[found.end() :]


class _HtmlTranscript(HTMLParser):
    """Collects (speaker, time, text) turns."""

    _BREAKS = frozenset({"p", "div", "li", "br", "tr", "blockquote", "section", "article"})
    _HIDDEN = frozenset({"script", "style", "head", "nav", "header", "footer", "template"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._turns: list[tuple[str | None, float | None, list[str]]] = []
        self._speaker: str | None = None
        self._start_s: float | None = None
        self._inside: list[str] = []
        self._marked = ""  # text of the open cite or time
        self._said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"cite", "time"}:
            self._end_turn()
            self._marked = ""
        if tag in {"cite", "time"} or tag in self._HIDDEN:
            self._inside.append(tag)
        elif tag in self._BREAKS:
            self._end_turn()

    def handle_endtag(self, tag: str) -> None:
        if tag in self._BREAKS:
            self._end_turn()
        if tag not in self._inside:
            return
        while self._inside.pop() != tag:
            continue
        if tag == "cite":
            self._speaker = self._marked.strip().rstrip(":").strip() or None
        elif tag == "time":
            self._start_s = seconds(self._marked)

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self._said.append(data)
        elif self._inside[-1] in {"cite", "time"}:
            self._marked += data

    def _end_turn(self) -> None:
        if "".join(self._said).strip():
            self._turns.append((self._speaker, self._start_s, self._said))
            self._start_s = None
        self._said = []

    def cues(self) -> list[Cue]:
        self._end_turn()
        return [
            Cue(at_s, None, " ".join("".join(said).split()), who) for who, at_s, said in self._turns
        ]
