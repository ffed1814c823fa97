"""Transcripts in the forms that people and players read."""

from flask import Response

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
def transcript_json(episode_id: str) -> TranscriptOut:
    """Segments with words."""
    return transcripts.as_json(episode_or_404(episode_id))


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
    text = transcripts.as_vtt(transcripts.spoken(episode_or_404(episode_id)))
    return Response(text, content_type="text/vtt; charset=utf-8")


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
    text = transcripts.as_srt(transcripts.spoken(episode_or_404(episode_id)))
    return Response(text, content_type="application/x-subrip; charset=utf-8")


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
    text = transcripts.as_text(transcripts.spoken(episode_or_404(episode_id)))
    return Response(text, content_type="text/plain; charset=utf-8")
