"""Bringing one copy up, from whatever is there, to the point where it is ready."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass

from filelock import FileLock, Timeout

from scripts.local import elasticsearch, programs, redis, services
from scripts.local.data import DataFolder
from scripts.local.errors import SetupError
from scripts.local.ports import is_free
from scripts.local.progress import Steps, say
from scripts.local.supervisor import Program, Supervisor

DEFAULT_PORT = 8000
READY_TIMEOUT_S = 180.0


@dataclass(frozen=True)
class Plan:
    """How to start: on which port, with how much of the demo, ending with us or running on."""

    port: int | None
    demo: str | None  # which of its episodes: all, ci
    tied: bool


def start(data: DataFolder, supervisor: Supervisor, plan: Plan) -> None:
    """Set up what is missing, start everything and wait until it is ready.

    Raises SetupError with the reason where that fails.
    """
    data.make()
    try:
        with FileLock(data.runtime / "start.lock", timeout=0):
            _start(data, supervisor, plan)
    except Timeout:
        raise SetupError(f"Another `scripts/run` is starting on {data.path}.") from None


def _start(data: DataFolder, supervisor: Supervisor, plan: Plan) -> None:
    port = web_port(data, plan.port)
    demo_port = data.port("demo") if plan.demo else None
    found = services.prepare(data)
    environment = programs.environment(data, found.environment(), port, demo_port)
    os.environ.update(environment)  # from here on, this process has the same settings
    install_models()
    install_packages()
    own = programs.programs(data, port)
    demo = programs.demo_programs(data, demo_port, plan.demo) if demo_port and plan.demo else []
    supervisor.start([*found.programs(), *own, *demo], environment, plan.tied)
    with Steps("Starting", len(found.programs()) + len(own) + 1) as steps:
        _start_services(supervisor, found, steps)
        make_indices()
        _start_own(supervisor, own, address(data), steps)
    for program in demo:
        supervisor.run(program.name)
    _announce(data)


def web_port(data: DataFolder, wanted: int | None) -> int:
    """The port to serve on, remembered; SetupError where another program has it."""
    port = wanted or data.state().get("web", DEFAULT_PORT)
    if not is_free(port):
        raise SetupError(f"Port {port} is taken by another program; choose one with --port.")
    data.remember(web=port)
    return port


def address(data: DataFolder) -> str:
    """Where the pages are."""
    return f"http://127.0.0.1:{data.state().get('web', DEFAULT_PORT)}"


def install_models() -> None:
    """Fetch the chosen weights, with a bar, unless they are there."""
    from app import models  # noqa: PLC0415 - reads the settings made above

    if all(models.present(name) for name in models.chosen()):
        return
    done = subprocess.run([sys.executable, "-m", "app.models", "install"], check=False)
    if done.returncode:
        raise SetupError("The models could not be fetched.")


def install_packages() -> None:
    """Install the front-end packages unless they are there; SetupError where that fails."""
    from scripts.local import packages  # noqa: PLC0415 - as above

    packages.install()


def make_indices() -> None:
    """Make the indices that are missing; SetupError where those there do not fit."""
    from app.encoders.base import EncoderError  # noqa: PLC0415 - as below
    from app.search import index  # noqa: PLC0415 - reads the settings made above

    try:
        index.ensure_indices()
    except (index.IndexMismatch, EncoderError) as error:
        raise SetupError(str(error)) from error


def _start_services(supervisor: Supervisor, found: services.Services, steps: Steps) -> None:
    for program in found.programs():
        supervisor.run(program.name)
    if found.redis:
        steps.begin("Redis")
        redis.wait_until_ready(found.redis.url)
        redis.forget_workers(found.redis.url)
        steps.end("Redis")
    if found.elasticsearch:
        steps.begin("Elasticsearch")
        elasticsearch.wait_until_ready(found.elasticsearch)
        steps.end("Elasticsearch")


def _start_own(supervisor: Supervisor, own: list[Program], url: str, steps: Steps) -> None:
    """Start workers and web together; each counts as there when /readyz says so."""
    for program in own:
        supervisor.run(program.name)
    waiting = {program.name for program in own}
    steps.begin("workers and web")
    deadline = time.monotonic() + READY_TIMEOUT_S
    while True:
        parts = readiness(url)
        for name in sorted(waiting & _there(parts)):
            steps.end(name)
            waiting.discard(name)
        reason = _reason(parts)
        if not reason:
            return
        supervisor.check()
        if time.monotonic() > deadline:
            raise SetupError(
                f"It is not ready after {READY_TIMEOUT_S:.0f} s: {reason}{supervisor.failing()}"
            )
        time.sleep(0.25)  # the interval of asking


def _there(parts: list[Mapping[str, object]] | None) -> set[str]:
    if parts is None:
        return set()
    return {"web"} | {str(part["name"]) for part in parts if part["ok"]}


def not_ready(url: str) -> str | None:
    """Why it is not ready, or None when it is."""
    return _reason(readiness(url))


def readiness(url: str) -> list[Mapping[str, object]] | None:
    """The parts that /readyz names, or None where nothing answers."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=10) as answer:  # noqa: S310 - our own
            return json.load(answer)["parts"]
    except urllib.error.HTTPError as error:
        if error.code == 503:
            return json.load(error)["parts"]
        raise SetupError(f"{url}/readyz answers {error.code}") from error
    except (OSError, ValueError):
        return None


def _reason(parts: list[Mapping[str, object]] | None) -> str | None:
    if parts is None:
        return "the web server does not answer"
    missing = [part for part in parts if part["required"] and not part["ok"]]
    return "; ".join(f"{part['name']}: {part['reason']}" for part in missing) or None


def _announce(data: DataFolder) -> None:
    say(f"\nEarmark is on {address(data)}")
    if os.environ["EARMARK_ADMIN_TOKEN"] and data.admin_token_file.exists():
        say(f"Admin token: {programs.admin_token(data)}  (kept in {data.admin_token_file})\n")
