"""A whole evaluation: each condition indexed, asked, removed; figures and raw places."""

import os
import platform
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch

from app.evaluation import report
from app.evaluation.corpus import Indexer
from app.evaluation.derived import derive
from app.evaluation.folder import Folder, Question
from app.evaluation.run import Further, Peers, Watch, run, with_peers
from app.search.weights import learned
from app.settings import Settings

MOST_DERIVED = 900  # of all kinds together, which is enough to tell them apart in minutes
PACKAGES = ("earmark", "elasticsearch", "numpy", "onnxruntime", "tokenizers")


def evaluate(
    folder: Folder,
    es: Elasticsearch,
    settings: Settings,
    *,
    titles: bool = False,
    limit: int | None = None,
    peers: Peers | None = None,
    spoken: Further | None = None,
    watch: Watch = iter,
) -> dict[str, Any]:
    """The figures, ready to be kept as JSON; ``limit`` takes that many questions, spread evenly.

    Raises SearchUnavailable, IndexMismatch, IndexingError, EncoderError.
    """
    asked = spread(folder.questions, limit)
    questions = [*asked, *spread(derive(asked, folder.conditions), MOST_DERIVED)]
    indexer = Indexer(es, settings)
    conditions, places = {}, {}
    for name, passages in folder.conditions.items():
        with indexer.indexed(passages, titles=titles) as corpus:
            found = run(corpus, questions, watch)
            heard = spoken(corpus, asked) if spoken else None
        if peers:
            found = with_peers(found, peers(passages, questions), questions)
        conditions[name] = report.condition_figures(found, questions)
        if heard:
            conditions[name]["spoken"] = heard
        places[name] = report.raw(found)
    return {
        "machine": machine(),
        "elasticsearch": es.info()["version"]["number"],
        "settings": chosen(settings, titles=titles),
        "data": report.about(folder, questions),
        "conditions": conditions,
        "places": places,
    }


def spread(questions: Sequence[Question], limit: int | None) -> list[Question]:
    """At most so many of them, evenly spread."""
    if limit is None or limit >= len(questions):
        return list(questions)
    return [questions[number * len(questions) // limit] for number in range(limit)]


def machine() -> dict[str, Any]:
    """What it ran on."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in PACKAGES},
    }


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def chosen(settings: Settings, *, titles: bool) -> dict[str, Any]:
    """The settings that change the figures."""
    return {
        "text_embedder": settings.text_embedder,
        "threads": settings.threads,
        "reader": settings.reader,
        "weights": {kind: dict(weights) for kind, weights in learned().items()},
        "titles": titles,
    }
