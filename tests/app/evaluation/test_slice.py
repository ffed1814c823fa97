"""A small evaluation against the real Elasticsearch and the real text embedder.

Forty passages of eight episodes, as they were written and as they might be misheard; questions,
names, keywords and quoted phrases. The least figures stand a margin below what was measured.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from app.evaluation.evaluate import evaluate
from app.evaluation.folder import read
from app.evaluation.report import table
from app.settings import Settings
from tests.app.evaluation.mishear import mishear

SLICE = Path(__file__).parent / "slice"
LEAST_NDCG = {
    ("clean", "question"): 0.9,
    ("clean", "name"): 0.93,
    ("clean", "keywords"): 0.87,
    ("clean", "phrase"): 0.95,
    ("misheard", "question"): 0.74,
    ("misheard", "name"): 0.72,
    ("misheard", "keywords"): 0.74,
    ("misheard", "phrase"): 0.95,
}


@pytest.fixture(scope="module")
def figures(
    es: Elasticsearch, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """The whole evaluation, once."""
    folder = tmp_path_factory.mktemp("slice")
    for file in SLICE.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    rows = [json.loads(line) for line in (SLICE / "segments-clean.jsonl").open()]
    misheard = [json.dumps(row | {"text": mishear(row["text"])}) for row in rows]
    (folder / "segments-misheard.jsonl").write_text("\n".join(misheard))
    yield evaluate(read(folder), es, settings)
    assert not list(es.indices.get(index=f"{settings.index_prefix}-evaluate-*"))


@pytest.mark.parametrize(("condition", "kind"), LEAST_NDCG)
def test_answers_stand_as_high_as_they_did(
    figures: dict[str, Any], condition: str, kind: str
) -> None:
    each = figures["conditions"][condition]["classes"][kind]
    assert each["systems"]["fused"]["ndcg@10"] >= LEAST_NDCG[condition, kind], table(figures)


def test_nothing_was_left_out(figures: dict[str, Any]) -> None:
    assert [found["degraded"] for found in figures["conditions"].values()] == [{}, {}]
    assert figures["data"]["remarks"] == []


def test_the_figures_can_be_counted_again(figures: dict[str, Any]) -> None:
    """The places alone give the share of questions whose answer came first."""
    kinds = [question["class"] for question in figures["data"]["questions"]]
    for condition, found in figures["conditions"].items():
        places = figures["places"][condition]["fused"].split(" ")
        for kind, each in found["classes"].items():
            own = [p for p, k in zip(places, kinds, strict=True) if k == kind]
            first = sum(place == "1" for place in own) / len(own)
            assert each["systems"]["fused"]["success@1"] == pytest.approx(first, abs=1e-4)


def test_every_leg_and_fusion_is_in_the_table(figures: dict[str, Any]) -> None:
    shown = table(figures)
    for name in ("**fused**", "leg keyword", "leg meaning", "min-max", "z-score", "RRF"):
        assert f"| {name} |" in shown
