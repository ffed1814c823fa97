"""The measurement of ways to index vectors, on a real Elasticsearch."""

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from app.search.index import make_indices
from app.settings import Settings
from scripts import bench_ann
from scripts.evaluation import ann_chart, ann_vectors
from scripts.evaluation.peers import SOURCES
from tests.app.search.conftest import MODELS, Library, say

SIZE, DIMS = 400, 384


def material(count: int = SIZE) -> ann_vectors.Material:
    rows = np.random.default_rng(1).standard_normal((count, DIMS)).astype(np.float32)
    return ann_vectors.left_out("noise", "text_vector", rows + 0.5, 20)


def test_every_choice_is_measured_against_exact_search_and_leaves_nothing(
    es: Elasticsearch, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = [({"type": "flat"}, (0,)), ({"type": "hnsw"}, (0,)), ({"type": "bbq_hnsw"}, (0, 3))]
    monkeypatch.setattr(bench_ann, "OPTIONS", tuple(tried))
    monkeypatch.setattr(bench_ann, "CANDIDATES", (20, 400))
    run = bench_ann.measure(material(), recall=0.95, most_ms=10_000, beside=False)
    flat, graph, bits = run["indices"]
    assert [point["recall"] for point in flat["points"]] == [1.0]
    assert flat["points"][0]["tenth"]["recall"] == 1.0
    assert graph["searched_mb"] >= flat["searched_mb"] == round(380 * DIMS * 4 / 1e6, 2)
    assert bits["searched_mb"] < flat["searched_mb"] / 4
    recalls = {(p["oversample"], p["candidates"]): p["recall"] for p in bits["points"]}
    assert recalls[0, 400] < recalls[3, 400]
    assert run["recommended"] == {
        "index_options": {"type": "bbq_hnsw", "m": 16, "ef_construction": 100},
        "num_candidates": 400,
    }
    assert not es.indices.get(index=f"{settings.index_prefix}-ann-*")
    figures = {"runs": {"noise": run}}
    assert "bbq_hnsw, m 16, 3 x rescored" in bench_ann.table(figures)
    assert ann_chart.chart(figures).count("<polyline") >= 8


def test_the_vectors_of_an_index_are_read_and_some_left_out(
    es: Elasticsearch, settings: Settings
) -> None:
    make_indices(es, settings.index_prefix, MODELS)
    library = Library(es, settings.index_prefix)
    rows = np.random.default_rng(2).standard_normal((200, DIMS)).astype(np.float32)
    library.add("e1", [say("ice", float(n)) for n in range(200)], text_vectors=rows)
    found = ann_vectors.of_index("text_vector", 200)
    assert found.vectors.shape == (180, DIMS)
    assert found.queries.shape == (20, DIMS)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    best = (np.concatenate([found.vectors, found.queries]) @ unit.T).max(axis=1)
    assert best == pytest.approx(1, abs=1e-4)


def test_ties_count_whichever_is_found() -> None:
    rows = np.repeat(np.eye(3, 8, dtype=np.float32), 20, axis=0)
    exact = bench_ann.Exact(ann_vectors.Material("", "text_vector", rows, rows[:1]), 0.2)
    assert exact.recall([list(range(10))]) == exact.recall([list(range(10, 20))]) == 1.0
    assert exact.recall([[*range(5), *range(20, 25)]]) == 0.5


def test_made_up_vectors_lie_between_real_ones() -> None:
    real = material()
    more = ann_vectors.grown(real, 1000)
    assert len(more.vectors) == 1000
    assert np.array_equal(more.vectors[: len(real.vectors)], real.vectors)
    assert "620 more vectors made up" in more.made_of
    nearest = (more.vectors[len(real.vectors) :] @ real.vectors.T).max(axis=1)
    assert 0.5 < np.median(nearest) < 0.99


def test_the_libraries_that_come_as_source_are_those_of_the_lock() -> None:
    lock = (bench_ann.ROOT / "scripts/evaluation/requirements-ann.lock").read_text()
    assert all(f"\n{name}" in lock for name in SOURCES)
