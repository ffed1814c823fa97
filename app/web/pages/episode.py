"""``/episodes/<id>``: a player and the transcript."""

import re

from flask import Blueprint, render_template, request

from app.artefacts import EpisodeArtefacts
from app.catalog import get_catalog
from app.domain import Episode
from app.store import get_store
from app.web import present
from app.web.feeds import episode_or_404

blueprint = Blueprint("episode", __name__)


@blueprint.get("/episodes/<episode_id>")
def page(episode_id: str) -> str:
    """The episode, ready to play from ``t``."""
    episode = episode_or_404(episode_id)
    return render_template(
        "episode.html",
        episode=episode,
        feed=get_catalog().get_feed(episode.feed_id),
        lines=_lines(episode),
        start_s=start_from(request.args.get("t", "")),
    )


def _lines(episode: Episode) -> list[present.Line]:
    segments = EpisodeArtefacts(get_store(), episode.id).segments()
    return present.lines(segments or [])


def start_from(t: str) -> float:
    """Seconds from ``90``, ``90.5``, ``1m30s``, ``1:30``; 0 for anything else."""
    first = t.partition(",")[0].strip().lower()
    if re.fullmatch(r"\d+(\.\d+)?s?", first):
        return float(first.rstrip("s"))
    if re.fullmatch(r"\d+(:\d{1,2}){1,2}", first):
        return float(sum(int(part) * 60**n for n, part in enumerate(reversed(first.split(":")))))
    match = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", first)
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    return float(hours * 3600 + minutes * 60 + seconds)
