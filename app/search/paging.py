"""One page of a ranking: of segments, or of episodes with their best moments. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.search.fuse import Fused
from app.search.result import Group, Hit

MOMENTS = 5  # the most that are shown of an episode


@dataclass(frozen=True, slots=True)
class Slice:
    """A page's segments; where hits are grouped, how many its episodes have in all."""

    segments: Sequence[Fused]
    moments: dict[str, int]
    end: int
    is_last: bool


def by_segment(ranked: Sequence[Fused], offset: int, size: int) -> Slice:
    """The segments of a page."""
    end = offset + size
    return Slice(ranked[offset:end], {}, end, end >= len(ranked))


def by_episode(ranked: Iterable[Fused], offset: int, size: int) -> Slice:
    """The best segments of a page's episodes; an episode ranks by its best segment."""
    episodes: dict[str, list[Fused]] = {}
    for hit in ranked:
        episodes.setdefault(hit.episode_id, []).append(hit)
    end = offset + size
    page = list(episodes.values())[offset:end]
    return Slice(
        segments=[hit for hits in page for hit in hits[:MOMENTS]],
        moments={hits[0].episode_id: len(hits) for hits in page},
        end=end,
        is_last=end >= len(episodes),
    )


def grouped(hits: Iterable[Hit], moments: dict[str, int]) -> list[Group]:
    """The page's hits under their episodes, in order."""
    episodes: dict[str, list[Hit]] = {}
    for hit in hits:
        episodes.setdefault(hit.episode.id, []).append(hit)
    return [
        Group(best[0].episode, best[0].feed, best[0].score, moments[episode], best)
        for episode, best in episodes.items()
    ]
