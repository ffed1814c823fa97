"""Feeds and episodes, as Elasticsearch keeps them."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic, TypeVar

from elasticsearch import (
    ApiError,
    AuthorizationException,
    ConflictError,
    Elasticsearch,
    NotFoundError,
)
from pydantic import BaseModel, TypeAdapter
from pydantic_core import to_jsonable_python

from app.domain import Episode, EpisodeStatus, Feed, FeedHealth, utc_now
from app.search.bulk import BLOCK_WAIT_S, every_hit
from app.search.client import get_client
from app.search.cursors import decode, encode, invalid
from app.search.index import alias
from app.settings import get_settings

T = TypeVar("T", bound=BaseModel)
Query = dict[str, Any]
Sort = list[dict[str, Any]]
RETRIES_ON_CONFLICT = 50  # each conflict is another writer's success
MOST_AT_ONCE = 1000

_NEWEST_FEEDS: Sort = [{"created_at": "desc"}, {"id": "asc"}]
_NEWEST_EPISODES: Sort = [{"published": {"order": "desc", "missing": "_last"}}, {"id": "asc"}]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items of a list, and the cursor of those that follow (None: these are the last)."""

    items: list[T]
    next_cursor: str | None


class Catalog:
    """The feeds and episodes documents of one index prefix."""

    def __init__(self, es: Elasticsearch, prefix: str) -> None:
        self._es = es
        self._feeds = alias(prefix, "feeds")
        self._episodes = alias(prefix, "episodes")

    # Feeds

    def put_feed(self, feed: Feed, *, wait: bool = True) -> None:
        """Write the whole feed; ``wait`` returns once lists and searches show it."""
        self._write(self._es.index, self._feeds, feed.id, wait, document=_document(feed))

    def get_feed(self, feed_id: str) -> Feed | None:
        """The feed as last written, or None."""
        source = self._get(self._feeds, feed_id)
        return Feed.model_validate(source) if source else None

    def find_feed(self, *, url: str | None = None, podcast_guid: str | None = None) -> Feed | None:
        """The feed ever known by this address or with this podcast:guid, or None."""
        known: list[Query] = [{"term": {"urls": url}}, {"term": {"url": url}}] if url else []
        if podcast_guid:
            known.append({"term": {"podcast_guid": podcast_guid}})
        if not known:
            return None
        query = {"bool": {"should": known}}
        found = self._es.search(index=self._feeds, query=query, sort=[{"id": "asc"}], size=1)
        hits = found["hits"]["hits"]
        return Feed.model_validate(hits[0]["_source"]) if hits else None

    def feeds(self, size: int = 10, cursor: str | None = None) -> Page[Feed]:
        """A page of all feeds, the newest first. Raises CursorError."""
        return self._page(
            Feed, self._feeds, {"match_all": {}}, sort=_NEWEST_FEEDS, size=size, cursor=cursor
        )

    def due_feeds(self, now: datetime) -> list[Feed]:
        """The feeds to poll: not paused, not gone, and due (or never polled)."""
        due = [
            {"range": {"next_poll_at": {"lte": now.isoformat()}}},
            {"bool": {"must_not": [{"exists": {"field": "next_poll_at"}}]}},
        ]
        excluded = [{"term": {"paused": True}}, {"term": {"health": FeedHealth.GONE.value}}]
        query = {"bool": {"should": due, "minimum_should_match": 1, "must_not": excluded}}
        hits = every_hit(self._es, self._feeds, query)
        return [Feed.model_validate(hit["_source"]) for hit in hits]

    def update_feed(self, feed_id: str, *, wait: bool = False, **fields: Any) -> None:
        """Change some fields. Raises KeyError where there is no such feed."""
        self._update(Feed, self._feeds, feed_id, wait, fields)

    def remove_feed(self, feed_id: str) -> None:
        """Remove the feed's document, if it is there; its episodes are another matter."""
        self._remove(self._feeds, feed_id)

    # Episodes

    def add_episode(self, episode: Episode, *, wait: bool = False) -> bool:
        """Write a new episode; False, and nothing changed, where its id is taken."""
        try:
            self._write(
                self._es.create, self._episodes, episode.id, wait, document=_document(episode)
            )
        except ConflictError:
            return False
        return True

    def put_episode(self, episode: Episode, *, wait: bool = False) -> None:
        """Write the whole episode, whatever was there."""
        self._write(self._es.index, self._episodes, episode.id, wait, document=_document(episode))

    def get_episode(self, episode_id: str) -> Episode | None:
        """The episode as last written (a tombstone too), or None."""
        source = self._get(self._episodes, episode_id)
        return Episode.model_validate(source) if source else None

    def episodes(
        self,
        feed: str | None = None,
        status: EpisodeStatus | str | None = None,
        size: int = 10,
        cursor: str | None = None,
    ) -> Page[Episode]:
        """A page of episodes, the newest first; tombstones only where asked for.

        Raises CursorError.
        """
        query = _episodes_query(feed, [status] if status else None)
        return self._page(
            Episode, self._episodes, query, sort=_NEWEST_EPISODES, size=size, cursor=cursor
        )

    def all_episodes(
        self, feed_id: str | None = None, statuses: Sequence[EpisodeStatus | str] | None = None
    ) -> Iterator[Episode]:
        """Every episode, by id; tombstones only where ``statuses`` names them."""
        query = _episodes_query(feed_id, statuses)
        for hit in every_hit(self._es, self._episodes, query, page=MOST_AT_ONCE // 4):
            yield Episode.model_validate(hit["_source"])

    def episode_ids(self, feed_id: str) -> list[str]:
        """The ids of a feed's episodes, tombstones included."""
        query = {"term": {"feed_id": feed_id}}
        return [hit["_id"] for hit in every_hit(self._es, self._episodes, query, source=False)]

    def update_episode(self, episode_id: str, *, wait: bool = False, **fields: Any) -> None:
        """Change some fields. Raises KeyError where there is no such episode."""
        self._update(Episode, self._episodes, episode_id, wait, fields)

    def move_episode(
        self,
        episode_id: str,
        status: EpisodeStatus,
        *,
        among: Collection[EpisodeStatus],
        wait: bool = False,
        **fields: Any,
    ) -> bool:
        """Change the state, and other fields with it, where the state is one of ``among``.

        False, and nothing changed, where it is another by now, or there is no such episode:
        what somebody else decided meanwhile, such as a removal, is not undone.
        """
        while True:
            try:
                found = self._es.get(index=self._episodes, id=episode_id)
                if found["_source"]["status"] not in among:
                    return False
                seen = {"if_seq_no": found["_seq_no"], "if_primary_term": found["_primary_term"]}
                changes = fields | {"status": status}
                self._update(Episode, self._episodes, episode_id, wait, changes, **seen)
            except ConflictError:  # another writer was faster: look again
                continue
            except NotFoundError as error:
                if _is_absent_index(error):
                    raise
                return False
            except KeyError:
                return False
            return True

    def remove_episode(self, episode_id: str) -> None:
        """Remove the episode's document, if it is there."""
        self._remove(self._episodes, episode_id)

    def count_by_status(self) -> dict[str, int]:
        """How many episodes there are of each status; a status without any is absent."""
        counts = {"status": {"terms": {"field": "status", "size": len(EpisodeStatus)}}}
        found = self._es.search(index=self._episodes, size=0, aggs=counts)
        buckets = found["aggregations"]["status"]["buckets"]
        return {bucket["key"]: bucket["doc_count"] for bucket in buckets}

    def refresh(self) -> None:
        """Make every earlier write visible to lists and searches."""
        self._es.indices.refresh(index=[self._feeds, self._episodes])

    # How

    def _get(self, index: str, document_id: str) -> dict[str, Any] | None:
        try:
            source: dict[str, Any] = self._es.get(index=index, id=document_id)["_source"]
        except NotFoundError as error:
            if _is_absent_index(error):
                raise
            return None
        return source

    def _write(
        self, call: Callable[..., Any], index: str, document_id: str, wait: bool, **more: Any
    ) -> None:
        """Call a write method; waits while a re-index holds writes for its last copy."""
        give_up = time.monotonic() + BLOCK_WAIT_S
        while True:
            try:
                call(index=index, id=document_id, refresh=wait, require_alias=True, **more)
            except AuthorizationException as error:
                if error.error != "cluster_block_exception" or time.monotonic() > give_up:
                    raise
                time.sleep(0.1)
            else:
                return

    def _update(
        self,
        model: type[BaseModel],
        index: str,
        document_id: str,
        wait: bool,
        fields: Query,
        **seen: int,
    ) -> None:
        """``seen``: the version that must still be there; without it the last writer wins."""
        unknown = fields.keys() - model.model_fields.keys()
        if unknown:
            raise TypeError(f"{model.__name__} has no field {', '.join(sorted(unknown))}")
        for name, value in fields.items():  # what cannot be read back would break every list
            _field(model, name).validate_python(value)
        changes = to_jsonable_python({"updated_at": utc_now()} | fields)
        try:
            self._write(
                self._es.update,
                index,
                document_id,
                wait,
                doc=changes,
                **(seen or {"retry_on_conflict": RETRIES_ON_CONFLICT}),
            )
        except NotFoundError as error:
            if _is_absent_index(error):
                raise
            raise KeyError(document_id) from error

    def _remove(self, index: str, document_id: str) -> None:
        def delete(**arguments: Any) -> None:
            arguments.pop("require_alias")
            self._es.options(ignore_status=404).delete(**arguments)

        self._write(delete, index, document_id, wait=True)

    def _page(
        self,
        model: type[T],
        index: str,
        query: Query,
        *,
        sort: Sort,
        size: int,
        cursor: str | None,
    ) -> Page[T]:
        hits = self._search_page(index, query, sort=sort, size=size, cursor=cursor)
        items = [model.model_validate(hit["_source"]) for hit in hits[:size]]
        more = len(hits) > size
        return Page(items, encode(hits[size - 1]["sort"]) if more else None)

    def _search_page(
        self,
        index: str,
        query: Query,
        *,
        sort: Sort,
        size: int,
        cursor: str | None,
    ) -> list[dict[str, Any]]:
        try:
            found = self._es.search(
                index=index,
                query=query,
                sort=sort,
                size=size + 1,
                search_after=None if cursor is None else _position(cursor),
                track_total_hits=False,
            )
        except ApiError as error:
            if cursor is not None and error.status_code == 400:
                raise invalid() from error
            raise
        hits: list[dict[str, Any]] = found["hits"]["hits"]
        return hits


def _document(record: Feed | Episode) -> dict[str, Any]:
    return record.model_dump(mode="json")


@lru_cache(maxsize=128)
def _field(model: type[BaseModel], name: str) -> TypeAdapter[Any]:
    wanted: Any = model.model_fields[name].annotation
    return TypeAdapter(wanted)


def _is_absent_index(error: NotFoundError) -> bool:
    return error.error == "index_not_found_exception"


def _episodes_query(feed_id: str | None, statuses: Sequence[EpisodeStatus | str] | None) -> Query:
    clauses: list[Query] = [{"term": {"feed_id": feed_id}}] if feed_id else []
    if statuses is None:
        return {
            "bool": {
                "filter": clauses,
                "must_not": [{"term": {"status": EpisodeStatus.DELETED.value}}],
            }
        }
    clauses.append({"terms": {"status": [str(status) for status in statuses]}})
    return {"bool": {"filter": clauses}}


def _position(cursor: str) -> list[Any]:
    position = decode(cursor)
    if not isinstance(position, list) or len(position) != 2:
        raise invalid()
    return position


@lru_cache(maxsize=1)
def get_catalog() -> Catalog:
    """The catalog of the configured prefix."""
    return Catalog(get_client(), get_settings().index_prefix)
