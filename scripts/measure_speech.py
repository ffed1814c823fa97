"""Measure transcription on read speech with its text, and on sounds that hold no words.

    python -m scripts.measure_speech FOLDER --out docs/benchmarks/transcribers.json
    python -m scripts.measure_speech --table docs/benchmarks/transcribers.json

FOLDER/speech holds NAME.mp3 beside NAME.txt (and NAME.sync.json with line times, or an empty
one); FOLDER/sounds holds recordings without a word.
"""

import json
import os
import re
import resource
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from importlib.metadata import version
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import click
import numpy as np
from tqdm import tqdm

from app.audio.decode import decode
from app.audio.speech import speech_spans
from app.domain import Word
from app.encoders import registry
from app.encoders.base import Transcriber
from app.windows import plan_windows
from scripts.bench_ingest import commit, cpu

# On the same weights.
PAIR = ("faster-whisper:base", "openai-whisper:base")


def hear(path: Path, engine: Transcriber) -> tuple[list[Word], float, list[str]]:
    """Words of a file, its length in seconds, and each window's language."""
    pcm = np.concatenate(list(decode(path)))
    pieces = plan_windows(speech_spans([pcm]), len(pcm) / 16_000)
    words, languages = [], []
    for window in (w for piece in pieces for w in piece.windows if w.speech):
        part = pcm[round(window.start_s * 16_000) : round(window.end_s * 16_000)]
        heard = engine.transcribe(part, likely=languages[-1] if languages else None)
        languages.append(heard.language)
        for word in heard.words:
            start_s, end_s = word.start_s + window.start_s, word.end_s + window.start_s
            words.append(Word(word.text, start_s, end_s, word.probability))
    return words, len(pcm) / 16_000, languages


def plain(text: str) -> list[str]:
    """Lower-case words without punctuation."""
    text = re.sub(r"^f\d+\|", "", text.lower().replace("’", "'"), flags=re.MULTILINE)
    return [
        word for word in (re.sub(r"[^\w]", "", part) for part in re.split(r"[\s-]+", text)) if word
    ]


def align(truth: list[str], heard: list[str]) -> list[tuple[int | None, int | None]]:
    """The cheapest pairing of two word lists; None stands for a missing partner."""
    cost = np.zeros((len(truth) + 1, len(heard) + 1), int)
    cost[:, 0], cost[0] = range(len(truth) + 1), range(len(heard) + 1)
    for i, a in enumerate(truth, 1):
        for j, b in enumerate(heard, 1):
            cost[i, j] = min(cost[i - 1, j - 1] + (a != b), cost[i - 1, j] + 1, cost[i, j - 1] + 1)
    return list(_walk(cost, truth, heard))[::-1]


def _walk(cost, truth, heard) -> Iterator[tuple[int | None, int | None]]:
    i, j = len(truth), len(heard)
    while i or j:
        if i and j and cost[i, j] == cost[i - 1, j - 1] + (truth[i - 1] != heard[j - 1]):
            i, j = i - 1, j - 1
            yield i, j
        elif i and cost[i, j] == cost[i - 1, j] + 1:
            i -= 1
            yield i, None
        else:
            j -= 1
            yield None, j


def line_errors(sync: Path, words: list[Word]) -> list[float]:
    """Seconds from each line's known start to where its first word was heard to start."""
    lines = json.loads(sync.read_text())["fragments"]
    truth = [(w, n) for n, line in enumerate(lines) for w in plain(" ".join(line["lines"]))]
    heard = [(w, word) for word in words for w in plain(word.text)]
    pairs = align([w for w, _ in truth], [w for w, _ in heard])
    met = {
        i: heard[j][1]
        for i, j in pairs
        if i is not None and j is not None and truth[i][0] == heard[j][0]
    }
    begins = [i for i, (before, after) in enumerate(pairwise(truth), 1) if before[1] != after[1]]
    return [met[i].start_s - float(lines[truth[i][1]]["begin"]) for i in begins if i in met]


def measure(folder: Path, engine: str) -> dict:
    """One engine's words, errors and times over every talk and sound, in a process of its own."""
    transcriber = registry.transcriber_named(engine)
    warm = np.random.default_rng(0).normal(size=160_000).astype(np.float32) * 0.1
    transcriber.transcribe(warm)  # load the weights, and compile what times the words, first
    talks, sounds = {}, {}
    for path in tqdm(sorted((folder / "speech").glob("*.mp3")), desc=engine):
        began, cpu_began = time.perf_counter(), time.process_time()
        words, duration_s, languages = hear(path, transcriber)
        took_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu_began
        truth = plain(path.with_suffix(".txt").read_text())
        heard = plain(" ".join(word.text for word in words))
        wrong = sum(i is None or j is None or truth[i] != heard[j] for i, j in align(truth, heard))
        talks[path.stem] = {
            "duration_s": round(duration_s, 2),
            "took_s": round(took_s, 2),
            "cpu_s": round(cpu_s, 2),
            "truth": len(truth),
            "wrong": wrong,
            "languages": languages,
            "words": [[w.text, round(w.start_s, 2), round(w.end_s, 2)] for w in words],
        }
        sync = path.with_suffix(".sync.json")
        if sync.exists():
            talks[path.stem]["line_start_errors_s"] = [
                round(e, 2) for e in line_errors(sync, words)
            ]
    for path in tqdm(sorted((folder / "sounds").glob("*/*.ogg")), desc="sounds"):
        words, *_ = hear(path, transcriber)
        sounds[f"{path.parent.name}/{path.stem}"] = "".join(word.text for word in words)
    total = {key: sum(t[key] for t in talks.values()) for key in ("wrong", "truth", "cpu_s")}
    return {
        "transcriber": engine,
        "talks": talks,
        "word_error": total["wrong"] / total["truth"],
        "cpu_s_an_hour": 3600 * total["cpu_s"] / sum(t["duration_s"] for t in talks.values()),
        "sounds": len(sounds),
        "sounds_with_invented_words": {k: v for k, v in sounds.items() if v},
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def apart_s(one: dict, other: dict) -> list[float]:
    """Of each word that both engines heard, how far apart they set its start and its end."""
    found: list[float] = []
    for name, talk in one["talks"].items():
        ours, theirs = (
            [(w, start, end) for text, start, end in t["words"] for w in plain(text)[:1]]
            for t in (talk, other["talks"][name])
        )
        pairs = align([w for w, *_ in ours], [w for w, *_ in theirs])
        for i, j in pairs:
            if i is not None and j is not None and ours[i][0] == theirs[j][0]:
                found += [abs(ours[i][at] - theirs[j][at]) for at in (1, 2)]
    return found


def table(result: dict) -> str:
    """The figures as Markdown, each engine beside the first."""
    machine, engines = result["machine"], result["engines"]
    lines = [
        f"{result['date']}, commit {result['commit']}, {machine['cores']} cores of "
        f"{machine['cpu']}, one thread.",
        "",
        "| engine | word error | processor s an hour | peak memory, MB | words over 40 sounds | "
        "word times, s apart: median, 95 %, most |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for number, engine in enumerate(engines):
        first = engines[number - number % 2]  # each pair is of the same weights
        apart = apart_s(first, engine) if first is not engine else []
        times = ", ".join(f"{np.quantile(apart, q):.2f}" for q in (0.5, 0.95, 1)) if apart else ""
        lines.append(
            f"| {engine['transcriber']} | {engine['word_error']:.1%} | "
            f"{engine['cpu_s_an_hour']:.0f} | {engine['peak_mb']:.0f} | "
            f"{len(engine['sounds_with_invented_words'])} | {times} |"
        )
    return "\n".join(lines)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True), required=False)
@click.option("--transcriber", "names", multiple=True, default=PAIR)
@click.option("--out", type=click.Path(path_type=Path))
@click.option("--table", "shown", type=click.Path(path_type=Path, exists=True))
def main(folder: Path | None, names: tuple[str, ...], out: Path | None, shown: Path | None) -> None:
    if shown:
        print(table(json.loads(shown.read_text())))
        return
    if folder is None:
        raise click.UsageError("FOLDER is needed")
    os.environ["EARMARK_THREADS"] = "1"  # so that processor time is work and not waiting
    engines = []
    for name in names:  # a process each, so that its memory is its own
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            engines.append(alone.submit(measure, folder, name).result())
    versions = {name: version(name) for name in ("faster-whisper", "openai-whisper", "torch")}
    result = {
        "date": date.today().isoformat(),
        "commit": commit(),
        "machine": {"cores": os.cpu_count(), "cpu": cpu()},
        "versions": versions,
        "engines": engines,
    }
    if out:
        out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    print(table(result))


if __name__ == "__main__":
    main()
