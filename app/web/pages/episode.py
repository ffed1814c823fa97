"""``/episodes/<id>``: an episode with its transcript, to read and to listen to."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request

from app.artefacts import EpisodeArtefacts
from app.catalog import get_catalog
from app.domain import Segment, Word
from app.store import get_store
from app.web import moment, present
from app.web.feeds import episode_or_404

blueprint = Blueprint("episode", __name__)


@blueprint.get("/episodes/<episode_id>")
def page(episode_id: str) -> str:
    """The episode, ready to play from ``t``, where the words of ``text`` are said."""
    episode = episode_or_404(episode_id)
    segments = _segments(episode.id)
    return render_template(
        "episode.html",
        episode=episode,
        feed=get_catalog().get_feed(episode.feed_id),
        lines=present.lines(segments),
        **_asked(segments),
    )


def _asked(segments: Sequence[Segment]) -> dict[str, Any]:
    """What the address asks for: a moment, and whether it could be read."""
    try:
        asked = moment.read(request.args.get("t", ""))
    except ValueError:
        return {"moment": moment.Moment(), "unread": request.args["t"]}
    return {"moment": moment.found_again(asked, request.args.get("text", ""), segments)}


@blueprint.get("/episodes/<episode_id>/times.json")
def times(episode_id: str) -> Response:
    """When each word of the page is said, small enough for hours of talk.

    A list for each line with words: for each word the length of its text, with the space before
    it, in UTF-16 units, and how long after the word before it begins (the first: after the start
    of the audio), in hundredths of a second.
    """
    episode = episode_or_404(episode_id)
    spoken = [line.words for line in present.lines(_segments(episode.id)) if line.text]
    return jsonify([list(_row(words)) for words in spoken])


def _row(words: Sequence[Word]) -> Iterator[int]:
    texts = [words[0].text.lstrip(), *(word.text for word in words[1:])]
    starts_cs = [0, *(round(100 * word.start_s) for word in words)]
    for text, (before_cs, start_cs) in zip(texts, pairwise(starts_cs), strict=True):
        yield len(text.encode("utf-16-le")) // 2
        yield start_cs - before_cs


def _segments(episode_id: str) -> list[Segment]:
    return EpisodeArtefacts(get_store(), episode_id).segments() or []
