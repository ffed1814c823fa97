"""Measure what names that Whisper is told to expect win, and what wrong ones cost.

    .venv/bin/python -m scripts.measure_hotwords FOLDER --out docs/benchmarks/hotwords.json
    .venv/bin/python -m scripts.measure_hotwords --table docs/benchmarks/hotwords.json

Sentences with names, which the demo's voices speak, clean and in a street; FOLDER/speakers holds
talk, as for scripts.measure_noise. They are heard without a hint, with the names of their own
show, and with those of another.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.encoders import whisper_model
from app.encoders.whisper import FasterWhisper
from scripts.bench_ingest import commit
from scripts.demo import tools
from scripts.measure_noise import VOICES, Audio, mixed, noises, whole
from scripts.measure_speech import align, plain

SNRS_DB = (None, 5)  # None: clean
HINTS = ("none", "own", "another show's")

# A show's title and names, and what is said in it.
SHOWS: Sequence[tuple[Sequence[str], Sequence[str]]] = [
    (
        ["The Reliability Hour", "Siobhan Kowalczyk", "Kubernetes", "Terraform", "Grafana"],
        [
            "Welcome back, where Siobhan Kowalczyk tells us how her team moved to Kubernetes.",
            "We wrote every cluster in Terraform first, and watched it fall over in Grafana.",
            "Siobhan, what was the first thing that broke when Kubernetes came in?",
            "Honestly, Terraform was never the trouble; it was the people who were afraid of it.",
            "If you look at the Grafana panels from that night, you can see where we lost it.",
            "That was Siobhan Kowalczyk, and next week we talk about something else.",
        ],
    ),
    (
        ["Cold Mornings", "Eisbaden", "Marit Bjornsdottir", "Tjornin", "Wim Hof"],
        [
            "In Berlin they call it Eisbaden, and Marit Bjornsdottir has done it for years.",
            "The lake we went to is called Tjornin, and it was four degrees in the water.",
            "People ask me about Wim Hof, but my grandmother did Eisbaden before he was born.",
            "Marit says that the second minute is the one that decides everything.",
            "After that we sat by Tjornin with a flask of tea and did not talk for a while.",
            "Eisbaden is not a sport, and Marit Bjornsdottir would like you to remember that.",
        ],
    ),
    (
        ["Ledger Lines", "Ngozi Adeyemi", "Thelonious Monk", "Bosendorfer", "Saint Germain"],
        [
            "Ngozi Adeyemi was playing a Bosendorfer in Saint Germain when the power went out.",
            "She says she learned everything from the left hand of Thelonious Monk.",
            "A Bosendorfer has extra keys at the bottom, and nobody ever dares to use them.",
            "Thelonious Monk would sit there for a whole chorus and play nothing at all.",
            "When Ngozi came back from Saint Germain she wrote the whole record in nine days.",
            "That was Ngozi Adeyemi on the Bosendorfer, and I have nothing to add.",
        ],
    ),
    (
        ["Field Notes", "Ailsa Craig", "Oluwaseun Balogun", "gannets", "Machrihanish"],
        [
            "We left Machrihanish at five in the morning to count the gannets on Ailsa Craig.",
            "Doctor Oluwaseun Balogun has counted gannets for thirty years and moves his lips.",
            "From the boat Ailsa Craig looks like a loaf of bread that somebody has dropped.",
            "Oluwaseun says the wind off Machrihanish tells you more than the forecast does.",
            "Every pair of gannets on the rock comes back to the same square foot of it.",
            "Thank you to Doctor Balogun, and to the people of Machrihanish who lent us the boat.",
        ],
    ),
]


def spoken() -> list[list[Audio]]:
    """Each show's sentences, each by the next of the voices."""
    lines = [line for _, said in SHOWS for line in said]
    with tempfile.TemporaryDirectory() as folder:
        jobs: list[dict[str, object]] = [
            {"text": line, "voice": VOICES[n % 6], "speed": 1.0, "out": f"{folder}/{n}.wav"}
            for n, line in enumerate(lines)
        ]
        heard = (whole(Path(file)) for file in tools.speak(tools.install(), jobs))
        return [[next(heard) for _ in said] for _, said in SHOWS]


def rows(names: Sequence[str], seed: int, audio: list[list[Audio]], noise: Audio) -> Iterator[Any]:
    """For each engine, ratio and hint: names written right, words wrong, names invented."""
    for name in names:
        engine = FasterWhisper(f"faster-whisper:{name}")
        whisper_model.load(engine.name)
        for snr_db in SNRS_DB:
            for hint in HINTS:
                rng = np.random.default_rng(seed)
                row = {"names": 0, "written": 0, "words": 0, "wrong": 0, "invented": 0}
                for show, (own, lines) in enumerate(SHOWS):
                    others = SHOWS[(show + 1) % len(SHOWS)][0]
                    told = {"none": (), "own": own, "another show's": others}[hint]
                    for line, samples in zip(lines, audio[show], strict=True):
                        clip = mixed(samples, noise, snr_db, rng)
                        heard = engine.transcribe(clip, hotwords=told).words
                        count(row, line, "".join(word.text for word in heard), own, others)
                yield {"engine": engine.name, "snr_db": snr_db, "hint": hint, **row}


def count(
    row: dict[str, int], line: str, heard: str, own: Sequence[str], others: Sequence[str]
) -> None:
    """Add one sentence. Names are counted by their words."""
    truth, written = plain(line), plain(heard)
    pairs = align(truth, written)
    row["words"] += len(truth)
    row["wrong"] += sum(i is None or j is None or truth[i] != written[j] for i, j in pairs)
    for word in set(plain(" ".join(own[1:]))):
        row["names"] += truth.count(word)
        row["written"] += min(truth.count(word), written.count(word))
    for word in set(plain(" ".join(others[1:]))):
        row["invented"] += max(0, written.count(word) - truth.count(word))


def table(result: dict[str, Any]) -> str:
    """The figures as Markdown."""
    lines = [
        f"Commit {result['commit']}.",
        "",
        "| engine | SNR, dB | names told | names written right | word error | names invented |",
        "| --- | ---: | --- | ---: | ---: | ---: |",
    ]
    for row in result["rows"]:
        snr = "clean" if row["snr_db"] is None else row["snr_db"]
        lines.append(
            f"| {row['engine']} | {snr} | {row['hint']} | {row['written']} of {row['names']} | "
            f"{row['wrong'] / row['words']:.3f} | {row['invented']} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, or print the table of an earlier measurement."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--weights", action="append", help="base, tiny.en (both)")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--table", type=Path)
    given = parser.parse_args()
    if given.table:
        print(table(json.loads(given.table.read_text())))
        return
    if not given.folder:
        parser.error("FOLDER is needed")
    noise = noises(given.folder / "speakers")["street"]
    names = given.weights or ["base", "tiny.en"]
    result = {"commit": commit(), "rows": list(rows(names, 3, spoken(), noise))}
    if given.out:
        given.out.write_text(json.dumps(result, indent=1) + "\n")
    print(table(result))


if __name__ == "__main__":
    main()
