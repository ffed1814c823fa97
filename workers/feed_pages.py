"""Telling web pages from feeds, with a hint for the person who pasted one."""

import re
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from workers.feed_types import FeedError

_PLATFORMS = {
    "podcasts.apple.com": "an Apple Podcasts",
    "itunes.apple.com": "an Apple Podcasts",
    "open.spotify.com": "a Spotify",
    "podcasts.google.com": "a Google Podcasts",
    "music.amazon.com": "an Amazon Music",
    "www.youtube.com": "a YouTube",
    "youtube.com": "a YouTube",
    "youtu.be": "a YouTube",
    "pca.st": "a Pocket Casts",
    "overcast.fm": "an Overcast",
}
_FEED_TYPES = {"application/rss+xml", "application/atom+xml"}


def refuse_platforms(url: str) -> None:
    """Raise FeedError for a page of a podcast platform, before anything is fetched."""
    host = (urlsplit(url).hostname or "").lower()
    is_feed = host.endswith("youtube.com") and "/feeds/" in url
    if host in _PLATFORMS and not is_feed:
        raise FeedError(
            f"That is {_PLATFORMS[host]} page, not a feed: paste the feed address, which the"
            " podcast's own site names (often as RSS)."
        )


def refuse_pages(body: bytes, url: str) -> None:
    """Raise FeedError for a body that is empty, HTML or JSON."""
    refuse_platforms(url)
    start = body[:4096].decode("utf-8", "replace").lstrip("\ufeff \t\r\n").lower()
    start = re.sub(r"^(<\?xml[^>]*>|<!--.*?-->|\s)+", "", start, flags=re.DOTALL)
    if not start:
        raise FeedError(f"{url} answered with nothing.")
    if start.startswith(("<!doctype html", "<html", "<head", "<body")):
        raise FeedError(
            f"{url} is a web page, not a feed: paste the feed address{_hint(body, url)}."
        )
    if start.startswith(("{", "[")):
        raise FeedError(f"{url} is JSON, not a feed: paste the address of an RSS or Atom feed.")


def _hint(body: bytes, url: str) -> str:
    finder = _FeedLinks()
    finder.feed(body[:200_000].decode("utf-8", "replace"))
    return f" (the page names {urljoin(url, finder.found[0])})" if finder.found else ""


class _FeedLinks(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "link" and values.get("type") in _FEED_TYPES and values.get("href"):
            self.found.append(str(values["href"]))
