"""The web application on a real port, for what speaks HTTP to it."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask, Response, send_from_directory
from redis import Redis
from werkzeug.serving import make_server

START_S = 60  # on a busy machine


@contextmanager
def live(app: Flask) -> Iterator[str]:
    """Its address, while it is served."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def forget_workers(redis: Redis) -> None:
    """Drop the signs of life that workers of an earlier test left."""
    redis.delete(
        *(f"earmark:worker:{name}" for name in ("feeds", "fetch", "transcribe", "query", "beat"))
    )


@contextmanager
def query_worker(redis: Redis) -> Iterator[None]:
    """A real worker that hears clips, with this process's settings."""
    forget_workers(redis)
    worker = "-m celery -A workers.celery worker -Q query -P solo -n query@tests -l WARNING"
    process = subprocess.Popen([sys.executable, *worker.split()])
    try:
        deadline = time.monotonic() + START_S
        while not redis.exists("earmark:worker:query"):
            assert process.poll() is None, "the worker ended at once"
            assert time.monotonic() < deadline, f"no sign of life within {START_S} s"
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(30)


def media(folder: Path) -> Flask:
    """A publisher's server: the folder's files, with byte ranges."""
    app = Flask("media")

    @app.get("/<name>")
    def file(name: str) -> Response:
        return send_from_directory(folder, name, conditional=True)

    return app
