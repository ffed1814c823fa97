"""One copy of Earmark, started and stopped as a person would, for tests to look at."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
START_TIMEOUT_S = 600
# Queues are shared by all who use a Redis, so a copy under test always brings its own.
NOT_PASSED_ON = frozenset({"REDIS_URL", "CELERY_BROKER_URL", "EARMARK_ADMIN_TOKEN", "SECRET_KEY"})


@dataclass(frozen=True)
class Copy:
    """A copy on a data folder and a port of its own."""

    data: Path
    port: int
    variables: Mapping[str, str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def token(self) -> str:
        return (self.data / "admin-token").read_text().strip()

    @property
    def environment(self) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if k not in NOT_PASSED_ON}
        return inherited | {"PYTHONPATH": str(ROOT)} | dict(self.variables)

    def command(self, *arguments: str) -> list[str]:
        launcher = [sys.executable, "-m", "scripts.local.launcher"]
        return [*launcher, *arguments, "--data", str(self.data)]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=START_TIMEOUT_S,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("--detach", "--port", str(self.port), *arguments)

    def processes(self) -> dict[int, str]:
        """The command lines of all processes that belong to this copy, by id."""
        return dict(self._processes())

    def _processes(self) -> Iterator[tuple[int, str]]:
        own = str(self.data).encode()
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes()
                found = own in command or own in (folder / "environ").read_bytes()
            except OSError:  # it ended, or is not ours
                continue
            if command and found and int(folder.name) != os.getpid():
                yield int(folder.name), command.replace(b"\0", b" ").decode(errors="replace")
