"""Episodes: list, read, retry, remove."""

from app.artefacts import EpisodeArtefacts
from app.catalog import get_catalog
from app.store import get_store
from app.web import feeds
from app.web.api.operation import Operation, operation
from app.web.api.root import blueprint
from app.web.inputs import EpisodeListing
from app.web.models import EpisodeDetail, EpisodeOut, Page, PeaksOut


@operation(
    blueprint,
    Operation(
        "GET",
        "/episodes",
        "List the episodes, newest first",
        "episodes",
        query=EpisodeListing,
        answers={200: Page[EpisodeOut]},
        admin=True,
    ),
)
def list_episodes(wanted: EpisodeListing) -> Page[EpisodeOut]:
    """A part of the list."""
    page = get_catalog().episodes(
        feed=wanted.feed, status=wanted.status, size=wanted.size, cursor=wanted.cursor
    )
    items = [EpisodeOut.model_validate(e, from_attributes=True) for e in page.items]
    return Page(items=items, next_cursor=page.next_cursor)


@operation(
    blueprint,
    Operation(
        "GET",
        "/episodes/<episode_id>",
        "Read an episode",
        "episodes",
        answers={200: EpisodeDetail},
        problems=(404,),
    ),
)
def read_episode(episode_id: str) -> EpisodeDetail:
    """One episode."""
    return _detail(episode_id)


@operation(
    blueprint,
    Operation(
        "GET",
        "/episodes/<episode_id>/peaks",
        "The waveform of an episode's audio",
        "episodes",
        answers={200: PeaksOut},
        problems=(404,),
    ),
)
def read_peaks(episode_id: str) -> PeaksOut:
    """At most a thousand values, whatever the length."""
    episode = feeds.episode_or_404(episode_id)
    kept = EpisodeArtefacts(get_store(), episode.id).peaks()
    peaks = [] if kept is None else kept.tolist()
    return PeaksOut(episode_id=episode.id, duration_s=episode.duration_s, peaks=peaks)


@operation(
    blueprint,
    Operation(
        "POST",
        "/episodes/<episode_id>/retry",
        "Process an episode again",
        "episodes",
        answers={202: EpisodeDetail},
        problems=(404, 409),
        admin=True,
    ),
)
def retry_episode(episode_id: str) -> tuple[EpisodeDetail, int]:
    """It goes on where it failed, or from the start."""
    feeds.retry(episode_id)
    return _detail(episode_id), 202


@operation(
    blueprint,
    Operation(
        "DELETE",
        "/episodes/<episode_id>",
        "Remove an episode for good",
        "episodes",
        answers={204: None},
        problems=(404,),
        admin=True,
    ),
)
def delete_episode(episode_id: str) -> tuple[None, int]:
    """It does not come back with the next poll."""
    feeds.remove_episode(episode_id)
    return None, 204


def _detail(episode_id: str) -> EpisodeDetail:
    return EpisodeDetail.model_validate(feeds.episode_or_404(episode_id), from_attributes=True)
