"""What a person notices of `scripts/run`: starting, looking, stopping, starting again."""

import shutil
import signal
import socket
import stat
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from scripts.local import places
from scripts.local.ports import free_port
from tests.scripts.local.copies import Copy

pytestmark = pytest.mark.slow


@pytest.fixture
def copy(elasticsearch_environment: dict[str, str], tmp_path: Path) -> Iterator[Copy]:
    """A copy on the session's Elasticsearch, not started, in a folder with a space."""
    prefix = {"EARMARK_INDEX_PREFIX": f"test-{uuid.uuid4().hex[:12]}"}
    made = Copy(tmp_path / "my data", free_port(), elasticsearch_environment | prefix)
    yield made
    made.run("stop")


@pytest.fixture
def whole_copy(tmp_path: Path) -> Iterator[Copy]:
    """A copy that has not been started, and brings its own Elasticsearch."""
    hidden = dict.fromkeys(("ELASTICSEARCH_URL", "ELASTICSEARCH_API_KEY"), "")
    made = Copy(tmp_path / "data", free_port(), hidden)
    yield made
    made.run("stop")
    places.remove_private_folder(made.data / "elasticsearch")


def readyz(copy: Copy) -> dict:
    return urllib3.request("GET", f"{copy.url}/readyz", timeout=30, retries=False).json()


def wait_until_gone(copy: Copy, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while copy.processes():
        assert time.monotonic() < deadline, copy.processes()
        time.sleep(0.1)  # the interval of asking


def test_detached_it_is_ready_looks_so_and_stops_without_a_trace(copy: Copy) -> None:
    started = copy.start("--no-demo")
    assert started.returncode == 0, started.stderr
    assert readyz(copy)["status"] == "ready"

    token = copy.data / "admin-token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert copy.token in started.stdout
    assert copy.url in started.stdout

    status = copy.run("status")
    assert status.returncode == 0, status.stdout
    assert "worker-transcribe" in status.stdout
    assert f"{copy.url}: ready" in status.stdout

    again = copy.start("--no-demo")
    assert (again.returncode, "Already running" in again.stdout) == (0, True)

    assert copy.run("stop").returncode == 0
    assert copy.processes() == {}
    assert copy.run("status").returncode == 3


def test_a_second_start_keeps_data_token_and_ports(whole_copy: Copy) -> None:
    copy = whole_copy
    first = copy.start("--no-demo")
    assert first.returncode == 0, first.stderr
    token, state = copy.token, (copy.data / "state.json").read_text()
    feeds = {"url": f"{copy.url}/no-feed-at-all"}
    assert add_feed(copy, feeds) == 422  # nothing is open to it but the public internet
    assert copy.run("stop").returncode == 0

    began = time.monotonic()
    second = copy.run("--detach", "--no-demo")  # the port is remembered
    assert second.returncode == 0, second.stderr
    assert time.monotonic() - began < 120
    assert copy.token == token
    assert (copy.data / "state.json").read_text() == state
    assert readyz(copy)["status"] == "ready"
    assert copy.run("stop").returncode == 0
    assert copy.processes() == {}


def add_feed(copy: Copy, body: dict) -> int:
    """The status of the answer."""
    headers = {"Authorization": f"Bearer {copy.token}"}
    url = f"{copy.url}/api/v1/feeds"
    return urllib3.request("POST", url, json=body, headers=headers, timeout=60).status


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_everything(copy: Copy, number: signal.Signals) -> None:
    process = foreground(copy)
    process.send_signal(number)
    assert process.wait(120) == 130
    assert copy.processes() == {}


@pytest.mark.skipif(not shutil.which("setpriv"), reason="only setpriv ties a process to another")
def test_even_a_killed_launcher_leaves_nothing_behind(copy: Copy) -> None:
    process = foreground(copy)
    process.kill()
    process.wait(30)
    wait_until_gone(copy, 60)


def foreground(copy: Copy) -> subprocess.Popen[str]:
    """Start it as on a terminal, and return when it says how to stop it."""
    process = subprocess.Popen(
        copy.command("--no-demo", "--port", str(copy.port)),
        env=copy.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    said = []
    for line in process.stdout:
        said.append(line)
        if "Ctrl-C stops it" in line:
            return process
    raise AssertionError("".join(said))


def test_a_killed_worker_is_started_again(copy: Copy) -> None:
    assert copy.start("--no-demo").returncode == 0
    (first,) = workers(copy)
    subprocess.run(["kill", "-9", str(first)], check=True)
    deadline = time.monotonic() + 60
    while workers(copy) in ([], [first]):
        assert time.monotonic() < deadline
        time.sleep(0.2)  # the interval of asking


def workers(copy: Copy) -> list[int]:
    """The supervisor's child that hears clips, without its pool."""
    found = {pid: line for pid, line in copy.processes().items() if "query@%h" in line}
    return [pid for pid in found if parent(pid) not in found]


def parent(pid: int) -> int:
    text = Path(f"/proc/{pid}/stat").read_text()
    return int(text.rpartition(")")[2].split()[1])


def test_a_port_that_is_taken_is_said_in_one_line(copy: Copy) -> None:
    with socket.create_server(("127.0.0.1", copy.port)):
        done = copy.start("--no-demo")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"Port {copy.port} is taken" in done.stderr


def test_stopping_what_does_not_run_says_so(copy: Copy) -> None:
    done = copy.run("stop")
    assert (done.returncode, "Nothing is running" in done.stdout) == (0, True)
    assert not copy.data.exists()
