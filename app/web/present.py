"""From values to what a person reads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from urllib.parse import urlencode

from babel.core import Locale
from babel.dates import format_date
from flask import Flask
from markupsafe import Markup, escape

from app import quotes
from app.domain import EpisodeStatus, Segment, Word, utc_now
from app.web import i18n, reasons
from app.web.i18n import gettext as _
from app.web.i18n import lazy_gettext as _l
from app.web.i18n import ngettext
from app.web.models import ClipOut, Degraded, Hit, SearchOut

SNIPPET_CHARS = 240
TILE_COLOURS = 6

# Those that the filter offers beside the shows' own; Babel has their names.
LANGUAGES = (
    "ar", "cs", "da", "de", "el", "en", "es", "fi", "fr", "hi", "hu", "it", "ja", "ko", "nl", "no",
    "pl", "pt", "ro", "ru", "sv", "tr", "uk", "zh",
)  # fmt: skip
LEGS = {
    "keyword": _l("same words"),
    "sounds_like": _l("sounds alike"),
    "meaning": _l("similar meaning"),
    "reading": _l("reads as an answer"),
    "sound": _l("similar sound"),
    "recording": _l("same recording"),
    "voice": _l("same voice"),
}
INTENTS = {
    "words": _l("What is said"),
    "meaning": _l("What it means"),
    "sound": _l("How it sounds"),
    "recording": _l("This very recording"),
    "voice": _l("Who speaks"),
}
CHOICES = {"": _l("Find out what it is")} | INTENTS
NOTHING = {
    "words": _l("Nobody says this"),
    "meaning": _l("Nobody says this, or means it"),
    "sound": _l("Nothing here sounds like the recording"),
    "recording": _l("This recording is not in the library"),
    "voice": _l("No passage has this voice"),
}
SLOT = "\ufffc"  # Unicode's own sign for what is put in later
NOISY_DB = 10  # speech over noise; below, Whisper mishears many words
FILTERS = {
    "q": _l("question"),
    "show": _l("show"),
    "sound": _l("sound"),
    "language": _l("language"),
    "since": _l("first date"),
    "until": _l("last date"),
    "length": _l("length"),
    "cursor": _l("page of results"),
}
STATUSES = {
    EpisodeStatus.QUEUED: _l("waiting"),
    EpisodeStatus.FETCHING: _l("downloading"),
    EpisodeStatus.TRANSCRIBING: _l("transcribing"),
    EpisodeStatus.EMBEDDING: _l("embedding"),
    EpisodeStatus.INDEXED: _l("searchable"),
    EpisodeStatus.FAILED: _l("failed"),
    EpisodeStatus.SKIPPED: _l("skipped"),
    EpisodeStatus.PAUSED: _l("paused"),
    EpisodeStatus.DELETED: _l("deleted"),
}
PARTS = {
    "keyword": _l("search by words"),
    "sounds_like": _l("search for what sounds alike"),
    "meaning": _l("search by meaning"),
    "reading": _l("reading the best closely"),
    "sound": _l("search by sound"),
    "recording": _l("search for the recording"),
    "voice": _l("search by voice"),
    "words": _l("hearing the words"),
    "text": _l("search by meaning"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One speaker's paragraph of a transcript; no text: a stretch without speech."""

    start_s: float
    end_s: float
    text: str
    language: str | None
    speaker: str | None = None
    words: Sequence[Word] = field(default=(), compare=False)


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
        return _("%(seconds)d s", seconds=round(seconds))
    minutes = round(seconds / 60)
    if minutes < 60:
        return _("%(minutes)d min", minutes=minutes)
    return _("%(hours)d h %(minutes)d min", hours=minutes // 60, minutes=minutes % 60)


def day(moment: datetime | None) -> str:
    """A date in words."""
    return format_date(moment, "long", i18n.formats()) if moment else ""


def when(moment: datetime | None) -> str:
    """How far away a moment is: 5 min ago, in 2 h."""
    if moment is None:
        return _("never")
    seconds = (moment.astimezone(UTC) - utc_now()).total_seconds()
    if abs(seconds) < 45:
        return _("just now") if seconds <= 0 else _("in a moment")
    away = _away(abs(seconds))
    return _("in %(time)s", time=away) if seconds > 0 else _("%(time)s ago", time=away)


def _away(seconds: float) -> str:
    if seconds < 3600:
        return _("%(minutes)d min", minutes=max(1, round(seconds / 60)))
    if seconds < 48 * 3600:
        return _("%(hours)d h", hours=round(seconds / 3600))
    return ngettext("%(num)d day", "%(num)d days", round(seconds / 86400))


def moments(count: int) -> str:
    """How many moments."""
    return ngettext("%(num)d moment", "%(num)d moments", count)


def language(code: str | None) -> str:
    """A language's name, in the language of the page."""
    return str(Locale.parse(i18n.language()).languages.get(code or "", code or ""))


def reason(name: str, hit: Hit) -> str:
    """Why a leg found this, as a listener would say it; words not in the text are in a title."""
    if name == "keyword" and not hit.highlights:
        return _("title or chapter")
    if name == "sounds_like" and "keyword" not in hit.legs:
        return _("sounds alike, not the same words")
    return str(LEGS.get(name, name))


def fault(name: str) -> str:
    """One sentence on a part of the address that cannot be used."""
    return _(
        "The %(filter)s in this address cannot be used; nothing was searched.",
        filter=FILTERS.get(name, name),
    )


def status(value: EpisodeStatus) -> str:
    """A status as a person would say it."""
    return str(STATUSES[value])


def notice(degraded: Degraded) -> str:
    """One sentence on what could not do its share."""
    reason = reasons.told(degraded.reason)
    if degraded.part == "paging":
        return reason
    if degraded.part == "sound":  # what names no sound is no fault of the search
        return _("Search by sound: %(reason)s.", reason=reason.rstrip("."))
    part = str(PARTS.get(degraded.part, degraded.part.replace("_", " ")))
    return _(
        "%(part)s was not available. %(reason)s.",
        part=part[:1].upper() + part[1:],
        reason=reason.rstrip("."),
    )


def intent(found: ClipOut) -> Markup:
    """One sentence on what a clip was searched for, and why."""
    label = str(INTENTS[found.intent.used])
    if found.intent.asked:
        said = _("Searched for %(intent)s, as you chose.", intent=SLOT)
    else:
        said = _(
            "Searched for %(intent)s, because %(why)s.",
            intent=SLOT,
            why=reasons.told(found.intent.reason),
        )
    before, after = said.split(SLOT)
    return Markup("{}<b>{}</b>{}").format(before, label[:1].lower() + label[1:], after)


def noisy(found: ClipOut) -> str | None:
    """One sentence on the noise in a clip, where it may have cost words or the voice."""
    snr_db = found.noise.snr_db
    if (
        snr_db is None
        or snr_db >= NOISY_DB
        or found.intent.used not in ("words", "meaning", "voice")
    ):
        return None
    if found.intent.used == "voice":
        return _("The recording is noisy (%(snr)d dB).", snr=round(snr_db))
    return _("The recording is noisy (%(snr)d dB): words may be misheard.", snr=round(snr_db))


def nothing(found: ClipOut) -> str:
    """What it means that nothing was found for a clip."""
    used = found.intent.used
    if found.degraded:
        return _("Nothing was found")
    if used == "voice" and found.noise.snr_db is None:
        return _("Nobody speaks in the recording")
    if used in ("words", "meaning") and found.heard is None:
        return _("No words were heard in the recording")
    return str(NOTHING[used])


def listened(found: SearchOut) -> str | None:
    """One sentence on what was listened for, in the words of the engine that did."""
    if found.sound is None or not found.sound.names:
        return None
    return _("Listened for: %(sounds)s.", sounds=", ".join(found.sound.names))


def relaxed(asked: Sequence[str], *, closest: bool) -> str:
    """One sentence on what was required and no passage says; ``closest``: others are shown."""
    quoted = [_("“%(words)s”", words=one) for one in asked]
    said = quoted[0]
    if len(quoted) > 1:
        said = _("%(some)s and %(last)s", some=", ".join(quoted[:-1]), last=quoted[-1])
    if closest:
        return ngettext(
            "No one says exactly %(said)s; showing what comes closest.",
            "No one says %(said)s together; showing what comes closest.",
            len(quoted),
            said=said,
        )
    return ngettext(
        "No one says exactly %(said)s.", "No one says %(said)s together.", len(quoted), said=said
    )


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
        Line(
            start,
            end,
            "".join(w.text for w in turn).strip(),
            segment.language,
            turn[0].speaker,
            turn,
        )
        for turn, start, end in zip(turns, starts, [*starts[1:], segment.end_s], strict=True)
    ]


def moment_link(episode_id: str, line: Line) -> str:
    """The address of a line, which is found again by its words."""
    return quotes.link(episode_id, line.start_s, line.text)


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
        intent, listened, noisy, nothing, relaxed, tile, initials, snippet, reasons.told,
    ):  # fmt: skip
        app.jinja_env.filters[function.__name__] = function
    app.jinja_env.globals.update(
        with_query=with_query, moment_link=moment_link, INTENTS=INTENTS, CHOICES=CHOICES
    )
