"""The web process's one Redis connection pool."""

from functools import lru_cache

from redis import Redis

from app.settings import get_settings


@lru_cache(maxsize=1)
def get_redis() -> Redis:
    """The client; connects on first use and gives up after two seconds."""
    return Redis.from_url(
        get_settings().redis_url,
        decode_responses=True,
        socket_connect_timeout=2,
        socket_timeout=2,
    )
