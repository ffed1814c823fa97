"""The feed of a show, its chapters and its transcript, as a publisher would write them."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from xml.etree import ElementTree as ET

from scripts.demo.encode import TYPES

ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
PODCAST = "https://podcastindex.org/namespace/1.0"
DC = "http://purl.org/dc/elements/1.1/"

for _prefix, _uri in (("itunes", ITUNES), ("podcast", PODCAST), ("dc", DC)):
    ET.register_namespace(_prefix, _uri)

Record = Mapping[str, Any]


def guid(*parts: str) -> str:
    """A stable identity for a show or an episode."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(("earmark-demo", *parts))))


def rss(show: Record, episodes: Iterable[Record], base_url: str) -> bytes:
    """RSS 2.0 with iTunes and Podcasting 2.0 tags, newest episode first."""
    root = ET.Element("rss", version="2.0")
    channel = ET.SubElement(root, "channel")
    home = f"{base_url}/{show['id']}"
    for name in ("title", "description", "language"):
        _text(channel, name, show[name])
    _text(channel, "link", f"{home}/")
    _text(channel, f"{{{ITUNES}}}author", show["author"])
    _text(channel, f"{{{ITUNES}}}explicit", "false")
    ET.SubElement(channel, f"{{{ITUNES}}}category", text=show["category"])
    ET.SubElement(channel, f"{{{ITUNES}}}image", href=f"{home}/cover.png")
    _text(channel, f"{{{PODCAST}}}guid", guid(show["id"]))
    _text(channel, f"{{{PODCAST}}}locked", "no")
    for episode in sorted(episodes, key=lambda one: one["published"], reverse=True):
        _item(channel, episode, home)
    ET.indent(root)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def _text(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, name, attributes).text = text


def _item(channel: ET.Element, episode: Record, home: str) -> None:
    item = ET.SubElement(channel, "item")
    _text(item, "title", episode["title"])
    _text(item, "description", episode["summary"])
    _text(item, "guid", guid(episode["show"], episode["id"]), isPermaLink="false")
    _text(item, "pubDate", format_datetime(datetime.fromisoformat(episode["published"])))
    _text(item, f"{{{DC}}}language", episode["language"])
    _text(item, f"{{{ITUNES}}}duration", str(round(episode["duration_s"])))
    ET.SubElement(
        item,
        "enclosure",
        url=f"{home}/{episode['audio']}",
        length=str(episode["bytes"]),
        type=TYPES[episode["format"]],
    )
    for person in episode["people"]:
        _text(item, f"{{{PODCAST}}}person", person)
    chapters = {"url": f"{home}/{episode['id']}.chapters.json", "type": "application/json+chapters"}
    if episode["chapters"]:
        ET.SubElement(item, f"{{{PODCAST}}}chapters", chapters)
    if episode["transcript"]:
        transcript = {"url": f"{home}/{episode['id']}.vtt", "type": "text/vtt"}
        ET.SubElement(
            item, f"{{{PODCAST}}}transcript", transcript | {"language": episode["language"]}
        )


def chapters(episode: Record) -> dict[str, object]:
    """Podcasting 2.0 chapters."""
    places = [
        {"startTime": chapter["start_s"], "title": chapter["title"]}
        for chapter in episode["chapters"]
    ]
    return {"version": "1.2.0", "chapters": places}


def vtt(episode: Record) -> str:
    """The words with their speakers, a cue for each sentence."""
    return "\n\n".join(["WEBVTT", *map(_vtt_cue, episode["sentences"])]) + "\n"


def _vtt_cue(said: Record) -> str:
    times = f"{_clock(said['start_s'])} --> {_clock(said['end_s'])}"
    return f"{times}\n<v {said['speaker']}>{said['text']}"


def _clock(time_s: float) -> str:
    minutes, milliseconds = divmod(round(time_s * 1000), 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds / 1000:06.3f}"
