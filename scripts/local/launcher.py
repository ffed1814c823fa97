"""Starting, watching and stopping one copy of Earmark: what `scripts/run` runs."""

import argparse
import os
import signal
import sys
from pathlib import Path

from scripts.local import start, watch
from scripts.local.data import DataFolder
from scripts.local.errors import SetupError
from scripts.local.supervisor import Supervisor

DEFAULT_DATA = Path(__file__).resolve().parents[2] / "data"

# A program that ended by itself, as the one that brings the demo in does, has done its work.
STATES = {"EXITED": "done", "BACKOFF": "failing", "FATAL": "failed", "STOPPED": "not started"}


def main() -> None:
    """The command line."""
    options = _parser().parse_args()
    data = DataFolder(options.data)
    commands = {"start": _start, "stop": _stop, "status": _status}
    signal.signal(signal.SIGINT, _interrupt)  # a shell without job control has it ignored
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    try:
        sys.exit(commands[options.command](data, options))
    except SetupError as error:
        sys.exit(f"earmark: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/run",
        description="Set up and run all of Earmark on this machine; Ctrl-C stops it.",
    )
    parser.add_argument(
        "command", nargs="?", choices=("start", "stop", "status"), default="start",
        help="stop or look at a copy that runs; without it, start one",
    )  # fmt: skip
    parser.add_argument(
        "--data", type=Path, default=DEFAULT_DATA, metavar="DIR",
        help="where everything is kept (default: data/ of this checkout)",
    )  # fmt: skip
    parser.add_argument(
        "--port", type=int, help="the port of the web pages (default: the last one, or 8000)"
    )
    parser.add_argument(
        "--demo", choices=("all", "ci"), default="all",
        help="how much of the demo podcasts to bring in (ci: three short episodes)",
    )  # fmt: skip
    parser.add_argument(
        "--no-demo", dest="demo", action="store_const", const=None, help="bring none of them in"
    )
    parser.add_argument(
        "--detach", action="store_true", help="return once it is ready, and let it run on"
    )
    return parser


def _start(data: DataFolder, options: argparse.Namespace) -> int:
    supervisor = Supervisor(data)
    if data.runtime.exists() and supervisor.is_running():
        print(f"Already running on {start.address(data)}; `scripts/run stop` stops it.")
        return 0
    plan = start.Plan(port=options.port, demo=options.demo, tied=not options.detach)
    try:
        start.start(data, supervisor, plan)
        if options.detach:
            return 0
        print("Ctrl-C stops it.", flush=True)
        return watch.watch(data, supervisor)
    except KeyboardInterrupt:
        _ignore_interrupts()
        print("\nStopping ...", flush=True)
        supervisor.stop()
        print("Stopped.")
        return 130
    except BaseException:
        supervisor.stop()
        raise


def _stop(data: DataFolder, _: argparse.Namespace) -> int:
    if data.runtime.exists() and Supervisor(data).stop():
        print("Stopped.")
    else:
        print(f"Nothing is running on {data.path}.")
    return 0


def _status(data: DataFolder, _: argparse.Namespace) -> int:
    supervisor = Supervisor(data)
    if not data.runtime.exists() or not supervisor.is_running():
        print(f"Nothing is running on {data.path}.")
        return 3
    for name, state in supervisor.states().items():
        print(f"{name:20} {STATES.get(state, state.lower())}")
    reason = start.not_ready(start.address(data))
    print(f"{start.address(data)}: {reason or 'ready'}")
    return 1 if reason else 0


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _ignore_interrupts() -> None:
    """A second Ctrl-C must not leave half of the processes behind."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    os.umask(0o022)
    main()
