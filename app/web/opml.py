"""OPML in and out."""

from collections.abc import Iterator

from flask import Response, request

from app.catalog import get_catalog
from app.domain import Feed
from app.opml import MAX_BYTES, OpmlError, read_opml, write
from app.web import feeds, reasons
from app.web.feeds import Imported
from app.web.i18n import gettext as _
from app.web.problems import Fault, Problem

__all__ = ["MAX_BYTES", "download", "every_feed", "take_in", "uploaded"]

FEEDS_MAX = 500


def uploaded() -> bytes:
    """The request's OPML: the part ``opml`` of a form, or the body itself."""
    file = request.files.get("opml")
    body = file.read() if file else request.get_data()
    if not body.strip():
        raise _fault(_("The file is missing: choose an OPML file."))
    return body


def take_in(body: bytes) -> list[Imported]:
    """Add each feed of the file. 422 where it is not OPML."""
    try:
        entries = read_opml(body)
    except OpmlError as error:
        raise _fault(reasons.told(str(error))) from error
    if len(entries) > FEEDS_MAX:
        raise _fault(
            _(
                "The file lists %(count)d feeds; at most %(most)d are taken at once.",
                count=len(entries),
                most=FEEDS_MAX,
            )
        )
    good = iter(feeds.add_all([entry.url for entry in entries if not entry.error]))
    return [Imported(e.url, error=e.error) if e.error else next(good) for e in entries]


def download() -> Response:
    """Every feed, as a file to save."""
    response = Response(write(every_feed()), content_type="text/x-opml; charset=utf-8")
    response.headers["Content-Disposition"] = "attachment; filename=earmark.opml"
    return response


def every_feed() -> Iterator[Feed]:
    """All feeds."""
    cursor = None
    while True:
        page = get_catalog().feeds(100, cursor)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return


def _fault(detail: str) -> Problem:
    message = detail if detail[:1].isupper() else _("The file %(fault)s.", fault=detail)
    return Problem(422, message, errors=[Fault("opml", detail)])
