"""The processes of one copy, kept alive by supervisord and asked over its socket."""

import contextlib
import ctypes
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from scripts.local.data import DataFolder
from scripts.local.errors import SetupError

STOP_TIMEOUT_S = 120.0
# The socket's name is relative: an absolute one may not be longer than 107 bytes.
SOCKET = "supervisor.sock"
HEAD = """\
[supervisord]
nodaemon = true
logfile = {logs}/supervisor.log
logfile_maxbytes = 2MB
logfile_backups = 1
pidfile = {runtime}/supervisord.pid
{user}

[unix_http_server]
file = {socket}
chmod = 0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""
PROGRAM = """
[program:{name}]
command = {command}
autostart = false
autorestart = {autorestart}
startsecs = {startsecs}
startretries = 5
stopwaitsecs = {stopwaitsecs}
stopsignal = {stopsignal}
killasgroup = true
redirect_stderr = true
stdout_logfile = {logs}/{name}.log
stdout_logfile_maxbytes = 10MB
stdout_logfile_backups = 2
{user}
"""


@dataclass(frozen=True)
class Program:
    """One process to keep running."""

    name: str
    command: Sequence[str]
    user: str | None = None
    environment: Mapping[str, str] | None = None  # None: the supervisor's own
    once: bool = False  # ends by itself when its work is done
    start_s: int = 1  # seconds that it must stay up to count as started
    stop_s: int = 20  # seconds that it may take to stop
    stop_signal: str = "TERM"


class Supervisor:
    """The supervisor of one data folder."""

    def __init__(self, data: DataFolder) -> None:
        self.data = data

    def start(self, programs: Sequence[Program], environment: Mapping[str, str], tied: bool):
        """Start the supervisor without any program yet; `tied`: it ends when we do."""
        config = self.data.runtime / "supervisord.conf"
        config.write_text(render(self.data, programs))
        process = subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(config)],
            cwd=self.data.runtime,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with_parent if tied else None,  # noqa: PLW1509 - we have one thread
        )
        deadline = time.monotonic() + 30
        while not self.is_running():
            if process.poll() is not None or time.monotonic() > deadline:
                raise SetupError(f"The supervisor did not start; see {self.data / 'logs'}")
            time.sleep(0.05)  # the interval of asking
        return process

    def is_running(self) -> bool:
        """Whether a supervisor answers on this folder's socket."""
        try:
            return self.call("supervisor.getState")["statename"] == "RUNNING"
        except (OSError, xmlrpc.client.Error):
            return False

    def call(self, method: str, *arguments: Any) -> Any:
        """One call of supervisord's XML-RPC interface."""
        with contextlib.chdir(self.data.runtime):
            transport = SupervisorTransport(serverurl=f"unix://{SOCKET}")
            with xmlrpc.client.ServerProxy("http://127.0.0.1", transport) as server:
                target: Any = server
                for part in method.split("."):
                    target = getattr(target, part)
                return target(*arguments)

    def run(self, name: str) -> None:
        """Start a program and return at once."""
        self.call("supervisor.startProcess", name, False)

    def states(self) -> dict[str, str]:
        """Each program's state in supervisord's words (RUNNING, FATAL, ...)."""
        return {p["name"]: p["statename"] for p in self.call("supervisor.getAllProcessInfo")}

    def check(self) -> None:
        """Raise SetupError with the end of its log for a program that cannot be kept running."""
        for name, state in self.states().items():
            if state == "FATAL":
                raise SetupError(f"{name} keeps failing:\n{self.log_end(name)}")

    def failing(self) -> str:
        """The ends of the logs of the programs that do not run, for a message."""
        down = {"BACKOFF", "EXITED", "FATAL"}
        return "".join(
            f"\n{name}:\n{self.log_end(name)}"
            for name, state in self.states().items()
            if state in down
        )

    def log_end(self, name: str, lines: int = 15) -> str:
        """The last lines of a program's log."""
        path = self.data / "logs" / f"{name}.log"
        text = path.read_text(errors="replace") if path.exists() else ""
        return "\n".join(text.splitlines()[-lines:]) + f"\n(all of it: {path})"

    def stop(self) -> bool:
        """Stop every program and the supervisor; False where none was running."""
        pid_file = self.data.runtime / "supervisord.pid"
        if not self.is_running():
            return False
        pid = int(pid_file.read_text())
        with contextlib.suppress(OSError, xmlrpc.client.Error):
            self.call("supervisor.shutdown")
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while _is_alive(pid):
            if time.monotonic() > deadline:
                raise SetupError(f"The supervisor (process {pid}) did not stop in time.")
            time.sleep(0.1)  # the interval of asking
        return True


def render(data: DataFolder, programs: Sequence[Program]) -> str:
    """The supervisor's settings file."""
    logs, root = _quoted(data / "logs"), os.geteuid() == 0
    head = HEAD.format(
        logs=logs,
        runtime=_quoted(data.runtime),
        socket=SOCKET,
        user="user = root" if root else "",  # said aloud, as supervisord warns otherwise
    )
    return head + "".join(_program(program, logs) for program in programs)


def _program(program: Program, logs: str) -> str:
    return PROGRAM.format(
        name=program.name,
        command=_quoted(shlex.join(_wrapped(program))),
        autorestart="false" if program.once else "true",
        startsecs=0 if program.once else program.start_s,
        stopwaitsecs=program.stop_s,
        stopsignal=program.stop_signal,
        logs=logs,
        user=f"user = {program.user}" if program.user else "",
    )


def _wrapped(program: Program) -> list[str]:
    """The command, told to end with its supervisor, and with its own environment."""
    command = list(program.command)
    if program.environment is not None:
        variables = [f"{name}={value}" for name, value in program.environment.items()]
        command = ["env", "-i", *variables, *command]
    if shutil.which("setpriv"):
        command = ["setpriv", "--pdeathsig", "TERM", "--", *command]
    return command


def _quoted(value: str | Path) -> str:
    """A value of the settings file, in which a percent sign starts a variable."""
    return str(value).replace("%", "%%")


def _is_alive(pid: int) -> bool:
    """Whether the process runs; a child of ours that ended is reaped on the way."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _die_with_parent() -> None:
    """Ask Linux to end this process when its parent does, however that comes about."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)
