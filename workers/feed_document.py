"""Reading a feed document: RSS 2.0, Atom, the iTunes and the Podcasting 2.0 tags.

Runs in a child process (see ``workers.child``), since the document is a stranger's.
"""

import re
from calendar import timegm
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from urllib.parse import urljoin, urlsplit

import feedparser

from app.domain import Chapter, TranscriptLink
from app.language import primary_subtag
from app.plaintext import plain_text
from workers.feed_pages import refuse_pages
from workers.feed_tags import PodcastTags, Tag, read_podcast_tags
from workers.feed_types import FeedError, ParsedEpisode, ParsedFeed

MAX_TITLE = 1000  # characters; the same for names, addresses and GUIDs twice that
MAX_DESCRIPTION = 20_000
MAX_TIME_S = 1e6
_AUDIO = re.compile(r"\.(mp3|m4a|m4b|mp4|aac|oga|ogg|opus|flac|wav|weba|webm)$", re.IGNORECASE)
_UNITS_S = {"h": 3600.0, "m": 60.0, "s": 1.0}
_YES = {"yes", "true", "1"}

Entry = Mapping[str, Any]


def read_feed(body: bytes, url: str) -> ParsedFeed:
    """The podcast in a feed document; ``url`` resolves its relative addresses.

    Raises FeedError.
    """
    refuse_pages(body, url)
    # Without the address, which feedparser would put before GUIDs too.
    found = feedparser.parse(BytesIO(body))
    if not found.version:
        raise FeedError(f"{url} is not a feed: it could not be read as RSS or Atom.")
    tags = read_podcast_tags(body, found.encoding or "utf-8")
    feed = _feed(found.feed, tags.channel, _episodes(found.entries, tags, url), url)
    if not any(episode.audio_url or episode.transcripts for episode in feed.episodes):
        raise FeedError(
            f"{url} is a feed, but not a podcast: none of its {len(found.entries)} items has"
            " audio or a transcript."
        )
    return feed


def feed_json(body: bytes, url: str) -> dict[str, Any]:
    """What ``read_feed`` gives, ready to leave the child."""
    return read_feed(body, url).model_dump(mode="json")


def _feed(feed: Entry, tags: Sequence[Tag], episodes: list[ParsedEpisode], url: str) -> ParsedFeed:
    return ParsedFeed(
        podcast_guid=_text_of(tags, "guid") or None,
        new_url=_address(feed.get("itunes_new-feed-url") or feed.get("newlocation"), url),
        title=_line(feed.get("title")),
        description=_prose(feed.get("summary") or feed.get("subtitle")),
        author=_line(feed.get("author")),
        language=primary_subtag(feed.get("language")),
        image_url=_address((feed.get("image") or {}).get("href"), url),
        site_url=_address(feed.get("link"), url),
        locked=_text_of(tags, "locked").lower() in _YES,
        blocked=_is_blocked(feed, tags),
        episodes=episodes,
    )


def _episodes(entries: Sequence[Entry], tags: PodcastTags, url: str) -> list[ParsedEpisode]:
    """Newest first; of items with one identity, the first in the document."""
    people = _people(tags.channel)
    unique: dict[str, ParsedEpisode] = {}
    for number, entry in enumerate(entries):
        episode = _episode(entry, tags.item(number), people, url)
        if episode is not None:
            unique.setdefault(episode.identity, episode)
    oldest = datetime.min.replace(tzinfo=UTC)
    return sorted(unique.values(), key=lambda e: e.published or oldest, reverse=True)


def _episode(
    entry: Entry, tags: Sequence[Tag], people: Sequence[str], url: str
) -> ParsedEpisode | None:
    enclosure = _enclosure(entry)
    audio_url = _address(enclosure.get("href"), url)
    link = _address(entry.get("link"), url)
    identity = str(entry.get("id") or "").strip() or audio_url or link
    if not identity:
        return None
    return ParsedEpisode(
        identity=identity[: 2 * MAX_TITLE],
        title=_line(entry.get("title")),
        description=_description(entry),
        published=published(entry),
        duration_s=duration_s(entry.get("itunes_duration")),
        language=primary_subtag(entry.get("language") or _text_of(tags, "language")),
        audio_url=audio_url,
        audio_type=_line(enclosure.get("type")) if audio_url else "",
        image_url=_address((entry.get("image") or {}).get("href"), url),
        link=link,
        people=_people(tags) or list(people),
        chapters=_chapters(entry),
        chapters_url=_address(_attribute(tags, "chapters", "url"), url),
        transcripts=_transcripts(tags, url),
        blocked=_is_blocked(entry, tags),
    )


def _enclosure(entry: Entry) -> Entry:
    """The enclosure to hear: one that says it is audio, else looks like it, else video."""
    links = [link for link in entry.get("links", []) if link.get("rel") == "enclosure"]
    media = [
        {"href": m.get("url"), "type": m.get("type", "")} for m in entry.get("media_content", [])
    ]
    ranked = [(rank, link) for link in [*links, *media] if (rank := _audibility(link)) is not None]
    return min(ranked, key=lambda pair: pair[0])[1] if ranked else {}


def _audibility(link: Entry) -> int | None:
    kind = str(link.get("type") or "").lower()
    href = str(link.get("href") or "")
    if not href:
        return None
    if kind.startswith("audio/"):
        return 0
    if _AUDIO.search(urlsplit(href).path if _is_address(href) else href):
        return 1
    if kind.startswith("video/"):
        return 2
    return 3 if kind in {"", "application/octet-stream", "binary/octet-stream"} else None


def _description(entry: Entry) -> str:
    contents = [str(content.get("value") or "") for content in entry.get("content", [])]
    return _prose(max([*contents, str(entry.get("summary") or "")], key=len))


def published(entry: Entry) -> datetime | None:
    """When the item was published, in UTC."""
    moment = entry.get("published_parsed") or entry.get("updated_parsed")
    try:
        return datetime.fromtimestamp(timegm(moment), UTC) if moment else None
    except (ValueError, OverflowError, OSError):
        return None


def duration_s(text: str | None) -> float | None:
    """Seconds of an itunes:duration: seconds, [h:]m:s, ISO 8601 or ``1h 2m 3s``."""
    text = (text or "").strip().lower()
    seconds = clock_s(text)
    if seconds is None:
        spaced = re.fullmatch(r"(?:p?t)?((?:\s*\d+(?:\.\d+)?\s*(?:h|m|s)[a-z.,]*)+)", text[:100])
        parts = re.findall(r"(\d+(?:\.\d+)?)\s*([hms])", spaced[1]) if spaced else []
        seconds = sum(float(number) * _UNITS_S[unit] for number, unit in parts)
    return seconds if 0 < seconds < MAX_TIME_S else None


def clock_s(text: str) -> float | None:
    """Seconds of ``[[h:]m:]s``, with a fraction or without."""
    if not re.fullmatch(r"\d+(:\d+){0,2}([.,]\d*)?", text):
        return None
    seconds = 0.0
    for part in text.replace(",", ".").split(":"):
        seconds = seconds * 60 + float(part)
    return seconds


def _chapters(entry: Entry) -> list[Chapter]:
    """Podlove's simple chapters, which stand in the feed itself."""
    rows = (entry.get("psc_chapters") or {}).get("chapters", [])
    found = [(clock_s(str(row.get("start", "")).strip()), _line(row.get("title"))) for row in rows]
    return [Chapter(start_s=at, title=title) for at, title in found if at is not None]


def _transcripts(tags: Sequence[Tag], url: str) -> list[TranscriptLink]:
    links = []
    for tag in tags:
        address = _address(tag.attributes.get("url"), url)
        if tag.name == "transcript" and address:
            links.append(
                TranscriptLink(
                    url=address,
                    type=_line(tag.attributes.get("type")).lower(),
                    language=primary_subtag(tag.attributes.get("language")),
                )
            )
    return links


def _people(tags: Sequence[Tag]) -> list[str]:
    names = (_line(tag.text) for tag in tags if tag.name == "person")
    return list(dict.fromkeys(name for name in names if name))


def _is_blocked(entry: Entry, tags: Sequence[Tag]) -> bool:
    """Whether it is to be listed nowhere; a block with an id concerns that platform alone."""
    everywhere = (t for t in tags if t.name == "block" and not t.attributes.get("id"))
    return bool(entry.get("itunes_block")) or any(_line(t.text).lower() in _YES for t in everywhere)


def _text_of(tags: Sequence[Tag], name: str) -> str:
    return next((_line(tag.text) for tag in tags if tag.name == name), "")


def _attribute(tags: Sequence[Tag], name: str, attribute: str) -> str | None:
    return next((tag.attributes.get(attribute) for tag in tags if tag.name == name), None)


def _line(value: Any) -> str:
    return " ".join(plain_text(str(value or "")[:MAX_DESCRIPTION]).split())[:MAX_TITLE]


def _prose(value: Any) -> str:
    return plain_text(str(value or "")[: 5 * MAX_DESCRIPTION])[:MAX_DESCRIPTION]


def _address(value: Any, base: str) -> str | None:
    """An absolute web address, or None."""
    try:
        address = urljoin(base, str(value).strip()) if value else ""
    except ValueError:
        return None
    return address if _is_address(address) and len(address) <= 2 * MAX_TITLE else None


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)
