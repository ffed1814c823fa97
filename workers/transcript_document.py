"""Reading a transcript document of whatever form; runs in a child process."""

import re
from collections.abc import Callable
from typing import Any

from workers.transcript_formats import read_html, read_json, read_srt, read_text, read_vtt
from workers.transcript_types import Cue, TranscriptError
from workers.transcript_words import timed_words, untimed_words

MAX_WORDS = 1_000_000
MAX_TIME_S = 1e6

_READERS: dict[str, Callable[[str], list[Cue]]] = {
    "json": read_json,
    "vtt": read_vtt,
    "srt": read_srt,
    "html": read_html,
    "text": read_text,
}


def transcript_json(body: bytes, about: str) -> dict[str, Any]:
    """Words as rows of text, start_s, end_s and speaker; ``about``: ``kind`` and duration_s.

    Raises TranscriptError.
    """
    kind, _, duration = about.partition(" ")
    text = decode(body)
    cues = [cue for cue in _READERS[actual_kind(text, kind)](text) if cue.text.strip()]
    is_timed = any(cue.start_s is not None for cue in cues)
    if any((cue.start_s or 0) > MAX_TIME_S or (cue.end_s or 0) > MAX_TIME_S for cue in cues):
        raise TranscriptError("The transcript has times that no episode reaches.")
    words = (
        timed_words(cues, float(duration) if duration else None)
        if is_timed
        else untimed_words(cues)
    )
    if not any(any(c.isalnum() for c in word.text) for word in words):
        raise TranscriptError("The transcript holds no words.")
    if len(words) > MAX_WORDS:
        raise TranscriptError(f"The transcript holds more than {MAX_WORDS} words.")
    rows = [[word.text, word.start_s, word.end_s, word.speaker] for word in words]
    return {"words": rows, "timed": is_timed, "language": _vtt_language(text)}


def decode(body: bytes) -> str:
    """Text in UTF-8, in UTF-16 with its mark, else in Windows' western code page; no NULs."""
    return _decode(body).replace("\0", "")


def _decode(body: bytes) -> str:
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", "replace")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")


def actual_kind(text: str, declared: str) -> str:
    """What a document is by its own look, whatever it was declared to be."""
    start = text[:2000].lstrip()
    if not start:
        raise TranscriptError("The transcript is empty.")
    if re.match(r"<(!doctype|html|head|body|script)\b", start, re.IGNORECASE):
        if declared in {"json", "vtt", "srt"}:
            raise TranscriptError("The transcript's address answered with a web page.")
        return "html"
    if start.startswith("WEBVTT"):
        return "vtt"
    if declared != "html" and re.search(r"^.*\d\s*-->\s*\d", start, re.MULTILINE):
        return "srt" if declared != "vtt" else "vtt"
    if start[0] in "{[" and re.match(r"[{\[]\s*[\"{\]}]", start):
        return "json"
    if declared in {"vtt", "srt"}:
        raise TranscriptError(f"The transcript is not the {declared.upper()} it claims to be.")
    if declared == "json":
        raise TranscriptError("The transcript is not the JSON it claims to be.")
    return "html" if start.startswith("<") else declared or "text"


def _vtt_language(text: str) -> str | None:
    header = text[:1000].partition("\n\n")[0]
    found = re.search(r"^Language:\s*(\S+)", header, re.MULTILINE)
    return found[1] if found and text.startswith("WEBVTT") else None
