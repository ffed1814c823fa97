"""Word error and time error of read speech that went through the whole chain as a feed.

    python -m scripts.measure_feed FOLDER --json docs/benchmarks/speech.json

FOLDER holds NAME.mp3 beside NAME.txt, and NAME.sync.json where line times are known; names that
begin with ``de`` are German.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import click
import numpy as np

from app.domain import Word
from scripts.measure_speech import align, line_errors, plain
from scripts.own_copy import OwnCopy, own_copy


def measure(folder: Path) -> dict[str, Any]:
    """Each talk's figures, by its name."""
    talks = sorted(folder.glob("*.mp3"))
    with own_copy() as copy:
        for talk in talks:
            shutil.copy(talk, copy.site)
        copy.start()
        for language in ("de", "en"):
            names = [t.name for t in talks if t.name.startswith("de") == (language == "de")]
            copy.publish(f"Read aloud ({language})", language, names)
        episodes = copy.follow(len(talks), lambda _: None)
        return {e["title"]: figures(copy, e, folder / e["title"]) for e in episodes}


def figures(copy: OwnCopy, episode: dict[str, Any], audio: Path) -> dict[str, Any]:
    """Wrong words, of how many, and the errors of line starts in seconds."""
    transcript = copy.api("GET", f"/episodes/{episode['id']}/transcript.json")
    words = [
        Word(f" {word['word']}", word["start_s"], word["end_s"])
        for segment in transcript["segments"]
        for word in segment["words"]
    ]
    truth = plain(audio.with_suffix(".txt").read_text())
    heard = plain(" ".join(word.text for word in words))
    wrong = sum(i is None or j is None or truth[i] != heard[j] for i, j in align(truth, heard))
    found = {
        "status": episode["status"],
        "language": episode["language"],
        "words": len(truth),
        "wrong": wrong,
        "word_error": round(wrong / len(truth), 4),
    }
    sync = audio.with_suffix(".sync.json")
    if sync.exists():
        errors = np.abs(line_errors(sync, words))
        found["line_start_error_s"] = {
            "median": round(float(np.median(errors)), 3),
            "largest": round(float(errors.max()), 3),
        }
    return found


def table(results: dict[str, Any]) -> str:
    """The figures as Markdown."""
    lines = [
        "| recording | language heard | words | wrong | word error | line starts: median (most) |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for name, found in sorted(results.items()):
        times = found.get("line_start_error_s")
        starts = f"{times['median']:.2f} s ({times['largest']:.2f} s)" if times else ""
        lines.append(
            f"| {name} | {found['language']} | {found['words']} | {found['wrong']} "
            f"| {found['word_error']:.3f} | {starts} |"
        )
    return "\n".join(lines)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@click.option("--json", "out", type=click.Path(path_type=Path))
def main(folder: Path, out: Path | None) -> None:
    """Print the figures, and keep them if a file is named."""
    results = measure(folder)
    if out:
        out.write_text(json.dumps(results, indent=2) + "\n")
    print(table(results))


if __name__ == "__main__":
    main()
