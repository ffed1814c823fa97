"""How each vector field is indexed: Elasticsearch's own ``index_options``, checked at start."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

# What Elasticsearch takes where the options do not say.
M = 16
EF_CONSTRUCTION = 100
OVERSAMPLE = {"bbq_hnsw": 3.0, "bbq_flat": 3.0}

_EXACT = frozenset({"hnsw", "flat"})  # hold whole vectors: there is nothing to score again


class Rescore(BaseModel):
    """How many times as many neighbours are scored again by their whole vectors; 0 for none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    oversample: float = Field(le=10)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.oversample != 0 and self.oversample < 1:
            raise ValueError("oversample is 0, or 1 to 10")
        return self


class IndexOptions(BaseModel):
    """A field's choice. ``hnsw`` is a graph, ``flat`` compares with every vector.

    A prefix says how vectors are kept for searching: in bytes (``int8``), half bytes
    (``int4``) or bits (``bbq``); whole ones stay on disk.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal[
        "hnsw", "int8_hnsw", "int4_hnsw", "bbq_hnsw", "flat", "int8_flat", "int4_flat", "bbq_flat"
    ]
    m: int | None = Field(None, ge=2, le=512)
    ef_construction: int | None = Field(None, ge=2, le=3200)
    rescore_vector: Rescore | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not _is_graph(self.type) and (self.m or self.ef_construction):
            raise ValueError(f"m and ef_construction shape a graph, and {self.type} has none")
        if self.type in _EXACT and self.rescore_vector:
            raise ValueError(f"{self.type} holds whole vectors: rescore_vector has no use")
        return self

    def as_mapping(self) -> dict[str, Any]:
        """What the mapping of a field says, in full."""
        given = self.model_dump(exclude_none=True)
        graph = {"m": M, "ef_construction": EF_CONSTRUCTION} if _is_graph(self.type) else {}
        return graph | given


def _is_graph(kind: str) -> bool:
    return kind.endswith("hnsw")


def told(options: Mapping[str, Any]) -> str:
    """A field's options as a person reads them; the same text means the same options.

    What Elasticsearch adds of its own accord is left out.
    """
    kind = str(options["type"])
    parts = []
    if _is_graph(kind):
        m, ef = options.get("m", M), options.get("ef_construction", EF_CONSTRUCTION)
        parts += [f"m {m}", f"ef_construction {ef}"]
    if kind not in _EXACT:
        default = {"oversample": OVERSAMPLE.get(kind, 0)}
        oversample = options.get("rescore_vector", default)["oversample"]
        parts += [f"oversample {oversample:g}"] if oversample else []
    return f"{kind} ({', '.join(parts)})" if parts else kind
