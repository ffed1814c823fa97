"""Measure how surely a clip's very recording is found, in a library of ten hours and more.

    .venv/bin/python -m scripts.bench_recording --data FOLDER --out docs/benchmarks/recording.json
    .venv/bin/python -m scripts.bench_recording --table docs/benchmarks/recording.json

The library is what lies below FOLDER (all recordings but those of two in five folders, which
stay outside for clips that must not be found), programmes that espeak-ng reads in changing voices
from the words of FOLDER's texts, and music of our own. Clips are drawn from each kind of sound
(speech: every other one is real; music; other sounds, all real) where there is sound. The library
is written into the Elasticsearch that the environment names, under a prefix that is
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
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from elasticsearch import Elasticsearch

from app.audio.landmarks import LANDMARKS_VERSION, clip_landmarks, landmarks
from app.domain import Episode
from app.search.client import connect, get_client
from app.search.recordings import (
    ACCEPTED_AHEAD,
    ACCEPTED_LEAD,
    ACCEPTED_LOUDNESS,
    ACCEPTED_SCORE,
    RecordingIndex,
    find,
)
from app.search.schema import definition
from app.settings import get_settings
from scripts import bench_sounds as sounds
from scripts.bench_ingest import commit, cpu
from scripts.bench_sounds import RATE_HZ, Audio

PROGRAMME_S = 600.0
FRESH = 50  # programmes that are made anew; further ones are the first, played
FASTER = 1.125  # times faster and higher
QUIET = 3e-3  # a clip's level below which there is nothing to hear
NEAR_S = 0.1
KEPT_OUTSIDE = 2  # of five folders
MUSIC = 3  # episodes of nothing else
KINDS = ("speech", "music", "other")
AT_ONCE = 2  # processes
SEED = 10  # of the strange clips; the thresholds were chosen on others

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
    kinds: dict[str, list[list[str]]]  # the episodes of each; clips come from its lists in turn
    outside: list[Audio]
    words: list[str]

    def read(self, name: str) -> Audio:
        """An episode's samples."""
        data = np.fromfile(self.folder / f"{name}.pcm", "<i2")
        return data.astype(np.float32) / np.float32(32768)


def make_library(data: Path, hours: float, folder: Path) -> Library:
    """Decode and synthesise; programmes that lie in ``folder`` already are used again."""
    real: dict[str, list[str]] = {"speech": [], "other": []}
    read: list[str] = []
    played = [f"music-{number}" for number in range(MUSIC)]
    kinds = {"speech": [real["speech"], read], "music": [played], "other": [real["other"]]}
    library = Library(folder, [], kinds, [], sounds.words_of(data))
    folder.mkdir(parents=True, exist_ok=True)
    seconds = MUSIC * PROGRAMME_S
    for path, audio in sounds.real_sounds(data):
        if _is_outside(path.parent, data):
            library.outside.append(audio)
            continue
        name = "real-" + "-".join(path.relative_to(data).with_suffix("").parts)
        _write(folder / f"{name}.pcm", audio)
        real["other" if path.parent.parent.name == "sounds" else "speech"].append(name)
        seconds += len(audio) / RATE_HZ
    for number, name in enumerate(played):
        if not (folder / f"{name}.pcm").exists():
            audio = sounds.music(PROGRAMME_S, _music_rng(number))
            audio *= np.float32(0.7) / np.abs(audio).max()
            _write(folder / f"{name}.pcm", audio)
    number = 0
    while seconds < hours * 3600:
        path = folder / f"{number:03d}.pcm"
        if not path.exists():
            _write(path, _programme(library, number))
        read.append(path.stem)
        seconds += path.stat().st_size / 2 / RATE_HZ
        number += 1
    library.names += [name for lists in kinds.values() for names in lists for name in names]
    return library


def _programme(library: Library, number: int) -> Audio:
    if number >= FRESH:
        return sounds.at_speed(library.read(f"{number - FRESH:03d}"), FASTER)
    rng = np.random.default_rng(1000 + number)
    return sounds.programme(library.words, PROGRAMME_S, rng)


def _music_rng(number: int) -> np.random.Generator:
    return np.random.default_rng(500 + number)


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
        "clean": ([1, 2, 5], lambda audio, rng: audio),
        "10 dB pink noise": ([1, 2], _noise(10)),
        "0 dB pink noise": ([1, 2, 3], _noise(0)),
        "0 dB babble": ([2, 3], under_babble),
        "Opus 32 kb/s": ([2], lambda audio, rng: sounds.coded(audio, "libopus")),
        "MP3 32 kb/s": ([2], lambda audio, rng: sounds.coded(audio, "libmp3lame")),
        "speed +-1 or 2 %": ([3], _speed),
        "room and phone": ([3], sounds.by_phone),
    }


@dataclass(frozen=True)
class Bench:
    """What the processes share that ask for clips."""

    es: Elasticsearch
    prefix: str
    library: Library
    peer: "Chromaprint | None"


_bench: list[Bench] = []


def _share(prefix: str, library: Library, peer: "Chromaprint | None") -> None:
    # A client of its own: two processes would mix up the answers on one connection.
    _bench[:] = [Bench(connect(get_settings()), prefix, library, peer)]


def measure(pool: ProcessPoolExecutor, library: Library, clips: int) -> list[dict[str, Any]]:
    """Each condition, length and kind of sound, and all kinds together."""
    rows = []
    for name, (lengths, _) in conditions(library).items():
        for duration_s in lengths:
            outcomes: dict[str, list[dict[str, Any]]] = {}
            for kind in KINDS:
                asked = [(name, duration_s, kind, number) for number in range(clips)]
                outcomes[kind] = list(pool.map(_outcome, asked, chunksize=5))
            everything = [one for kind in KINDS for one in outcomes[kind]]
            for kind, found in [*outcomes.items(), ("all", everything)]:
                what = {"condition": name, "seconds": duration_s, "sound": kind}
                rows.append({**what, **summary(found)})
                print(json.dumps(rows[-1]), flush=True)
    return rows


def _outcome(asked: tuple[str, float, str, int]) -> dict[str, Any]:
    (bench,), (name, duration_s, kind, number) = _bench, asked
    _, distort = conditions(bench.library)[name]
    rng = np.random.default_rng([len(name), int(10 * duration_s), KINDS.index(kind), number])
    lists = bench.library.kinds[kind]
    episode, start_s, audio = cut(bench.library, lists[number % len(lists)], duration_s, rng)
    heard = distort(audio, rng)
    outcome = ask(bench.es, bench.prefix, heard, episode, start_s)
    if bench.peer:
        outcome["chromaprint"] = bench.peer.finds(heard) == episode
    return outcome


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


def foreign(pool: ProcessPoolExecutor, clips: int, seed: int) -> dict[str, Any]:
    """Clips that are not in the library: how near they come to being accepted."""
    found = list(pool.map(_strange, [(number, seed) for number in range(clips)], chunksize=5))
    loud = [one for one in found if one["score"] >= ACCEPTED_SCORE]
    return {
        "clips": clips,
        "seed": seed,
        "accepted": [one for one in found if one["accepted"]],
        "farthest_ahead": sorted(found, key=lambda one: -min(one["ahead"], one["lead"]))[:5],
        "most_leading": sorted(found, key=lambda one: -one["lead"])[:5],
        "loudest": sorted(loud, key=lambda one: -one["loudness"])[:5],
    }


def _strange(asked: tuple[int, int]) -> dict[str, Any]:
    (bench,), (number, seed) = _bench, asked
    matches = find(bench.es, bench.prefix, clip_landmarks(strange(bench.library, number, seed)))
    top = max(matches, key=lambda one: (one.accepted, one.ahead, one.lead), default=None)
    told = ("score", "ahead", "lead", "loudness", "landmarks", "speed", "accepted")
    nothing = dict.fromkeys(told, 0)
    return {"number": number} | ({name: getattr(top, name) for name in told} if top else nothing)


def strange(library: Library, number: int, seed: int) -> Audio:
    """In turn: real sounds kept outside, the library's voices saying other things, other music.

    The music is in the scale and metre of the library's. Of each, some lie under pink noise, as
    clips do; now and then there is nothing but that.
    """
    rng = np.random.default_rng([seed, number])
    samples = round(float(rng.choice([1, 2, 3, 5])) * RATE_HZ)
    while True:
        if number % 3 == 0 and library.outside:
            audio = library.outside[int(rng.integers(len(library.outside)))]
        elif number % 3 == 1:
            words = [str(word) for word in rng.choice(library.words, 30)]
            audio = sounds.read_aloud(words, rng)
        else:
            audio = sounds.music(samples / RATE_HZ, rng, like=_music_rng(int(rng.integers(MUSIC))))
        start = int(rng.integers(0, max(1, len(audio) - samples)))
        clip = audio[start : start + samples]
        if np.sqrt(np.mean(clip**2)) > QUIET:
            noise = sounds.pink_noise(len(clip), rng)
            return sounds.with_noise(clip, noise, float(rng.choice([-20, 0, 10, 60, 60])))


def timing(es: Elasticsearch, prefix: str, library: Library) -> dict[str, Any]:
    """Milliseconds of clips of three seconds, one after another; a strange one has all speeds."""
    rng = np.random.default_rng(3)
    spent: dict[str, list[float]] = {"landmarks": [], "found": [], "not_found": []}
    for number in range(10):
        clip = cut(library, library.kinds["speech"][1], 3, rng)[2]
        for audio, what in ((clip, "found"), (strange(library, 3 * number + 1, SEED), "not_found")):
            began = time.perf_counter()
            heard = clip_landmarks(audio[: 3 * RATE_HZ])
            read = time.perf_counter()
            find(es, prefix, heard)
            spent[what].append(1000 * (time.perf_counter() - read))
            spent["landmarks"].append(1000 * (read - began))
    return {name: round(float(np.median(values)), 1) for name, values in spent.items()}


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
        peer = Chromaprint.of(library) if given.peer else None
        load, spent = os.getloadavg()[0], timing(es, prefix, library)
        pool = ProcessPoolExecutor(AT_ONCE, get_context("fork"), _share, (prefix, library, peer))
        with pool:
            return {
                "machine": {
                    "cpu": cpu(),
                    "cores": os.cpu_count(),
                    "python": platform.python_version(),
                },
                "versions": {
                    "elasticsearch": str(es.nodes.info()["nodes"].popitem()[1]["version"]),
                    "numpy": version("numpy"),
                    "landmarks": LANDMARKS_VERSION,
                },
                "commit": commit(),
                "load": round(load, 1),
                "thresholds": {
                    "ahead": ACCEPTED_AHEAD,
                    "lead": ACCEPTED_LEAD,
                    "score": ACCEPTED_SCORE,
                    "loudness": ACCEPTED_LOUDNESS,
                },
                "library": written,
                "milliseconds": spent,
                "foreign": foreign(pool, given.foreign, given.seed),
                "rows": measure(pool, library, given.clips),
            }
    finally:
        es.indices.delete(index=f"{prefix}-recordings-000001", ignore_unavailable=True)


def table(result: dict[str, Any]) -> str:
    """The figures as Markdown."""
    library, strangers, machine = result["library"], result["foreign"], result["machine"]
    needed, spent = result["thresholds"], result["milliseconds"]
    leading = strangers["most_leading"][0]["lead"]
    ahead = min(strangers["farthest_ahead"][0][name] for name in ("ahead", "lead"))
    loudest = max((one["loudness"] for one in strangers["loudest"]), default=0.0)
    lines = [
        f"{library['hours']:.1f} h in {library['documents']} documents, {library['mb_an_hour']} MB "
        f"an hour in Elasticsearch {result['versions']['elasticsearch']}; landmarks are made "
        f"{library['times_real_time']} times faster than the audio lasts, on one processor. Of "
        f"{strangers['clips']} clips that are not in the library {len(strangers['accepted'])} were "
        f"accepted; the farthest was {ahead:.1f} ahead, where {needed['ahead']:.0f} is needed; "
        f"the greatest lead was {leading:.1f}, where {needed['lead']:.0f} is needed, and "
        f"the greatest loudness at a score of {needed['score']:.0f} was {loudest:.2f}, where "
        f"{needed['loudness']} is needed. Of a clip of 3 s the landmarks took "
        f"{spent['landmarks']:.0f} ms, the search {spent['found']:.0f}, or "
        f"{spent['not_found']:.0f} where it was not found and all speeds were tried (medians under "
        f"a load of {result['load']:.0f}). {machine['cores']} cores of {machine['cpu']}, commit "
        f"{result['commit']}.",
        "",
        "| clip | seconds | sound | clips | first and within 0.1 s | accepted | wrongly accepted "
        "| Chromaprint: first | score: 1st, 5th, 50th percentile | farthest, s |",
        "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    return "\n".join(lines + [_line(row) for row in result["rows"]])


def _line(row: dict[str, Any]) -> str:
    peer = row.get("chromaprint")
    scores = ", ".join(f"{score:.0f}" for score in row["score_p1_p5_p50"])
    cells = [
        row["condition"],
        f"{row['seconds']:g}",
        row["sound"],
        str(row["clips"]),
        f"{row['top1']:.1%}",
        f"{row['accepted']:.1%}",
        f"{row['wrongly_accepted']:.1%}",
        "" if peer is None else f"{peer:.1%}",
        scores,
        f"{row['most_off_s']:.3f}",
    ]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Measure, or print the table of an earlier measurement."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", type=Path, help="a folder of recordings and texts")
    parser.add_argument("--hours", type=float, default=10.2)
    parser.add_argument("--clips", type=int, default=60, help="of each kind, condition and length")
    parser.add_argument("--no-peer", dest="peer", action="store_false")
    parser.add_argument("--foreign", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=SEED, help="of the foreign clips")
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
