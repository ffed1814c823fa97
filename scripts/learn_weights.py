"""Learn the legs' weights for each class of query: ``python -m scripts.learn_weights FOLDER``.

    .venv/bin/python -m scripts.learn_weights FOLDER --kept scores.npz --out app/search/weights.json

What each leg scored is asked once of the search that serves users, for the folder's questions
and those derived from them; ``--kept`` keeps it, so that learning again asks nothing. Weights
are learned for each class on nDCG@10 over all conditions, with five-fold cross-validation.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from app.evaluation.corpus import Indexer
from app.evaluation.derived import derive
from app.evaluation.evaluate import spread
from app.evaluation.folder import Folder, FolderError, Question, read
from app.evaluation.weights import Gathered, gather, learn
from app.search.client import connect
from app.search.weights import learned as current
from app.settings import get_settings
from scripts.bench_ingest import commit
from scripts.evaluation.node import end_cleanly, reachable
from scripts.local.data import DataFolder

ROOT = Path(__file__).resolve().parents[1]
LEAST_GAIN = 0.002
Scores = dict[str, list[Gathered]]  # by class, one a condition


def gather_all(folder: Folder, limit: int | None) -> Scores:
    """What the legs scored, for each class of questions in each condition."""
    classes: dict[str, list[Question]] = {}
    asked = spread(folder.questions, limit)
    for question in [*asked, *derive(asked, folder.conditions)]:
        classes.setdefault(question.kind, []).append(question)
    found: Scores = {kind: [] for kind in classes}
    with connect(get_settings()) as es:
        indexer = Indexer(es, get_settings())
        for condition, passages in folder.conditions.items():
            with indexer.indexed(passages, titles=False) as corpus:
                for kind, questions in classes.items():
                    print(f"Asking {len(questions)} of {kind} in {condition}", flush=True)
                    found[kind].append(gather(corpus, questions, _bar))
    return found


def _bar(questions: Iterable[Question]) -> Iterable[Question]:
    return tqdm(questions, unit="question", disable=None, leave=False)


def keep(scores: Scores, file: Path) -> None:
    """Write what was gathered as arrays."""
    arrays = {
        f"{kind}/{number}/{field.name}": np.array(getattr(one, field.name))
        for kind, conditions in scores.items()
        for number, one in enumerate(conditions)
        for field in fields(one)
    }
    np.savez_compressed(file, **arrays)


def load(file: Path) -> Scores:
    """Read what ``keep`` wrote."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    with np.load(file) as arrays:
        for name in arrays.files:
            kind, number, field = name.split("/")
            rows.setdefault((kind, number), {})[field] = arrays[name]
    scores: Scores = {}
    for (kind, _), row in rows.items():
        legs = tuple(row.pop("legs").tolist())
        scores.setdefault(kind, []).append(Gathered(legs=legs, **row))
    return scores


def learned(scores: Scores, folder: Folder) -> dict[str, Any]:
    """The file of weights, with where they come from."""
    return {
        "learned": datetime.now(UTC).date().isoformat(),
        "commit": commit(),
        "folder": folder.path.name,
        "sha256": folder.hashes(),
        "classes": {
            kind: {"questions": len(conditions[0].ideal)} | _figures(conditions, current()[kind])
            for kind, conditions in scores.items()
        },
    }


def _figures(conditions: list[Gathered], start: Mapping[str, float]) -> dict[str, Any]:
    figures = asdict(learn(conditions, start))
    weights = figures.pop("weights")
    if figures["cross_validated"] < figures["before"] + LEAST_GAIN:
        weights = dict(start)  # what does not hold on questions it has not seen is not learned
    weights = {leg: round(weight, 4) for leg, weight in weights.items()}
    rounded = {name: round(value, 4) for name, value in figures.items()}
    gain = round(rounded["cross_validated"] - rounded["before"], 4)
    return {"weights": weights, "ndcg@10": rounded, "cross_validated_gain": gain}


def main() -> None:
    """Gather, unless that was done before; learn; write and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kept", type=Path, help="an .npz file of the legs' scores")
    parser.add_argument("--out", type=Path, help="where to write the weights")
    parser.add_argument("--limit", type=int, metavar="N", help="ask only N of the questions")
    parser.add_argument("--data", type=Path, default=ROOT / "data")
    given = parser.parse_args()
    end_cleanly()
    try:
        folder = read(given.folder)
    except FolderError as error:
        sys.exit(str(error))
    if given.kept and given.kept.exists():
        scores = load(given.kept)
    else:
        with reachable(DataFolder(given.data)) as environment:
            os.environ.update(environment)
            scores = gather_all(folder, given.limit)
        if given.kept:
            keep(scores, given.kept)
    text = json.dumps(learned(scores, folder), indent=1) + "\n"
    if given.out:
        given.out.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
