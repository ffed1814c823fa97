"""What a poll changes: a pure function of the feed as read and the episodes as stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.domain import Episode, EpisodeStatus, Feed, TranscriptsMode, episode_id
from workers.feed_types import ParsedEpisode, ParsedFeed

NO_AUDIO = "The feed names no audio for this episode."
NO_TRANSCRIPT = "The feed is set to transcripts only, and this episode has none."
BLOCKED = "The publisher asks that this episode be listed nowhere (block)."
_REASONS = {NO_AUDIO, NO_TRANSCRIPT, BLOCKED}

_UNTOUCHABLE = {EpisodeStatus.DELETED}
_SHOWN = {"title", "people", "chapters", "published"}  # what segments carry of their episode
_MEASURED = {"duration_s", "language"}  # the feed's claim counts until the audio was heard


@dataclass(frozen=True)
class Changes:
    """What to store, whose audio or transcript to look at, and whose segments show old names."""

    new: list[Episode] = field(default_factory=list)
    updates: dict[str, dict[str, Any]] = field(default_factory=dict)
    enqueue: list[str] = field(default_factory=list)
    rewrite: list[str] = field(default_factory=list)


def merge(feed: Feed, parsed: ParsedFeed, stored: Mapping[str, Episode], now: datetime) -> Changes:
    """What changes on the episodes of a feed.

    ``stored``: all episodes of the feed by id, tombstones included. Only the ``feed.latest``
    newest items become episodes; known ones stay, however old they grow. An indexed episode
    whose enclosure's address changed is enqueued: its bytes alone tell whether it did.
    """
    changes = Changes()
    listed = {episode_id(feed.id, item.identity): item for item in parsed.episodes}
    wanted = set(list(listed)[: feed.latest])
    for id_, item in listed.items():
        known = stored.get(id_)
        if known is not None:
            _update(changes, known, item, feed)
        elif id_ in wanted:
            _add(changes, id_, item, feed, now)
    for known in stored.values():
        if known.id not in listed and known.status != EpisodeStatus.DELETED and not known.vanished:
            changes.updates[known.id] = {"vanished": True}
    return changes


def feed_fields(feed: Feed, parsed: ParsedFeed) -> dict[str, Any]:
    """The fields of the feed that its document changes."""
    fields = parsed.model_dump(
        include={"title", "description", "author", "language", "image_url", "site_url", "locked"}
    )
    fields["podcast_guid"] = parsed.podcast_guid or feed.podcast_guid
    return {name: value for name, value in fields.items() if getattr(feed, name) != value}


def reason_to_skip(item: ParsedEpisode, mode: TranscriptsMode) -> str | None:
    """Why an item cannot be made searchable, or None."""
    if item.blocked:
        return BLOCKED
    if mode == "only":
        return None if item.transcripts else NO_TRANSCRIPT
    return None if item.audio_url else NO_AUDIO


def _add(changes: Changes, id_: str, item: ParsedEpisode, feed: Feed, now: datetime) -> None:
    reason = reason_to_skip(item, feed.transcripts)
    changes.new.append(
        Episode(
            id=id_,
            feed_id=feed.id,
            guid=item.identity,
            status=EpisodeStatus.QUEUED if reason is None else EpisodeStatus.SKIPPED,
            error=reason,
            created_at=now,
            updated_at=now,
            **_fields(item, feed.language),
        )
    )
    if reason is None:
        changes.enqueue.append(id_)


def _update(changes: Changes, known: Episode, item: ParsedEpisode, feed: Feed) -> None:
    if known.status in _UNTOUCHABLE:
        return
    fields = _fields(item, feed.language)
    if known.audio_sha256 or known.indexed_at:
        fields = {name: value for name, value in fields.items() if name not in _MEASURED}
    if item.chapters_url and item.chapters_url == known.chapters_url:
        del fields["chapters"]  # those behind the link were read when it was fetched
    fields["vanished"] = False
    changed = {name: value for name, value in fields.items() if getattr(known, name) != value}
    verdict = _verdict(known, changed, reason_to_skip(item, feed.transcripts))
    if verdict:
        changes.enqueue.append(known.id)
        if known.status != EpisodeStatus.INDEXED:
            changed |= {"status": EpisodeStatus.QUEUED, "error": None}
    elif known.status == EpisodeStatus.INDEXED and changed.keys() & _SHOWN:
        changes.rewrite.append(known.id)
    if changed:
        changes.updates[known.id] = changed


def _verdict(known: Episode, changed: Mapping[str, Any], reason: str | None) -> bool:
    """Whether a known episode is to be fetched (again)."""
    if reason is not None:
        return False
    if known.status == EpisodeStatus.SKIPPED and known.error in _REASONS:
        return True  # what was missing is there now
    has_new_source = bool(changed.get("audio_url") or changed.get("transcripts"))
    if known.status in {EpisodeStatus.FAILED, EpisodeStatus.SKIPPED}:
        return has_new_source
    return known.status == EpisodeStatus.INDEXED and bool(changed.get("audio_url"))


def _fields(item: ParsedEpisode, language: str | None) -> dict[str, Any]:
    """An item's fields by the names that the stored episode has for them."""
    names = set(ParsedEpisode.model_fields) - {"identity", "blocked", "language"}
    fields: dict[str, Any] = {name: getattr(item, name) for name in sorted(names)}
    return fields | {"language": item.language or language}
