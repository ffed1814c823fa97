"""Feeds: add, list, change, refresh, remove."""

from app.catalog import get_catalog
from app.domain import Feed
from app.web import feeds
from app.web.api.operation import Operation, operation
from app.web.api.root import blueprint
from app.web.inputs import FeedChange, Listing, NewFeed
from app.web.models import FeedOut, Page


def _out(feed: Feed) -> FeedOut:
    return FeedOut.model_validate(feed, from_attributes=True)


@operation(
    blueprint,
    Operation(
        "POST",
        "/feeds",
        "Add a feed: answers as soon as the address was fetched and is a feed",
        "feeds",
        body=NewFeed,
        answers={201: FeedOut, 200: FeedOut},
        problems=(503, 504),
        admin=True,
    ),
)
def add_feed(new: NewFeed) -> tuple[FeedOut, int]:
    """201 where it is new, 200 where it is known."""
    feed, created = feeds.add(new.url, new.transcripts, new.latest, new.hotwords)
    return _out(feed), 201 if created else 200


@operation(
    blueprint,
    Operation(
        "GET",
        "/feeds",
        "List the feeds",
        "feeds",
        query=Listing,
        answers={200: Page[FeedOut]},
        admin=True,
    ),
)
def list_feeds(listing: Listing) -> Page[FeedOut]:
    """A part of the list."""
    page = get_catalog().feeds(listing.size, listing.cursor)
    return Page(items=[_out(feed) for feed in page.items], next_cursor=page.next_cursor)


@operation(
    blueprint,
    Operation(
        "GET",
        "/feeds/<feed_id>",
        "Read a feed",
        "feeds",
        answers={200: FeedOut},
        problems=(404,),
        admin=True,
    ),
)
def read_feed(feed_id: str) -> FeedOut:
    """One feed."""
    return _out(feeds.feed_or_404(feed_id))


@operation(
    blueprint,
    Operation(
        "PATCH",
        "/feeds/<feed_id>",
        "Pause a feed, or change how it is taken in",
        "feeds",
        body=FeedChange,
        answers={200: FeedOut},
        problems=(404,),
        admin=True,
    ),
)
def change_feed(change: FeedChange, feed_id: str) -> FeedOut:
    """Only what is named changes."""
    return _out(feeds.change(feed_id, change.model_dump(exclude_unset=True)))


@operation(
    blueprint,
    Operation(
        "DELETE",
        "/feeds/<feed_id>",
        "Remove a feed, its episodes and all that was made of them",
        "feeds",
        answers={204: None},
        problems=(404,),
        admin=True,
    ),
)
def delete_feed(feed_id: str) -> tuple[None, int]:
    """The feed goes at once, its episodes soon after."""
    feeds.remove_feed(feed_id)
    return None, 204


@operation(
    blueprint,
    Operation(
        "POST",
        "/feeds/<feed_id>/refresh",
        "Poll a feed now",
        "feeds",
        answers={202: FeedOut},
        problems=(404,),
        admin=True,
    ),
)
def refresh_feed(feed_id: str) -> tuple[FeedOut, int]:
    """The poll follows."""
    return _out(feeds.refresh(feed_id)), 202
