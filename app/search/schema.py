"""The index definitions: ``mappings/*.json`` with the chosen engines filled in."""

import json
from functools import lru_cache
from importlib import resources
from typing import Any, NamedTuple

KINDS = ("feeds", "episodes", "segments", "recordings")


class Model(NamedTuple):
    """What a vector field's vectors were made by."""

    name: str
    version: str
    dims: int


Models = dict[str, Model]  # by vector field


@lru_cache(maxsize=len(KINDS))
def _read(kind: str) -> str:
    return resources.files("mappings").joinpath(f"{kind}.json").read_text("utf-8")


def definition(kind: str) -> dict[str, Any]:
    """An index's settings and mappings as the file has them; the caller may change its copy."""
    body: dict[str, Any] = json.loads(_read(kind))
    return body


def with_models(body: dict[str, Any], models: Models) -> dict[str, Any]:
    """The definition with each vector field's dimensions, and with ``_meta`` naming its model."""
    mappings = body["mappings"]
    fields = {
        name: {**mappings["properties"][name], "dims": model.dims} for name, model in models.items()
    }
    meta = {"models": {name: model._asdict() for name, model in models.items()}}
    properties = {**mappings["properties"], **fields}
    return {**body, "mappings": {**mappings, "_meta": meta, "properties": properties}}


def models_in(mappings: dict[str, Any]) -> Models:
    """The models that an index's mappings name."""
    named = mappings.get("_meta", {}).get("models", {})
    return {field: Model(**model) for field, model in named.items()}
