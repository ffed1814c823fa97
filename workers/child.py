"""Reading strangers' documents in a child process with limits of memory and time.

A document of 600 kB can keep a parser busy for many seconds. A child is this module run with
the name of a function that takes the body and one argument; it answers in JSON.
"""

import importlib
import json
import os
import resource
import subprocess
import sys
from typing import Any

MEMORY_BYTES = 1 << 30
CPU_S = 30
WALL_S = 90  # on a machine that is busy with other things


class ChildError(Exception):
    """The function's own error, as its text."""


class LimitsError(Exception):
    """The child ran out of time or memory, or died."""


def call(function: str, body: bytes, argument: str) -> Any:
    """Call ``module:function`` with a body and an argument, in a child.

    Raises ChildError with the text of a ValueError that the function raised, else LimitsError.
    """
    try:
        child = subprocess.run(  # noqa: S603 - our own module; nothing passes a shell
            [sys.executable, "-m", "workers.child", function, argument],
            input=body,
            capture_output=True,
            timeout=WALL_S,
            check=False,
            env=_environment(),
        )
    except subprocess.TimeoutExpired as error:
        raise LimitsError(f"no answer within {WALL_S} s") from error
    if child.returncode != 0:
        raise LimitsError(child.stderr.decode("utf-8", "replace")[-500:])
    answer = json.loads(child.stdout)
    if "error" in answer:
        raise ChildError(answer["error"])
    return answer["value"]


def _environment() -> dict[str, str]:
    """Enough to import this program; none of its secrets."""
    path = os.pathsep.join(entry or "." for entry in sys.path)
    return {"PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"}


def main(function: str, argument: str) -> None:
    """Answer one call: the body is on stdin."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    module, _, name = function.partition(":")
    read = getattr(importlib.import_module(module), name)
    answer: dict[str, Any]
    try:
        answer = {"value": read(sys.stdin.buffer.read(), argument)}
    except ValueError as error:
        if type(error).__module__.startswith("workers."):
            answer = {"error": str(error)}
        else:
            raise
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
