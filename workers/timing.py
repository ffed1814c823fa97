"""How long each part of a stage took, as one log line that a benchmark can read."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

logger = logging.getLogger(__name__)


@contextmanager
def timed(part: str, episode_id: str) -> Iterator[None]:
    """Log the seconds that the block took, if it ended well."""
    started = time.monotonic()
    yield
    logger.info("part=%s episode=%s seconds=%.3f", part, episode_id, time.monotonic() - started)
