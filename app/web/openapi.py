"""The OpenAPI document, generated from the models that check the requests."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from app.web.api.operation import OPERATIONS, Operation, Upload
from app.web.models import ProblemOut
from app.web.params import Params

VERSION = "1"
REF = "#/components/schemas/{model}"
Schema = dict[str, Any]
Keyed = Mapping[Any, Schema]  # by model and mode


@lru_cache(maxsize=1)
def document() -> Schema:
    """OpenAPI 3.1 for every operation."""
    schemas, definitions = models_json_schema(list(_models()), ref_template=REF)
    paths: Schema = {}
    for operation in OPERATIONS:
        path = re.sub(r"<(\w+)>", r"{\1}", f"/api/v1{operation.path}")
        paths.setdefault(path, {})[operation.method.lower()] = _operation(
            operation, schemas, definitions
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Earmark",
            "version": VERSION,
            "description": "Search what podcasts say and sound like.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": definitions.get("$defs", {}),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _models() -> Iterable[tuple[type[BaseModel], JsonSchemaMode]]:
    yield ProblemOut, "serialization"
    for operation in OPERATIONS:
        for given in (operation.query, operation.body, operation.form):
            if given:
                yield given, "validation"
        for answer in operation.answers.values():
            if isinstance(answer, type):
                yield answer, "serialization"


def _operation(operation: Operation, schemas: Keyed, definitions: Schema) -> Schema:
    described: Schema = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": _path_parameters(operation.path),
        "responses": _responses(operation, schemas),
    }
    if operation.query:
        described["parameters"] += _query_parameters(operation.query, definitions)
    if operation.body:
        content = {"application/json": {"schema": schemas[operation.body, "validation"]}}
        described["requestBody"] = {"required": True, "content": content}
    if operation.upload:
        described["requestBody"] = _form(operation.form, operation.upload, definitions)
    if operation.admin:
        described["security"] = [{"token": []}]
    return described


def _path_parameters(path: str) -> list[Schema]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"<(\w+)>", path)
    ]


def _query_parameters(model: type[Params], definitions: Schema) -> list[Schema]:
    schema = definitions["$defs"][model.__name__]
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", []),
            "schema": inner,
            **({"description": inner["description"]} if "description" in inner else {}),
        }
        for name, inner in schema["properties"].items()
    ]


def _form(model: type[Params] | None, upload: Upload, definitions: Schema) -> Schema:
    fields = definitions["$defs"][model.__name__]["properties"] if model else {}
    part = {"type": "string", "format": "binary", "description": upload.description}
    schema = {
        "type": "object",
        "properties": {upload.name: part, **fields},
        "required": [upload.name],
    }
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}


def _responses(operation: Operation, schemas: Keyed) -> Schema:
    responses = {
        str(status): _answer(status, answer, schemas)
        for status, answer in operation.answers.items()
    }
    problem = {
        "description": "What went wrong (RFC 9457)",
        "content": {"application/problem+json": {"schema": schemas[ProblemOut, "serialization"]}},
    }
    return responses | {str(status): problem for status in _problems(operation)}


def _problems(operation: Operation) -> list[int]:
    takes_input = bool(operation.query or operation.body or operation.form or operation.upload)
    uploads = operation.body or operation.upload
    statuses = {*operation.problems, 503}
    statuses |= {422} if takes_input else set()
    statuses |= {413} if uploads else set()
    statuses |= {415} if operation.body else set()
    statuses |= {401} if operation.admin else set()
    return sorted(statuses)


def _answer(status: int, answer: type[BaseModel] | str | None, schemas: Keyed) -> Schema:
    described: Schema = {"description": HTTPStatus(status).phrase}
    if isinstance(answer, str):
        described["content"] = {answer: {"schema": {"type": "string"}}}
    elif answer:
        described["content"] = {"application/json": {"schema": schemas[answer, "serialization"]}}
    return described
