"""The index definitions: ``mappings/*.json`` with the chosen engines filled in."""

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any, NamedTuple

from app.search.index_options import IndexOptions

KINDS = ("feeds", "episodes", "segments", "recordings")
# What sound is embedded by, each engine in a field of its own, which is its role too.
SOUND_FIELDS = ("audio_whisper", "audio_classes", "audio_clap", "audio_wav2vec2", "voice")
# By the role of the engine.
FIELDS = {"text": "text_vector", "reader": "reading"} | {field: field for field in SOUND_FIELDS}


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


def vector_fields() -> set[str]:
    """The fields of a segment that hold a vector."""
    fields = definition("segments")["mappings"]["properties"]
    return {name for name, field in fields.items() if is_vector(field)}


def with_options(body: dict[str, Any], options: Mapping[str, IndexOptions]) -> dict[str, Any]:
    """The definition with these fields indexed as the options say."""
    mappings = body["mappings"]
    chosen = {
        name: {**mappings["properties"][name], "index_options": field.as_mapping()}
        for name, field in options.items()
    }
    properties = {**mappings["properties"], **chosen}
    return {**body, "mappings": {**mappings, "properties": properties}}


def with_models(body: dict[str, Any], models: Models) -> dict[str, Any]:
    """The definition with each vector field's dimensions, and with ``_meta`` naming its model.

    A vector field without a model is left out: it can be added once there is one.
    """
    mappings = body["mappings"]
    properties = {
        name: {**field, "dims": models[name].dims} if is_vector(field) else field
        for name, field in mappings["properties"].items()
        if name in models or not is_vector(field)
    }
    meta = {"models": {name: model._asdict() for name, model in models.items()}}
    return {**body, "mappings": {**mappings, "_meta": meta, "properties": properties}}


def is_vector(field: Mapping[str, Any]) -> bool:
    """Whether a field of a mapping holds a vector."""
    return field.get("type") == "dense_vector"


def models_in(mappings: dict[str, Any]) -> Models:
    """The models that an index's mappings name."""
    named = mappings.get("_meta", {}).get("models", {})
    return {field: Model(**model) for field, model in named.items()}
