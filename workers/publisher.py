"""Publishers' transcripts and chapters: which link to take, and what is in it."""

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from app.domain import Chapter, Episode, TranscriptLink, Word
from app.language import primary_subtag
from app.net import HttpClient, Limits, NetError, get_http
from app.plaintext import plain_text
from workers import child
from workers.fetch import FetchError
from workers.transcript_types import PublisherTranscript, TranscriptError
from workers.transcript_words import estimate_times

__all__ = [
    "PublisherTranscript",
    "TranscriptError",
    "best_links",
    "estimate_times",
    "fetch_chapters",
    "fetch_transcript",
    "parse_chapters",
    "parse_transcript",
]

logger = logging.getLogger(__name__)

MAX_BYTES = 20_000_000
MAX_S = 120.0
MAX_CHAPTERS = 1000
MAX_TITLE = 1000  # characters
MAX_TIME_S = 1e6

# By type, then by the address's ending; the order is that of preference.
_KINDS = {
    "json": ({"application/json", "text/json"}, ".json"),
    "vtt": ({"text/vtt", "application/vtt", "text/webvtt"}, ".vtt"),
    "srt": ({"application/srt", "application/x-subrip", "text/srt", "application/x-srt"}, ".srt"),
    "html": ({"text/html", "application/xhtml+xml"}, ".html"),
    "text": ({"text/plain"}, ".txt"),
}
_RANK = list(_KINDS)


def kind_of(link: TranscriptLink) -> str | None:
    """The form that a link claims to have; None for one that cannot be read."""
    declared = link.type.partition(";")[0].strip().lower()
    ending = urlsplit(link.url).path.lower()
    by_type = next((kind for kind, (types, _) in _KINDS.items() if declared in types), None)
    by_ending = next((kind for kind, (_, end) in _KINDS.items() if ending.endswith(end)), None)
    if by_type == "text":  # what servers say of anything
        return by_ending or by_type
    return by_type or by_ending


def best_links(
    links: Sequence[TranscriptLink], language: str | None, *, translations: bool
) -> list[TranscriptLink]:
    """The links that can be read, the best first: in the audio's language, with times.

    ``translations``: whether those in another language count, after all others.
    """

    def is_foreign(link: TranscriptLink) -> bool:
        return bool(link.language and language and link.language != language)

    usable = [link for link in links if kind_of(link) and (translations or not is_foreign(link))]
    return sorted(usable, key=lambda link: (is_foreign(link), _RANK.index(kind_of(link) or "")))


def fetch_transcript(
    episode: Episode, *, estimate: bool = False, http: HttpClient | None = None
) -> PublisherTranscript | None:
    """The best transcript of an episode, or None where none is of use.

    Without ``estimate`` only one with times counts, and trouble with it is logged: the audio can
    be heard instead. With it there is no audio to fall back on: an untimed one gets times spread
    over the episode, and the last trouble raises FetchError.
    """
    trouble: FetchError | None = None
    untimed: PublisherTranscript | None = None
    for link in best_links(episode.transcripts, episode.language, translations=estimate):
        try:
            transcript = _fetch_one(link, episode.duration_s, http or get_http())
        except FetchError as error:
            logger.warning("%s: %s", episode.id, error)
            trouble = error
            continue
        if transcript.timed:
            return transcript
        untimed = untimed or transcript
    if untimed is not None and estimate:
        words = estimate_times(untimed.words, episode.duration_s)
        return replace(untimed, words=words, estimated=True)
    if trouble is not None and estimate:
        raise trouble
    return None


def parse_transcript(body: bytes, kind: str, duration_s: float | None) -> PublisherTranscript:
    """The words of a transcript; ``kind``: json, vtt, srt, html, text, or empty to look.

    Raises TranscriptError.
    """
    about = f"{kind} {'' if duration_s is None else duration_s}".rstrip() or ""
    try:
        found = child.call("workers.transcript_document:transcript_json", body, about)
    except child.ChildError as error:
        raise TranscriptError(str(error)) from error
    except child.LimitsError as error:
        raise TranscriptError(
            "The transcript could not be read within the limits of time and memory."
        ) from error
    words = [
        Word(text, start_s, end_s, speaker=name) for text, start_s, end_s, name in found["words"]
    ]
    return PublisherTranscript(words, primary_subtag(found["language"]), found["timed"])


def fetch_chapters(episode: Episode, http: HttpClient | None = None) -> list[Chapter]:
    """The chapters that the episode's link gives, else those of the feed itself."""
    if not episode.chapters_url:
        return list(episode.chapters)
    try:
        return parse_chapters(_body(episode.chapters_url, http or get_http())) or list(
            episode.chapters
        )
    except (FetchError, TranscriptError) as error:
        logger.warning("%s: chapters: %s", episode.id, error)
        return list(episode.chapters)


def parse_chapters(body: bytes) -> list[Chapter]:
    """Podcasting 2.0 JSON chapters, in order; silent ones left out. Raises TranscriptError."""
    try:
        rows = json.loads(body)["chapters"][:MAX_CHAPTERS]
        found = [_chapter(row) for row in rows if row.get("toc", True) and row.get("title")]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise TranscriptError("The chapters are not the JSON that they claim to be.") from error
    return sorted(found, key=lambda chapter: chapter.start_s)


def _chapter(row: dict[str, Any]) -> Chapter:
    start_s = float(row["startTime"])
    if not 0 <= start_s < MAX_TIME_S:
        raise ValueError(start_s)
    return Chapter(start_s=start_s, title=plain_text(str(row["title"])[:MAX_TITLE]))


def _fetch_one(
    link: TranscriptLink, duration_s: float | None, http: HttpClient
) -> PublisherTranscript:
    body = _body(link.url, http)
    try:
        transcript = parse_transcript(body, kind_of(link) or "", duration_s)
    except TranscriptError as error:
        raise FetchError(f"{error} ({link.url})") from error
    return replace(transcript, language=link.language or transcript.language)


def _body(url: str, http: HttpClient) -> bytes:
    try:
        with http.open(url, limits=Limits(max_bytes=MAX_BYTES, max_s=MAX_S)) as response:
            return response.read()
    except NetError as error:
        raise FetchError(f"{error}.", retryable=error.retryable) from error
