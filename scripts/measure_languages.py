"""How well the packaged text embedders find what is said, in the question's language and another.

    python -m scripts.measure_languages RELEVANCE --out docs/benchmarks/languages.json
    python -m scripts.measure_languages --table docs/benchmarks/languages.json

RELEVANCE holds segments-*.jsonl, queries.jsonl and qrels.tsv. Sixteen German passages of
scripts/evaluation/languages.json lie among its English segments, each with a question in German
and in English. Rankings are by the vectors alone, exact; times on one thread, processor time.
"""

import argparse
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from onnxruntime import __version__ as onnxruntime_version

from app import models
from app.encoders.base import TextEmbedder
from app.encoders.e5 import E5
from app.encoders.minilm import MiniLm
from app.search.ask import SCALES
from scripts.bench_ingest import commit, cpu
from scripts.bench_onnx import TIMED, in_turn, ndcg, texts_of

PASSAGES = Path(__file__).parent / "evaluation" / "languages.json"


def measured(engine: TextEmbedder, relevance: Path, times: dict[str, float]) -> dict[str, Any]:
    """What one engine finds."""
    ids, segments, question_ids, questions, answers = texts_of(relevance)
    own = json.loads(PASSAGES.read_text())
    vectors = engine.embed([*segments, *(passage["text"] for passage in own["passages"])])

    def likeness(texts: list[str]) -> Any:
        return engine.likeness.of(np.stack([engine.ask(text) for text in texts]) @ vectors.T)

    english = likeness(questions)[:, : len(segments)]
    best = np.argsort(-english, axis=1, kind="stable")[:, :10]
    enough = SCALES["meaning"].alone
    return {
        "engine": engine.name,
        "texts_a_second": TIMED / times[f"{engine.name} texts"],
        "question_ms": 1000 * times[f"{engine.name} questions"] / TIMED,
        "ndcg": ndcg([[ids[at] for at in row] for row in best], question_ids, answers),
        "languages": {
            language: _found(likeness([one[language] for one in own["passages"]]), enough)
            for language in ("de", "en")
        },
        "nowhere_with_hits": int((likeness(own["nowhere"]) >= enough).any(axis=1).sum()),
        "nowhere": len(own["nowhere"]),
    }


def _found(near: Any, enough: float) -> dict[str, float]:
    """Of the passages at the end of the columns, one a row: mean reciprocal rank, share of hits."""
    own = near[np.arange(len(near)), np.arange(-len(near), 0)]
    ranks = (near > own[:, None]).sum(axis=1) + 1
    return {"mrr": float((1 / ranks).mean()), "hits": float((own >= enough).mean())}


def run(relevance: Path) -> dict[str, Any]:
    models.install(["minilm-int8", "e5-small"])
    engines: tuple[TextEmbedder, ...] = (MiniLm("minilm-int8"), E5("e5-small"))
    _, segments, _, questions, _ = texts_of(relevance)
    sample = segments[:: max(1, len(segments) // TIMED)][:TIMED]
    runs: dict[str, Any] = {}
    for engine in engines:
        runs[f"{engine.name} texts"] = lambda e=engine: e.embed(sample)
        runs[f"{engine.name} questions"] = lambda e=engine: [e.ask(q) for q in questions[:TIMED]]
    times = in_turn(runs)
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit(),
        "machine": {"cores": os.cpu_count(), "cpu": cpu(), "onnxruntime": onnxruntime_version},
        "engines": [measured(engine, relevance, times) for engine in engines],
    }


def table(result: dict[str, Any]) -> str:
    """The figures as Markdown."""
    machine = result["machine"]
    lines = [
        f"{result['date']}, commit {result['commit']}, {machine['cores']} cores of "
        f"{machine['cpu']}; ONNX Runtime {machine['onnxruntime']}, one thread, processor time.",
        "",
        "| | texts a second | a question, ms | English, nDCG@10 | German for German, MRR; hits | "
        "English for German, MRR; hits | about nothing there, with hits |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in result["engines"]:
        german, english = (row["languages"][language] for language in ("de", "en"))
        lines.append(
            f"| `{row['engine']}` | {row['texts_a_second']:.0f} | {row['question_ms']:.1f} | "
            f"{row['ndcg']:.3f} | {german['mrr']:.2f}; {german['hits']:.0%} | "
            f"{english['mrr']:.2f}; {english['hits']:.0%} | "
            f"{row['nowhere_with_hits']} of {row['nowhere']} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("relevance", type=Path, nargs="?")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--table", type=Path)
    given = parser.parse_args()
    if given.table:
        print(table(json.loads(given.table.read_text())))
        return
    if given.relevance is None:
        parser.error("RELEVANCE is wanted, or --table")
    os.environ["EARMARK_THREADS"] = "1"
    text = json.dumps(run(given.relevance), indent=2) + "\n"
    given.out.write_text(text) if given.out else print(text)


if __name__ == "__main__":
    main()
