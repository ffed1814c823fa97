"""Measure transcription on read speech with its text, and on sounds that hold no words.

    python -m scripts.measure_speech FOLDER [--transcriber NAME] [--json FILE]

FOLDER/speech holds NAME.mp3 beside NAME.txt (and NAME.sync.json with line times, or an empty
one); FOLDER/sounds holds recordings without a word.
"""

import json
import re
import resource
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import click
import numpy as np
from tqdm import tqdm

from app.audio.decode import decode
from app.audio.speech import speech_spans
from app.domain import Word
from app.encoders.whisper import FasterWhisper
from app.windows import plan_windows


def hear(path: Path, engine: FasterWhisper) -> tuple[list[Word], float, list[str]]:
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


def measure(folder: Path, name: str) -> dict:
    engine = FasterWhisper(f"faster-whisper:{name}")
    engine.transcribe(np.zeros(16_000, np.float32))  # load the weights first
    talks, sounds = {}, {}
    for path in tqdm(sorted((folder / "speech").glob("*.mp3")), desc=name):
        began = time.perf_counter()
        words, duration_s, languages = hear(path, engine)
        took_s = time.perf_counter() - began
        truth = plain(path.with_suffix(".txt").read_text())
        heard = plain(" ".join(word.text for word in words))
        wrong = sum(i is None or j is None or truth[i] != heard[j] for i, j in align(truth, heard))
        talks[path.stem] = {
            "duration_s": duration_s,
            "took_s": took_s,
            "words": len(truth),
            "wrong": wrong,
            "languages": languages,
            "text": "".join(word.text for word in words),
        }
        sync = path.with_suffix(".sync.json")
        if sync.exists():
            talks[path.stem]["line_start_errors_s"] = [
                round(e, 2) for e in line_errors(sync, words)
            ]
    for path in tqdm(sorted((folder / "sounds").glob("*/*.ogg")), desc="sounds"):
        words, *_ = hear(path, engine)
        sounds[f"{path.parent.name}/{path.stem}"] = "".join(word.text for word in words)
    return {
        "transcriber": name,
        "talks": talks,
        "word_error": sum(t["wrong"] for t in talks.values())
        / sum(t["words"] for t in talks.values()),
        "times_real_time": sum(t["duration_s"] for t in talks.values())
        / sum(t["took_s"] for t in talks.values()),
        "sounds": len(sounds),
        "sounds_with_invented_words": {k: v for k, v in sounds.items() if v},
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@click.option("--transcriber", "names", multiple=True, default=("base", "tiny.en"))
@click.option("--json", "out", type=click.Path(path_type=Path))
def main(folder: Path, names: tuple[str, ...], out: Path | None) -> None:
    results = [measure(folder, name) for name in names]
    text = json.dumps(results, indent=2, ensure_ascii=False)
    if out:
        out.write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
