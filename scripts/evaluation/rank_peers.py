"""Ranks the same passages by other engines; run by the peers' own Python, never imported.

Reads a folder: ``job.json`` with passages, texts, queries and the language of the stemmer;
``passages.npy`` and ``queries.npy`` with their unit vectors. Writes ``ranked.json``: for each
system and each query the numbers of its best passages, in order.
"""

import json
import sys
from pathlib import Path

import bm25s
import numpy as np
import Stemmer
from txtai.embeddings import Embeddings

DEPTH = 10
POOL = 200  # how deep a fusion of ranks looks into each list
RRF_K = 60


def by_bm25s(passages: list[str], queries: list[str], language: str) -> list[list[int]]:
    """bm25s as its documentation sets it up: stop words and a Snowball stemmer."""
    stemmer = Stemmer.Stemmer(language)
    retriever = bm25s.BM25()
    options = {"stemmer": stemmer, "stopwords": "en", "show_progress": False}
    retriever.index(bm25s.tokenize(passages, **options), show_progress=False)
    tokens = bm25s.tokenize(queries, **options)
    count = min(POOL, len(passages))
    found, scores = retriever.retrieve(tokens, k=count, show_progress=False)
    return [
        [int(n) for n, score in zip(row, own, strict=True) if score > 0]
        for row, own in zip(found, scores, strict=True)
    ]


def by_vectors(passages: np.ndarray, queries: np.ndarray) -> list[list[int]]:
    """Exact search by cosine."""
    return np.argsort(-(queries @ passages.T), axis=1, kind="stable")[:, :POOL].tolist()


def by_rrf(first: list[list[int]], second: list[list[int]]) -> list[list[int]]:
    """Reciprocal rank fusion of two lists for each query."""
    fused = []
    for pair in zip(first, second, strict=True):
        total: dict[int, float] = {}
        for ranking in pair:
            for rank, number in enumerate(ranking, start=1):
                total[number] = total.get(number, 0.0) + 1 / (RRF_K + rank)
        fused.append(sorted(total, key=lambda number: (-total[number], number)))
    return fused


def by_txtai(
    passages: list[str], vectors: np.ndarray, queries: list[str], asked: np.ndarray
) -> list[list[int]]:
    """txtai's hybrid of its own BM25 and the given vectors, with its own defaults."""
    known = dict(zip(passages, vectors, strict=True)) | dict(zip(queries, asked, strict=True))
    engine = Embeddings(
        method="external",
        transform=lambda texts: np.array([known[text] for text in texts]),
        hybrid=True,
        content=False,
    )
    engine.index((number, text, None) for number, text in enumerate(passages))
    return [[int(number) for number, _ in engine.search(query, DEPTH)] for query in queries]


def main() -> None:
    """Rank by each and write all of it."""
    folder = Path(sys.argv[1])
    job = json.loads((folder / "job.json").read_text("utf-8"))
    vectors, asked = np.load(folder / "passages.npy"), np.load(folder / "queries.npy")
    words = by_bm25s(job["passages"], job["queries"], job["language"])
    meant = by_vectors(vectors, asked)
    ranked = {
        "bm25s": words,
        "MiniLM, exact": meant,
        "RRF of bm25s and MiniLM": by_rrf(words, meant),
        "txtai hybrid": by_txtai(job["passages"], vectors, job["queries"], asked),
    }
    short = {name: [row[:DEPTH] for row in rows] for name, rows in ranked.items()}
    (folder / "ranked.json").write_text(json.dumps(short))


if __name__ == "__main__":
    main()
