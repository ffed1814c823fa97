"""OPML: the lists of feeds that podcast programs exchange."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, SubElement, tostring
from xml.parsers import expat

from app.domain import Feed

MAX_BYTES = 5_000_000
MAX_FEEDS = 10_000
_SCHEMES = {"http", "https", "feed", "itpc", "pcast"}


class OpmlError(ValueError):
    """Why a file is no OPML, in words for the person who gave it."""


@dataclass(frozen=True, slots=True)
class OpmlEntry:
    """One feed of a list; ``error`` tells why its address is of no use."""

    line: int
    title: str
    url: str
    error: str | None = None


@dataclass
class _Outlines:
    entries: list[OpmlEntry] = field(default_factory=list)
    root: str = ""


def read_opml(body: bytes) -> list[OpmlEntry]:
    """The feeds of an OPML file, folders opened, doubles left out, in the file's order.

    Outlines without an address are folders or notes, and passed over. Raises OpmlError.
    """
    if len(body) > MAX_BYTES:
        raise OpmlError(f"The OPML file is larger than {MAX_BYTES / 1e6:g} MB.")
    found = _parse(body)
    if found.root.lower() != "opml":
        raise OpmlError("The file is XML, but not OPML: it should begin with <opml>.")
    if len(found.entries) > MAX_FEEDS:
        raise OpmlError(f"The OPML file lists more than {MAX_FEEDS} feeds.")
    if not found.entries:
        raise OpmlError("The OPML file lists no feeds: no outline has an xmlUrl.")
    unique: dict[str, OpmlEntry] = {}
    for entry in found.entries:
        unique.setdefault(entry.url or f"line {entry.line}", entry)
    return list(unique.values())


def parse(body: bytes) -> list[str]:
    """The addresses of an OPML file, those that are of no use among them. Raises OpmlError."""
    return [entry.url for entry in read_opml(body) if entry.url]


def write(feeds: Iterable[Feed]) -> bytes:
    """An OPML 2.0 file of these feeds."""
    root = Element("opml", version="2.0")
    SubElement(SubElement(root, "head"), "title").text = "Podcasts in Earmark"
    body = SubElement(root, "body")
    for feed in feeds:
        title = _clean(feed.title or feed.url)
        attributes = {"type": "rss", "text": title, "title": title, "xmlUrl": feed.url}
        if feed.site_url:
            attributes["htmlUrl"] = feed.site_url
        SubElement(body, "outline", attributes)
    text: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _parse(body: bytes) -> _Outlines:
    found = _Outlines()
    parser = expat.ParserCreate()

    def start(name: str, attributes: dict[str, str]) -> None:
        found.root = found.root or name
        if name.lower() == "outline":
            entry = _entry(attributes, parser.CurrentLineNumber)
            found.entries += [entry] if entry else []

    parser.StartElementHandler = start
    parser.EntityDeclHandler = _refuse_entities
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise OpmlError(f"The file is not OPML: line {error.lineno} is not well-formed.") from error
    return found


def _refuse_entities(*_: object) -> None:
    raise OpmlError("The OPML file declares XML entities, which Earmark does not unpack.")


def _entry(attributes: dict[str, str], line: int) -> OpmlEntry | None:
    by_name = {name.lower(): value.strip() for name, value in attributes.items()}
    title = by_name.get("title") or by_name.get("text") or ""
    url = by_name.get("xmlurl")
    if url is None and by_name.get("type", "").lower() != "rss":
        return None
    return OpmlEntry(line, title, url or "", _problem(url or "", line))


def _problem(url: str, line: int) -> str | None:
    if not url:
        return f"Line {line} names a feed without an address (xmlUrl)."
    try:
        parts = urlsplit(url)
        is_address = parts.scheme.lower() in _SCHEMES and bool(parts.netloc)
    except ValueError:
        is_address = False
    return None if is_address else f"Line {line}: {url!r} is not a web address."


def _clean(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return "".join(c for c in text if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff"))
