"""The tables of docs/evaluation.md are those that the kept raw figures give."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.evaluation.metrics import Place, measure
from scripts.evaluation.audio import average_precision
from scripts.evaluation.noises import under
from scripts.evaluation.spoken import word_errors
from scripts.evaluation.tables import tables

DOCS = Path(__file__).resolve().parents[2] / "docs"
KEPT = sorted((DOCS / "evaluation").glob("*.json"))


def read(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text("utf-8"))


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.stem)
def test_the_tables_are_generated(file: Path) -> None:
    assert tables(read(file)) in (DOCS / "evaluation.md").read_text("utf-8")


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.stem)
def test_the_figures_follow_from_the_places(file: Path) -> None:
    figures = read(file)
    asked = figures.get("data", {}).get("questions", [])
    for condition, found in figures.get("conditions", {}).items():
        for kind, each in found["classes"].items():
            for system, means in each["systems"].items():
                words = figures["places"][condition][system].split(" ")
                values = [
                    measure(placed(word), dict(enumerate(question["relevances"])))["ndcg@10"]
                    for word, question in zip(words, asked, strict=True)
                    if question["class"] == kind
                ]
                assert np.mean(values) == pytest.approx(means["ndcg@10"], abs=1e-4)


def placed(word: str) -> list[Place]:
    places = [] if word == "-" else word.split(",")
    split = [place.split(":") for place in places]
    return [Place(int(rank), float(more[0]) if more else 1.0) for rank, *more in split]


def test_words_are_counted_as_changed_added_or_dropped() -> None:
    assert word_errors("Who was it?", "who was it") == (0, 3)
    assert word_errors("who was it", "who saw it then") == (2, 3)
    assert word_errors("who was it", "") == (3, 3)


def test_precision_counts_each_right_answer_by_its_place() -> None:
    assert average_precision(np.array([True, False, True])) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(np.array([False, False])) == 0


def test_noise_is_as_loud_as_was_asked() -> None:
    rng = np.random.default_rng(1)
    clip, background = (rng.standard_normal(24_000).astype(np.float32) for _ in range(2))
    assert under(clip, background, None) is clip
    added = under(clip, background, 10.0) - clip
    assert 20 * np.log10(clip.std() / added.std()) == pytest.approx(10, abs=0.2)
