"""What both commands do: ``earmark evaluate`` and ``scripts/evaluate``."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from elasticsearch import ApiError, TransportError
from tqdm import tqdm

from app.encoders.base import EncoderError
from app.evaluation.evaluate import evaluate
from app.evaluation.folder import FolderError, Question, read
from app.evaluation.report import table
from app.evaluation.run import Further, Peers
from app.search.bulk import IndexingError
from app.search.client import connect
from app.search.hybrid import SearchUnavailable
from app.search.index import IndexMismatch
from app.settings import get_settings

__all__ = ["EvaluationError", "figures_of", "keep", "table"]


class EvaluationError(Exception):
    """Why nothing could be measured, for the person who asked."""


def figures_of(
    path: Path,
    *,
    titles: bool = False,
    limit: int | None = None,
    peers: Peers | None = None,
    spoken: Further | None = None,
) -> dict[str, Any]:
    """Read and measure a folder, with a bar on a terminal. Raises EvaluationError."""
    settings = get_settings()
    try:
        folder = read(path)
        with connect(settings) as es:
            return evaluate(
                folder,
                es,
                settings,
                titles=titles,
                limit=limit,
                peers=peers,
                spoken=spoken,
                watch=_bar,
            )
    except FolderError as error:
        raise EvaluationError(str(error)) from error
    except (ApiError, TransportError) as error:
        raise EvaluationError(
            f"Elasticsearch at {settings.elasticsearch_url} did not answer ({error}): name a "
            "running one by ELASTICSEARCH_URL, or use scripts/evaluate, which starts its own."
        ) from error
    except (SearchUnavailable, IndexMismatch, IndexingError, EncoderError) as error:
        raise EvaluationError(str(error)) from error


def keep(figures: Mapping[str, Any], out: Path | None) -> None:
    """Write the figures, if a file was named. Raises EvaluationError."""
    if out is None:
        return
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", "utf-8")
    except OSError as error:
        raise EvaluationError(f"{out} cannot be written: {error.strerror}") from error


def _bar(questions: Iterable[Question]) -> Iterator[Question]:
    yield from tqdm(questions, unit="question", disable=None, leave=False)
