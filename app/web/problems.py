"""Errors as RFC 9457 problem documents under the API, and as pages elsewhere."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from elastic_transport import ConnectionError as SearchUnreachable
from elastic_transport import TransportError
from elasticsearch import ApiError
from flask import Flask, Response, jsonify, render_template, request
from kombu.exceptions import OperationalError as BrokerUnreachable
from redis.exceptions import RedisError
from werkzeug.exceptions import HTTPException

from app.encoders.base import EncoderError
from app.search.cursors import CursorError
from app.search.hybrid import SearchUnavailable
from app.search.query import QueryError
from app.web import programs
from app.web.i18n import gettext as _
from app.web.i18n import lazy_gettext as _l

log = logging.getLogger(__name__)

# What a status is called on a page; a program reads HTTP's own words.
TITLES = {
    400: _l("That was not understood"),
    401: _l("Sign in first"),
    404: _l("Nothing here"),
    405: _l("That is not possible here"),
    413: _l("That is too large"),
    422: _l("That cannot be used"),
    429: _l("Too many tries"),
    500: _l("Something went wrong"),
    503: _l("A part is not running"),
    504: _l("That took too long"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One bad parameter."""

    name: str
    detail: str


class Problem(Exception):  # noqa: N818 - the RFC's own word
    """An answer that is an error, in words for the person who asked."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[Fault] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        """The problem document."""
        document: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = [{"name": e.name, "detail": e.detail} for e in self.errors]
        return document


def answer(problem: Problem) -> Response:
    """The problem as a document or a page, whichever was asked for."""
    if programs.asks():
        response = jsonify(problem.body())
        response.content_type = "application/problem+json"
    else:
        title = TITLES.get(problem.status, HTTPStatus(problem.status).phrase)
        page = render_template("error.html", problem=problem, title=title)
        response = Response(page, content_type="text/html; charset=utf-8")
    response.status_code = problem.status
    response.headers.update(problem.headers)
    return response


def _http(error: HTTPException) -> Response | HTTPException:
    if error.code is None or error.code < 400:
        return error
    headers = {k: v for k, v in error.get_headers() if k in ("Allow", "Retry-After")}
    return answer(Problem(error.code, _explain(error), headers=headers))


def _explain(error: HTTPException) -> str:
    if error.code == 404:
        return _("There is nothing at %(path)s.", path=request.path)
    if error.code == 405:
        return _("%(method)s is not possible here.", method=request.method)
    if error.code == 413:
        limit = round((request.max_content_length or 0) / 1e6)
        return _("The request is too large: at most %(limit)d MB are taken here.", limit=limit)
    return str(error.description)


def _unreachable(service: str) -> Any:
    def handle(error: Exception) -> Response:
        log.warning("%s could not be reached: %s", service, error)
        return answer(
            Problem(
                503,
                _(
                    "%(service)s could not be reached: try again soon; /readyz names what is down.",
                    service=service,
                ),
                headers={"Retry-After": "5"},
            )
        )

    return handle


def _search_refused(error: ApiError) -> Response:
    log.exception("Elasticsearch refused a request", exc_info=error)
    if error.status_code in (401, 403):
        detail = _("Elasticsearch refused Earmark's credentials: check ELASTICSEARCH_API_KEY.")
    elif error.status_code == 404:
        detail = _("The search index does not exist yet: it is made when the workers start.")
    else:
        detail = _("Elasticsearch could not carry out the request; the log has its answer.")
    return answer(Problem(503, detail, headers={"Retry-After": "5"}))


def _bad(name: str, error: Exception) -> Response:
    return answer(Problem(422, str(error), errors=[Fault(name, str(error))]))


def _unavailable(error: Exception) -> Response:
    if isinstance(error.__cause__, ApiError):
        return _search_refused(error.__cause__)
    if isinstance(error.__cause__, TransportError):
        return _unreachable("Elasticsearch")(error.__cause__)  # type: ignore[no-any-return]
    return answer(Problem(503, str(error), headers={"Retry-After": "5"}))


def _store_failed(error: OSError) -> Response:
    log.exception("The store failed in %s %s", request.method, request.path, exc_info=error)
    return answer(
        Problem(
            503,
            _(
                "Earmark could not read or write what it keeps (%(reason)s): check the disk and "
                "EARMARK_STORE_URL; /readyz tells when it works again.",
                reason=error.strerror or error,
            ),
        )
    )


def _unexpected(error: Exception) -> Response:
    log.exception("Unexpected error in %s %s", request.method, request.path, exc_info=error)
    detail = _("Something went wrong in Earmark itself; the log has the details.")
    return answer(Problem(500, detail))


def install(app: Flask) -> None:
    """Answer every error of the application in one of the two forms."""
    app.register_error_handler(Problem, answer)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(SearchUnreachable, _unreachable("Elasticsearch"))
    app.register_error_handler(TransportError, _unreachable("Elasticsearch"))
    app.register_error_handler(ApiError, _search_refused)
    app.register_error_handler(BrokerUnreachable, _unreachable("Redis"))
    app.register_error_handler(RedisError, _unreachable("Redis"))
    app.register_error_handler(CursorError, lambda e: _bad("cursor", e))
    app.register_error_handler(QueryError, lambda e: _bad(e.parameter, e))
    app.register_error_handler(SearchUnavailable, _unavailable)
    app.register_error_handler(EncoderError, lambda e: answer(Problem(503, str(e))))
    app.register_error_handler(OSError, _store_failed)
    app.register_error_handler(Exception, _unexpected)
