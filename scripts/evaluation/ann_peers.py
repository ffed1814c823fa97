"""Searches the same vectors by other libraries; run by their own Python, never imported.

Reads a folder: ``vectors.npy`` and ``queries.npy``, float32 rows that are compared by inner
product. Writes ``peers.json``: for each library the seconds that building took, the bytes of
what it keeps, and at each setting of its search the rows found and the milliseconds of each
query. One thread; one query at a time.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import faiss
import hnswlib
import numpy as np
from annoy import AnnoyIndex

DEPTH = 10
M, EF_CONSTRUCTION = 16, 100  # as Earmark's own graphs
EF = (10, 20, 40, 80, 160, 320, 640)
PROBES = (1, 2, 4, 8, 16, 32, 64)
TREES = 50
LOOKED_AT = (100, 300, 1000, 3000, 10_000, 30_000)
REFINED = 4  # how many times as many are scored again by their whole vectors

Find = Callable[[np.ndarray, int], Any]  # the rows found for a query at a setting


def timed(find: Find, queries: np.ndarray, setting: int) -> dict[str, Any]:
    """One setting of a search."""
    find(queries[0], setting)
    rows, ms = [], []
    for query in queries:
        started = time.perf_counter()
        found = find(query, setting)
        ms.append(1000 * (time.perf_counter() - started))
        rows.append([int(row) for row in found if row >= 0])
    return {"setting": setting, "rows": rows, "ms": ms}


def faiss_exact(vectors: np.ndarray) -> tuple[int, Find]:
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return len(faiss.serialize_index(index)), lambda query, _: _searched(index, query)


def faiss_hnsw(vectors: np.ndarray) -> tuple[int, Find]:
    index = faiss.IndexHNSWFlat(vectors.shape[1], M, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = EF_CONSTRUCTION
    index.add(vectors)

    def find(query: np.ndarray, ef: int) -> Any:
        index.hnsw.efSearch = ef
        return _searched(index, query)

    return len(faiss.serialize_index(index)), find


def faiss_ivf_pq(vectors: np.ndarray) -> tuple[int, Find]:
    """Product quantisation in a byte for four dimensions."""
    index = _ivf_pq(vectors)

    def find(query: np.ndarray, probes: int) -> Any:
        index.nprobe = probes
        return _searched(index, query)

    return len(faiss.serialize_index(index)), find


def faiss_ivf_pq_refined(vectors: np.ndarray) -> tuple[int, Find]:
    """The same, and the best scored again by their whole vectors, which it keeps in memory."""
    coarse = _ivf_pq(vectors)
    index = faiss.IndexRefineFlat(coarse, faiss.swig_ptr(vectors))
    index.k_factor = REFINED

    def find(query: np.ndarray, probes: int) -> Any:
        coarse.nprobe = probes
        return _searched(index, query)

    return len(faiss.serialize_index(index)), find


def _ivf_pq(vectors: np.ndarray) -> Any:
    lists = max(1, round(4 * len(vectors) ** 0.5))
    lists = min(lists, len(vectors) // 39)  # with fewer to learn from, FAISS warns
    dims = vectors.shape[1]
    quantizer = faiss.IndexFlatIP(dims)
    index = faiss.IndexIVFPQ(quantizer, dims, lists, dims // 4, 8, faiss.METRIC_INNER_PRODUCT)
    index.train(vectors)
    index.add(vectors)
    return index


def _searched(index: Any, query: np.ndarray) -> Any:
    return index.search(query[None], DEPTH)[1][0]


def by_hnswlib(vectors: np.ndarray) -> tuple[int, Find]:
    index = hnswlib.Index("ip", vectors.shape[1])
    index.init_index(len(vectors), EF_CONSTRUCTION, M)
    index.set_num_threads(1)
    index.add_items(vectors)

    def find(query: np.ndarray, ef: int) -> Any:
        index.set_ef(ef)
        return index.knn_query(query, DEPTH)[0][0]

    return index.index_file_size(), find


def by_annoy(vectors: np.ndarray) -> tuple[int, Find]:
    index = AnnoyIndex(vectors.shape[1], "dot")
    index.set_seed(0)
    for number, vector in enumerate(vectors):
        index.add_item(number, vector)
    index.build(TREES, 1)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "index"
        index.save(str(file))
        size = file.stat().st_size  # it stays mapped when its name has gone
    return size, lambda query, count: index.get_nns_by_vector(query, DEPTH, search_k=count)


PEERS: dict[str, tuple[Callable[[np.ndarray], tuple[int, Find]], tuple[int, ...]]] = {
    "FAISS IndexFlatIP": (faiss_exact, (0,)),
    f"FAISS HNSW, M {M}": (faiss_hnsw, EF),
    "FAISS IVF-PQ": (faiss_ivf_pq, PROBES),
    f"FAISS IVF-PQ, {REFINED} x refined": (faiss_ivf_pq_refined, PROBES),
    f"hnswlib, M {M}": (by_hnswlib, EF),
    f"Annoy, {TREES} trees": (by_annoy, LOOKED_AT),
}


def measured(vectors: np.ndarray, queries: np.ndarray) -> Iterator[dict[str, Any]]:
    """Every library at every setting."""
    for name, (build, settings) in PEERS.items():
        started = time.perf_counter()
        size, find = build(vectors)
        build_s = time.perf_counter() - started
        points = [timed(find, queries, setting) for setting in settings]
        yield {"name": name, "build_s": build_s, "bytes": size, "points": points}


def main() -> None:
    """Measure each and write all of it."""
    folder = Path(sys.argv[1])
    faiss.omp_set_num_threads(1)
    vectors, queries = np.load(folder / "vectors.npy"), np.load(folder / "queries.npy")
    (folder / "peers.json").write_text(json.dumps(list(measured(vectors, queries))))


if __name__ == "__main__":
    main()
