"""Seconds of audio heard so far, summed over the pieces that several workers hear."""

from app.catalog import Catalog
from app.domain import Progress
from workers.lease import get_redis

_KEEP_S = 24 * 3600


def _key(episode_id: str) -> str:
    return f"earmark:progress:{episode_id}"


def begin(episode_id: str) -> None:
    """Forget what an earlier run heard."""
    get_redis().delete(_key(episode_id))


def heard(catalog: Catalog, episode_id: str, piece: int, done_s: float, total_s: float) -> None:
    """Note that ``done_s`` of a piece were heard, and show the sum on the episode."""
    connection = get_redis()
    connection.hset(_key(episode_id), str(piece), done_s)
    connection.expire(_key(episode_id), _KEEP_S)
    sum_s = sum(float(value) for value in connection.hvals(_key(episode_id)))
    done = Progress(done_s=round(min(sum_s, total_s), 1), total_s=total_s)
    catalog.update_episode(episode_id, progress=done)
