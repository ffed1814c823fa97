"""What the tests share: a real Elasticsearch and a real Redis, started once a session.

Set ELASTICSEARCH_URL (with ELASTICSEARCH_USERNAME and ELASTICSEARCH_PASSWORD, or
ELASTICSEARCH_API_KEY) or REDIS_URL to use running ones instead.
"""

import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch
from redis import Redis

from app import models
from app.addresses import Exceptions
from app.net import HttpClient
from app.settings import Settings, get_settings
from scripts.local import elasticsearch as local_elasticsearch
from scripts.local import places
from scripts.local import redis as local_redis
from scripts.local.ports import free_port
from tests.scripts.local.copies import Copy
from tests.served import Site, serving

ELASTICSEARCH_VARIABLES = (
    "ELASTICSEARCH_URL",
    "ELASTICSEARCH_USERNAME",
    "ELASTICSEARCH_PASSWORD",
    "ELASTICSEARCH_API_KEY",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--torch", action="store_true", help="run the tests that need torch, alone")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep to the tests marked ``torch``, or to all others: each has an environment of its own."""
    wanted: bool = config.getoption("torch")
    others = [item for item in items if bool(item.get_closest_marker("torch")) != wanted]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if bool(item.get_closest_marker("torch")) == wanted]


@pytest.fixture(scope="session", autouse=True)
def weights() -> None:
    """The weights that tests use, fetched once into the cache of whoever runs them."""
    models.install([*models.chosen(), "e5-small"])


@pytest.fixture(autouse=True)
def forget_settings() -> Iterator[None]:
    """Settings read under a test's own environment end with it; monkeypatch has undone that."""
    yield
    get_settings.cache_clear()


@pytest.fixture(scope="session")
def elasticsearch_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables that reach Elasticsearch."""
    given = {name: os.environ[name] for name in ELASTICSEARCH_VARIABLES if name in os.environ}
    if "ELASTICSEARCH_URL" in given:
        yield given
        return
    folder = tmp_path_factory.mktemp("elasticsearch")
    node = local_elasticsearch.prepare(
        folder / "node",
        port=free_port(),
        transport_port=free_port(),
        password=local_elasticsearch.new_password(),
        heap_mb=512,
    )
    process = local_elasticsearch.start(node, folder / "output.log")
    try:
        local_elasticsearch.wait_until_ready(node)
        yield {
            "ELASTICSEARCH_URL": node.url,
            "ELASTICSEARCH_USERNAME": local_elasticsearch.USERNAME,
            "ELASTICSEARCH_PASSWORD": node.password,
        }
    finally:
        process.terminate()
        process.wait(60)
        places.remove_private_folder(folder / "node")


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Redis of this session's own."""
    if given := os.environ.get("REDIS_URL"):
        yield given
        return
    folder = tmp_path_factory.mktemp("redis")
    server = local_redis.prepare(folder, port=free_port(), password=uuid.uuid4().hex)
    process = local_redis.start(server, folder / "output.log")
    try:
        local_redis.wait_until_ready(server.url)
        yield server.url
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def site() -> Iterator[Site]:
    """A site of the test's own."""
    with serving() as site:
        yield site


@pytest.fixture
def http(site: Site) -> HttpClient:
    """A client that may fetch from that site, and from no other private address."""
    return HttpClient(Exceptions.parse(f"127.0.0.1:{site.port}"))


@pytest.fixture(scope="session")
def publisher() -> Iterator[Site]:
    """A publisher's server, which the platform may fetch from."""
    with serving() as site:
        yield site


@pytest.fixture(scope="session")
def platform(
    elasticsearch_environment: dict[str, str],
    publisher: Site,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Copy]:
    """All of Earmark as `scripts/run --detach` starts it, with three episodes of the demo."""
    variables = elasticsearch_environment | {
        "EARMARK_INDEX_PREFIX": f"test-{uuid.uuid4().hex[:12]}",
        "EARMARK_ALLOW_PRIVATE_NETWORKS": f"127.0.0.1:{publisher.port}",
    }
    copy = Copy(tmp_path_factory.mktemp("platform") / "data", free_port(), variables)
    try:
        started = copy.start("--demo", "ci")
        assert started.returncode == 0, started.stdout + started.stderr
        yield copy
    finally:
        copy.run("stop")
        remove_indices(Settings.model_validate(variables))


@pytest.fixture(scope="module")
def settings(
    elasticsearch_environment: dict[str, str],
    redis_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Settings]:
    """Settings of the test module's own: its own indices, its own store, the real services."""
    store: Path = tmp_path_factory.mktemp("store")
    environment = elasticsearch_environment | {
        "REDIS_URL": redis_url,
        "EARMARK_INDEX_PREFIX": f"test-{uuid.uuid4().hex[:12]}",
        "EARMARK_STORE_URL": str(store),
        "EARMARK_ADMIN_TOKEN": "test-token",
        "SECRET_KEY": "test-secret",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CELERY_BROKER_URL", raising=False)
        for name, value in environment.items():
            patch.setenv(name, value)
        forget_caches()
        chosen = get_settings()
        yield chosen
        remove_indices(chosen)
    forget_caches()


@pytest.fixture(scope="module")
def es(settings: Settings) -> Iterator[Elasticsearch]:
    """A client of the real Elasticsearch; indices named by the settings' prefix go afterwards."""
    with _client(settings) as client:
        yield client


@pytest.fixture(scope="module")
def redis(settings: Settings) -> Iterator[Redis]:
    """A client of the real Redis."""
    with Redis.from_url(settings.redis_url) as client:
        yield client


def forget_caches() -> None:
    """Drop what app and workers cached of their settings; loaded models stay loaded."""
    for name, module in list(sys.modules.items()):
        if name.startswith(("app.", "workers.")) and not name.startswith("app.encoders."):
            for value in list(vars(module).values()):
                if hasattr(type(value), "cache_clear"):  # of the type: Flask's proxies raise
                    value.cache_clear()


def _client(settings: Settings) -> Elasticsearch:
    key, password = settings.elasticsearch_api_key, settings.elasticsearch_password
    if key:
        return Elasticsearch(settings.elasticsearch_url, api_key=key.get_secret_value())
    user = settings.elasticsearch_username
    auth = (user, password.get_secret_value()) if user and password else None
    return Elasticsearch(settings.elasticsearch_url, basic_auth=auth)


def remove_indices(settings: Settings) -> None:
    with _client(settings) as client:
        names = list(client.indices.get(index=f"{settings.index_prefix}-*", expand_wildcards="all"))
        if names:
            client.indices.delete(index=",".join(names))
