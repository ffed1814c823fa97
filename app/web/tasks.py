"""Waiting for the workers' answers to a request."""

import contextlib
from typing import Any

from celery.exceptions import TimeoutError as TaskTimeout

from app import queue
from app.web.i18n import gettext as _
from app.web.problems import Problem
from app.web.redis import get_redis


def require_worker(name: str) -> None:
    """Refuse at once, rather than wait in vain, where no such worker runs."""
    if not get_redis().exists(f"earmark:worker:{name}"):
        raise Problem(
            503,
            _(
                "No %(name)s worker is running, and this needs one: start worker-%(name)s.",
                name=name,
            ),
            headers={"Retry-After": "10"},
        )


def require_broker() -> None:
    """Refuse before anything changed, rather than half-way, where no task can be sent."""
    get_redis().ping()


def ask(task: str, *args: Any, timeout_s: float, late: str) -> Any:
    """A task's result. ``late`` is said, with status 504, where it takes too long."""
    require_worker(queue.QUEUES[task])
    pending = queue.enqueue(task, *args)
    try:
        return pending.get(timeout=timeout_s)
    except TaskTimeout as error:
        with contextlib.suppress(Exception):
            pending.revoke()
        raise Problem(504, late) from error
    finally:
        with contextlib.suppress(Exception):
            pending.forget()
