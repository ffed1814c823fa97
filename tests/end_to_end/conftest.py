"""What the end-to-end tests share: the API of a whole Earmark, and its demo once indexed."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.scripts.local.copies import Copy

PATIENCE_S = 300  # for a busy machine
ENDED = {"indexed", "failed", "skipped"}


class Api:
    """The HTTP API with the admin's token; anything but the expected status fails the test."""

    def __init__(self, copy: Copy) -> None:
        self.url = copy.url
        headers = {"Authorization": f"Bearer {copy.token}"}
        self._http = urllib3.PoolManager(headers=headers, timeout=120, maxsize=4)

    def call(self, method: str, path: str, *, expect: int = 200, **more: Any) -> Any:
        answer = self._http.request(method, f"{self.url}/api/v1{path}", **more)
        assert answer.status == expect, answer.data.decode()
        return answer.json() if answer.data else None

    def search(self, words: str, **more: Any) -> list[dict[str, Any]]:
        hits: list[dict[str, Any]] = self.call("GET", "/search", fields={"q": words} | more)["hits"]
        return hits

    def add(self, url: str, **more: Any) -> str:
        return str(self.call("POST", "/feeds", expect=201, json={"url": url} | more)["id"])

    def episodes(self, feed: str | None = None) -> list[dict[str, Any]]:
        fields = {"size": "100"} | ({"feed": feed} if feed else {})
        items: list[dict[str, Any]] = self.call("GET", "/episodes", fields=fields)["items"]
        return items

    def wait_for_all(self, feed: str | None = None, count: int = 1) -> list[dict[str, Any]]:
        """A feed's episodes once they have all come to an end."""

        def ended() -> list[dict[str, Any]] | None:
            episodes = self.episodes(feed)
            enough = len(episodes) >= count and all(e["status"] in ENDED for e in episodes)
            return episodes if enough else None

        return wait_until(ended)


def wait_until(found: Callable[[], Any]) -> Any:
    """Ask again and again until there is something; fails after PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if (answer := found()) is not None:
            return answer
        time.sleep(0.2)
    raise AssertionError(f"not within {PATIENCE_S} s: {found.__qualname__}")


@pytest.fixture(scope="session")
def api(platform: Copy) -> Api:
    return Api(platform)


@pytest.fixture(scope="session")
def demo(platform: Copy, api: Api) -> Path:
    """The folder of the demo's three CI episodes, all of them indexed."""
    episodes = api.wait_for_all(count=3)
    assert {e["status"] for e in episodes} == {"indexed"}, episodes
    return platform.data / "demo"
