"""Reading a feed document in a child process with limits."""

from workers import child
from workers.feed_types import FeedError, ParsedFeed


def parse(body: bytes, url: str) -> ParsedFeed:
    """The podcast in a feed document fetched from ``url``. Raises FeedError."""
    try:
        return ParsedFeed.model_validate(child.call("workers.feed_document:feed_json", body, url))
    except child.ChildError as error:
        raise FeedError(str(error)) from error
    except child.LimitsError as error:
        raise FeedError(
            f"{url} could not be read as a feed within the limits of time and memory."
        ) from error
