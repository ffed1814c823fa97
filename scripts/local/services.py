"""Which services this copy needs, started or given, and how the rest reaches them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from scripts.local import elasticsearch, places, redis
from scripts.local.data import DataFolder
from scripts.local.supervisor import Program


@dataclass(frozen=True)
class Services:
    """The embedded services; None where the environment names one to use instead."""

    elasticsearch: elasticsearch.Node | None
    redis: redis.Server | None

    def environment(self) -> dict[str, str]:
        """The variables that reach the embedded ones."""
        found = {}
        if node := self.elasticsearch:
            found["ELASTICSEARCH_URL"] = node.url
            found["ELASTICSEARCH_USERNAME"] = elasticsearch.USERNAME
            found["ELASTICSEARCH_PASSWORD"] = node.password
        if self.redis:
            found["REDIS_URL"] = self.redis.url
        return found

    def programs(self) -> list[Program]:
        """What the supervisor runs for them."""
        found = []
        if self.redis:
            found.append(Program("redis", self.redis.command))
        if node := self.elasticsearch:
            found.append(
                Program(
                    "elasticsearch",
                    node.command,
                    user=places.service_user(),
                    environment=node.environment,
                    stop_s=60,
                )
            )
        return found


def prepare(data: DataFolder, given: Mapping[str, str] = os.environ) -> Services:
    """Install and configure what the environment does not name."""
    return Services(
        None if given.get("ELASTICSEARCH_URL") else _elasticsearch(data),
        None if given.get("CELERY_BROKER_URL") or given.get("REDIS_URL") else _redis(data),
    )


def _elasticsearch(data: DataFolder) -> elasticsearch.Node:
    node = elasticsearch.prepare(
        data / "elasticsearch",
        port=data.port("elasticsearch"),
        transport_port=data.port("elasticsearch_transport"),
        password=data.service_secret("elasticsearch-password"),
    )
    if (data / "elasticsearch").is_symlink():
        print(f"Elasticsearch's user cannot reach {data.path}; its files are in {node.folder}")
    return node


def _redis(data: DataFolder) -> redis.Server:
    return redis.prepare(
        data / "redis", port=data.port("redis"), password=data.service_secret("redis-password")
    )
