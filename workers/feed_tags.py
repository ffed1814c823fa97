"""The Podcasting 2.0 tags of a feed.

feedparser keeps the last one of repeated tags (an episode has several transcripts and people) and
drops the text of those with attributes, so these are read by a pass of their own.
"""

from dataclasses import dataclass, field
from xml.parsers import expat

from workers.feed_types import FeedError

_MAX_DEPTH = 100


@dataclass
class Tag:
    """One element of the podcast namespace, without its prefix."""

    name: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class PodcastTags:
    """The tags of the channel, and of each item in the document's order."""

    channel: list[Tag] = field(default_factory=list)
    items: list[list[Tag]] = field(default_factory=list)

    def item(self, number: int) -> list[Tag]:
        """The tags of an item; none where the reading broke off before it."""
        return self.items[number] if number < len(self.items) else []


def read_podcast_tags(body: bytes, encoding: str) -> PodcastTags:
    """The tags up to the end, or to where the document is not well-formed.

    Raises FeedError for a document that declares entities: a few lines of those can unpack to
    gigabytes, and no podcast needs them.
    """
    reader = _Reader()
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(body.decode(encoding, "replace").encode(), True)
    except (expat.ExpatError, LookupError):
        return reader.tags
    return reader.tags


def _refuse(*_: object) -> None:
    raise FeedError("The feed declares XML entities, which Earmark does not unpack.")


class _Reader:
    def __init__(self) -> None:
        self.tags = PodcastTags()
        self._prefixes = {"podcast"}
        self._place = self.tags.channel
        self._open: Tag | None = None
        self._depth = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise FeedError("The feed nests its elements too deeply to be one.")
        self._learn_prefixes(attributes)
        prefix, _, local = name.rpartition(":")
        if local in {"item", "entry"} and not prefix:
            self._place = []
            self.tags.items.append(self._place)
        elif prefix in self._prefixes:
            self._open = Tag(local, attributes)
            self._place.append(self._open)

    def end(self, name: str) -> None:
        self._depth -= 1
        self._open = None
        if name in {"item", "entry"}:
            self._place = self.tags.channel

    def text(self, text: str) -> None:
        if self._open is not None:
            self._open.text += text

    def _learn_prefixes(self, attributes: dict[str, str]) -> None:
        for name, value in attributes.items():
            if name.startswith("xmlns:") and "podcastindex" in value.lower():
                self._prefixes.add(name.removeprefix("xmlns:"))
