"""Ask a running Earmark what its demo must answer: ``python -m scripts.evaluate_demo``.

Ten typed queries, five spoken ones (by a voice that the episode does not have) and ten clips
cut from the episodes, those whose episodes are built. Prints the rank at which each answer
was found, and the time it took; ``--json FILE`` keeps the raw figures.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import urllib3

from app.audio.ffmpeg import find_ffmpeg
from scripts.demo.queries import load_truth, resolve

SLACK_S = 1.0  # a segment that ends so shortly before the sentence begins still has its words
LIMITS = {"typed": 3, "spoken": 3, "clips": 1}  # the rank to reach


@dataclass(frozen=True, slots=True)
class Asked:
    """One question and how it went; ``rank`` counts from 1, None: not in the first ten."""

    kind: str
    what: str
    rank: int | None
    took_ms: float
    heard: str | None = None

    @property
    def is_good(self) -> bool:
        """Whether the answer stands as high as it must."""
        return self.rank is not None and self.rank <= LIMITS[self.kind]


class Evaluation:
    """The demo's questions, put to one server."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = f"{url}/api/v1"
        self._folder = folder
        self._truth = load_truth(folder)
        self._http = urllib3.PoolManager(timeout=120)

    def run(self) -> Iterator[Asked]:
        """Every question in turn."""
        queries = resolve(self._truth)
        ask: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "typed": self._typed,
            "spoken": self._spoken,
            "clips": self._clip,
        }
        for kind, each in queries.items():
            for query in each:
                started = time.monotonic()
                answer = ask[kind](query)
                took_ms = answer.get("took_ms", 1000 * (time.monotonic() - started))
                what = query.get("q") or query.get("text") or query["what"]
                heard = (answer.get("heard") or {}).get("text")
                yield Asked(kind, what, self._rank(answer["hits"], query), took_ms, heard)

    def _typed(self, query: dict[str, Any]) -> dict[str, Any]:
        return self._json("GET", "/search", fields={"q": query["q"]})

    def _spoken(self, query: dict[str, Any]) -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            clip = Path(folder) / "query.wav"
            speak = [sys.executable, "-m", "scripts.demo", "speak", query["text"]]
            subprocess.run([*speak, "--voice", query["voice"], "--out", str(clip)], check=True)
            return self._send(clip)

    def _clip(self, query: dict[str, Any]) -> dict[str, Any]:
        episode = self._truth[query["episode"]]
        audio = self._folder / episode["show"] / episode["audio"]
        with tempfile.TemporaryDirectory() as folder:
            clip = Path(folder) / "clip.ogg"
            cut = ["-ss", str(query["offset_s"]), "-t", str(query["duration_s"])]
            base = [find_ffmpeg(), "-nostdin", "-v", "error", "-i", str(audio), *cut]
            subprocess.run([*base, "-c:a", "libopus", "-b:a", "48k", str(clip)], check=True)
            return self._send(clip)

    def _send(self, clip: Path) -> dict[str, Any]:
        return self._json("POST", "/search/clip", fields={"clip": (clip.name, clip.read_bytes())})

    def _json(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        answer = self._http.request(method, f"{self._url}{path}", **more)
        body: dict[str, Any] = answer.json()
        if answer.status != 200:
            sys.exit(f"{method} {path} answered {answer.status}: {body.get('detail')}")
        return body

    def _rank(self, hits: list[dict[str, Any]], query: dict[str, Any]) -> int | None:
        title = self._truth[query["episode"]]["title"]
        for rank, hit in enumerate(hits, 1):
            if hit["episode"]["title"] == title and any(
                hit["start_s"] < end_s + SLACK_S and hit["end_s"] > start_s - SLACK_S
                for start_s, end_s in query["places"]
            ):
                return rank
        return None


def main() -> None:
    """Print a line a question; the exit status says whether all went well."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--demo", type=Path, default=Path("data/demo"), help="the demo's folder")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    asked = []
    for one in Evaluation(given.url, given.demo).run():
        asked.append(one)
        mark = "ok  " if one.is_good else "MISS"
        heard = f"  heard: {one.heard}" if one.heard else ""
        print(f"{mark} {one.kind:6} rank {one.rank} {one.took_ms:6.0f} ms  {one.what}{heard}")
    if given.json:
        given.json.write_text(json.dumps([asdict(one) for one in asked], indent=1) + "\n")
    good = sum(one.is_good for one in asked)
    print(f"{good} of {len(asked)} as they should be")
    sys.exit(good < len(asked))


if __name__ == "__main__":
    main()
