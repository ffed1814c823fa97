"""An Elasticsearch to evaluate with: one that runs, else one for as long as it takes."""

import os
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from elasticsearch import Elasticsearch

from scripts.local import elasticsearch, places
from scripts.local.data import DataFolder
from scripts.local.ports import free_port


def end_cleanly() -> None:
    """From here on, to be told to end is an interrupt: what was made is removed first."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGHUP, interrupt)


@contextmanager
def reachable(data: DataFolder, given: Mapping[str, str] = os.environ) -> Iterator[dict[str, str]]:
    """The variables that reach it: the environment's own, the running copy's, or a new node's.

    Raises SetupError.
    """
    if given.get("ELASTICSEARCH_URL"):
        yield {}
    elif running := _running(data):
        yield running
    else:
        with _own() as own:
            yield own


def _running(data: DataFolder) -> dict[str, str] | None:
    """The node of the copy of Earmark that runs on this data folder."""
    port, secret = data.state().get("elasticsearch"), data / "secrets" / "elasticsearch-password"
    if not port or not secret.exists():
        return None
    url, password = f"http://127.0.0.1:{port}", secret.read_text().strip()
    with Elasticsearch(url, basic_auth=(elasticsearch.USERNAME, password)) as es:
        return _environment(url, password) if es.ping() else None


@contextmanager
def _own() -> Iterator[dict[str, str]]:
    print("No Elasticsearch runs here: starting one for this evaluation", flush=True)
    with tempfile.TemporaryDirectory(prefix="earmark-evaluate-") as name:
        folder = Path(name)
        node = elasticsearch.prepare(
            folder / "node",
            port=free_port(),
            transport_port=free_port(),
            password=elasticsearch.new_password(),
        )
        process = elasticsearch.start(node, folder / "output.log")
        try:
            elasticsearch.wait_until_ready(node)
            yield _environment(node.url, node.password)
        finally:
            process.terminate()
            process.wait(60)
            places.remove_private_folder(folder / "node")


def _environment(url: str, password: str) -> dict[str, str]:
    return {
        "ELASTICSEARCH_URL": url,
        "ELASTICSEARCH_USERNAME": elasticsearch.USERNAME,
        "ELASTICSEARCH_PASSWORD": password,
    }
