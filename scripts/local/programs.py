"""The processes of Earmark itself: web, workers, beat, and the demo."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from scripts.local import places
from scripts.local.data import DataFolder
from scripts.local.supervisor import Program

ROOT = Path(__file__).resolve().parents[2]
# One transcription keeps about four cores busy; more cores do better with another beside it.
CORES_PER_TRANSCRIPTION = 4
WEB_THREADS = 16
# A question is encoded sooner by one thread than by several that contend with Elasticsearch's.
SHORT_WORK = ["env", "EARMARK_THREADS=1", "OPENBLAS_NUM_THREADS=1"]
# One of our own processes that ends sooner than this has not started: importing takes seconds.
START_S = 10


def environment(
    data: DataFolder, services: Mapping[str, str], web_port: int, demo_port: int | None
) -> dict[str, str]:
    """Everything that Earmark's own processes read, on top of what the user has set."""
    given = dict(os.environ)
    own = {
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "EARMARK_STORE_URL": given.get("EARMARK_STORE_URL") or str(data / "store"),
        "EARMARK_MODELS_DIR": given.get("EARMARK_MODELS_DIR") or str(places.cache_dir() / "models"),
        "EARMARK_PACKAGES_DIR": given.get("EARMARK_PACKAGES_DIR")
        or str(places.cache_dir() / "packages"),
        "EARMARK_SPOOL_DIR": given.get("EARMARK_SPOOL_DIR") or str(data / "spool"),
        "EARMARK_URL": f"http://127.0.0.1:{web_port}",
        "EARMARK_ADMIN_TOKEN": admin_token(data),
        "SECRET_KEY": given.get("SECRET_KEY") or data.service_secret("secret-key"),
        "EARMARK_ALLOW_PRIVATE_NETWORKS": allowed_networks(
            given.get("EARMARK_ALLOW_PRIVATE_NETWORKS", ""), demo_port
        ),
    }
    return given | own | dict(services)


def admin_token(data: DataFolder) -> str:
    """The token that the user has set, else the generated one."""
    return os.environ.get("EARMARK_ADMIN_TOKEN") or data.secret(data.admin_token_file)


def allowed_networks(given: str, demo_port: int | None) -> str:
    """What the user opened, and the demo's own address."""
    if given.strip() == "1" or demo_port is None:
        return given
    return ",".join(filter(None, (given.strip(), f"127.0.0.1:{demo_port}")))


def programs(data: DataFolder, web_port: int) -> list[Program]:
    """Workers, beat and web."""
    transcriptions = max(1, len(os.sched_getaffinity(0)) // CORES_PER_TRANSCRIPTION)
    return [
        _worker("feeds", 2),
        _worker("fetch", 2, also="index"),
        _worker("transcribe", transcriptions, nice=True),
        _worker("query", 1),
        Program("beat", _beat(data), start_s=START_S),
        Program("web", _gunicorn(web_port), start_s=START_S, stop_s=30),
    ]


def demo_programs(data: DataFolder, port: int, choice: str) -> list[Program]:
    """The demo's feed server, and what makes its episodes and adds its feeds."""
    folder = ["--dir", str(data / "demo")]
    serve = ["-m", "scripts.demo", "serve", *folder, "--port", str(port)]
    bring = ["-m", "scripts.local.demo", *folder, "--port", str(port), "--choice", choice]
    return [
        Program("demo-server", [sys.executable, *serve]),
        Program("demo", [sys.executable, *bring], once=True),
    ]


def _worker(queue: str, concurrency: int, *, also: str = "", nice: bool = False) -> Program:
    """A worker of one queue; transcription gives way to clips that someone waits for."""
    name = f"{queue}@%h"
    queues = ",".join(filter(None, (also, queue)))
    options = ["--queues", queues, "--concurrency", str(concurrency), "--hostname", name]
    command = [*_celery("worker"), *options]
    if nice:
        command = ["nice", "-n", "10", *command]
    # SIGQUIT: unfinished work goes back to the queue at once, where SIGTERM would wait for it.
    return Program(f"worker-{queue}", command, start_s=START_S, stop_signal="QUIT", stop_s=15)


def _beat(data: DataFolder) -> list[str]:
    return [*_celery("beat"), "--schedule", str(data / "beat" / "schedule"), "--pidfile="]


def _celery(command: str) -> list[str]:
    return [sys.executable, "-m", "celery", "-A", "workers.celery", command, "--loglevel", "INFO"]


def _gunicorn(port: int) -> list[str]:
    options = ["--bind", f"127.0.0.1:{port}", "--worker-class", "gthread"]
    size = ["--workers", "1", "--threads", str(WEB_THREADS), "--timeout", "120"]
    size += ["--limit-request-line", "8190"]  # a long question in percent-encoded UTF-8
    gunicorn = [sys.executable, "-m", "gunicorn", *options, *size, "app.web:create_app()"]
    return [*SHORT_WORK, *gunicorn]
