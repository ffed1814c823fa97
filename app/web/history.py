"""What was taken in and how it went, as CSV for a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Iterator

from flask import Response, stream_with_context

from app.catalog import get_catalog
from app.domain import Episode
from app.web.opml import every_feed

COLUMNS = (
    "episode_id",
    "feed",
    "title",
    "published",
    "status",
    "error",
    "attempts",
    "duration_s",
    "words_from",
    "segments",
    "created_at",
    "updated_at",
    "indexed_at",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what spreadsheets compute rather than show


def download() -> Response:
    """Every episode as a line of a file to save; times are UTC."""
    response = Response(stream_with_context(_lines()), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = "attachment; filename=earmark-episodes.csv"
    return response


def _lines() -> Iterator[str]:
    titles = {feed.id: feed.title or feed.url for feed in every_feed()}
    yield line(COLUMNS)
    for episode in get_catalog().all_episodes():
        yield line(_cells(episode, titles))


def _cells(episode: Episode, titles: dict[str, str]) -> list[object]:
    fields = episode.model_dump(mode="json")
    fields |= {"episode_id": episode.id, "feed": titles.get(episode.feed_id, episode.feed_id)}
    return [fields[column] for column in COLUMNS]


def line(cells: Iterable[object]) -> str:
    """One line; what a stranger's feed wrote is never a formula."""
    out = io.StringIO()
    csv.writer(out).writerow([_shown(cell) for cell in cells])
    return out.getvalue()


def _shown(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
