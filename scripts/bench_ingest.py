"""Measure the whole chain on one long file.

    .venv/bin/python -m scripts.bench_ingest --hours 3 --out docs/benchmarks/ingest.json
    .venv/bin/python -m scripts.bench_ingest --table docs/benchmarks/ingest.json

A file of that length is made from the demo's episodes (``--demo DIR``, as built by
``python -m scripts.demo build``), served on loopback, added to an Earmark that the script
starts for itself in an empty folder, and followed until it is indexed. Memory is each process's
own peak (VmHWM); the parts of the stages are read from the workers' logs.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from app.audio.ffmpeg import find_ffmpeg
from scripts.own_copy import ROOT, own_copy

PART = re.compile(r"part=(\w+) episode=\w+ seconds=([\d.]+)")


def make_audio(demo: Path, hours: float, out: Path) -> None:
    """The demo's episodes one after the other, again and again, as one MP3."""
    episodes = sorted(p for p in demo.rglob("*") if p.suffix in {".mp3", ".m4a", ".ogg", ".flac"})
    if not episodes:
        sys.exit(f"No audio below {demo}: run `python -m scripts.demo build --dir {demo}` first.")
    inputs = [word for episode in episodes for word in ("-i", str(episode))]
    rounds = "".join(
        f"[{i}:a]aresample=44100,aformat=channel_layouts=mono[a{i}];" for i in range(len(episodes))
    )
    joined = "".join(f"[a{i}]" for i in range(len(episodes)))
    once = out.with_suffix(".once.mp3")
    graph = f"{rounds}{joined}concat=n={len(episodes)}:v=0:a=1"
    _ffmpeg(*inputs, "-filter_complex", graph, "-b:a", "64k", str(once))
    _ffmpeg("-stream_loop", "-1", "-i", str(once), "-c", "copy", "-t", str(hours * 3600), str(out))
    once.unlink()


def _ffmpeg(*arguments: str) -> None:
    subprocess.run([find_ffmpeg(), "-nostdin", "-v", "error", "-y", *arguments], check=True)


def peaks(data: Path) -> dict[str, float]:
    """The peak memory in MB of each process that works for this data folder, by its role."""
    found: dict[str, float] = defaultdict(float)
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
            environment = (process / "environ").read_bytes().decode(errors="replace")
            status = (process / "status").read_text()
        except OSError:  # it has just ended
            continue
        peak = re.search(r"VmHWM:\s+(\d+) kB", status)
        if peak and f"{data}/" in environment + " ".join(command):
            role = role_of(command)
            found[role] = max(found[role], round(int(peak[1]) / 1024, 1))
    return dict(found)


def role_of(command: list[str]) -> str:
    """Which part of Earmark a command line belongs to."""
    text = " ".join(command)
    for role, mark in {
        "worker-feeds": "feeds@",
        "worker-fetch": "fetch@",
        "worker-transcribe": "transcribe@",
        "worker-query": "query@",
        "beat": "workers.celery beat",
        "web": "gunicorn",
        "elasticsearch": "org.elasticsearch",
        "redis": "redis-server",
        "ffmpeg": "ffmpeg",
    }.items():
        if mark in text:
            return role
    return "other"


def measure(hours: float, demo: Path) -> dict[str, Any]:
    """Run the whole thing once; everything it made is removed."""
    memory: dict[str, float] = {}
    with own_copy() as copy:
        make_audio(demo, hours, copy.site / "long.mp3")
        copy.start()
        started = time.monotonic()

        def watch(episodes: list[Any]) -> None:
            for role, megabytes in peaks(copy.data).items():
                memory[role] = max(memory.get(role, 0.0), megabytes)
            for episode in episodes:
                done_s = episode["progress"]["done_s"]
                print(f"{time.monotonic() - started:7.0f} s  {episode['status']}  {done_s:.0f} s")

        copy.publish("Benchmark", "en", ["long.mp3"])
        (episode,) = copy.follow(1, watch)
        wall_s = time.monotonic() - started
        if episode["status"] != "indexed":
            sys.exit(f"The episode ended as {episode['status']}: {episode['error']}")
        return {
            "machine": {"cpu": cpu(), "cores": os.cpu_count(), "python": platform.python_version()},
            "commit": commit(),
            "audio_s": episode["duration_s"],
            "wall_s": round(wall_s, 1),
            "peak_mb": memory,
            "part_s": parts(copy.data),
        }


def parts(data: Path) -> dict[str, float]:
    """Seconds by part of the stages, summed over the workers' logs."""
    seconds: dict[str, float] = defaultdict(float)
    for log in data.rglob("*.log*"):
        for part, took in PART.findall(log.read_text(errors="replace")):
            seconds[part] += float(took)
    return {part: round(value, 2) for part, value in seconds.items()}


def cpu() -> str:
    """The processor's name."""
    names = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return names[0] if names else platform.machine()


def commit() -> str:
    """The commit that was measured."""
    asked = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()


def table(result: dict[str, Any]) -> str:
    """The figures as Markdown."""
    hours, wall_s = result["audio_s"] / 3600, result["wall_s"]
    machine = result["machine"]
    lines = [
        f"{hours:.2f} h of audio in {wall_s / 60:.1f} min: {hours * 3600 / wall_s:.2f} audio-hours "
        f"an hour ({machine['cores']} cores of {machine['cpu']}, commit {result['commit']}).",
        "",
        "| part | seconds | share |",
        "| --- | ---: | ---: |",
    ]
    whole = sum(result["part_s"].values())
    lines += [f"| {part} | {s:.1f} | {s / whole:.1%} |" for part, s in result["part_s"].items()]
    lines += ["", "| process | peak memory, MB |", "| --- | ---: |"]
    lines += [f"| {role} | {mb:.0f} |" for role, mb in sorted(result["peak_mb"].items())]
    return "\n".join(lines)


def main() -> None:
    """Measure, or print the table of an earlier measurement."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--hours", type=float, default=3.0)
    parser.add_argument("--demo", type=Path, help="the folder of a built demo")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--table", type=Path)
    given = parser.parse_args()
    if given.table:
        print(table(json.loads(given.table.read_text())))
        return
    if not given.demo:
        parser.error("--demo DIR is needed to make the audio")
    result = measure(given.hours, given.demo)
    if given.out:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(json.dumps(result, indent=2) + "\n")
    print(table(result))


if __name__ == "__main__":
    main()
