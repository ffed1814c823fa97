"""Measure how long a person waits for the answer to a 5 s clip.

    .venv/bin/python -m scripts.bench_clips --demo data/demo --out docs/benchmarks/clips.json
    .venv/bin/python -m scripts.bench_clips --table docs/benchmarks/clips.json

Clips are cut from the demo's episodes (``--demo DIR``, as built by ``python -m scripts.demo
build``) at random places, and sent one after the other, as whole HTTP requests, to an Earmark that
the script starts for itself in an empty folder: while it has nothing else to do, and while it
transcribes a long episode.
"""

import argparse
import io
import json
import os
import platform
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from app.audio.decode import SAMPLE_RATE_HZ, decode
from scripts.bench_ingest import commit, cpu, make_audio
from scripts.own_copy import OwnCopy, own_copy

CLIP_S = 5.0
WARM_UP = 3  # requests that load the models
LONG_H = 3.0  # an episode that is still being transcribed when the last clip was answered


def cut(demo: Path, count: int) -> list[bytes]:
    """WAV files of CLIP_S from random places of the demo's episodes."""
    rng = np.random.default_rng(4)
    episodes = sorted(p for p in demo.rglob("*") if p.suffix in {".mp3", ".m4a", ".ogg", ".flac"})
    audio = [np.concatenate(list(decode(path))) for path in episodes]
    size = round(CLIP_S * SAMPLE_RATE_HZ)
    clips = []
    for number in range(count):
        samples = audio[number % len(audio)]
        start = int(rng.integers(len(samples) - size))
        clips.append(wav(samples[start : start + size]))
    return clips


def wav(samples: np.ndarray) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE_HZ)
        out.writeframes(np.round(samples * 32767).astype("<i2").tobytes())
    return file.getvalue()


def ask(copy: OwnCopy, clip: bytes, intent: str) -> float:
    """Seconds from the request to the end of its answer."""
    fields: dict[str, Any] = {"clip": ("clip.wav", clip, "audio/wav")}
    if intent:
        fields["intent"] = intent
    began = time.perf_counter()
    answer = copy.api("POST", "/search/clip", fields=fields)
    took_s = time.perf_counter() - began
    if "hits" not in answer or answer["degraded"]:
        raise SystemExit(f"The clip was not answered in full: {json.dumps(answer)[:500]}")
    return took_s


def waits(copy: OwnCopy, clips: list[bytes], intents: list[str]) -> Iterator[tuple[str, float]]:
    """The wait for each clip with each intent, the intents in turns."""
    for clip in clips:
        for intent in intents:
            yield intent or "guess", round(ask(copy, clip, intent), 4)


def by_intent(found: Iterator[tuple[str, float]]) -> dict[str, list[float]]:
    kept: dict[str, list[float]] = {}
    for intent, wait_s in found:
        kept.setdefault(intent, []).append(wait_s)
    return kept


def measure(demo: Path, count: int, intents: list[str]) -> dict[str, Any]:
    """Idle, then beside a transcription; everything it made is removed."""
    clips = cut(demo, count)
    with own_copy() as copy:
        make_audio(demo, 0.25, copy.site / "short.mp3")
        make_audio(demo, LONG_H, copy.site / "long.mp3")
        copy.start()
        copy.publish("Library", "en", ["short.mp3"])
        copy.follow(1, lambda _: None)
        list(waits(copy, clips[:WARM_UP], intents))
        idle = by_intent(waits(copy, clips, intents))
        copy.publish("Busy", "de", ["long.mp3"])
        wait_for_transcription(copy)
        busy = by_intent(waits(copy, clips, intents))
        if not is_transcribing(copy):
            raise SystemExit("The episode was done before the clips were: make LONG_H longer.")
        return {
            "machine": {"cpu": cpu(), "cores": os.cpu_count(), "python": platform.python_version()},
            "commit": commit(),
            "clip_s": CLIP_S,
            "wait_s": {"idle": idle, "while an episode is transcribed": busy},
        }


def is_transcribing(copy: OwnCopy) -> bool:
    """Whether an episode is being transcribed, and has come some way."""
    episodes = copy.api("GET", "/episodes?size=100")["items"]
    return any(e["status"] == "transcribing" and e["progress"]["done_s"] > 0 for e in episodes)


def wait_for_transcription(copy: OwnCopy) -> None:
    while not is_transcribing(copy):
        time.sleep(1)


def table(result: dict[str, Any]) -> str:
    """The figures as Markdown."""
    machine = result["machine"]
    lines = [
        f"Clips of {result['clip_s']:g} s ({machine['cores']} cores of {machine['cpu']}, "
        f"commit {result['commit']}).",
        "",
        "| machine | intent | clips | p50, s | p95, s | longest, s |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for state, intents in result["wait_s"].items():
        for intent, waited in intents.items():
            p50, p95 = np.quantile(waited, [0.5, 0.95])
            row = f"| {state} | {intent} | {len(waited)} | {p50:.2f} | {p95:.2f} "
            lines.append(row + f"| {max(waited):.2f} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, or print the table of an earlier measurement."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--demo", type=Path, help="the folder of a built demo")
    parser.add_argument("--clips", type=int, default=60)
    parser.add_argument("--intent", action="append", help="asked for; again and again (guess)")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--table", type=Path)
    given = parser.parse_args()
    if given.table:
        print(table(json.loads(given.table.read_text())))
        return
    if not given.demo:
        parser.error("--demo DIR is needed to make the clips")
    result = measure(given.demo, given.clips, given.intent or [""])
    if given.out:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(json.dumps(result, indent=2) + "\n")
    print(table(result))


if __name__ == "__main__":
    main()
