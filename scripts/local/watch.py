"""After the start: the episodes on their way, for as long as someone looks on."""

import json
import os
import time
import urllib.request
from typing import Any

from tqdm import tqdm

from scripts.local import start
from scripts.local.data import DataFolder
from scripts.local.progress import say
from scripts.local.supervisor import Supervisor

INTERVAL_S = 1.0
DONE = frozenset({"indexed", "skipped", "failed", "paused"})


def watch(data: DataFolder, supervisor: Supervisor) -> int:
    """Show every episode's way until the supervisor ends, which only happens by force."""
    episodes = Episodes(start.address(data))
    log = LogTail(data / "logs" / "demo.log")
    while supervisor.is_running():
        for line in log.new_lines():
            say(f"demo: {line}")
        episodes.show()
        time.sleep(INTERVAL_S)
    say("The supervisor has ended.")
    return 1


class LogTail:
    """The lines that were added to a log since we last looked."""

    def __init__(self, path) -> None:
        self._path = path
        self._seen = path.stat().st_size if path.exists() else 0

    def new_lines(self) -> list[str]:
        """Whole lines only; a half-written one waits for its end."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._seen)
            whole, _, _ = file.read().rpartition(b"\n")
        self._seen += len(whole) + 1 if whole else 0
        return whole.decode(errors="replace").splitlines()


class Episodes:
    """One bar an episode on a terminal; a line for each change of its state otherwise."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._states: dict[str, str] = {}
        self._bars: dict[str, tqdm] = {}

    def show(self) -> None:
        """Ask how all episodes are, and show what has changed."""
        for episode in self._all():
            self._show_state(episode)
            self._draw(episode)

    def _all(self) -> list[dict[str, Any]]:
        token = os.environ["EARMARK_ADMIN_TOKEN"]
        request = urllib.request.Request(  # noqa: S310 - our own address
            f"{self._url}/api/v1/episodes?size=100", headers={"Authorization": f"Bearer {token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
                return list(json.load(answer)["items"])
        except (OSError, ValueError):
            return []

    def _show_state(self, episode: dict[str, Any]) -> None:
        known = self._states.get(episode["id"])
        state = episode["status"]
        self._states[episode["id"]] = state
        if known == state or (known is None and state in DONE):
            return
        reason = f" ({episode['error']})" if episode.get("error") else ""
        say(f"  {episode['title']}: {state}{reason}")

    def _draw(self, episode: dict[str, Any]) -> None:
        bar = self._bars.get(episode["id"])
        if episode["status"] in DONE:
            if bar:
                bar.close()
                del self._bars[episode["id"]]
            return
        progress = episode.get("progress") or {}
        total = progress.get("total_s") or episode.get("duration_s")
        if bar is None:
            bar = tqdm(unit="s", leave=False, disable=None, desc=episode["title"][:40])
            self._bars[episode["id"]] = bar
        bar.total = total
        bar.n = progress.get("done_s") or 0
        bar.set_postfix_str(episode["status"])
