"""One decorator that makes a function an operation of the API, and describes it.

What it validates is what ``/openapi.json`` says, because both come from the same models.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Blueprint, Response, jsonify, request
from pydantic import BaseModel

from app.web import auth
from app.web.params import Params, from_json, from_values

JSON_MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Upload:
    """A file part of a multipart form."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """What the document says of one method on one path."""

    method: str
    path: str  # in Flask's notation, below the API's root
    summary: str
    tag: str
    query: type[Params] | None = None
    body: type[Params] | None = None
    form: type[Params] | None = None
    upload: Upload | None = None
    max_bytes: Callable[[], int] = lambda: JSON_MAX_BYTES
    # A model, a media type, or None where there is no body, by status.
    answers: Mapping[int, type[BaseModel] | str | None] = field(default_factory=dict)
    problems: tuple[int, ...] = ()
    admin: bool = False
    name: str = ""


OPERATIONS: list[Operation] = []
Answer = Any  # a model, or (model or None, status), or a whole Response


def operation(blueprint: Blueprint, wanted: Operation) -> Callable[[Callable[..., Answer]], Any]:
    """Route requests to the function, with its models already read and checked."""

    def register(function: Callable[..., Answer]) -> Callable[..., Response]:
        def view(**path: str) -> Response:
            if wanted.admin:
                auth.require_token()
            return _respond(function(*_inputs(wanted), **path))

        name = function.__name__
        OPERATIONS.append(replace(wanted, name=name))
        blueprint.add_url_rule(wanted.path, name, view, methods=[wanted.method])
        return view

    return register


def _inputs(wanted: Operation) -> list[Params]:
    request.max_content_length = wanted.max_bytes()
    inputs = [from_values(wanted.query or Params, request.args)]
    if wanted.query is None:
        inputs.clear()
    if wanted.body:
        inputs.append(from_json(wanted.body))
    if wanted.form:
        inputs.append(from_values(wanted.form, request.form))
    return inputs


def _respond(answer: Answer) -> Response:
    if isinstance(answer, Response):
        return answer
    model, status = answer if isinstance(answer, tuple) else (answer, 200)
    if model is None:
        return Response(status=status)
    response = jsonify(model.model_dump(mode="json"))
    response.status_code = status
    return response
