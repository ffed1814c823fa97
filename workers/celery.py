"""The Celery application of all workers: ``celery -A workers.celery worker -Q ...``.

The numbers below follow what was measured on Redis. A message comes back only after
``visibility_timeout``, so the hard limit stays under it by a fifth, work that runs holds a
lease, and the sweep brings work back much sooner when its worker died.
"""

import logging
from threading import Event, Thread
from typing import Any

from celery.signals import beat_init, worker_process_init, worker_ready, worker_shutting_down
from redis import RedisError

from app.queue import POLL_DUE, QUEUES, SWEEP, TIDY, client
from workers.lease import get_redis

logger = logging.getLogger(__name__)

VISIBILITY_TIMEOUT_S = 3600
HARD_LIMIT_S = 3000
HEARTBEAT_S = 10

app = client()
app.conf.update(
    include=["workers.tasks"],
    task_routes={name: {"queue": queue} for name, queue in QUEUES.items()},
    task_acks_late=True,
    task_retry_on_worker_lost=True,
    task_time_limit=HARD_LIMIT_S,
    task_ignore_result=True,
    result_expires=600,
    worker_disable_prefetch=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=True,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": VISIBILITY_TIMEOUT_S,
        "unacked_restore_interval": 30,
        "unacked_restore_throttle": 1,
    },
    timezone="UTC",
    beat_schedule={
        "poll due feeds": {"task": POLL_DUE, "schedule": 60.0, "options": {"expires": 55}},
        "sweep": {"task": SWEEP, "schedule": 20.0, "options": {"expires": 15}},
        "tidy": {"task": TIDY, "schedule": 3600.0, "options": {"expires": 600}},
    },
)

_stopping = Event()


def _beat_heart(names: list[str]) -> None:
    """Tell Redis every few seconds that these parts live, until the process stops."""

    def run() -> None:
        while True:
            try:
                for name in names:
                    get_redis().set(f"earmark:worker:{name}", "alive", ex=3 * HEARTBEAT_S)
            except RedisError as error:
                logger.warning("no heartbeat reached Redis: %s", error)
            if _stopping.wait(HEARTBEAT_S):
                return

    Thread(target=run, name="heartbeat", daemon=True).start()


@worker_ready.connect
def _worker_ready(sender: Any, **_: Any) -> None:
    _beat_heart([queue.name for queue in sender.task_consumer.queues])


@worker_shutting_down.connect
def _worker_shutting_down(**_: Any) -> None:
    _stopping.set()


@beat_init.connect
def _beat_ready(**_: Any) -> None:
    _beat_heart(["beat"])


@worker_process_init.connect
def _forget_connections(**_: Any) -> None:
    """A forked child opens connections of its own."""
    get_redis.cache_clear()
