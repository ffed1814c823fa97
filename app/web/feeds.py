"""What can be done with feeds and episodes, for the API and the admin pages alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from celery.exceptions import TimeoutError as TaskTimeout

from app import queue
from app.catalog import get_catalog
from app.domain import IN_PROGRESS, Episode, EpisodeStatus, Feed, TranscriptsMode
from app.settings import get_settings
from app.web import reasons
from app.web.i18n import gettext as _
from app.web.problems import Fault, Problem
from app.web.tasks import ask, require_broker, require_worker

ADD_TIMEOUT_S = 30.0
IMPORT_TIMEOUT_S = 20.0


def feed_or_404(feed_id: str) -> Feed:
    """The feed, or a problem that says there is none."""
    feed = get_catalog().get_feed(feed_id)
    if feed is None:
        raise Problem(404, _("There is no feed with the id %(id)s.", id=feed_id))
    return feed


def episode_or_404(episode_id: str) -> Episode:
    """The episode, or a problem that says there is none (any more)."""
    episode = get_catalog().get_episode(episode_id)
    if episode is None or episode.status is EpisodeStatus.DELETED:
        raise Problem(404, _("There is no episode with the id %(id)s.", id=episode_id))
    return episode


def add(
    url: str,
    transcripts: TranscriptsMode | None,
    latest: int | None,
    hotwords: Sequence[str] = (),
) -> tuple[Feed, bool]:
    """Fetch the address and take it in; whether it is new. 422 where it is no feed."""
    mode = transcripts or get_settings().transcripts
    late = _("The address took too long to answer. It may be slow or down: try again later.")
    asked = (url.strip(), mode, latest, list(hotwords))
    result = ask(queue.ADD_FEED, *asked, timeout_s=ADD_TIMEOUT_S, late=late)
    if result.get("error"):
        reason = reasons.told(result["error"])
        raise Problem(422, reason, errors=[Fault("url", reason)])
    return feed_or_404(result["id"]), bool(result["created"])


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one address; neither id nor error: not known yet."""

    url: str
    id: str | None = None
    created: bool = False
    error: str | None = None


def add_all(urls: Sequence[str]) -> list[Imported]:
    """Take in many feeds at once; those that answer late are still taken in."""
    require_worker(queue.QUEUES[queue.ADD_FEED])
    mode = get_settings().transcripts
    pending = [(url, queue.enqueue(queue.ADD_FEED, url, mode, None)) for url in urls]
    deadline = monotonic() + IMPORT_TIMEOUT_S
    return [_outcome(url, task, deadline) for url, task in pending]


def _outcome(url: str, task: Any, deadline: float) -> Imported:
    try:
        result = task.get(timeout=max(0.05, deadline - monotonic()), propagate=False)
    except TaskTimeout:
        return Imported(url)
    if not isinstance(result, dict):
        failed = _("Earmark failed on this feed; the workers' log has the details.")
        return Imported(url, error=failed)
    return Imported(url, result.get("id"), bool(result.get("created")), result.get("error"))


def change(feed_id: str, changes: dict[str, Any]) -> Feed:
    """Change a feed's settings and let its episodes follow."""
    feed_or_404(feed_id)
    get_catalog().update_feed(feed_id, wait=True, **changes)
    if "paused" in changes:
        queue.enqueue(queue.APPLY_PAUSE, feed_id)
    if changes.keys() & {"latest", "transcripts"}:
        queue.enqueue(queue.POLL_FEED, feed_id, True)
    return feed_or_404(feed_id)


def refresh(feed_id: str) -> Feed:
    """Poll the feed soon."""
    feed = feed_or_404(feed_id)
    queue.enqueue(queue.POLL_FEED, feed_id, True)
    return feed


def remove_feed(feed_id: str) -> None:
    """Remove the feed now; its episodes and artefacts follow."""
    feed_or_404(feed_id)
    require_broker()
    get_catalog().remove_feed(feed_id)
    queue.enqueue(queue.REMOVE_FEED, feed_id)


def retry(episode_id: str) -> Episode:
    """Have the episode processed again. 409 while it is being processed."""
    episode = episode_or_404(episode_id)
    if episode.status in IN_PROGRESS:
        raise Problem(
            409,
            _("The episode is on its way already: it is %(status)s.", status=episode.status),
        )
    queue.enqueue(queue.RETRY_EPISODE, episode_id)
    return episode


def remove_episode(episode_id: str) -> None:
    """Remove the episode for good: the next poll does not bring it back."""
    episode_or_404(episode_id)
    require_broker()
    get_catalog().update_episode(episode_id, wait=True, status=EpisodeStatus.DELETED)
    queue.enqueue(queue.REMOVE_EPISODE, episode_id)
