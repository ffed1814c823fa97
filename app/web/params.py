"""Reading a request into a typed model, naming every bad parameter."""

import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar, get_origin

from flask import request
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails
from werkzeug.datastructures import MultiDict

from app.web.problems import Fault, Problem


class Params(BaseModel):
    """A set of parameters; anything else is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


P = TypeVar("P", bound=Params)

_PLAIN = {
    "int_parsing": "must be a whole number",
    "float_parsing": "must be a number",
    "bool_parsing": "must be true or false",
    "missing": "is missing",
}


def from_values(model: type[P], values: MultiDict[str, str]) -> P:
    """The model from a query string or form; an empty value counts as absent."""
    names = _names(model)
    given: dict[str, Any] = {}
    faults = []
    for name, several in values.lists():
        filled = [value for value in several if value.strip()]
        if name in names and not _is_list(model, name) and len(filled) > 1:
            faults.append(Fault(name, "is given more than once"))
        if filled or name not in names:
            given[name] = filled if _is_list(model, name) else (filled or several)[0]
    return _validate(model, given, faults)


def from_json(model: type[P]) -> P:
    """The model from the request's JSON object."""
    if not request.is_json:
        raise Problem(415, "Send a JSON object, with Content-Type: application/json.")
    try:
        body = json.loads(request.get_data())
    except ValueError as error:
        raise Problem(422, f"The body is not JSON: {error}.") from error
    except RecursionError as error:
        raise Problem(422, "The body's JSON is nested too deeply.") from error
    if not isinstance(body, dict):
        raise Problem(422, "The body must be a JSON object.")
    return _validate(model, body, [])


def _validate(model: type[P], given: Mapping[str, Any], faults: Sequence[Fault]) -> P:
    try:
        parsed = model.model_validate(given)
    except ValidationError as error:
        faults = [*faults, *(_fault(model, e) for e in error.errors(include_url=False))]
    if faults:
        raise Problem(422, _sentence(faults), errors=faults)
    return parsed


def _sentence(faults: Sequence[Fault]) -> str:
    return "; ".join(f"{fault.name} {fault.detail}" for fault in faults) + "."


def _fault(model: type[Params], error: ErrorDetails) -> Fault:
    name = str(error["loc"][0]) if error["loc"] else "parameters"
    if error["type"] == "extra_forbidden":
        return Fault(name, _unknown(model, name))
    if error["type"] in _PLAIN:
        return Fault(name, _PLAIN[error["type"]])
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return Fault(name, message[:1].lower() + message[1:])


def _unknown(model: type[Params], name: str) -> str:
    near = get_close_matches(name, _names(model), n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(_names(model))}"
    return f"is not a parameter here{hint}"


def _names(model: type[Params]) -> list[str]:
    return list(model.model_fields)


def _is_list(model: type[Params], name: str) -> bool:
    field = model.model_fields.get(name)
    return field is not None and get_origin(field.annotation) in (list, tuple)
