"""From a request's parameters to a search, and from its result to the API's answer."""

from collections.abc import Sequence
from time import perf_counter
from typing import Any

from flask import g

from app.search import hybrid
from app.search.query import Query
from app.web.clips import HeardClip
from app.web.inputs import ClipQuery, Filters, SearchQuery
from app.web.models import ClipOut, Degraded, SearchOut, Total


def by_words(query: SearchQuery) -> SearchOut:
    """Search by what was typed."""
    found = _search(query, q=query.q)
    return SearchOut(**found | {"took_ms": _ms()})


def by_clip(query: ClipQuery, clip: HeardClip) -> ClipOut:
    """Search by what was heard, unless ``q`` corrects it, and by how it sounds."""
    words = query.q or (clip.heard or {}).get("text") or ""
    if not words and clip.audio_vector is None:
        return _nothing_in(clip)
    found = _search(query, q=words, audio_vector=clip.audio_vector)
    degraded = [*clip.degraded, *found["degraded"]]
    return ClipOut(**found | {"took_ms": _ms(), "degraded": degraded, "heard": clip.heard})


def _nothing_in(clip: HeardClip) -> ClipOut:
    """No words and no sound to go by: no hits, and the reasons."""
    return ClipOut(
        hits=[],
        next_cursor=None,
        total=Total(value=0, relation="eq"),
        took_ms=_ms(),
        es_took_ms=0,
        relaxed=[],
        degraded=[Degraded(**part) for part in clip.degraded],
        heard=None,
    )


def _search(
    filters: Filters, *, q: str, audio_vector: Sequence[float] | None = None
) -> dict[str, Any]:
    query = Query(
        q=q,
        size=filters.size,
        cursor=filters.cursor,
        show=tuple(filters.show),
        language=filters.language,
        since=filters.since,
        until=filters.until,
        min_duration_s=filters.min_duration_s,
        max_duration_s=filters.max_duration_s,
        weights=filters.weights(),
        group=filters.group,
        audio_vector=audio_vector,
    )
    return hybrid.search(query).as_json()


def _ms() -> float:
    """The whole time in the server since the request came in."""
    started: float = g.started
    return round((perf_counter() - started) * 1000, 1)
