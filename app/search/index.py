"""The indices: made, checked against the chosen models, written to.

Each is reached through an alias (``earmark-segments``) over a versioned index
(``earmark-segments-000001``), so that a re-index builds beside and swaps.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from elasticsearch import BadRequestError, Elasticsearch, NotFoundError
from numpy.typing import NDArray

from app.domain import Episode, Feed, Segment
from app.encoders.base import EncoderError, Tokens
from app.search import bulk
from app.search.client import get_client
from app.search.documents import Vector, segment_document
from app.search.index_options import told
from app.search.schema import (
    FIELDS,
    KINDS,
    Model,
    Models,
    definition,
    is_vector,
    models_in,
    with_models,
    with_options,
)
from app.settings import get_settings

if TYPE_CHECKING:
    from app.encoders.registry import Description

Vectors = NDArray[np.float32]  # one row a segment; a row of NaN is a segment without one
FieldRows = Vectors | Sequence[Tokens]  # of a reading, a segment without one has no tokens
FieldVectors = Mapping[str, FieldRows]  # by field


class IndexMismatch(Exception):  # noqa: N818 - says what is the matter
    """An index that this version or these models cannot go on with; says what to do."""


class ModelMismatch(IndexMismatch):
    """Vectors in the index come from another model than the chosen one."""


def chosen_models() -> Models:
    """The engines that the settings choose, by vector field; loads no weights.

    Raises EncoderError where an engine cannot tell its dimensions without its weights.
    """
    from app.encoders import registry  # noqa: PLC0415 - the engines' libraries load slowly

    roles = registry.describe()
    return {FIELDS[role]: _model(engine) for role, engine in roles.items() if role in FIELDS}


def _model(engine: "Description") -> Model:
    if engine.dims is None:
        raise EncoderError(engine.reason)
    return Model(engine.name, engine.version, engine.dims)


def alias(prefix: str, kind: str) -> str:
    """The name that reads and writes go through."""
    return f"{prefix}-{kind}"


def version_name(prefix: str, kind: str, number: int) -> str:
    """The name of one version of an index."""
    return f"{alias(prefix, kind)}-{number:06d}"


def behind(es: Elasticsearch, name: str) -> str | None:
    """The versioned index behind an alias, or None where there is none yet."""
    try:
        return str(next(iter(es.indices.get_alias(name=name).body)))
    except NotFoundError:
        return None


def create(es: Elasticsearch, prefix: str, kind: str, number: int, models: Models) -> str:
    """Create a version of an index without its alias, and return its name."""
    body = _definition(kind, models)
    name = version_name(prefix, kind, number)
    es.indices.create(index=name, settings=body["settings"], mappings=body["mappings"])
    return name


def _definition(kind: str, models: Models) -> dict[str, dict[str, Any]]:
    body = definition(kind)
    if kind != "segments":
        return body
    return with_models(with_options(body, get_settings().index_options), models)


def make_indices(es: Elasticsearch, prefix: str, models: Models) -> None:
    """Make what is missing and check what is there; a vector field that is new is added.

    Raises ModelMismatch where the vectors were made by another model, and IndexMismatch
    where a field cannot become what this version needs.
    """
    create_missing(es, prefix, models)
    check_models(es, prefix, models)
    models = stored_models(es, prefix) | models  # a field that is no longer chosen keeps its own
    for kind in KINDS:
        body = _definition(kind, models)
        if kind == "segments":
            body = _options_kept(body, _segment_mappings(es, prefix))
        _bring_up_to_date(es, alias(prefix, kind), body)


def _options_kept(body: dict[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """The definition with the index options of the fields that are there already.

    Elasticsearch would take some changes, for what is written from then on alone.
    """
    mappings, there = body["mappings"], _options_in(stored)
    properties = {
        name: {**field, "index_options": there[name]} if name in there else field
        for name, field in mappings["properties"].items()
    }
    return {**body, "mappings": {**mappings, "properties": properties}}


def _options_in(mappings: Mapping[str, Any]) -> dict[str, Any]:
    """The index options of each vector field of a mapping that names them."""
    fields = mappings.get("properties", {}).items()
    return {
        name: field["index_options"]
        for name, field in fields
        if is_vector(field) and "index_options" in field
    }


def create_missing(es: Elasticsearch, prefix: str, models: Models) -> None:
    """Make the first version of each index that has none."""
    for kind in KINDS:
        if behind(es, alias(prefix, kind)) is None:
            _create_first(es, prefix, kind, models)


def _create_first(es: Elasticsearch, prefix: str, kind: str, models: Models) -> None:
    body = _definition(kind, models)
    try:
        es.indices.create(
            index=version_name(prefix, kind, 1),
            settings=body["settings"],
            mappings=body["mappings"],
            aliases={alias(prefix, kind): {"is_write_index": True}},
        )
    except BadRequestError as error:
        # Another process may have been first.
        if error.error != "resource_already_exists_exception":
            raise


def _bring_up_to_date(es: Elasticsearch, name: str, body: dict[str, dict[str, Any]]) -> None:
    """Add fields that are new in this version; a field never changes its type.

    What the source leaves out can only be told a new index: an older one keeps more.
    """
    mappings = {part: value for part, value in body["mappings"].items() if part != "_source"}
    try:
        es.indices.put_mapping(index=name, **mappings)
    except BadRequestError as error:
        raise IndexMismatch(
            f"The index {name} was made by another version of Earmark: {error.body}. "
            "Run `earmark reindex` to rebuild it."
        ) from error


def stored_models(es: Elasticsearch, prefix: str) -> Models:
    """The models that the segments' vectors come from."""
    return models_in(_segment_mappings(es, prefix))


def _segment_mappings(es: Elasticsearch, prefix: str) -> dict[str, Any]:
    (index,) = es.indices.get_mapping(index=alias(prefix, "segments")).body.values()
    mappings: dict[str, Any] = index["mappings"]
    return mappings


def check_models(es: Elasticsearch, prefix: str, models: Models) -> None:
    """Raise ModelMismatch unless the index's vectors come from these very models.

    A field that the index does not have yet holds no vectors of another one.
    """
    mappings = _segment_mappings(es, prefix)
    stored, there = models_in(mappings), mappings.get("properties", {})
    wrong = [field for field in models if field in there and stored.get(field) != models[field]]
    if wrong:
        raise ModelMismatch(
            f"The vectors in {alias(prefix, 'segments')} were made by "
            f"{', '.join(_describe(stored.get(field)) for field in wrong)}; the settings choose "
            f"{', '.join(_describe(models[field]) for field in wrong)}. Vectors of two models "
            "cannot be compared: run `earmark reindex` to make them anew (no audio is "
            "transcribed again), or set the former model."
        )


def other_options(es: Elasticsearch, prefix: str) -> str | None:
    """Which vector fields are indexed otherwise than the settings say, or None.

    Searches go on in the former way; nothing is lost but what the choice was for.
    """
    mappings = _segment_mappings(es, prefix)
    stored = _options_in(mappings)
    chosen = _options_in(_definition("segments", models_in(mappings))["mappings"])
    unlike = [
        f"{field} is indexed as {told(stored[field])}, the settings say {told(chosen[field])}"
        for field in chosen
        if field in stored and told(stored[field]) != told(chosen[field])
    ]
    return f"{'; '.join(unlike)}: run `earmark reindex` to change it." if unlike else None


def _describe(model: Model | None) -> str:
    return f"{model.name} {model.version} ({model.dims} dimensions)" if model else "no known model"


class EpisodeIndex:
    """An index of one kind, written an episode at a time: through its alias, or one version."""

    kind: str

    def __init__(self, es: Elasticsearch, prefix: str, index: str | None = None) -> None:
        self._es = es
        self.name = index or alias(prefix, self.kind)
        self._through_alias = index is None

    def replace(self, episode_id: str, documents: Sequence[dict[str, Any]]) -> int:
        """Make these the episode's documents, and return how many they are.

        On return a search finds the new ones, and only then were the old ones removed.
        Raises IndexingError.
        """
        bulk.run_bulk(
            self._es,
            [bulk.index_action(self.name, one) for one in documents],
            through_alias=self._through_alias,
        )
        self.refresh()
        self._remove_all_but({document["id"] for document in documents}, episode_id)
        return len(documents)

    def remove(self, episode_id: str) -> int:
        """Remove an episode's documents; on return no search finds them."""
        return self._remove_all_but(set(), episode_id)

    def ids(self, episode_id: str) -> list[str]:
        """The ids of an episode's documents that a search can find."""
        query = {"term": {"episode_id": episode_id}}
        return [hit["_id"] for hit in bulk.every_hit(self._es, self.name, query, source=False)]

    def refresh(self) -> None:
        """Make what was written visible to searches."""
        self._es.indices.refresh(index=self.name)

    def _remove_all_but(self, kept: set[str], episode_id: str) -> int:
        self.refresh()
        stale = [found for found in self.ids(episode_id) if found not in kept]
        if not stale:
            return 0
        bulk.run_bulk(
            self._es,
            [bulk.delete_action(self.name, one) for one in stale],
            through_alias=self._through_alias,
        )
        self.refresh()
        return len(stale)


class SegmentIndex(EpisodeIndex):
    """Writes segments."""

    kind = "segments"

    def write(
        self,
        feed: Feed,
        episode: Episode,
        segments: Sequence[Segment],
        vectors: FieldVectors,
    ) -> int:
        """Make these the episode's segments; see EpisodeIndex.replace."""
        documents = [
            segment_document(feed, episode, segment, _vectors_of(vectors, number))
            for number, segment in enumerate(segments)
        ]
        return self.replace(episode.id, documents)


def _vectors_of(vectors: FieldVectors, number: int) -> dict[str, Vector]:
    """A segment's own vectors, where it has any."""
    rows = {field: rows[number] for field, rows in vectors.items()}
    return {field: row for field, row in rows.items() if np.isfinite(row).all()}


def ensure_indices() -> None:
    """Make the configured indices, or check them against the chosen engines.

    Raises IndexMismatch (ModelMismatch for vectors) with what to do.
    """
    make_indices(get_client(), get_settings().index_prefix, chosen_models())


def _segment_index() -> SegmentIndex:
    return SegmentIndex(get_client(), get_settings().index_prefix)


def write_segments(
    feed: Feed,
    episode: Episode,
    segments: Sequence[Segment],
    vectors: FieldVectors,
) -> int:
    """Make these the episode's segments in the configured index; see SegmentIndex.write."""
    return _segment_index().write(feed, episode, segments, vectors)


def remove_segments(episode_id: str) -> int:
    """Remove an episode's segments from the configured index."""
    return _segment_index().remove(episode_id)
