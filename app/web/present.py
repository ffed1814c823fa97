"""From values to what a person reads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from urllib.parse import urlencode

from flask import Flask
from markupsafe import Markup, escape

from app.domain import EpisodeStatus, Segment, utc_now
from app.web.models import ClipOut, Degraded, Hit, SearchOut

SNIPPET_CHARS = 240
TILE_COLOURS = 6
DASH = "–"

LANGUAGES = {
    "ar": "Arabic",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "fi": "Finnish",
    "fr": "French",
    "hi": "Hindi",
    "hu": "Hungarian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sv": "Swedish",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "zh": "Chinese",
}
LEGS = {
    "keyword": "same words",
    "sounds_like": "sounds alike",
    "meaning": "similar meaning",
    "reading": "reads as an answer",
    "sound": "similar sound",
    "recording": "same recording",
    "voice": "same voice",
}
INTENTS = {
    "words": "What is said",
    "meaning": "What it means",
    "sound": "How it sounds",
    "recording": "This very recording",
    "voice": "Who speaks",
}
CHOICES = {"": "Find out what it is"} | INTENTS
NOTHING = {
    "words": "Nobody says this",
    "meaning": "Nobody says this, or means it",
    "sound": "Nothing here sounds like the recording",
    "recording": "This recording is not in the library",
    "voice": "No passage has this voice",
}
NOISY_DB = 10  # speech over noise; below, Whisper mishears many words
FILTERS = {
    "q": "question",
    "show": "show",
    "sound": "sound",
    "language": "language",
    "since": "first date",
    "until": "last date",
    "length": "length",
    "cursor": "page of results",
}
STATUSES = {
    EpisodeStatus.QUEUED: "waiting",
    EpisodeStatus.FETCHING: "downloading",
    EpisodeStatus.TRANSCRIBING: "transcribing",
    EpisodeStatus.EMBEDDING: "embedding",
    EpisodeStatus.INDEXED: "searchable",
    EpisodeStatus.FAILED: "failed",
    EpisodeStatus.SKIPPED: "skipped",
    EpisodeStatus.PAUSED: "paused",
    EpisodeStatus.DELETED: "deleted",
}
PARTS = {
    "keyword": "search by words",
    "sounds_like": "search for what sounds alike",
    "meaning": "search by meaning",
    "reading": "reading the best closely",
    "sound": "search by sound",
    "recording": "search for the recording",
    "voice": "search by voice",
    "words": "hearing the words",
    "text": "search by meaning",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One speaker's paragraph of a transcript; no text: a stretch without speech."""

    start_s: float
    end_s: float
    text: str
    language: str | None
    speaker: str | None = None


def place(hit: Hit) -> str:
    """Where a hit plays, with tenths of a second where the clip itself was recognised: 7:05.3."""
    tenths = round(10 * hit.at_s)
    exact = f".{tenths % 10}" if "recording" in hit.legs else ""
    return clock(tenths / 10 if exact else hit.at_s) + exact


def clock(seconds: float) -> str:
    """A place in the audio: 7:05, or 1:07:05."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def lasting(seconds: float | None) -> str:
    """How long something is: 45 s, 12 min, 1 h 5 min."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{round(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def day(moment: datetime | None) -> str:
    """A date in words."""
    return f"{moment.day} {moment:%B %Y}" if moment else ""


def when(moment: datetime | None) -> str:
    """How far away a moment is: 5 min ago, in 2 h."""
    if moment is None:
        return "never"
    seconds = (moment.astimezone(UTC) - utc_now()).total_seconds()
    if abs(seconds) < 45:
        return "just now" if seconds <= 0 else "in a moment"
    away = _away(abs(seconds))
    return f"in {away}" if seconds > 0 else f"{away} ago"


def _away(seconds: float) -> str:
    if seconds < 3600:
        return f"{max(1, round(seconds / 60))} min"
    return f"{round(seconds / 3600)} h" if seconds < 48 * 3600 else f"{round(seconds / 86400)} days"


def moments(count: int) -> str:
    """How many moments."""
    return "1 moment" if count == 1 else f"{count} moments"


def language(code: str | None) -> str:
    """A language's name."""
    return LANGUAGES.get(code or "", code or "")


def reason(name: str, hit: Hit) -> str:
    """Why a leg found this, as a listener would say it; words not in the text are in a title."""
    if name == "keyword" and not hit.highlights:
        return "title or chapter"
    if name == "sounds_like" and "keyword" not in hit.legs:
        return "sounds alike, not the same words"
    return LEGS.get(name, name)


def fault(name: str) -> str:
    """One sentence on a part of the address that cannot be used."""
    return f"The {FILTERS.get(name, name)} in this address cannot be used; nothing was searched."


def status(value: EpisodeStatus) -> str:
    """A status as a person would say it."""
    return STATUSES[value]


def notice(degraded: Degraded) -> str:
    """One sentence on what could not do its share."""
    if degraded.part == "paging":
        return degraded.reason
    if degraded.part == "sound":  # what names no sound is no fault of the search
        return f"Search by sound: {degraded.reason.rstrip('.')}."
    part = PARTS.get(degraded.part, degraded.part.replace("_", " "))
    return f"{part[:1].upper()}{part[1:]} was not available. {degraded.reason.rstrip('.')}."


def intent(found: ClipOut) -> Markup:
    """One sentence on what a clip was searched for, and why."""
    used, why = found.intent.used, found.intent.reason
    label = INTENTS[used][:1].lower() + INTENTS[used][1:]
    because = "as you chose" if found.intent.asked else f"because {why}"
    return Markup("Searched for <b>{}</b>, {}.").format(label, because)


def noisy(found: ClipOut) -> str | None:
    """One sentence on the noise in a clip, where it may have cost words or the voice."""
    snr_db = found.noise.snr_db
    if (
        snr_db is None
        or snr_db >= NOISY_DB
        or found.intent.used not in ("words", "meaning", "voice")
    ):
        return None
    cost = "" if found.intent.used == "voice" else ": words may be misheard"
    return f"The recording is noisy ({snr_db:.0f} dB){cost}."


def nothing(found: ClipOut) -> str:
    """What it means that nothing was found for a clip."""
    used = found.intent.used
    if found.degraded:
        return "Nothing was found"
    if used == "voice" and found.noise.snr_db is None:
        return "Nobody speaks in the recording"
    if used in ("words", "meaning") and found.heard is None:
        return "No words were heard in the recording"
    return NOTHING[used]


def listened(found: SearchOut) -> str | None:
    """One sentence on what was listened for, in the words of the engine that did."""
    if found.sound is None or not found.sound.names:
        return None
    return f"Listened for: {', '.join(found.sound.names)}."


def relaxed(asked: Sequence[str], *, closest: bool) -> str:
    """One sentence on what was required and no passage says; ``closest``: others are shown."""
    quoted = [f"“{one}”" for one in asked]
    instead = "; showing what comes closest." if closest else "."
    if len(quoted) == 1:
        return f"No one says exactly {quoted[0]}{instead}"
    return f"No one says {', '.join(quoted[:-1])} and {quoted[-1]} together{instead}"


def tile(feed_id: str) -> str:
    """The class that colours a show without artwork."""
    return f"tile-{sum(feed_id.encode()) % TILE_COLOURS}"


def initials(title: str) -> str:
    """One or two letters for a show without artwork."""
    words = [word for word in title.split() if word[:1].isalnum() and word.lower() != "the"]
    return "".join(word[0] for word in words[:2]).upper() or "?"


def snippet(hit: Hit) -> Markup:
    """The part of a hit's text around its first highlight, with the highlights marked."""
    first = hit.highlights[0][0] if hit.highlights else 0
    start, end = _around(hit.text, first)
    before, after = "… " if start else "", "\N{NO-BREAK SPACE}…" if end < len(hit.text) else ""
    inside = [(max(a, start), min(b, end)) for a, b in hit.highlights if b > start and a < end]
    return Markup("{}{}{}").format(before, marked(hit.text, inside, start, end), after)


def _around(text: str, first: int) -> tuple[int, int]:
    if len(text) <= SNIPPET_CHARS + 40:
        return 0, len(text)
    start = max(0, first - SNIPPET_CHARS // 3)
    start = text.find(" ", start) + 1 if start else 0
    cut = text.rfind(" ", start, start + SNIPPET_CHARS)
    end = cut if start + SNIPPET_CHARS < len(text) and cut > first else start + SNIPPET_CHARS
    return start, min(end, len(text))


def marked(text: str, spans: Iterable[tuple[int, int]], start: int, end: int) -> Markup:
    """The stretch of the text with each span in a ``mark``."""
    parts, at = [], start
    for a, b in spans:
        parts += [escape(text[at:a]), Markup("<mark>{}</mark>").format(text[a:b])]
        at = b
    return Markup("").join([*parts, escape(text[at:end])])


def lines(segments: Sequence[Segment]) -> list[Line]:
    """A transcript's paragraphs; stretches without speech that touch become one."""
    found: list[Line] = []
    for silent, run in groupby(segments, key=lambda s: not s.words):
        stretch = list(run)
        if silent:
            found.append(Line(stretch[0].start_s, stretch[-1].end_s, "", None))
        else:
            found += [line for segment in stretch for line in _turns(segment)]
    return found


def _turns(segment: Segment) -> list[Line]:
    """A line for each speaker's turn: the first from the segment's start, others from a word's."""
    turns = [list(run) for _, run in groupby(segment.words, key=lambda word: word.speaker)]
    starts = [segment.start_s, *(turn[0].start_s for turn in turns[1:])]
    return [
        Line(start, end, "".join(w.text for w in turn).strip(), segment.language, turn[0].speaker)
        for turn, start, end in zip(turns, starts, [*starts[1:], segment.end_s], strict=True)
    ]


def with_query(values: dict[str, object], **changes: object) -> str:
    """The page's address with some parameters changed; None removes one."""
    kept = {
        name: value for name, value in (values | changes).items() if value not in (None, "", [])
    }
    return "/?" + urlencode(kept, doseq=True)


def install(app: Flask) -> None:
    """Give the templates these functions as filters."""
    for function in (
        place, clock, lasting, day, when, moments, language, reason, fault, status, notice,
        intent, listened, noisy, nothing, relaxed, tile, initials, snippet,
    ):  # fmt: skip
        app.jinja_env.filters[function.__name__] = function
    app.jinja_env.globals.update(with_query=with_query, DASH=DASH, INTENTS=INTENTS, CHOICES=CHOICES)
