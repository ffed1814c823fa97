"""Jobs that outlast a request; their progress is a Redis hash."""

from typing import Any
from uuid import uuid4

from app import queue
from app.web.problems import Problem
from app.web.redis import get_redis

KEPT_S = 24 * 3600


def _key(job_id: str) -> str:
    return f"earmark:job:{job_id}"


def start_reindex(only: str | None = None) -> dict[str, Any]:
    """Have every index rebuilt, heard anew by one engine where need be; the job as it starts."""
    job_id = uuid4().hex
    redis = get_redis()
    redis.hset(_key(job_id), mapping={"state": "queued", "done": 0, "total": 0, "error": ""})
    redis.expire(_key(job_id), KEPT_S)
    queue.enqueue(queue.REINDEX, job_id, only)
    return read(job_id)


def read(job_id: str) -> dict[str, Any]:
    """How far the job is. 404 where it is unknown or long over."""
    found = get_redis().hgetall(_key(job_id))
    if not found:
        raise Problem(404, f"There is no job with the id {job_id}; jobs are kept for a day.")
    return {
        "id": job_id,
        "state": found.get("state", "queued"),
        "done": int(found.get("done") or 0),
        "total": int(found.get("total") or 0),
        "error": found.get("error") or None,
    }
