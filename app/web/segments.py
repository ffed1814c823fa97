"""One segment with its place."""

from elasticsearch import NotFoundError

from app import quotes
from app.search.client import get_client
from app.search.index import alias
from app.settings import get_settings
from app.web.feeds import episode_or_404, feed_or_404
from app.web.models import HitEpisode, HitFeed, SegmentOut
from app.web.problems import Problem


def segment(segment_id: str) -> SegmentOut:
    """The segment. 404 where there is none (any more)."""
    index = alias(get_settings().index_prefix, "segments")
    fields = ["episode_id", "feed_id", "start_s", "end_s", "text", "language"]
    try:
        source = get_client().get(index=index, id=segment_id, source_includes=fields)["_source"]
    except NotFoundError as error:
        raise Problem(404, f"There is no segment with the id {segment_id}.") from error
    episode, feed = episode_or_404(source["episode_id"]), feed_or_404(source["feed_id"])
    return SegmentOut(
        id=segment_id,
        start_s=source["start_s"],
        end_s=source["end_s"],
        text=source.get("text", ""),
        language=source.get("language"),
        episode=HitEpisode.model_validate(episode, from_attributes=True),
        feed=HitFeed.model_validate(feed, from_attributes=True),
        url=quotes.link(episode.id, source["start_s"], source.get("text", "")),
    )
