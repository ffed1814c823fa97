"""Reading a feed document in a child process with limits."""

import json
import os
import subprocess
import sys

from workers.feed_types import FeedError, ParsedFeed

WALL_S = 90


def parse(body: bytes, url: str) -> ParsedFeed:
    """The podcast in a feed document fetched from ``url``. Raises FeedError."""
    try:
        child = subprocess.run(  # noqa: S603 - our own module; the address is one argument
            [sys.executable, "-m", "workers.feed_child", url],
            input=body,
            capture_output=True,
            timeout=WALL_S,
            check=False,
            env=_environment(),
        )
    except subprocess.TimeoutExpired as error:
        raise FeedError(f"{url} took too long to read as a feed.") from error
    if child.returncode != 0:
        raise FeedError(f"{url} could not be read as a feed within the limits of time and memory.")
    answer = json.loads(child.stdout)
    if "error" in answer:
        raise FeedError(answer["error"])
    return ParsedFeed.model_validate(answer["feed"])


def _environment() -> dict[str, str]:
    """Enough to import this program; none of its secrets."""
    path = os.pathsep.join(entry or "." for entry in sys.path)
    return {"PYTHONPATH": path, "PYTHONIOENCODING": "utf-8", "OPENBLAS_NUM_THREADS": "1"}
