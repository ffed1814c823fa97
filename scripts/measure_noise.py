"""Measure what noise does to spoken clips and to sounds, and whether removing it helps.

    .venv/bin/python -m scripts.measure_noise FOLDER --out docs/benchmarks/noise.json
    .venv/bin/python -m scripts.measure_noise --table docs/benchmarks/noise.json

FOLDER/speech holds NAME.mp3 beside NAME.txt, a sentence or verse a line; FOLDER/speakers/NAME
holds talk for the babble; FOLDER/sounds/CLASS holds recordings named RECORDING-PART.ogg;
FOLDER/relevance/queries.jsonl holds questions, which the demo's voices speak. Music, fan and
street are made here. Each clip has half a second of noise before and behind its speech.
"""

import argparse
import json
import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from app.audio.decode import SAMPLE_RATE_HZ, decode
from app.audio.noise import denoised, lifted, measure
from app.audio.vad import speech_probabilities
from app.encoders import whisper_model
from app.encoders.base import AudioEmbedder
from app.encoders.registry import audio_embedders
from app.encoders.whisper import FasterWhisper
from scripts.bench_ingest import commit
from scripts.demo import tools
from scripts.demo.music import TUNES, play
from scripts.measure_speech import align, hear, plain

LEVELS_DB = (-20, -40, -50, -60, -66)
SNRS_DB = (None, 20, 10, 5, 0)  # None: clean
SOUND_SNRS_DB = (None, 10, 5, 0)
NOISE_S = 60
EDGE_S = 0.5
DEMO_RATE_HZ = 24_000
VOICES = ("af_nova", "am_eric", "bf_alice", "bm_lewis", "af_kore", "am_liam")  # not the demo's

Audio = np.ndarray


@dataclass(frozen=True)
class Utterance:
    """What was said, and how it sounded, without noise."""

    samples: Audio
    text: str


def whole(path: Path) -> Audio:
    return np.concatenate(list(decode(path)))


def read_lines(folder: Path, engine: FasterWhisper) -> Iterator[Utterance]:
    """Lines of read texts, cut where the recogniser heard their first and last words."""
    for path in sorted(folder.glob("*.mp3")):
        samples, (words, *_) = whole(path), hear(path, engine)
        text = re.sub(r"^f\d+\|", "", path.with_suffix(".txt").read_text(), flags=re.MULTILINE)
        lines = [line for line in text.splitlines() if line.strip()]
        truth = [(word, number) for number, line in enumerate(lines) for word in plain(line)]
        heard = [(part, word) for word in words for part in plain(word.text)]
        met = {
            i: heard[j][1]
            for i, j in align([w for w, _ in truth], [w for w, _ in heard])
            if i is not None and j is not None and truth[i][0] == heard[j][0]
        }
        for number, line in enumerate(lines):
            places = [i for i, (_, n) in enumerate(truth) if n == number]
            if len(places) > 3 and places[0] in met and places[-1] in met:
                start_s, end_s = met[places[0]].start_s - 0.1, met[places[-1]].end_s + 0.15
                if end_s - start_s < 14:
                    start = max(0, round(start_s * SAMPLE_RATE_HZ))
                    yield Utterance(samples[start : round(end_s * SAMPLE_RATE_HZ)], line)


def spoken_questions(queries: Path, count: int) -> list[Utterance]:
    """Questions, each by the next of the voices."""
    texts = [json.loads(line)["text"] for line in queries.read_text().splitlines()]
    texts = [str(text) for text in np.random.default_rng(3).choice(texts, count, replace=False)]
    with tempfile.TemporaryDirectory() as folder:
        jobs: list[dict[str, object]] = [
            {"text": t, "voice": VOICES[n % len(VOICES)], "speed": 1.0, "out": f"{folder}/{n}.wav"}
            for n, t in enumerate(texts)
        ]
        files = list(tools.speak(tools.install(), jobs))
        return [Utterance(whole(Path(f)), text) for f, text in zip(files, texts, strict=True)]


def noises(speakers: Path) -> dict[str, Audio]:
    """Four kinds of noise, NOISE_S of each."""
    rng = np.random.default_rng(0)
    return {
        "music": music(),
        "babble": babble(speakers, rng),
        "fan": fan(rng),
        "street": street(rng),
    }


def coloured(rng: np.random.Generator, colour: Callable[[Audio], Audio]) -> Audio:
    """Noise of level one whose amplitude follows the frequency in Hz as ``colour`` says."""
    size = NOISE_S * SAMPLE_RATE_HZ
    spectrum = np.fft.rfft(rng.normal(size=size))
    noise = np.fft.irfft(spectrum * colour(np.fft.rfftfreq(size, 1 / SAMPLE_RATE_HZ)), size)
    return noise / noise.std()


def seconds() -> Audio:
    return np.arange(NOISE_S * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ


def music() -> Audio:
    """The demo's tunes, one after the other, brought to our rate by way of their spectrum."""
    tunes = np.concatenate([play(name, NOISE_S / len(TUNES)) for name in TUNES])
    size = NOISE_S * SAMPLE_RATE_HZ
    return np.fft.irfft(np.fft.rfft(tunes)[: size // 2 + 1], size) * SAMPLE_RATE_HZ / DEMO_RATE_HZ


def babble(speakers: Path, rng: np.random.Generator) -> Audio:
    """Eight people who talk at once."""
    files, size = sorted(speakers.rglob("*.flac")), NOISE_S * SAMPLE_RATE_HZ
    mixed = np.zeros(size)
    for first in range(8):
        talk = np.concatenate([whole(file) for file in files[first::8]])
        mixed += np.roll(np.resize(talk, size) / talk.std(), rng.integers(size))
    return mixed


def fan(rng: np.random.Generator) -> Audio:
    """Moving air, and the blades' hum."""
    hum = sum(np.sin(2 * np.pi * 47 * k * seconds() + k) / k for k in range(1, 5))
    return coloured(rng, lambda hz: 1 / np.sqrt(np.maximum(hz, 60))) + 0.25 * hum


def street(rng: np.random.Generator) -> Audio:
    """A rumble, cars that pass every few seconds, and horns."""
    time_s = seconds()
    passing = np.zeros(len(time_s))
    for at_s in np.arange(0, NOISE_S, 7.0):
        nearest_s = at_s + rng.uniform(0, 4)
        passing += rng.uniform(0.5, 1.5) * np.exp(-(((time_s - nearest_s) / 1.6) ** 2))
    rumble = coloured(rng, lambda hz: 1 / np.maximum(hz, 80))
    tyres = coloured(rng, lambda hz: np.exp(-hz / 1400) * (hz < 2500))
    horn = 0.8 * (np.sin(2 * np.pi * 420 * time_s) + np.sin(2 * np.pi * 530 * time_s))
    return 0.5 * rumble + passing * tyres + horn * ((time_s - 2) % 9 < 0.5) * (time_s > 2)


def conditions(
    kinds: dict[str, Audio], snrs_db: tuple[int | None, ...]
) -> Iterator[tuple[str, Audio, int | None]]:
    """Clean once, then each kind of noise at each ratio."""
    yield "clean", next(iter(kinds.values())), None
    for kind, noise in kinds.items():
        for snr_db in (one for one in snrs_db if one is not None):
            yield kind, noise, snr_db


def active_rms(samples: Audio) -> float:
    """The level of what is louder than 20 dB below the loudest tenth of a second."""
    size = SAMPLE_RATE_HZ // 10
    power = np.square(samples[: len(samples) // size * size].reshape(-1, size)).mean(axis=1)
    return float(np.sqrt(power[power >= power.max() * 0.01].mean()))


def mixed(samples: Audio, noise: Audio, snr_db: float | None, rng: np.random.Generator) -> Audio:
    """Samples in noise, never louder than full scale; the level of speech is that while spoken."""
    if snr_db is None:
        return samples.astype(np.float32)
    start = int(rng.integers(len(noise) - len(samples)))
    part = noise[start : start + len(samples)]
    gain = active_rms(samples) / np.sqrt(np.mean(part**2)) / 10 ** (snr_db / 20)
    heard = samples + gain * part
    return (heard / max(1.0, 1.02 * np.abs(heard).max())).astype(np.float32)


HEARD = ("raw", "denoised")


def word_errors(
    utterances: list[Utterance], kinds: dict[str, Audio], engine: FasterWhisper
) -> list[dict[str, Any]]:
    """Wrong words of each treatment, for each kind of noise and ratio; the same mixes for all."""
    rows = []
    edge = round(EDGE_S * SAMPLE_RATE_HZ)
    for kind, noise, snr_db in conditions(kinds, SNRS_DB):
        rng = np.random.default_rng(1)
        wrong: dict[str, int] = defaultdict(int)
        measured = []
        for said in tqdm(utterances, desc=f"{kind} {snr_db}"):
            clip = mixed(np.pad(said.samples, edge), noise, snr_db, rng)
            measured.append(measure(clip, speech_probabilities([clip])).snr_db)
            wrong["raw"] += errors(said.text, clip, engine)
            wrong["denoised"] += errors(said.text, denoised(clip), engine)
        rows.append(
            {
                "noise": kind,
                "snr_db": snr_db,
                "measured_db": measured,
                "words": sum(len(plain(said.text)) for said in utterances),
                "wrong": dict(wrong),
            }
        )
    return rows


def errors(text: str, samples: Audio, engine: FasterWhisper) -> int:
    """Words missing, added or mistaken."""
    truth = plain(text)
    heard = plain(
        "".join(word.text for word in engine.transcribe(samples, brief=True, states=False).words)
    )
    return sum(i is None or j is None or truth[i] != heard[j] for i, j in align(truth, heard))


def quiet_errors(utterances: list[Utterance], engine: FasterWhisper) -> list[dict[str, Any]]:
    """Wrong words in 16 bits of quiet speech, as it came and as the product lifts it."""
    rows = []
    for level_db in LEVELS_DB:
        wrong = {"raw": 0, "lifted": 0}
        for said in tqdm(utterances, desc=f"{level_db} dB"):
            loud = said.samples / active_rms(said.samples) * 10 ** (level_db / 20)
            clip = (np.round(np.clip(loud, -1, 1) * 32767) / 32768).astype(np.float32)
            louder = lifted(clip)
            wrong["raw"] += (as_it_came := errors(said.text, clip, engine))
            wrong["lifted"] += as_it_came if louder is clip else errors(said.text, louder, engine)
        words = sum(len(plain(said.text)) for said in utterances)
        rows.append({"level_db": level_db, "words": words, "wrong": wrong})
    return rows


@dataclass(frozen=True)
class Asked:
    """Clips as they came and denoised, and whether the gate opens for each."""

    raw: list[Audio]
    denoised: list[Audio]
    opened: Audio

    @classmethod
    def of(cls, clips: list[Audio]) -> "Asked":
        measured = [measure(clip, speech_probabilities([clip])) for clip in clips]
        opened = np.array([noise.hides_sound for noise in measured])
        return cls(clips, [denoised(clip) for clip in clips], opened)

    def vectors(self, embedder: AudioEmbedder) -> dict[str, Audio]:
        """By treatment, a unit vector a clip."""
        raw, quieter = pooled(self.raw, embedder), pooled(self.denoised, embedder)
        return {"raw": raw, "gated": np.where(self.opened[:, None], quieter, raw), "all": quieter}


def pooled(clips: list[Audio], embedder: AudioEmbedder) -> Audio:
    return np.stack([embedder.pool(embedder.states(clip)) for clip in clips])


def lines_found(
    utterances: list[Utterance], kinds: dict[str, Audio], embedders: dict[str, AudioEmbedder]
) -> list[dict[str, Any]]:
    """How often spoken lines in noise are nearest to their clean selves, and how near."""
    edge = round(EDGE_S * SAMPLE_RATE_HZ)
    clean = [np.pad(said.samples, edge).astype(np.float32) for said in utterances]
    known = {field: pooled(clean, embedder) for field, embedder in embedders.items()}
    rows = []
    for kind, noise, snr_db in tqdm(list(conditions(kinds, SOUND_SNRS_DB)), desc="lines"):
        rng = np.random.default_rng(1)
        asked = Asked.of([mixed(clip, noise, snr_db, rng) for clip in clean])
        for field, embedder in embedders.items():
            alike = {name: v @ known[field].T for name, v in asked.vectors(embedder).items()}
            rows.append(
                {
                    "field": field,
                    "noise": kind,
                    "snr_db": snr_db,
                    "of": len(clean),
                    "opened": int(asked.opened.sum()),
                    "own": {
                        n: int((a.argmax(1) == np.arange(len(a))).sum()) for n, a in alike.items()
                    },
                    "cosine": {n: float(np.diag(a).mean()) for n, a in alike.items()},
                }
            )
    return rows


def sounds_found(
    folder: Path, kinds: dict[str, Audio], embedders: dict[str, AudioEmbedder]
) -> list[dict[str, Any]]:
    """How often a cut of a sound in noise is nearest to its own sound, and to its own class.

    For the class, sounds from the same recording are left out.
    """
    files = sorted(folder.rglob("*.ogg"))
    sounds = [whole(file) for file in files]
    classes = np.array([file.parent.name for file in files])
    recordings = np.array([file.stem.rsplit("-", 1)[0] for file in files])
    known = {field: pooled(sounds, embedder) for field, embedder in embedders.items()}
    same = recordings[:, None] == recordings[None]
    cuts = [sound[SAMPLE_RATE_HZ // 2 : 4 * SAMPLE_RATE_HZ] for sound in sounds]
    rows = []
    for kind, noise, snr_db in tqdm(list(conditions(kinds, SOUND_SNRS_DB)), desc="sounds"):
        rng = np.random.default_rng(2)
        asked = Asked.of([mixed(cut, noise, snr_db, rng) for cut in cuts])
        for field, embedder in embedders.items():
            near = {name: v @ known[field].T for name, v in asked.vectors(embedder).items()}
            others = {name: classes[np.where(same, -2, n).argmax(1)] for name, n in near.items()}
            rows.append(
                {
                    "field": field,
                    "noise": kind,
                    "snr_db": snr_db,
                    "of": len(files),
                    "opened": int(asked.opened.sum()),
                    "own": {
                        n: int((a.argmax(1) == np.arange(len(a))).sum()) for n, a in near.items()
                    },
                    "class": {n: int((o == classes).sum()) for n, o in others.items()},
                }
            )
    return rows


def share(row: dict[str, Any], name: str, whole_of: int) -> str:
    return f"{row[name] / whole_of:.3f}"


def snr(row: dict[str, Any]) -> str:
    return f"{row['noise']} | {'' if row['snr_db'] is None else row['snr_db']}"


def table(result: dict[str, Any]) -> str:
    """The figures as Markdown: word errors, then sounds found."""
    lines = [
        f"Word error over {result['utterances']} spoken clips (commit {result['commit']}):",
        "",
        "| noise | SNR, dB | measured, median | raw | denoised |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for row in result["word_errors"]:
        told = [found for found in row["measured_db"] if found is not None]
        cells = " | ".join(share(row["wrong"], name, row["words"]) for name in HEARD)
        lines.append(f"| {snr(row)} | {np.median(told):.0f} | {cells} |")
    lines += [
        "",
        "Quiet speech in 16 bits:",
        "",
        "| level, dB of full scale | raw | lifted |",
        "| ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row['level_db']} | {share(row['wrong'], 'raw', row['words'])} | "
        f"{share(row['wrong'], 'lifted', row['words'])} |"
        for row in result["quiet"]
    ]
    lines += [
        "",
        f"Of {result['lines'][0]['of']} spoken lines those that find their clean selves by sound, "
        "and the mean cosine to it:",
        "",
        "| field | noise | SNR, dB | gate opened | raw | gated | all denoised |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in result["lines"]:
        cells = " | ".join(f"{own}, {row['cosine'][name]:.3f}" for name, own in row["own"].items())
        lines.append(f"| {row['field']} | {snr(row)} | {row['opened']} | {cells} |")
    lines += [
        "",
        f"Of {result['sounds'][0]['of']} cuts of 3.5 s those that find their own sound, and those "
        "that find another recording of their class first:",
        "",
        "| field | noise | SNR, dB | gate opened | raw | gated | all denoised |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in result["sounds"]:
        cells = " | ".join(f"{own}, {row['class'][name]}" for name, own in row["own"].items())
        lines.append(f"| {row['field']} | {snr(row)} | {row['opened']} | {cells} |")
    return "\n".join(lines)


def study(folder: Path, count: int, name: str) -> dict[str, Any]:
    """Everything, on ``count`` utterances, half of them read and half of them questions."""
    engine = FasterWhisper(f"faster-whisper:{name}")
    whisper_model.load(engine.name)
    lines = list(read_lines(folder / "speech", engine))
    lines = lines[:: max(1, 2 * len(lines) // count)][: count // 2]
    asked = spoken_questions(folder / "relevance" / "queries.jsonl", count - len(lines))
    said, kinds = [*lines, *asked], noises(folder / "speakers")
    return {
        "commit": commit(),
        "transcriber": name,
        "utterances": len(said),
        "sounds": sounds_found(folder / "sounds", kinds, audio_embedders()),
        "lines": lines_found(said, kinds, audio_embedders()),
        "word_errors": word_errors(said, kinds, engine),
        "quiet": quiet_errors(said, engine),
    }


def main() -> None:
    """Measure, or print the tables of an earlier measurement."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--utterances", type=int, default=24)
    parser.add_argument("--transcriber", default="base")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--table", type=Path)
    given = parser.parse_args()
    if given.table:
        print(table(json.loads(given.table.read_text())))
        return
    if not given.folder:
        parser.error("FOLDER is needed")
    result = study(given.folder, given.utterances, given.transcriber)
    if given.out:
        given.out.write_text(json.dumps(result, indent=1) + "\n")
    print(table(result))


if __name__ == "__main__":
    main()
