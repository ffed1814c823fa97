"""Feeds through the whole chain: twice the same, through the death of workers, and gone again."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.audio.ffmpeg import find_ffmpeg
from tests.end_to_end.conftest import Api, wait_until
from tests.scripts.local.copies import Copy
from tests.served import Site

FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>{name}</title>
<link>https://example.org</link><language>en</language><item><title>{name}, part one</title>
<guid>{name}-1</guid><enclosure url="{audio}" type="audio/mpeg" length="1"/></item>
</channel></rss>"""


def publish(publisher: Site, demo: Path, name: str) -> str:
    """Serve a feed of one episode, a minute of talk; its address."""
    audio = publisher.serve(f"/{name}.mp3", a_minute_of(next(demo.glob("*/crust.mp3"))))
    return publisher.serve(f"/{name}.xml", FEED.format(name=name, audio=audio).encode())


@pytest.fixture
def feed_url(
    request: pytest.FixtureRequest, api: Api, demo: Path, publisher: Site
) -> Iterator[str]:
    """The address of a feed of the test's own, which is removed when it is over."""
    name = re.sub(r"\W+", "-", request.node.name)
    yield publish(publisher, demo, name)
    for feed in api.call("GET", "/feeds?size=100")["items"]:
        if feed["title"] == name:
            api.call("DELETE", f"/feeds/{feed['id']}", expect=204)


def a_minute_of(episode: Path) -> bytes:
    """Its second minute or so, without decoding."""
    cut = ["-ss", "15", "-i", str(episode), "-t", "60", "-c", "copy", "-f", "mp3", "pipe:1"]
    command = [find_ffmpeg(), "-nostdin", "-v", "error", *cut]
    return subprocess.run(command, capture_output=True, check=True).stdout


def segments_of(api: Api, feed: str) -> list[tuple[str, float, str]]:
    """All of a feed's segments that a search for its title finds."""
    hits = api.search("part one", show=feed, size="100", w_meaning="0")
    return sorted((hit["id"], hit["start_s"], hit["text"]) for hit in hits)


def children_of(copy: Copy, queue: str) -> list[int]:
    """The processes that do the work of a queue; the first is the one that leads them."""
    return sorted(pid for pid, text in copy.processes().items() if f"{queue}@" in text)


def wait_for_work(api: Api, feed: str) -> dict[str, Any]:
    """The episode as soon as some of it has been heard."""

    def working() -> dict[str, Any] | None:
        episodes = api.episodes(feed)
        began = episodes and episodes[0]["progress"]["done_s"] < 45
        return episodes[0] if began and episodes[0]["status"] == "transcribing" else None

    episode: dict[str, Any] = wait_until(working)
    return episode


@pytest.mark.slow
def test_a_second_ingest_changes_nothing(api: Api, feed_url: str) -> None:
    feed = api.add(feed_url)
    (episode,) = api.wait_for_all(feed)
    before = segments_of(api, feed)
    assert episode["status"] == "indexed" and len(before) >= 2
    assert api.call("POST", "/feeds", json={"url": feed_url})["id"] == feed
    api.call("POST", f"/episodes/{episode['id']}/retry", expect=202)
    wait_until(lambda: True if api.episodes(feed)[0]["status"] != "indexed" else None)
    api.wait_for_all(feed)
    assert [s[0] for s in segments_of(api, feed)] == [s[0] for s in before]
    assert segments_of(api, feed) == before


@pytest.mark.slow
@pytest.mark.parametrize("whole", [False, True], ids=["a pool child", "the whole worker"])
def test_an_episode_outlives_the_worker_that_heard_it(
    platform: Copy, api: Api, feed_url: str, whole: bool
) -> None:
    feed = api.add(feed_url)
    wait_for_work(api, feed)
    leader, *children = children_of(platform, "transcribe")
    for pid in [leader, *children] if whole else children:
        os.kill(pid, signal.SIGKILL)
    (episode,) = api.wait_for_all(feed)
    assert (episode["status"], episode["error"]) == ("indexed", None)
    found = segments_of(api, feed)
    starts = [start_s for _, start_s, _ in found]
    assert len(set(starts)) == len(starts) >= 2


@pytest.mark.slow
def test_what_is_removed_is_found_no_more(api: Api, feed_url: str) -> None:
    feed = api.add(feed_url)
    (episode,) = api.wait_for_all(feed)
    assert segments_of(api, feed)
    api.call("DELETE", f"/episodes/{episode['id']}", expect=204)
    wait_until(lambda: True if not segments_of(api, feed) else None)
    api.call("POST", f"/feeds/{feed}/refresh", expect=202)
    api.call("DELETE", f"/feeds/{feed}", expect=204)
    api.call("GET", f"/feeds/{feed}", expect=404)
