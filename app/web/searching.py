"""From a request's parameters to a search, and from its result to the API's answer."""

from time import perf_counter
from typing import Any

from flask import g

from app.search import hybrid
from app.search.query import Query
from app.web.clips import HeardClip
from app.web.inputs import ClipQuery, Filters, SearchQuery
from app.web.models import ClipOut, SearchOut


def by_words(query: SearchQuery) -> SearchOut:
    """Search by what was typed."""
    found = _search(query, q=query.q)
    return SearchOut(**found | {"took_ms": _ms()})


def by_clip(query: ClipQuery, clip: HeardClip) -> ClipOut:
    """Search for what the clip is for; ``q`` stands for the words that were heard in it."""
    found = _search(
        query,
        q=query.q or (clip.heard or {}).get("text") or "",
        was_heard=not query.q,
        is_clip=True,
        intent=query.intent,
        audio_vectors=clip.audio_vectors,
        voice_vector=clip.voice_vector,
        landmarks=clip.landmarks,
    )
    degraded = [*clip.degraded, *found["degraded"]]
    more = {"heard": clip.heard, "noise": clip.noise, "degraded": degraded, "took_ms": _ms()}
    return ClipOut(**found | more)


def _search(filters: Filters, **asked: Any) -> dict[str, Any]:
    query = Query(
        size=filters.size,
        cursor=filters.cursor,
        show=tuple(filters.show),
        sound=tuple(filters.sound),
        language=filters.language,
        since=filters.since,
        until=filters.until,
        min_duration_s=filters.min_duration_s,
        max_duration_s=filters.max_duration_s,
        weights=filters.weights(),
        group=filters.group,
        **asked,
    )
    return hybrid.search(query).as_json()


def _ms() -> float:
    """The whole time in the server since the request came in."""
    started: float = g.started
    return round((perf_counter() - started) * 1000, 1)
