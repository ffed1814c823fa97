"""The vectors that scripts/bench_ann.py measures with: an index's, a file's, a folder's."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.evaluation.evaluate import spread
from app.evaluation.folder import FolderError, read
from app.search.bulk import every_hit
from app.search.client import get_client
from app.search.index import alias
from app.settings import get_settings
from scripts.evaluation.peers import kept
from scripts.local.errors import SetupError

Floats = NDArray[np.float32]

TEXT_FIELD = "text_vector"
FEWEST = 100  # vectors that are worth a measurement


@dataclass(frozen=True, slots=True)
class Material:
    """Unit vectors to search, ``(rows, dims)``, and queries that are not among them."""

    made_of: str
    field: str
    vectors: Floats
    queries: Floats


def of_index(field: str, queries: int) -> Material:
    """A field of the configured index; some of its vectors are left out to be the queries."""
    name, there = alias(get_settings().index_prefix, "segments"), {"exists": {"field": field}}
    hits = every_hit(get_client(), name, there, source=False, fields=[field])
    rows = [hit["fields"][field] for hit in hits]
    if len(rows) < FEWEST:
        raise SetupError(f"{name} has {len(rows)} vectors in {field}: too few to measure with.")
    return left_out(f"{field} of the running index", field, np.array(rows, np.float32), queries)


def of_file(file: Path, field: str, queries: int) -> Material:
    """The rows of a NumPy file; some are left out to be the queries."""
    rows = np.load(file)
    if rows.ndim != 2 or len(rows) < FEWEST or not np.isfinite(rows).all():
        raise SetupError(f"{file} must hold {FEWEST} or more finite rows of one length.")
    return left_out(f"the rows of {file.name}", field, rows, queries)


def of_questions(folder: Path, queries: int) -> Material:
    """The segments and questions of a judged folder, as scripts/evaluate reads one."""
    try:
        judged = read(folder)
    except FolderError as error:
        raise SetupError(str(error)) from error
    texts = {text for own in judged.conditions.values() for p in own if (text := p.text)}
    asked = [question.text for question in spread(judged.questions, queries)]
    embedder = kept()
    vectors, questions = embedder.embed(sorted(texts)), embedder.embed(asked)
    made_of = f"{embedder.name} of {len(texts):,} segments and {len(asked)} questions about them"
    return Material(made_of, TEXT_FIELD, vectors, questions)


def left_out(made_of: str, field: str, rows: Floats, queries: int) -> Material:
    """Unit rows, of which some are the queries and no longer searched."""
    unit = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    order = np.random.default_rng(0).permutation(len(unit))
    count = min(queries, len(unit) // 10)
    asked, searched = unit[order[:count]], unit[order[count:]]
    told = f"{made_of}, {count} of them left out to be the queries"
    return Material(told, field, searched.astype(np.float32), asked.astype(np.float32))


def grown(material: Material, count: int) -> Material:
    """With made-up vectors between the real ones, up to so many.

    Each is a weighted mean of two real ones, moved by noise of .3 of a vector's length.
    """
    real, random = material.vectors, np.random.default_rng(0)
    more = count - len(real)
    if more <= 0:
        return material
    pairs = random.integers(len(real), size=(2, more))
    share = random.uniform(0.5, 1, (more, 1))
    noise = random.standard_normal((more, real.shape[1])) * 0.3 / np.sqrt(real.shape[1])
    made = share * real[pairs[0]] + (1 - share) * real[pairs[1]] + noise
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    told = f"{material.made_of}; {more:,} more vectors made up by mixing two real ones and noise"
    vectors = np.concatenate([real, made.astype(np.float32)])
    return replace(material, made_of=told, vectors=vectors)
