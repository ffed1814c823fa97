"""The application over a small library in the real services."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from app.settings import Settings
from app.web import create_app
from tests.app.web import library
from tests.live import forget_workers


@pytest.fixture(scope="module")
def app(settings: Settings) -> Flask:
    library.build()
    return create_app()


@pytest.fixture(autouse=True)
def no_workers(redis: Redis) -> None:
    forget_workers(redis)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def admin(client: FlaskClient) -> FlaskClient:
    """A client that sends the admin token."""
    client.environ_base["HTTP_AUTHORIZATION"] = "Bearer test-token"
    return client


@pytest.fixture
def query_worker(redis: Redis, no_workers: None) -> Iterator[None]:
    """The sign of life of a query worker (that never answers)."""
    redis.set("earmark:worker:query", "alive", ex=60)
    yield
    redis.delete("earmark:worker:query")
    redis.delete("query")
