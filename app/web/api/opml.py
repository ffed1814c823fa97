"""OPML: the lists of feeds that podcast programs exchange."""

from dataclasses import asdict

from flask import Response

from app.web import opml
from app.web.api.operation import Operation, Upload, operation
from app.web.api.root import blueprint
from app.web.models import ImportedFeed, ImportOut


@operation(
    blueprint,
    Operation(
        "POST",
        "/opml",
        "Add every feed of an OPML file",
        "feeds",
        upload=Upload("opml", "The OPML file"),
        max_bytes=lambda: opml.MAX_BYTES,
        answers={200: ImportOut},
        problems=(503,),
        admin=True,
    ),
)
def import_opml() -> ImportOut:
    """Each address with what became of it."""
    items = [ImportedFeed.model_validate(asdict(feed)) for feed in opml.take_in(opml.uploaded())]
    return ImportOut(items=items)


@operation(
    blueprint,
    Operation(
        "GET",
        "/opml",
        "Every feed as an OPML file",
        "feeds",
        answers={200: "text/x-opml"},
        admin=True,
    ),
)
def export_opml() -> Response:
    """For other podcast programs, or another Earmark."""
    return opml.download()
