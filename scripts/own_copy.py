"""An Earmark of a measurement's own, which may fetch from one folder served on loopback."""

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import urllib3

from scripts.local.ports import free_port

ROOT = Path(__file__).resolve().parents[1]
ENDED = {"indexed", "failed", "skipped"}


class OwnCopy:
    """A running Earmark, its data folder, and the folder that is served to it."""

    def __init__(self, folder: Path) -> None:
        self.site, self.data = folder / "site", folder / "data"
        self.site.mkdir()
        handler = partial(SimpleHTTPRequestHandler, directory=str(self.site))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.site_url = f"http://127.0.0.1:{self._server.server_port}"
        self._port = free_port()

    def start(self) -> None:
        """Start it without the demo, and wait until it is ready."""
        opened = self.site_url.removeprefix("http://")
        environment = os.environ | {"EARMARK_ALLOW_PRIVATE_NETWORKS": opened}
        options = ["--port", str(self._port), "--no-demo", "--detach"]
        subprocess.run([*self._run(), *options], env=environment, check=True)
        token = (self.data / "admin-token").read_text().strip()
        self._http = urllib3.PoolManager(headers={"Authorization": f"Bearer {token}"})

    def stop(self) -> None:
        """Stop it; the caller removes the folder."""
        subprocess.run([*self._run("stop")], check=False)

    def _run(self, *words: str) -> list[str]:
        return [str(ROOT / "scripts" / "run"), *words, "--data", str(self.data)]

    def api(self, method: str, path: str, **more: Any) -> Any:
        """The JSON that a call answers."""
        answer = self._http.request(method, f"http://127.0.0.1:{self._port}/api/v1{path}", **more)
        return answer.json()

    def publish(self, title: str, language: str, names: list[str]) -> None:
        """Serve a feed of these files of the site, and add it."""
        items = "".join(
            f'<item><title>{name}</title><guid>{name}</guid><enclosure type="audio/mpeg" '
            f'length="1" url="{self.site_url}/{name}"/></item>'
            for name in names
        )
        (self.site / f"{language}.xml").write_text(
            f'<?xml version="1.0"?><rss version="2.0"><channel><title>{title}</title>'
            f"<link>{self.site_url}</link><language>{language}</language>{items}</channel></rss>"
        )
        self.api("POST", "/feeds", json={"url": f"{self.site_url}/{language}.xml"})

    def follow(self, count: int, watch: Callable[[list[Any]], None]) -> list[dict[str, Any]]:
        """The episodes once ``count`` of them have come to an end; ``watch`` sees them often."""
        while True:
            episodes: list[dict[str, Any]] = self.api("GET", "/episodes?size=100")["items"]
            watch(episodes)
            if sum(episode["status"] in ENDED for episode in episodes) >= count:
                return episodes
            time.sleep(2)


@contextmanager
def own_copy() -> Iterator[OwnCopy]:
    """A copy in a passing folder; start it once the site is filled."""
    with tempfile.TemporaryDirectory(prefix="earmark-measure-") as folder:
        Path(folder).chmod(0o755)  # so that Elasticsearch's own user gets through
        copy = OwnCopy(Path(folder))
        try:
            yield copy
        finally:
            copy.stop()
