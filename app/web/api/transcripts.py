"""Transcripts in the forms that people and players read."""

import re

from flask import Response, jsonify

from app.domain import Episode
from app.web import transcripts
from app.web.api.operation import Operation, operation
from app.web.api.root import blueprint
from app.web.feeds import episode_or_404
from app.web.models import TranscriptOut


@operation(
    blueprint,
    Operation(
        "GET",
        "/episodes/<episode_id>/transcript.json",
        "The transcript with the times of its words",
        "transcripts",
        answers={200: TranscriptOut},
        problems=(404,),
    ),
)
def transcript_json(episode_id: str) -> Response:
    """Segments with words."""
    episode = episode_or_404(episode_id)
    answer = jsonify(transcripts.as_json(episode).model_dump(mode="json"))
    return _named(answer, episode, "json")


@operation(
    blueprint,
    Operation(
        "GET",
        "/episodes/<episode_id>/transcript.vtt",
        "The transcript as WebVTT captions",
        "transcripts",
        answers={200: "text/vtt"},
        problems=(404,),
    ),
)
def transcript_vtt(episode_id: str) -> Response:
    """Captions for a web player."""
    episode = episode_or_404(episode_id)
    text = transcripts.as_vtt(transcripts.spoken(episode))
    return _named(Response(text, content_type="text/vtt; charset=utf-8"), episode, "vtt")


@operation(
    blueprint,
    Operation(
        "GET",
        "/episodes/<episode_id>/transcript.srt",
        "The transcript as SubRip captions",
        "transcripts",
        answers={200: "application/x-subrip"},
        problems=(404,),
    ),
)
def transcript_srt(episode_id: str) -> Response:
    """Captions for most players."""
    episode = episode_or_404(episode_id)
    text = transcripts.as_srt(transcripts.spoken(episode))
    return _named(
        Response(text, content_type="application/x-subrip; charset=utf-8"), episode, "srt"
    )


@operation(
    blueprint,
    Operation(
        "GET",
        "/episodes/<episode_id>/transcript.txt",
        "The words alone",
        "transcripts",
        answers={200: "text/plain"},
        problems=(404,),
    ),
)
def transcript_txt(episode_id: str) -> Response:
    """No header, times or names."""
    episode = episode_or_404(episode_id)
    text = transcripts.as_text(transcripts.spoken(episode))
    return _named(Response(text, content_type="text/plain; charset=utf-8"), episode, "txt")


def _named(response: Response, episode: Episode, kind: str) -> Response:
    """As a file that is named as the episode is, without what file systems refuse."""
    name = re.sub(r"[^\w\s.,()'’&-]+", " ", episode.title)
    name = " ".join(name.split())[:80].strip(" .") or episode.id
    response.headers.set("Content-Disposition", "attachment", filename=f"{name}.{kind}")
    return response
