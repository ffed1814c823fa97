"""The child process that reads one feed document: body on stdin, JSON on stdout.

A document of 600 kB can keep a parser busy for many seconds, so the limits are the child's own,
and what goes wrong in it is told as text.
"""

import json
import resource
import sys

MEMORY_BYTES = 1 << 30
CPU_S = 60


def main() -> None:
    """Read the feed that stdin holds; the one argument is its address."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    from workers.feed_document import read_feed  # noqa: PLC0415 - imported within the limits
    from workers.feed_types import FeedError  # noqa: PLC0415

    answer: dict[str, object]
    try:
        answer = {"feed": read_feed(sys.stdin.buffer.read(), sys.argv[1]).model_dump(mode="json")}
    except FeedError as error:
        answer = {"error": str(error)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
