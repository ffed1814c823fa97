"""Tasks: thin shells that carry ids, hold a lease, and say what a failure means."""

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from celery import Task
from celery.signals import task_failure
from elastic_transport import TransportError
from elasticsearch import ApiError
from kombu.exceptions import OperationalError
from redis import ConnectionError as RedisConnectionError
from redis import TimeoutError as RedisTimeoutError

from app import queue
from app.artefacts import remove_leftovers
from app.audio.ffmpeg import AudioError
from app.catalog import get_catalog
from app.domain import Episode, EpisodeStatus, TranscriptsMode, utc_now
from app.encoders.base import EncoderError
from app.search.bulk import IndexingError
from app.search.index import IndexMismatch
from app.settings import get_settings
from app.store import get_store
from workers import feeds
from workers.celery import app
from workers.clips import ClipAnswer, hear_clip
from workers.fetch import FetchError
from workers.lease import LEASE_S, Busy, collect_dead, get_redis, held, lease
from workers.pipeline import Pipeline, Skip, get_pipeline
from workers.reindex import run_reindex

logger = logging.getLogger(__name__)

STALE_S = 60  # an episode in progress that nobody has touched for so long may have been lost
RETRY_DELAYS_S = (15, 60, 300, 1500)
MAX_DEATHS = 5  # of workers over one episode within DEATHS_KEPT_S: then it is the episode
DEATHS_KEPT_S = 6 * 3600
REINDEX_MAX_S = 7 * 86_400  # a large library takes longer than any stage may

# What somebody asked for is done in the end, whatever is away or busy just now.
PERSISTENT: dict[str, Any] = {
    "autoretry_for": (Exception,),
    "retry_backoff": 2,
    "retry_backoff_max": 300,
    "max_retries": 12,
}
STAGES = frozenset({queue.FETCH, queue.TRANSCRIBE, queue.FINISH})

# The queue that holds the message of an episode in this state.
WAITS_IN = {
    EpisodeStatus.QUEUED: queue.QUEUES[queue.FETCH],
    EpisodeStatus.FETCHING: queue.QUEUES[queue.FETCH],
    EpisodeStatus.TRANSCRIBING: queue.QUEUES[queue.TRANSCRIBE],
    EpisodeStatus.EMBEDDING: queue.QUEUES[queue.FINISH],
}

# Errors whose text is written for the person who reads the admin page.
EXPLAINED = (FetchError, AudioError, EncoderError, IndexMismatch, IndexingError)


# What Elasticsearch, Redis and the broker raise while they are away.
AWAY = (TransportError, RedisConnectionError, RedisTimeoutError, OperationalError)


def _is_away(error: Exception) -> bool:
    """Whether a service was away for a while."""
    if isinstance(error, ApiError):
        return error.status_code in {429, 502, 503, 504}
    return isinstance(error, AWAY)


def _is_passing(error: Exception) -> bool:
    """Whether trying again is the remedy."""
    return _is_away(error) or (isinstance(error, FetchError) and error.retryable)


def _run_stage(task: Task, episode_id: str, part: str, stage: Callable[[Pipeline], None]) -> None:
    pipeline = get_pipeline()
    try:
        with lease(f"{episode_id}:{part}", episode_id):
            stage(pipeline)
            pipeline.forget_if_removed(episode_id)
    except Busy:
        logger.info("%s: a worker is at it already", episode_id)  # if it dies, the sweep sees to it
    except Skip as reason:
        pipeline.skip(episode_id, str(reason))
    except Exception as error:
        tries = task.request.retries
        if _is_passing(error) and tries < len(RETRY_DELAYS_S):
            raise _later(task, episode_id, error, RETRY_DELAYS_S[tries]) from error
        if pipeline.forget_if_removed(episode_id):
            return
        if not isinstance(error, EXPLAINED):
            raise
        pipeline.fail(episode_id, str(error))


def _later(task: Task, episode_id: str, error: Exception, delay_s: int) -> Exception:
    logger.warning("%s: %s; trying again in %d s", episode_id, error, delay_s)
    if isinstance(error, FetchError):
        get_pipeline().note(episode_id, f"{error} Trying again in {delay_s} s.")
    get_redis().set(_waiting_key(episode_id), task.name, ex=delay_s + STALE_S)
    retry: Exception = task.retry(
        exc=error, countdown=delay_s, max_retries=len(RETRY_DELAYS_S), throw=False
    )
    return retry


def _waiting_key(episode_id: str) -> str:
    return f"earmark:waiting:{episode_id}"


def _deaths_key(episode_id: str) -> str:
    return f"earmark:deaths:{episode_id}"


@app.task(name=queue.FETCH, bind=True)
def fetch(task: Task, episode_id: str) -> None:
    """Get an episode's audio and its publisher's words."""
    _run_stage(task, episode_id, "fetch", lambda pipeline: pipeline.fetch(episode_id))


@app.task(name=queue.TRANSCRIBE, bind=True)
def transcribe(task: Task, episode_id: str, number: int) -> None:
    """Hear one piece of an episode."""
    part = f"piece-{number}"
    _run_stage(task, episode_id, part, lambda pipeline: pipeline.transcribe(episode_id, number))


@app.task(name=queue.FINISH, bind=True)
def finish(task: Task, episode_id: str) -> None:
    """Segment, embed and index an episode."""
    _run_stage(task, episode_id, "finish", lambda pipeline: pipeline.finish(episode_id))


@task_failure.connect
def _mark_failed(sender: Any, exception: Exception, args: Any, **_: Any) -> None:
    """An error that no stage foresaw, or a worker lost too often, ends the episode's way.

    A service that is away ends nothing: the sweep brings the episode back once it is there.
    """
    if sender is not None and sender.name in STAGES and not _is_away(exception):
        reason = f"{type(exception).__name__}: {exception}"
        get_pipeline().fail(args[0], f"Something unforeseen went wrong ({reason}).")


@app.task(name=queue.RETRY_EPISODE, **PERSISTENT)
def retry_episode(episode_id: str) -> None:
    """Go on with a failed episode, or hear an indexed one anew."""
    get_redis().delete(_waiting_key(episode_id), _deaths_key(episode_id))
    get_pipeline().retry(episode_id)


@app.task(name=queue.REMOVE_EPISODE, **PERSISTENT)
def remove_episode(episode_id: str) -> None:
    """Remove an episode's segments and artefacts."""
    get_pipeline().remove_episode(episode_id)


# Tasks on a feed's list of episodes take turns: a poll would add to one that is being removed.
@app.task(name=queue.REMOVE_FEED, **PERSISTENT)
def remove_feed(feed_id: str) -> None:
    """Remove a feed and all its episodes."""
    with lease(f"feed:{feed_id}", ""):
        get_pipeline().remove_feed(feed_id)


@app.task(name=queue.APPLY_PAUSE, **PERSISTENT)
def apply_pause(feed_id: str) -> None:
    """Pause or go on with a feed's waiting episodes."""
    with lease(f"feed:{feed_id}", ""):
        get_pipeline().apply_pause(feed_id)


@app.task(name=queue.ADD_FEED, ignore_result=False)
def add_feed(
    url: str,
    transcripts: TranscriptsMode | None = None,
    latest: int | None = None,
    hotwords: Sequence[str] = (),
) -> dict[str, Any]:
    """Fetch an address, keep it if it is a feed, and start on its episodes."""
    pipeline = get_pipeline()
    try:
        added = feeds.add(url, transcripts, latest, pipeline.catalog, hotwords=hotwords)
    except feeds.FeedError as error:
        return {"error": str(error)}
    pipeline.take_in(added.feed.id, added.episode_ids)
    return {"id": added.feed.id, "created": added.created}


@app.task(name=queue.POLL_FEED, **PERSISTENT)
def poll_feed(feed_id: str, force: bool = False) -> None:
    """Look for what is new in a feed; what went wrong is kept on the feed."""
    pipeline = get_pipeline()
    with lease(f"feed:{feed_id}", ""):
        found = feeds.poll(feed_id, pipeline.catalog, force=force)
        pipeline.take_in(feed_id, found.to_fetch, found.to_rewrite)


@app.task(name=queue.POLL_DUE)
def poll_due_feeds() -> None:
    """Enqueue the feeds whose time has come, each once."""
    catalog, now = get_catalog(), utc_now()
    for feed in catalog.due_feeds(now):
        catalog.update_feed(feed.id, next_poll_at=now + timedelta(minutes=10))
        queue.enqueue(queue.POLL_FEED, feed.id)


@app.task(name=queue.SWEEP)
def sweep() -> None:
    """Bring back work that was lost: its worker died, or the broker forgot it."""
    pipeline = get_pipeline()
    for episode_id in filter(None, collect_dead()):
        if _deaths(episode_id) >= MAX_DEATHS:
            reason = f"{MAX_DEATHS} workers died over this episode; their logs may tell why."
            pipeline.fail(episode_id, reason)
            continue
        logger.warning("the worker of episode %s died; its work is enqueued again", episode_id)
        pipeline.resume(episode_id)
    drained = [status for status, name in WAITS_IN.items() if get_redis().llen(name) == 0]
    for episode in pipeline.catalog.all_episodes(statuses=drained):
        if _is_lost(episode):
            logger.warning("episode %s was lost on its way; enqueued again", episode.id)
            pipeline.resume(episode.id)


def _deaths(episode_id: str) -> int:
    """How many workers have died over an episode of late, with one more."""
    count = get_redis().incr(_deaths_key(episode_id))
    get_redis().expire(_deaths_key(episode_id), DEATHS_KEPT_S)
    return int(count)


def _is_lost(episode: Episode) -> bool:
    """Whether no worker holds an episode whose queue is empty, and it waits for no retry."""
    return (
        (utc_now() - episode.updated_at).total_seconds() > STALE_S
        and not get_redis().exists(_waiting_key(episode.id))
        and not held(f"{episode.id}:")
    )


# What somebody asked by voice is nobody's business: it stays out of the log.
@app.task(name=queue.HEAR_CLIP, ignore_result=False, resultrepr_maxsize=1)
def hear(clip_id: str, intent: str | None) -> ClipAnswer:
    """What a voice clip says and sounds like, as far as its intent asks."""
    return hear_clip(clip_id, intent, get_store(), get_settings())


@app.task(name=queue.TIDY)
def tidy() -> None:
    """Remove what processes that died left in the store."""
    for name in remove_leftovers(get_store()):
        logger.warning("%s was left behind; removed", name)


# Busy: the broker has brought back the message of a job that still runs, or just died.
@app.task(
    name=queue.REINDEX,
    time_limit=REINDEX_MAX_S,
    autoretry_for=(Busy,),
    retry_kwargs={"countdown": LEASE_S + 5, "max_retries": 1},
)
def reindex(job_id: str, only: str | None = None) -> None:
    """Rebuild every index from the artefacts, and swap; see run_reindex."""
    run_reindex(job_id, get_store(), get_redis(), only)
