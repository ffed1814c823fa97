"""``/metrics`` for Prometheus."""

import contextlib
from collections.abc import Iterator
from time import perf_counter

from elastic_transport import TransportError
from elasticsearch import ApiError
from flask import Blueprint, Flask, Response, current_app, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from redis.exceptions import RedisError

from app.catalog import get_catalog
from app.queue import QUEUES
from app.web.redis import get_redis

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

blueprint = Blueprint("metrics", __name__)


class _Platform:
    """What is read from the services at each scrape; silent on what cannot be reached."""

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing beforehand: registering must not open a connection."""
        yield from ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Queue depths and episode counts."""
        with contextlib.suppress(RedisError):
            yield _queue_depths()
        with contextlib.suppress(TransportError, ApiError):
            yield _episodes()


def _queue_depths() -> GaugeMetricFamily:
    family = GaugeMetricFamily("earmark_queue_depth", "Tasks that wait", labels=["queue"])
    for name in sorted(set(QUEUES.values())):
        family.add_metric([name], float(get_redis().llen(name)))
    return family


def _episodes() -> GaugeMetricFamily:
    family = GaugeMetricFamily("earmark_episodes", "Episodes by status", labels=["status"])
    for status, count in get_catalog().count_by_status().items():
        family.add_metric([status], count)
    return family


@blueprint.get("/metrics")
def metrics() -> Response:
    """Every metric in the text format."""
    registry: CollectorRegistry = current_app.extensions["metrics"]
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def install(app: Flask) -> None:
    """Time each request by its route."""
    registry = CollectorRegistry()
    registry.register(_Platform())
    seconds = Histogram(
        "earmark_request_seconds",
        "Time in the server",
        ["method", "route", "status"],
        buckets=BUCKETS,
        registry=registry,
    )

    def start() -> None:
        g.started = perf_counter()

    def stop(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "unknown"
        labels = (request.method, route, str(response.status_code))
        seconds.labels(*labels).observe(perf_counter() - g.started)
        return response

    app.extensions["metrics"] = registry
    app.before_request(start)
    app.after_request(stop)
