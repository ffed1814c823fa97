"""Measure how surely a clip's very recording is found, in a library of ten hours and more.

    .venv/bin/python -m scripts.bench_recording --data FOLDER --out docs/benchmarks/recording.json
    .venv/bin/python -m scripts.bench_recording --table docs/benchmarks/recording.json

The library is what lies below FOLDER (all recordings but those of two in five folders, which
stay outside for clips that must not be found), and programmes that espeak-ng reads in changing
voices from the words of FOLDER's texts, with music of our own. It is written into the
Elasticsearch that the environment names (ELASTICSEARCH_URL and the rest), under a prefix that is
removed afterwards. Beside it, in the same run, Chromaprint (Debian's libchromaprint-tools, if
`fpcalc` is there) gets the same library and the same clips.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import tempfile
import time
import wave
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from elasticsearch import Elasticsearch

from app.audio.landmarks import LANDMARKS_VERSION, clip_landmarks, landmarks
from app.domain import Episode
from app.search.client import get_client
from app.search.recordings import (
    ACCEPTED_SCORE,
    ACCEPTED_SCORE_AT_OTHER_SPEEDS,
    RecordingIndex,
    find,
)
from app.search.schema import definition
from scripts import bench_sounds as sounds
from scripts.bench_ingest import commit, cpu
from scripts.bench_sounds import RATE_HZ, Audio

PROGRAMME_S = 600.0
FRESH = 50  # programmes that are made anew; further ones are the first, played
FASTER = 1.125  # times faster and higher
QUIET = 3e-3  # a clip's level below which there is nothing to hear
NEAR_S = 0.1
KEPT_OUTSIDE = 2  # of five folders

Distort = Callable[[Audio, np.random.Generator], Audio]


def _noise(snr_db: float) -> Distort:
    return lambda audio, rng: sounds.with_noise(audio, sounds.pink_noise(len(audio), rng), snr_db)


def _speed(audio: Audio, rng: np.random.Generator) -> Audio:
    return sounds.at_speed(audio, 1 + float(rng.choice([-0.02, -0.01, 0.01, 0.02])))


@dataclass
class Library:
    """Raw samples of each episode in a file, and of what must not be found."""

    folder: Path
    names: list[str]
    real: list[str]  # those of names that are no synthesis of ours
    outside: list[Audio]
    words: list[str]

    def read(self, name: str) -> Audio:
        """An episode's samples."""
        data = np.fromfile(self.folder / f"{name}.pcm", "<i2")
        return data.astype(np.float32) / 32768


def make_library(data: Path, hours: float, folder: Path) -> Library:
    """Decode and synthesise; programmes that lie in ``folder`` already are used again."""
    library = Library(folder, [], [], [], sounds.words_of(data))
    folder.mkdir(parents=True, exist_ok=True)
    seconds = 0.0
    for path, audio in sounds.real_sounds(data):
        if _is_outside(path.parent, data):
            library.outside.append(audio)
            continue
        name = "real-" + "-".join(path.relative_to(data).with_suffix("").parts)
        _write(folder / f"{name}.pcm", audio)
        library.names.append(name)
        library.real.append(name)
        seconds += len(audio) / RATE_HZ
    number = 0
    while seconds < hours * 3600:
        path = folder / f"{number:03d}.pcm"
        if not path.exists():
            _write(path, _programme(library, number))
        library.names.append(path.stem)
        seconds += path.stat().st_size / 2 / RATE_HZ
        number += 1
    return library


def _programme(library: Library, number: int) -> Audio:
    if number >= FRESH:
        return sounds.at_speed(library.read(f"{number - FRESH:03d}"), FASTER)
    rng = np.random.default_rng(1000 + number)
    return sounds.programme(library.words, PROGRAMME_S, rng)


def _is_outside(folder: Path, data: Path) -> bool:
    beside = sorted(path for path in folder.parent.iterdir() if path.is_dir())
    return data not in (folder, folder.parent) and beside.index(folder) % 5 < KEPT_OUTSIDE


def _write(path: Path, audio: Audio) -> None:
    np.round(np.clip(audio, -1, 0.9999) * 32768).astype("<i2").tofile(path)


def index(es: Elasticsearch, prefix: str, library: Library) -> dict[str, float]:
    """Write the library; what it took."""
    body, name = definition("recordings"), f"{prefix}-recordings"
    es.indices.create(
        index=f"{name}-000001",
        settings=body["settings"],
        mappings=body["mappings"],
        aliases={name: {"is_write_index": True}},
    )
    into, hours, documents, made_s, count = RecordingIndex(es, prefix), 0.0, 0, 0.0, 0
    for episode in library.names:
        audio = library.read(episode)
        before = time.process_time()
        found = landmarks([audio])
        made_s += time.process_time() - before
        count += len(found)
        duration_s = len(audio) / RATE_HZ
        record = Episode(
            id=episode, feed_id="bench", guid=episode, language="en", duration_s=duration_s
        )
        documents += into.write(record, found)
        hours += duration_s / 3600
    es.indices.forcemerge(index=name, max_num_segments=1)
    es.indices.flush(index=name)
    stats = es.indices.stats(index=name)["_all"]["primaries"]
    return {
        "hours": round(hours, 2),
        "documents": documents,
        "landmarks_a_second": round(count / hours / 3600, 1),
        "mb_an_hour": round(stats["store"]["size_in_bytes"] / 1e6 / hours, 2),
        "times_real_time": round(hours * 3600 / made_s),
    }


def cut(library: Library, names: list[str], duration_s: float, rng: np.random.Generator) -> Any:
    """A clip that can be heard: its episode, its place in seconds, its samples."""
    count = round(duration_s * RATE_HZ)
    while True:
        name = str(rng.choice(names))
        audio = np.memmap(library.folder / f"{name}.pcm", "<i2", "r")
        if len(audio) <= count:
            continue
        start = int(rng.integers(0, len(audio) - count))
        clip = np.asarray(audio[start : start + count]).astype(np.float32) / 32768
        if np.sqrt(np.mean(clip**2)) > QUIET:
            return name, start / RATE_HZ, clip


def conditions(library: Library) -> dict[str, tuple[list[float], Distort]]:
    """What befalls clips, and at which lengths."""

    def under_babble(audio: Audio, rng: np.random.Generator) -> Audio:
        return sounds.with_noise(audio, sounds.babble(len(audio), library.outside, rng), 0)

    return {
        "clean": ([1, 2, 3, 5], lambda audio, rng: audio),
        "10 dB pink noise": ([1, 2, 3, 5], _noise(10)),
        "0 dB pink noise": ([1, 2, 3, 5], _noise(0)),
        "0 dB babble": ([2, 3, 5], under_babble),
        "Opus 32 kb/s": ([2, 3], lambda audio, rng: sounds.coded(audio, "libopus")),
        "MP3 32 kb/s": ([2, 3], lambda audio, rng: sounds.coded(audio, "libmp3lame")),
        "speed +-1 or 2 %": ([3], _speed),
        "room and phone": ([3], sounds.by_phone),
    }


def measure(es: Elasticsearch, prefix: str, library: Library, clips: int) -> list[dict[str, Any]]:
    """Each condition and length, half the clips from real recordings."""
    rows, peer = [], Chromaprint.of(library)
    for number, (name, (lengths, distort)) in enumerate(conditions(library).items()):
        for duration_s in lengths:
            rng = np.random.default_rng(int(100 * number + 10 * duration_s))
            outcomes = []
            for clip_number in range(clips):
                names = library.real if clip_number % 2 else library.names
                episode, start_s, audio = cut(library, names, duration_s, rng)
                heard = distort(audio, rng)
                outcome = ask(es, prefix, heard, episode, start_s)
                if peer:
                    outcome["chromaprint"] = peer.finds(heard) == episode
                outcomes.append(outcome)
            rows.append({"condition": name, "seconds": duration_s, **summary(outcomes)})
            print(json.dumps(rows[-1]), flush=True)
    return rows


def ask(
    es: Elasticsearch, prefix: str, heard: Audio, episode: str, start_s: float
) -> dict[str, Any]:
    """One clip's outcome."""
    began = time.perf_counter()
    clip = clip_landmarks(heard)
    read_s = time.perf_counter() - began
    matches = find(es, prefix, clip)
    found_s = time.perf_counter() - began - read_s
    top = matches[0] if matches else None
    off_s = abs(top.start_s - start_s) if top and top.episode_id == episode else None
    is_right = off_s is not None and off_s <= NEAR_S
    return {
        "top1": is_right,
        "accepted": is_right and bool(top and top.accepted),
        "wrongly_accepted": bool(top and top.accepted) and not is_right,
        "score": top.score if top and is_right else 0.0,
        "off_s": off_s if is_right else None,
        "read_ms": 1000 * read_s,
        "find_ms": 1000 * found_s,
    }


def summary(outcomes: list[dict[str, Any]]) -> dict[str, Any]:
    """Shares of one, and the scores' and times' distribution."""

    def values(name: str) -> list[float]:
        return [one[name] for one in outcomes if one[name] is not None]

    shares = [
        "top1",
        "accepted",
        "wrongly_accepted",
        *(["chromaprint"] if "chromaprint" in outcomes[0] else []),
    ]
    return {
        "clips": len(outcomes),
        **{name: round(float(np.mean(values(name))), 4) for name in shares},
        "score_p1_p5_p50": np.percentile(values("score"), [1, 5, 50]).round(1).tolist(),
        "most_off_s": round(max(values("off_s"), default=0.0), 3),
        "read_ms_p50_p95": np.percentile(values("read_ms"), [50, 95]).round(1).tolist(),
        "find_ms_p50_p95": np.percentile(values("find_ms"), [50, 95]).round(1).tolist(),
    }


def foreign(es: Elasticsearch, prefix: str, library: Library, clips: int) -> dict[str, Any]:
    """Clips that are not in the library: the highest scores, and how many were accepted."""
    scores, accepted = [], 0
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(
            lambda audio: find(es, prefix, clip_landmarks(audio)), strange(library, clips)
        )
    for matches in answers:
        accepted += bool(matches and matches[0].accepted)
        scores.append((matches[0].score, matches[0].speed) if matches else (0.0, 1.0))
    own = [score for score, speed in scores if speed == 1]
    return {
        "clips": len(scores),
        "accepted": accepted,
        "highest": sorted((score for score, _ in scores), reverse=True)[:10],
        "highest_at_own_speed": max(own, default=0.0),
        "p50_p99": np.percentile([score for score, _ in scores], [50, 99]).round(1).tolist(),
    }


def strange(library: Library, clips: int) -> Iterator[Audio]:
    """In turn: real sounds kept outside, the library's voices saying other things, other music."""
    rng = np.random.default_rng(7)
    made = 0
    while made < clips:
        samples = round(float(rng.choice([1, 2, 3, 5])) * RATE_HZ)
        kind = made % 3
        if kind == 0 and library.outside:
            audio = library.outside[int(rng.integers(len(library.outside)))]
        elif kind == 1:
            words = [str(word) for word in rng.choice(library.words, 30)]
            audio = sounds.read_aloud(words, rng)
        else:
            audio = sounds.music(samples / RATE_HZ, rng)
        start = int(rng.integers(0, max(1, len(audio) - samples)))
        clip = audio[start : start + samples]
        if np.sqrt(np.mean(clip**2)) > QUIET:
            made += 1
            yield clip


class Chromaprint:
    """The peer: each episode's raw fingerprint, and a clip's at the offset with fewest wrong bits.

    Its own matcher, in the AcoustID server, compares whole files; of a short clip this is the
    best that its fingerprints can do.
    """

    def __init__(self, prints: dict[str, Any]) -> None:
        self._names = [name for name, found in prints.items() for _ in found]
        self._prints = np.concatenate(list(prints.values()))

    @classmethod
    def of(cls, library: Library) -> "Chromaprint | None":
        """Of the library, or None where there is no fpcalc."""
        if not shutil.which("fpcalc"):
            return None
        return cls({name: fingerprint(library.read(name)) for name in library.names})

    def finds(self, audio: Audio) -> str | None:
        """The episode whose fingerprint comes nearest."""
        mine = fingerprint(audio)
        if not len(mine) or len(mine) > len(self._prints):
            return None
        wrong = np.zeros(len(self._prints) - len(mine) + 1, np.int64)
        for number, value in enumerate(mine):
            wrong += np.bitwise_count(self._prints[number : number + len(wrong)] ^ value)
        return str(self._names[int(np.argmin(wrong))])


def fingerprint(audio: Audio) -> Any:
    """Chromaprint's 32 bits for each eighth of a second; none of too short a clip."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        with wave.open(file.name, "wb") as out:
            out.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
            out.writeframes(np.round(np.clip(audio, -1, 0.9999) * 32768).astype("<i2").tobytes())
        command = ["fpcalc", "-raw", "-length", "0", file.name]
        told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = re.search(r"FINGERPRINT=([\d,]+)", told)
    return np.array([int(one) for one in found[1].split(",")] if found else [], np.uint32)


def run(given: argparse.Namespace) -> dict[str, Any]:
    """All of it."""
    es, prefix = get_client(), f"bench-{uuid4().hex[:8]}"
    library = make_library(given.data, given.hours, given.work)
    try:
        written = index(es, prefix, library)
        print(written, flush=True)
        return {
            "machine": {"cpu": cpu(), "cores": os.cpu_count(), "python": platform.python_version()},
            "versions": {
                "elasticsearch": str(es.nodes.info()["nodes"].popitem()[1]["version"]),
                "numpy": version("numpy"),
                "landmarks": LANDMARKS_VERSION,
            },
            "commit": commit(),
            "load_before": os.getloadavg()[0],
            "thresholds": [ACCEPTED_SCORE, ACCEPTED_SCORE_AT_OTHER_SPEEDS],
            "library": written,
            "rows": measure(es, prefix, library, given.clips),
            "foreign": foreign(es, prefix, library, given.foreign),
        }
    finally:
        es.indices.delete(index=f"{prefix}-recordings-000001", ignore_unavailable=True)


def table(result: dict[str, Any]) -> str:
    """The figures as Markdown."""
    library, strangers, machine = result["library"], result["foreign"], result["machine"]
    lines = [
        f"{library['hours']:.1f} h in {library['documents']} documents, {library['mb_an_hour']} MB "
        f"an hour in Elasticsearch {result['versions']['elasticsearch']}; landmarks are made "
        f"{library['times_real_time']} times faster than the audio lasts, on one processor. Of "
        f"{strangers['clips']} clips that are not in the library {strangers['accepted']} were "
        f"accepted; their highest score was {strangers['highest'][0]} "
        f"({strangers['highest_at_own_speed']} at their own speed), against "
        f"{result['thresholds'][0]:.0f} that are needed ({result['thresholds'][1]:.0f} at another "
        f"speed). {machine['cores']} cores of {machine['cpu']} under a load of "
        f"{result['load_before']:.0f}, commit {result['commit']}.",
        "",
        "| clip | seconds | clips | first and within 0.1 s | accepted | wrongly accepted "
        "| Chromaprint: first | against it | score: 1st, 5th, 50th percentile "
        "| farthest, s | landmarks, ms | search, ms |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    return "\n".join(lines + [_line(row) for row in result["rows"]])


def _line(row: dict[str, Any]) -> str:
    peer = row.get("chromaprint")
    ratio = f"{row['accepted'] / peer:.2f}" if peer else ""
    scores = ", ".join(f"{score:.0f}" for score in row["score_p1_p5_p50"])
    cells = [
        row["condition"],
        f"{row['seconds']:g}",
        str(row["clips"]),
        f"{row['top1']:.1%}",
        f"{row['accepted']:.1%}",
        f"{row['wrongly_accepted']:.1%}",
        "" if peer is None else f"{peer:.1%}",
        ratio,
        scores,
        f"{row['most_off_s']:.3f}",
        f"{row['read_ms_p50_p95'][0]:.0f}",
        f"{row['find_ms_p50_p95'][0]:.0f}",
    ]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Measure, or print the table of an earlier measurement."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", type=Path, help="a folder of recordings and texts")
    parser.add_argument("--hours", type=float, default=10.2)
    parser.add_argument("--clips", type=int, default=200, help="for each condition and length")
    parser.add_argument("--foreign", type=int, default=1000)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "earmark-bench")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--table", type=Path)
    given = parser.parse_args()
    if given.table:
        print(table(json.loads(given.table.read_text())))
        return
    if not given.data:
        parser.error("--data FOLDER is needed: recordings, and texts to be read aloud")
    result = run(given)
    if given.out:
        given.out.write_text(json.dumps(result, indent=2) + "\n")
    print(table(result))


if __name__ == "__main__":
    main()
