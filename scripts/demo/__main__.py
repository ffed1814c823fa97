"""``python -m scripts.demo``: build the demo podcasts, serve them, speak a query."""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from scripts.demo.build import Bar, build, say_aloud
from scripts.demo.queries import load_truth, resolve
from scripts.demo.script import choose, load_all
from scripts.demo.server import DemoServer
from scripts.demo.tools import ToolsError


class Silent:
    """A progress bar for a log file: its title was printed, and that is all."""

    def update(self, steps: int) -> None:
        """Says nothing."""


@contextmanager
def progress(title: str, steps: int) -> Iterator[Bar]:
    """A bar on a terminal, a line otherwise."""
    if sys.stderr.isatty():
        with tqdm(total=steps, desc=title, unit="step", leave=True) as bar:
            yield bar
    else:
        print(title, file=sys.stderr, flush=True)
        yield Silent()


def say(line: str) -> None:
    """A line for the person who waits."""
    print(line, file=sys.stderr, flush=True)


def run_build(options: argparse.Namespace) -> None:
    """Makes the episodes; with --json, one line on the standard output as each is ready."""
    only = tuple(filter(None, (options.only or "").split(",")))
    scripts = choose(load_all(), only, options.episodes, options.ci)
    total_s = 0.0
    for made in build(scripts, options.dir, progress, say):
        total_s += made.duration_s
        if options.json:
            print(json.dumps(asdict(made)), flush=True)
    say(f"Demo: {len(scripts)} episodes, {total_s / 60:.1f} minutes, in {options.dir}")


def run_serve(options: argparse.Namespace) -> None:
    """Serves until it is stopped."""
    options.dir.mkdir(parents=True, exist_ok=True)
    with DemoServer(options.dir, options.port) as server:
        print(f"Demo podcasts at {server.base_url}/", flush=True)
        server.serve_forever()


def run_speak(options: argparse.Namespace) -> None:
    """Speaks a text."""
    say_aloud(options.text, options.voice, options.out, say)


def run_truth(options: argparse.Namespace) -> None:
    """Prints the queries with the times at which the built episodes answer them."""
    print(json.dumps(resolve(load_truth(options.dir)), indent=1, ensure_ascii=False))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m scripts.demo", description=__doc__)
    commands = top.add_subparsers(required=True)
    builder = commands.add_parser("build", help="make the episodes (kept in the user's cache)")
    builder.add_argument("--dir", type=Path, required=True)
    builder.add_argument("--episodes", type=int, help="only this many, the shortest first")
    builder.add_argument("--only", help="only these, by id, with commas between")
    builder.add_argument("--ci", action="store_true", help="only the three that CI runs")
    builder.add_argument("--json", action="store_true", help="print a line as each is ready")
    builder.set_defaults(run=run_build)
    server = commands.add_parser("serve", help="serve them on the loopback address")
    server.add_argument("--dir", type=Path, required=True)
    server.add_argument("--port", type=int, default=0)
    server.set_defaults(run=run_serve)
    speaker = commands.add_parser("speak", help="speak a text into a WAV file")
    speaker.add_argument("text")
    speaker.add_argument("--voice", required=True)
    speaker.add_argument("--out", type=Path, required=True)
    speaker.set_defaults(run=run_speak)
    truth = commands.add_parser("truth", help="print the test queries with their times")
    truth.add_argument("--dir", type=Path, required=True)
    truth.set_defaults(run=run_truth)
    return top


def main() -> int:
    """Runs one command; failures a person can mend end in one line."""
    options = parser().parse_args()
    try:
        options.run(options)
    except (ToolsError, ValueError, OSError, subprocess.CalledProcessError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
