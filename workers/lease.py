"""Leases: one run of a piece of work at a time, and a trace of work that died.

A lease is a Redis lock that its holder renews. Beside it stands an entry in a hash, so that
the sweep can tell work whose holder died (entry, no lock) from work that ended (no entry).
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from threading import Event, Thread

import redis
from redis.exceptions import LockError

from app.settings import get_settings

logger = logging.getLogger(__name__)

LEASE_S = 30.0
_RUNNING = "earmark:running"  # lease name -> episode id


class Busy(Exception):  # noqa: N818 - a state, not an error
    """Another worker holds the lease."""


@lru_cache(maxsize=1)
def get_redis() -> redis.Redis:
    """The process's Redis client; connects on first use."""
    return redis.Redis.from_url(get_settings().redis_url, decode_responses=True)


def _lock_name(name: str) -> str:
    return f"earmark:lease:{name}"


@contextmanager
def lease(name: str, episode_id: str) -> Iterator[None]:
    """Hold the lease of this name while the block runs. Raises Busy where it is held."""
    connection = get_redis()
    lock = connection.lock(_lock_name(name), timeout=LEASE_S, blocking=False, thread_local=False)
    if not lock.acquire():
        raise Busy(name)
    connection.hset(_RUNNING, name, episode_id)
    done = Event()

    def renew() -> None:
        while not done.wait(LEASE_S / 3):
            try:
                lock.reacquire()
            except (redis.ConnectionError, redis.TimeoutError) as error:
                logger.warning("lease %s was not renewed: %s", name, error)
            except LockError:
                logger.warning("lease %s was lost; what its holder writes is the same twice", name)
                return

    renewer = Thread(target=renew, daemon=True)
    renewer.start()
    try:
        yield
    finally:
        done.set()
        renewer.join()
        connection.hdel(_RUNNING, name)
        with suppress(LockError):  # it had expired: nothing is left to release
            lock.release()


def held(prefix: str) -> bool:
    """Whether any lease whose name starts so is held now."""
    return next(get_redis().scan_iter(match=f"{_lock_name(prefix)}*", count=1000), None) is not None


def collect_dead() -> set[str]:
    """The episodes whose work died with its worker; each is told of once."""
    connection = get_redis()
    dead: set[str] = set()
    for name, episode_id in connection.hgetall(_RUNNING).items():
        if not connection.exists(_lock_name(str(name))) and connection.hdel(_RUNNING, str(name)):
            dead.add(str(episode_id))
    return dead
