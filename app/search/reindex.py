"""Rebuilding every index from artefacts under new names, while searches are answered.

The new versions are filled beside the old ones; what changed meanwhile is filled again;
then writes are held for the last changes, the aliases move in one step, and the old
versions go once no search reads them. Writers wait while writes are held.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from elasticsearch import Elasticsearch

from app.audio.landmarks import Landmarks
from app.catalog import Catalog
from app.domain import IN_PROGRESS, Episode, Feed, Segment
from app.search import bulk
from app.search.client import get_client
from app.search.index import (
    FieldVectors,
    SegmentIndex,
    alias,
    behind,
    chosen_models,
    create,
    create_missing,
    version_name,
)
from app.search.recordings import RecordingIndex
from app.search.schema import KINDS, Models
from app.settings import get_settings

Progress = Callable[[int, int], None]  # episodes done, of how many
PASSES = 3  # fillings of what changed, before writes are held
IDLE_POLLS = 5
IDLE_POLL_S = 0.2
IDLE_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Batch:
    """An episode's segments and their vectors."""

    segments: list[Segment]
    vectors: FieldVectors


class Source(Protocol):
    """What an index is rebuilt from."""

    def feeds(self) -> Iterable[Feed]:
        """Every feed's snapshot."""

    def episodes(self) -> Iterable[Episode]:
        """Every episode's snapshot."""

    def segments(self, feed: Feed, episode: Episode) -> Batch | None:
        """An episode's segments and their vectors by the chosen models; None before it has any."""

    def landmarks(self, episode: Episode) -> Landmarks | None:
        """The landmarks of an episode that has segments; None where none are kept."""


def reindex(source: Source, on_progress: Progress = lambda done, total: None) -> None:
    """Rebuild the configured indices. Only one may run at a time: the caller sees to it.

    Searches are answered throughout, from the old indices and then from the new ones.
    If it fails, the old ones stay as they were.
    """
    settings = get_settings()
    Rebuild(get_client(), settings.index_prefix, chosen_models(), source).run(on_progress)


class Filled(NamedTuple):
    """The new indices that are filled from the source."""

    segments: SegmentIndex
    recordings: RecordingIndex


class Rebuild:
    """One rebuilding of one prefix's indices."""

    def __init__(self, es: Elasticsearch, prefix: str, models: Models, source: Source) -> None:
        self._es, self._prefix = es, prefix
        self._models, self._source = models, source
        self._catalog = Catalog(es, prefix)
        self._filled: dict[str, datetime | None] = {}  # when each was indexed that is filled
        self._written: set[str] = set()  # those of which something was written

    def run(self, on_progress: Progress) -> None:
        """Build, swap, and remove the former versions."""
        create_missing(self._es, self._prefix, self._models)
        self._restore_lost()
        old = {kind: self._behind(kind) for kind in KINDS}
        self._remove_unfinished(old)
        new = {kind: self._next_version(kind, old[kind]) for kind in KINDS}
        try:
            for _ in range(PASSES):
                self._fill(new, on_progress)
            with self._writes_held(old.values()):
                self._fill(new, on_progress)
                for kind in ("feeds", "episodes"):
                    self._copy(old[kind], new[kind])
                self._swap(old, new)
        except BaseException:
            self._discard(new)
            raise
        self._retire(list(old.values()))

    def _behind(self, kind: str) -> str:
        name = behind(self._es, alias(self._prefix, kind))
        assert name is not None  # noqa: S101 - create_missing has just seen to it
        return name

    def _next_version(self, kind: str, old: str) -> str:
        number = int(old.rsplit("-", 1)[1]) + 1
        return create(self._es, self._prefix, kind, number, self._models)

    def _remove_unfinished(self, live: dict[str, str]) -> None:
        """What an interrupted run left behind."""
        for kind, current in live.items():
            number = int(current.rsplit("-", 1)[1]) + 1
            name = version_name(self._prefix, kind, number)
            self._es.options(ignore_status=404).indices.delete(index=name)

    def _discard(self, new: dict[str, str]) -> None:
        """Delete new versions, save where the swap succeeded and only its answer was lost."""
        unused = [name for kind, name in new.items() if self._behind(kind) != name]
        if unused:
            self._es.options(ignore_status=404).indices.delete(index=unused)

    def _restore_lost(self) -> None:
        """From the snapshots, where Elasticsearch has lost every feed."""
        if self._catalog.feeds(size=1).items:
            return
        for feed in self._source.feeds():
            self._catalog.put_feed(feed, wait=False)
        for episode in self._source.episodes():
            self._catalog.add_episode(episode)

    def _fill(self, new: dict[str, str], on_progress: Progress) -> None:
        """Write what there is of every episode that is new or changed since it was filled."""
        self._catalog.refresh()
        episodes = list(self._catalog.all_episodes())
        into = Filled(
            SegmentIndex(self._es, self._prefix, new["segments"]),
            RecordingIndex(self._es, self._prefix, new["recordings"]),
        )
        for gone in self._filled.keys() - {episode.id for episode in episodes}:
            self._remove(into, gone)
            del self._filled[gone]
        stale = [episode for episode in episodes if self._is_stale(episode)]
        for number, episode in enumerate(stale):
            on_progress(len(episodes) - len(stale) + number, len(episodes))
            self._fill_episode(into, episode)
        for index in into:
            index.refresh()
        on_progress(len(episodes), len(episodes))

    def _is_stale(self, episode: Episode) -> bool:
        """Segments may have been written of an episode in progress, though it does not say so."""
        if episode.id not in self._filled or episode.status in IN_PROGRESS:
            return True
        return self._filled[episode.id] != episode.indexed_at

    def _fill_episode(self, into: Filled, episode: Episode) -> None:
        feed = self._catalog.get_feed(episode.feed_id)
        batch = self._source.segments(feed, episode) if feed else None
        if feed and batch:
            into.segments.write(feed, episode, batch.segments, batch.vectors)
            if landmarks := self._source.landmarks(episode):
                into.recordings.write(episode, landmarks)
            else:
                into.recordings.remove(episode.id)
            self._written.add(episode.id)
        else:
            self._remove(into, episode.id)
        self._filled[episode.id] = episode.indexed_at

    def _remove(self, into: Filled, episode_id: str) -> None:
        """Remove what was written, if anything: most of a long queue has no segments yet."""
        if episode_id in self._written:
            for index in into:
                index.remove(episode_id)
            self._written.remove(episode_id)

    def _copy(self, old: str, new: str) -> None:
        self._es.indices.refresh(index=old)
        hits = bulk.every_hit(self._es, old, {"match_all": {}})
        actions = [bulk.index_action(new, hit["_source"]) for hit in hits]
        bulk.run_bulk(self._es, actions, through_alias=False)
        self._es.indices.refresh(index=new)

    @contextmanager
    def _writes_held(self, indices: Iterable[str]) -> Iterator[None]:
        """Writers wait; if the block fails they go on as before."""
        names = list(indices)
        try:
            for name in names:
                self._es.indices.add_block(index=name, block="write")
            yield
        except BaseException:
            self._es.indices.put_settings(index=names, settings={"index.blocks.write": None})
            raise

    def _swap(self, old: dict[str, str], new: dict[str, str]) -> None:
        """Move all aliases in one step."""
        removals = [
            {"remove": {"index": old[kind], "alias": alias(self._prefix, kind)}} for kind in KINDS
        ]
        additions = [
            {
                "add": {
                    "index": new[kind],
                    "alias": alias(self._prefix, kind),
                    "is_write_index": True,
                }
            }
            for kind in KINDS
        ]
        self._es.indices.update_aliases(actions=[*removals, *additions])

    def _retire(self, indices: list[str]) -> None:
        """Delete the former versions once no search that began before the swap reads them."""
        idle, give_up = 0, time.monotonic() + IDLE_LIMIT_S
        while idle < IDLE_POLLS and time.monotonic() < give_up:
            idle = idle + 1 if self._is_idle(indices) else 0
            time.sleep(IDLE_POLL_S)
        self._es.indices.delete(index=indices)

    def _is_idle(self, indices: list[str]) -> bool:
        stats = self._es.indices.stats(index=indices, metric="search")
        search = stats["_all"]["total"]["search"]
        return not (search["query_current"] or search["fetch_current"])
