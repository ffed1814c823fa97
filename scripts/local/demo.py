"""Brings the demo in: makes its episodes and adds each show as soon as it has one.

    python -m scripts.local.demo --dir DIR --port PORT --choice all|ci

A show is added once only, so that one which was removed stays away.
"""

import argparse
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def main() -> int:
    """Add what is not there yet; 1 where an episode could not be made or a show not added."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--choice", choices=("all", "ci"), required=True)
    options = parser.parse_args()
    try:
        bring_in(options.dir, options.port, options.choice)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0


def bring_in(folder: Path, port: int, choice: str) -> None:
    """Make the episodes and hand each to Earmark, as its feed's first or a new one."""
    folder.mkdir(parents=True, exist_ok=True)
    added = Added(folder / ".added.json")
    for made in _made(folder, choice):
        known = added.feed_of(made["show"])
        if known is None:
            url = f"http://127.0.0.1:{port}{made['feed_path']}"
            added.note(made["show"], _api("/feeds", {"url": url})["id"], made["episode"])
        elif made["episode"] not in added.episodes(made["show"]):
            _api(f"/feeds/{known}/refresh", {})
            added.note(made["show"], known, made["episode"])


class Added:
    """What was handed over, by show: the feed's id and the episodes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._shows: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}

    def feed_of(self, show: str) -> str | None:
        """The feed's id, if the show was ever added."""
        return self._shows[show]["feed"] if show in self._shows else None

    def episodes(self, show: str) -> list[str]:
        """The episodes that were handed over."""
        return list(self._shows[show]["episodes"])

    def note(self, show: str, feed: str, episode: str) -> None:
        """Remember one more."""
        entry = self._shows.setdefault(show, {"feed": feed, "episodes": []})
        entry["episodes"].append(episode)
        self._path.write_text(json.dumps(self._shows, indent=1))


def _made(folder: Path, choice: str) -> Iterator[dict[str, Any]]:
    """The episodes as they are finished; CalledProcessError where one could not be made."""
    command = [sys.executable, "-m", "scripts.demo", "build", "--dir", str(folder), "--json"]
    if choice == "ci":
        command.append("--ci")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            yield json.loads(line)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, "making the demo")


def _api(path: str, body: dict[str, Any]) -> dict[str, Any]:
    """POST to Earmark's own API; a feed that was removed by hand is no error."""
    request = urllib.request.Request(  # noqa: S310 - our own address
        f"{os.environ['EARMARK_URL']}/api/v1{path}",
        data=json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {os.environ['EARMARK_ADMIN_TOKEN']}",
            "Content-Type": "application/json",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310 - as above
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return {}
        raise OSError(f"{path} answers {error.code}: {error.read().decode()}") from error


if __name__ == "__main__":
    sys.exit(main())
