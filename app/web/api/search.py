"""Search by words or by a clip, and the segments that are found."""

from app.settings import get_settings
from app.web import clips, searching, segments
from app.web.api.operation import Operation, Upload, operation
from app.web.api.root import blueprint
from app.web.inputs import ClipQuery, SearchQuery
from app.web.models import ClipOut, SearchOut, SegmentOut

FORM_BYTES = 100_000  # the clip's neighbours in the form


@operation(
    blueprint,
    Operation(
        "GET",
        "/search",
        "Search what is said, by words and by meaning",
        "search",
        query=SearchQuery,
        answers={200: SearchOut},
    ),
)
def search(query: SearchQuery) -> SearchOut:
    """The hits, best first."""
    return searching.by_words(query)


@operation(
    blueprint,
    Operation(
        "POST",
        "/search/clip",
        "Search by a recording: its words, its meaning, its sound, itself, or who speaks in it",
        "search",
        form=ClipQuery,
        upload=Upload("clip", "Any audio that a browser records; its content type is not trusted"),
        max_bytes=lambda: get_settings().clip_max_bytes + FORM_BYTES,
        answers={200: ClipOut},
        problems=(503, 504),
    ),
)
def search_clip(query: ClipQuery) -> ClipOut:
    """The hits, and what was heard; the clip is not kept."""
    return searching.by_clip(query, clips.hear(clips.uploaded(), query.intent))


@operation(
    blueprint,
    Operation(
        "GET",
        "/segments/<segment_id>",
        "Read a segment",
        "search",
        answers={200: SegmentOut},
        problems=(404,),
    ),
)
def read_segment(segment_id: str) -> SegmentOut:
    """One segment with its episode and show."""
    return segments.segment(segment_id)
