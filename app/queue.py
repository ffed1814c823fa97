"""Enqueueing by task name: what the web knows of the workers."""

from functools import lru_cache
from typing import Any

from celery import Celery

from app.settings import get_settings

# Task names, each with its queue. Tasks carry ids, never audio or transcripts.
# (url, transcripts, latest, hotwords) -> {"id", "created"} or {"error"}
ADD_FEED = "earmark.add_feed"
POLL_FEED = "earmark.poll_feed"  # (feed_id, force): force reads it even if it has not changed
POLL_DUE = "earmark.poll_due_feeds"  # ()
APPLY_PAUSE = "earmark.apply_pause"  # (feed_id): bring its episodes in line with feed.paused
REMOVE_FEED = "earmark.remove_feed"  # (feed_id): the episodes, segments, artefacts it left
FETCH = "earmark.fetch"  # (episode_id)
TRANSCRIBE = "earmark.transcribe"  # (episode_id, piece number)
FINISH = "earmark.finish"  # (episode_id)
RETRY_EPISODE = "earmark.retry_episode"  # (episode_id): goes on where it failed, or anew
REMOVE_EPISODE = "earmark.remove_episode"  # (episode_id): all but the tombstone
SWEEP = "earmark.sweep"  # (): finds work that was lost and enqueues it again
TIDY = "earmark.tidy"  # (): removes what processes that died left in the store
HEAR_CLIP = "earmark.hear_clip"  # (clip_id, intent or None) -> see workers.clips
REINDEX = "earmark.reindex"  # (job_id, sound field or None): progress in the hash earmark:job:<id>

QUEUES = {
    HEAR_CLIP: "query",
    # What is short and must not wait behind downloads, nor hold up a clip.
    ADD_FEED: "feeds",
    POLL_FEED: "feeds",
    POLL_DUE: "feeds",
    APPLY_PAUSE: "feeds",
    REMOVE_FEED: "feeds",
    RETRY_EPISODE: "feeds",
    REMOVE_EPISODE: "feeds",
    SWEEP: "feeds",
    TIDY: "feeds",
    FETCH: "fetch",
    REINDEX: "fetch",
    TRANSCRIBE: "transcribe",
    FINISH: "index",
}


@lru_cache(maxsize=1)
def client() -> Celery:
    """A Celery client of the broker; opens no connection until it sends."""
    url = get_settings().redis_url
    return Celery("earmark", broker=url, backend=url)


def enqueue(name: str, *args: Any) -> Any:
    """Send a task to its queue and return its AsyncResult.

    Raises kombu's OperationalError where the broker cannot be reached.
    """
    return client().send_task(name, args=args, queue=QUEUES[name])
