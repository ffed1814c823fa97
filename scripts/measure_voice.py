"""Measure how well the voice embedder tells speakers apart, and what it costs.

    python -m scripts.measure_voice SPEAKERS SOUNDS --json docs/benchmarks/voice.json
    python -m scripts.measure_voice --table docs/benchmarks/voice.json

SPEAKERS holds a folder of recordings a speaker, SOUNDS any recordings of noise. Every recording
is cut into clips; each clip, made worse in some way, asks for the clean clips of all other
recordings. 1-NN is how often the nearest is the same speaker's; mAP the mean average precision.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from app.audio.decode import decode_clip
from app.encoders import registry
from app.encoders.base import AudioEmbedder, Floats, model_of
from app.settings import get_settings
from scripts.bench_ingest import commit, cpu

RATE_HZ = 16_000
CLIPS_S = (1.5, 3.0, 6.0)
PHONE_HZ = (300.0, 3400.0)
MU = 255.0  # G.711's companding
TIMED_S, TIMES = 30.0, 10

Clip = tuple[str, str, Floats]  # speaker, recording, samples
Worsen = Callable[[Floats, np.random.Generator], Floats]


def recordings(folder: Path) -> list[Clip]:
    """Every recording below a folder, with the name of the folder that it lies in."""
    kinds = {".flac", ".wav", ".ogg", ".mp3"}
    files = sorted(path for path in folder.rglob("*") if path.suffix in kinds)
    return [(file.parent.name, file.name, decode_clip(file.read_bytes(), 600)) for file in files]


def cut(whole: list[Clip], seconds: float) -> list[Clip]:
    """Clips of that length, one after the other."""
    size = round(seconds * RATE_HZ)
    return [
        (speaker, name, samples[start : start + size])
        for speaker, name, samples in whole
        for start in range(0, len(samples) - size + 1, size)
    ]


def with_noise(sounds: list[Clip], snr_db: float) -> Worsen:
    """Some sound over the clip, so much weaker than it."""
    loud = [samples for _, _, samples in sounds if float(np.abs(samples).mean()) > 1e-4]

    def worsen(clip: Floats, random: np.random.Generator) -> Floats:
        noise = np.resize(loud[random.integers(len(loud))], len(clip))
        ratio = float((clip**2).mean() / max(float((noise**2).mean()), 1e-12))
        mixed: Floats = clip + noise * np.float32(np.sqrt(ratio / 10 ** (snr_db / 10)))
        return mixed

    return worsen


def by_phone(clip: Floats, random: np.random.Generator) -> Floats:
    """The band of a phone line, in eight bits a sample as G.711 has them."""
    del random
    spectrum = np.fft.rfft(clip)
    hertz = np.fft.rfftfreq(len(clip), 1 / RATE_HZ)
    spectrum[(hertz < PHONE_HZ[0]) | (hertz > PHONE_HZ[1])] = 0
    narrow = np.fft.irfft(spectrum, len(clip)).clip(-1, 1)
    coded = np.round(np.sign(narrow) * np.log1p(MU * np.abs(narrow)) / np.log1p(MU) * 127) / 127
    heard: Floats = (np.sign(coded) * np.expm1(np.abs(coded) * np.log1p(MU)) / MU).astype(
        np.float32
    )
    return heard


def score(asked: Floats, clips: list[Clip], vectors: Floats) -> dict[str, float]:
    """1-NN and mAP of vectors, one a clip, against those of the clean clips."""
    speakers = np.array([speaker for speaker, _, _ in clips])
    names = np.array([name for _, name, _ in clips])
    first, precisions = [], []
    for number, similar in enumerate(asked @ vectors.T):
        others = np.flatnonzero(names != names[number])
        ranked = others[np.argsort(-similar[others], kind="stable")]
        right = speakers[ranked] == speakers[number]
        first.append(float(right[0]))
        precisions.append(float((right.cumsum() / np.arange(1, len(right) + 1))[right].mean()))
    return {"nearest": float(np.mean(first)), "map": float(np.mean(precisions))}


def cosines(clips: list[Clip], vectors: Floats) -> dict[str, float]:
    """How alike clean clips of one speaker's recordings are, and those of different speakers."""
    similar = vectors @ vectors.T
    speakers = np.array([speaker for speaker, _, _ in clips])
    names = np.array([name for _, name, _ in clips])
    same = speakers[:, None] == speakers
    apart = names[:, None] != names
    return {
        "same_p05": float(np.percentile(similar[same & apart], 5)),
        "same_median": float(np.median(similar[same & apart])),
        "different_median": float(np.median(similar[~same])),
        "different_p95": float(np.percentile(similar[~same], 95)),
    }


def measure(speakers: Path, sounds: Path) -> dict[str, Any]:
    """All figures."""
    engine = registry.voice_embedder()
    if engine is None:
        raise SystemExit("EARMARK_VOICE_EMBEDDER is off.")
    whole, noises = recordings(speakers), recordings(sounds)
    worse: dict[str, Worsen] = {
        "clean": lambda clip, _: clip,
        "noise, 10 dB": with_noise(noises, 10.0),
        "noise, 0 dB": with_noise(noises, 0.0),
        "phone": by_phone,
    }
    rows, alike = [], {}
    for seconds in CLIPS_S:
        clips = cut(whole, seconds)
        clean = embed(engine, [samples for _, _, samples in clips])
        alike[f"{seconds:g}"] = cosines(clips, clean)
        for name, worsen in worse.items():
            random = np.random.default_rng(0)
            asked = embed(engine, [worsen(samples, random) for _, _, samples in clips])
            scores = score(asked, clips, clean)
            rows.append({"clip_s": seconds, "sound": name, "clips": len(clips), **scores})
    return {
        "machine": {"cpu": cpu(), "cores": os.cpu_count(), "python": platform.python_version()},
        "commit": commit(),
        "onnxruntime": onnxruntime.__version__,
        "model": model_of(engine),
        "speakers": len({speaker for speaker, _, _ in whole}),
        "recordings": len(whole),
        "rows": rows,
        "cosines": alike,
        "cost": cost(engine, np.concatenate([samples for _, _, samples in whole])),
    }


def embed(engine: AudioEmbedder, clips: list[Floats]) -> Floats:
    """One unit vector a clip."""
    return np.stack([engine.pool(engine.states(clip)) for clip in clips])


def cost(engine: AudioEmbedder, speech: Floats) -> dict[str, float]:
    """Seconds for an hour of windows that are full of speech."""
    window = np.resize(speech, round(TIMED_S * RATE_HZ))
    engine.states(window)  # loads the weights
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    for _ in range(TIMES):
        engine.states(window)
    hour = 3600 / (TIMES * TIMED_S)
    return {
        "threads": float(get_settings().threads or os.cpu_count() or 1),
        "cpu_s_an_hour": round((time.process_time() - cpu_s) * hour, 1),
        "wall_s_an_hour": round((time.perf_counter() - wall_s) * hour, 1),
    }


def table(result: dict[str, Any]) -> str:
    """The figures as Markdown."""
    cost_s, machine = result["cost"], result["machine"]
    lines = [
        f"{result['model']}, {result['speakers']} speakers, {result['recordings']} recordings. "
        f"An hour of speech costs {cost_s['cpu_s_an_hour']:.0f} s of processor time, "
        f"{cost_s['wall_s_an_hour']:.0f} s by the clock ({cost_s['threads']:.0f} threads, "
        f"{machine['cores']} cores of {machine['cpu']}, commit {result['commit']}).",
        "",
        "| clip | sound | clips | 1-NN | mAP |",
        "| ---: | --- | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row['clip_s']:g} s | {row['sound']} | {row['clips']} | {row['nearest']:.3f} | "
        f"{row['map']:.3f} |"
        for row in result["rows"]
    ]
    lines += [
        "",
        "| clip | cosine, same speaker: 5 %, median | different speakers: median, 95 % |",
        "| ---: | ---: | ---: |",
    ]
    lines += [
        f"| {seconds} s | {found['same_p05']:.2f}, {found['same_median']:.2f} | "
        f"{found['different_median']:.2f}, {found['different_p95']:.2f} |"
        for seconds, found in result["cosines"].items()
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, or print the table of an earlier measurement."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("speakers", type=Path, nargs="?")
    parser.add_argument("sounds", type=Path, nargs="?")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--table", type=Path)
    given = parser.parse_args()
    if given.table:
        print(table(json.loads(given.table.read_text())))
        return
    if not (given.speakers and given.sounds):
        parser.error("SPEAKERS and SOUNDS are needed")
    result = measure(given.speakers, given.sounds)
    if given.json:
        given.json.write_text(json.dumps(result, indent=2) + "\n")
    print(table(result))


if __name__ == "__main__":
    main()
