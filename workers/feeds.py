"""Feeds from the outside in: adding an address, polling what is known."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from app.catalog import Catalog
from app.domain import EpisodeStatus, Feed, FeedHealth, TranscriptsMode, feed_id, utc_now
from app.net import HttpClient, Limits, NetError, get_http
from app.settings import get_settings
from workers.feed_merge import feed_fields, merge
from workers.feed_pages import refuse_platforms
from workers.feed_parse import parse
from workers.feed_types import FeedError, ParsedFeed

__all__ = ["Added", "FeedError", "Found", "add", "parse", "poll"]

logger = logging.getLogger(__name__)

FETCH_MAX_S = 25.0  # less than the 30 s that the web waits for the feed of someone who adds it
MAX_BACK_OFF_S = 86_400.0
MAX_RETRY_AFTER_S = 7 * 86_400.0
_ACCEPT = (
    "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.1"
)
_SCHEMES = {"feed": "http", "itpc": "http", "pcast": "http", "podcast": "http"}


@dataclass(frozen=True, slots=True)
class Added:
    """A feed that is known now; ``episode_ids`` are to be fetched."""

    feed: Feed
    created: bool
    episode_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class Found:
    """The ids of the episodes that a poll found to be fetched, or written with new names."""

    to_fetch: Sequence[str] = ()
    to_rewrite: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Document:
    """A feed document as fetched; ``parsed`` is None where it had not changed."""

    url: str  # where the feed lives from now on
    aliases: tuple[str, ...]  # the addresses that led there
    parsed: ParsedFeed | None
    etag: str | None = None
    last_modified: str | None = None


def add(
    url: str,
    transcripts: TranscriptsMode | None,
    latest: int | None,
    catalog: Catalog,
    http: HttpClient | None = None,
    *,
    hotwords: Sequence[str] = (),
) -> Added:
    """Take in the feed at this address, unless it is known by any earlier address or its GUID.

    Raises FeedError with the reason where there is no feed.
    """
    address = normal_address(url)
    known = catalog.find_feed(url=address)
    if known is not None:
        return Added(known, created=False, episode_ids=())
    try:
        document = _fetch(http or get_http(), address)
    except NetError as error:
        raise FeedError(f"{error}.") from error
    known = _known(catalog, document)
    if known is not None:
        return Added(_alias(catalog, known, document), created=False, episode_ids=())
    bare = Feed(
        id=feed_id(address),
        url=address,
        transcripts=transcripts or get_settings().transcripts,
        latest=latest,
        hotwords=list(hotwords),
    )
    feed = _new_feed(bare, document)
    catalog.put_feed(feed, wait=True)
    found = _take_in(catalog, feed, document)
    # Last, so that the next poll reads everything if this one is cut short.
    catalog.update_feed(feed.id, etag=document.etag, last_modified=document.last_modified)
    return Added(feed, created=True, episode_ids=found.to_fetch)


def poll(
    feed_id: str, catalog: Catalog, http: HttpClient | None = None, *, force: bool = False
) -> Found:
    """Look for what is new in a feed.

    What went wrong is kept on the feed. A paused feed is left alone. ``force`` reads the
    document even if it has not changed, as is needed after ``latest`` or ``transcripts`` did.
    """
    feed = catalog.get_feed(feed_id)
    if feed is None or feed.paused:
        return Found()
    found = Found()
    try:
        document = _fetch(http or get_http(), feed.url, None if force else feed)
        found = _take_in(catalog, feed, document)
        fields = _healthy(feed, document, utc_now())
    except (NetError, FeedError) as error:
        logger.warning("feed %s: %s", feed.id, error)
        fields = failed(feed, error, utc_now())
    _update_feed(catalog, feed_id, fields)
    return found


def _update_feed(catalog: Catalog, feed_id: str, fields: dict[str, Any]) -> None:
    try:
        catalog.update_feed(feed_id, wait=True, **fields)
    except KeyError:
        logger.info("feed %s was removed while it was polled", feed_id)


def normal_address(url: str) -> str:
    """One spelling of an address as people paste it. Raises FeedError for what is none."""
    text = url.strip()
    bare = text.removeprefix("feed:") if text.startswith(("feed:http:", "feed:https:")) else text
    scheme, separator, rest = bare.partition("://")
    if not separator:
        scheme, rest = "https", bare
    scheme = _SCHEMES.get(scheme.lower(), scheme.lower())
    address = f"{scheme}://{rest}"
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise FeedError(f"{text!r} is not a web address.") from error
    if scheme not in {"http", "https"} or not host or any(c.isspace() for c in address):
        raise FeedError(f"{text!r} is not a web address: it should look like https://…")
    refuse_platforms(address)
    login, at, place = parts.netloc.rpartition("@")
    netloc = f"{login}{at}{place.lower()}"
    return parts._replace(netloc=netloc, path=parts.path or "/", fragment="").geturl()


def _fetch(http: HttpClient, url: str, known: Feed | None = None) -> _Document:
    """The document at an address, or where it says that it has moved to.

    A new address in the document counts only if a podcast is found there.
    """
    document = _fetch_one(http, url, known)
    new_url = document.parsed.new_url if document.parsed else None
    if not new_url:
        return document
    try:
        new_address = normal_address(new_url)
        if new_address in {document.url, *document.aliases}:
            return document
        moved = _fetch_one(http, new_address)
    except (NetError, FeedError) as error:
        logger.info("%s names a new address that does not work: %s", url, error)
        return document
    if not _same_podcast(document.parsed, moved.parsed):
        logger.info("%s names a new address that holds another podcast: %s", url, new_address)
        return document
    aliases = dict.fromkeys((*document.aliases, document.url, *moved.aliases))
    return _Document(moved.url, tuple(aliases), moved.parsed, moved.etag, moved.last_modified)


def _same_podcast(old: ParsedFeed | None, new: ParsedFeed | None) -> bool:
    """Whether two documents have a GUID, an episode or the title in common."""
    if old is None or new is None:
        return False
    if old.podcast_guid and new.podcast_guid:
        return old.podcast_guid == new.podcast_guid
    shared = {e.identity for e in old.episodes} & {e.identity for e in new.episodes}
    return bool(shared) or old.title == new.title


def _fetch_one(http: HttpClient, url: str, known: Feed | None = None) -> _Document:
    headers = {"Accept": _ACCEPT}
    if known is not None and known.etag:
        headers["If-None-Match"] = known.etag
    if known is not None and known.last_modified:
        headers["If-Modified-Since"] = known.last_modified
    limits = Limits(max_bytes=get_settings().feed_max_bytes, max_s=FETCH_MAX_S)
    with http.open(url, limits=limits, headers=headers) as response:
        refuse_platforms(response.url)
        body = b"" if response.status == 304 else response.read()
        parsed = None if response.status == 304 else parse(body, response.url)
        lives_at = normal_address(response.moved_to) if response.moved_to else url
        return _Document(
            lives_at,
            tuple(dict.fromkeys((url, normal_address(response.url)))),
            parsed,
            response.headers.get("ETag"),
            response.headers.get("Last-Modified"),
        )


def _known(catalog: Catalog, document: _Document) -> Feed | None:
    """The feed of this document, if it was added under another address."""
    for address in dict.fromkeys((document.url, *document.aliases)):
        known = catalog.find_feed(url=address)
        if known is not None:
            return known
    guid = document.parsed.podcast_guid if document.parsed else None
    return catalog.find_feed(podcast_guid=guid) if guid else None


def _alias(catalog: Catalog, known: Feed, document: _Document) -> Feed:
    """Remember one more address of a known feed; a feed that fails moves there."""
    fields: dict[str, Any] = {"urls": _urls(known, document)}
    if known.health != FeedHealth.OK:
        fields |= {
            "url": document.url,
            "health": FeedHealth.OK,
            "failures": 0,
            "last_error": None,
            "etag": None,
            "last_modified": None,
            "next_poll_at": utc_now(),
        }
    catalog.update_feed(known.id, wait=True, **fields)
    return known.model_copy(update=fields)


def _urls(feed: Feed, document: _Document) -> list[str]:
    return list(dict.fromkeys((*feed.urls, feed.url, *document.aliases, document.url)))


def _new_feed(bare: Feed, document: _Document) -> Feed:
    unconditional = {"etag": None, "last_modified": None}
    return bare.model_copy(update=_healthy(bare, document, utc_now()) | unconditional)


def _take_in(catalog: Catalog, feed: Feed, document: _Document) -> Found:
    """Store what the document changes on its episodes."""
    if document.parsed is None:
        return Found()
    catalog.refresh()  # so that what another process wrote a moment ago counts
    stored = {e.id: e for e in catalog.all_episodes(feed.id, list(EpisodeStatus))}
    language = feed_fields(feed, document.parsed).get("language", feed.language)
    current = feed.model_copy(update={"language": language})
    changes = merge(current, document.parsed, stored, utc_now())
    refused = {episode.id for episode in changes.new if not catalog.add_episode(episode)}
    refused |= {id_ for id_, fields in changes.updates.items() if not _update(catalog, id_, fields)}
    catalog.refresh()
    to_fetch = [id_ for id_ in changes.enqueue if id_ not in refused]
    rewrite = set(changes.rewrite)
    if document.parsed.title != feed.title:
        rewrite |= {e.id for e in stored.values() if e.status == EpisodeStatus.INDEXED}
    return Found(to_fetch, sorted(rewrite.difference(to_fetch, refused)))


def _update(catalog: Catalog, id_: str, fields: dict[str, Any]) -> bool:
    """Change an episode, unless someone removed it since it was read."""
    episode = catalog.get_episode(id_)
    if episode is None or episode.status == EpisodeStatus.DELETED:
        return False
    catalog.update_episode(id_, **fields)
    return True


def _healthy(feed: Feed, document: _Document, now: datetime) -> dict[str, Any]:
    """A feed's fields after a poll that went well."""
    changed = feed_fields(feed, document.parsed) if document.parsed else {}
    if document.parsed:  # a 304 may leave its validators out
        changed |= {"etag": document.etag, "last_modified": document.last_modified}
    return changed | {
        "url": document.url,
        "urls": _urls(feed, document),
        "health": FeedHealth.OK,
        "failures": 0,
        "last_error": None,
        "last_polled_at": now,
        "next_poll_at": now + spread(get_settings().poll_interval_s, feed.id),
    }


def failed(feed: Feed, error: NetError | FeedError, now: datetime) -> dict[str, Any]:
    """A feed's fields after a poll that failed: each failure in a row doubles the wait."""
    status = error.status if isinstance(error, NetError) else None
    asked_s = error.retry_after_s if isinstance(error, NetError) else None
    wait_s = min(get_settings().poll_interval_s * 2 ** min(feed.failures, 20), MAX_BACK_OFF_S)
    wait_s = max(wait_s, min(asked_s or 0.0, MAX_RETRY_AFTER_S))
    return {
        "health": FeedHealth.GONE if status == 410 else FeedHealth.FAILING,
        "failures": feed.failures + 1,
        "last_error": str(error) if str(error).endswith(".") else f"{error}.",
        "last_polled_at": now,
        "next_poll_at": now + spread(wait_s, feed.id),
    }


def spread(wait_s: float, key: str) -> timedelta:
    """A wait lengthened by up to a tenth, by each feed in its own way, so that none queue up."""
    share = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4]) / 2**32
    return timedelta(seconds=wait_s * (1 + share / 10))
