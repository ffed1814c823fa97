"""From the ids of a page to what is shown of them, by one ``_msearch``."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from elasticsearch import Elasticsearch

from app import quotes
from app.domain import EpisodeStatus
from app.search import highlight
from app.search.clauses import Body
from app.search.fuse import Fused
from app.search.index import alias
from app.search.query import Query
from app.search.result import Hit, HitEpisode, HitFeed
from app.search.words import Words

Documents = Mapping[str, Mapping[str, Any]]  # hits by id


class HitsUnreadable(Exception):  # noqa: N818 - says what is the matter
    """What was found could not be read; says why."""


_SEGMENT = ["text", "start_s", "end_s", "words", "sounds"]
_EPISODE = ["title", "published", "duration_s", "audio_url", "status"]


def hydrate(
    es: Elasticsearch,
    prefix: str,
    page: Sequence[Fused],
    words: Words,
    query: Query,
    *,
    places: Mapping[str, float],
) -> tuple[list[Hit], int]:
    """The hits of a page in its order, and the milliseconds that Elasticsearch took.

    ``places`` are the seconds to play, where a leg knows them better than the words do. A
    segment whose episode was removed a moment ago is left out.
    """
    if not page:
        return [], 0
    answer = es.msearch(
        searches=[
            {"index": alias(prefix, "segments")},
            segments_body([hit.id for hit in page], words, query),
            {"index": alias(prefix, "episodes")},
            _by_ids({hit.episode_id for hit in page}, _EPISODE),
            {"index": alias(prefix, "feeds")},
            _by_ids({hit.feed_id for hit in page}, ["title"]),
        ]
    )
    segments, episodes, feeds = (_by_id(part) for part in answer["responses"])
    hits = [
        _hit(
            fused,
            segments[fused.id],
            episodes[fused.episode_id],
            feeds.get(fused.feed_id),
            words,
            place_s=places.get(fused.id),
        )
        for fused in page
        if fused.id in segments and _is_shown(episodes.get(fused.episode_id))
    ]
    return hits, int(answer["took"])


def segments_body(ids: Sequence[str], words: Words, query: Query) -> Body:
    """The search for a page's segments, with their highlights."""
    body = _by_ids(ids, _SEGMENT)
    if not words:
        return body
    wanted = {"filter": [body["query"]], "should": [highlight.all_words_named(words)]}
    marks = highlight.request(words, query.language)
    return {**body, "query": {"bool": wanted}, "highlight": marks}


def _by_ids(ids: Iterable[str], fields: list[str]) -> Body:
    listed = sorted(ids)
    return {"query": {"terms": {"id": listed}}, "size": len(listed), "_source": fields}


def _by_id(part: Mapping[str, Any]) -> Documents:
    if "error" in part:
        raise HitsUnreadable(f"it could not read the hits: {part['error'].get('reason')}")
    return {hit["_id"]: hit for hit in part["hits"]["hits"]}


def _is_shown(episode: Mapping[str, Any] | None) -> bool:
    return episode is not None and episode["_source"]["status"] != EpisodeStatus.DELETED


def _hit(
    fused: Fused,
    segment: Mapping[str, Any],
    episode: Mapping[str, Any],
    feed: Mapping[str, Any] | None,
    words: Words,
    *,
    place_s: float | None,
) -> Hit:
    source = segment["_source"]
    highlights, places = highlight.spans(segment, words)
    at_s = _second_to_play(source, places) if place_s is None else place_s
    about = episode["_source"]
    return Hit(
        id=fused.id,
        start_s=source["start_s"],
        end_s=source["end_s"],
        at_s=at_s,
        text=source.get("text", ""),
        highlights=highlights,
        score=fused.score,
        legs=fused.legs,
        sounds=source.get("sounds", []),
        episode=HitEpisode(
            id=fused.episode_id,
            title=about["title"],
            published=about["published"],
            duration_s=about["duration_s"],
            audio_url=about["audio_url"],
        ),
        feed=HitFeed(id=fused.feed_id, title=feed["_source"]["title"] if feed else ""),
        url=quotes.link(fused.episode_id, at_s, _said_from(source, at_s)),
    )


def _said_from(source: Mapping[str, Any], at_s: float) -> str:
    """The segment's text from a second on; empty where nothing is said after it."""
    words = source.get("words", {"start_s": [], "offset": []})
    number = bisect_left(words["start_s"], at_s)
    return str(source["text"][words["offset"][number] :]) if number < len(words["offset"]) else ""


def _second_to_play(source: Mapping[str, Any], places: Sequence[highlight.Span]) -> float:
    """When the first matched word begins, else the segment."""
    found = highlight.second_of(places[0][0], source["words"]) if places else None
    return float(source["start_s"]) if found is None else found
