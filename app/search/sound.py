"""What is listened for, in a clip or by name: in which field, and what a score there means."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from elasticsearch import Elasticsearch

from app.encoders.audioset import called, heard_in
from app.encoders.base import AudioEmbedder, EncoderError, SoundFinder
from app.search.clauses import Body, one_of
from app.search.client import get_client
from app.search.fuse import Scale
from app.search.index import ModelMismatch, alias, chosen_models, stored_models
from app.search.result import Degraded
from app.search.schema import Model, Models
from app.settings import get_settings

# Of the fields that are there the first is asked (docs/decisions/015).
CLIP_ORDER = ("audio_classes", "audio_clap", "audio_whisper", "audio_wav2vec2")
NAME_ORDER = ("audio_clap", "audio_classes")

# A clip's neighbours below the floor are not asked for. Of the development sounds, 98 of 100
# pairs of one class lie above .51 by their classes, and nine in ten pairs of two below .42; by
# Whisper's states nine in ten pairs of two lie below .43.
_CLIP_SCALES = {"audio_classes": Scale(floor=0.2, top=1.0, alone=0.4)}
_CLIP_SCALE = Scale(floor=0.4, top=1.0, alone=0.4)
# By name, 98 of 100 sounds that were asked for lie above .05, and 95 of 100 passages of speech and
# music below .04.
_NAME_SCALES = {"audio_classes": Scale(floor=0.02, top=1.0, alone=0.05)}
_NAME_SCALE = Scale(floor=0.1, top=1.0, alone=0.25)

NO_FINDER = "None of this installation's engines finds a sound by its name."
MOST_SOUNDS = 3  # names that are looked for at once

RECHECK_S = 10.0  # how long a re-index under another model may go unseen


class NoSuchSound(Exception):  # noqa: N818 - says what is the matter
    """A name that is near no sound that the engine knows."""


@dataclass(frozen=True, slots=True)
class Sound:
    """What is listened for in a field; every one of the unit vectors has to be near.

    ``names`` say it in the engine's own words, where it has any.
    """

    field: str
    vectors: Sequence[Sequence[float]]
    scale: Scale
    names: Sequence[str] = ()


def clip_scale(field: str) -> Scale:
    """What a clip's cosines in this field mean."""
    return _CLIP_SCALES.get(field, _CLIP_SCALE)


def of_clip(vectors: Mapping[str, Sequence[float]]) -> Sound:
    """What a clip's vectors by field listen for; at least one. The best field is asked."""
    field = min(vectors, key=CLIP_ORDER.index)
    vector = vectors[field]
    names = heard_in(np.array(vector, np.float32)) if field == "audio_classes" else []
    return Sound(field, [vector], clip_scale(field), names)


class SoundsByName:
    """Turns names into what to listen for, by an engine whose vectors the index holds."""

    def __init__(self, es: Elasticsearch, prefix: str, embedders: Mapping[str, Any]) -> None:
        self._es, self._prefix = es, prefix
        able = [field for field in NAME_ORDER if hasattr(embedders.get(field), "ask")]
        self._finders: dict[str, Any] = {field: embedders[field] for field in able}
        self._checked_at = -RECHECK_S
        self._stored: Models = {}

    def of(self, names: Sequence[str]) -> Sound:
        """Raises NoSuchSound, and EncoderError or ModelMismatch where no engine can be asked."""
        field, finder = self._finder()
        vectors = [self._vector(finder, name) for name in names]
        scale = _NAME_SCALES.get(field, _NAME_SCALE)
        known = [called(vector) for vector in vectors] if field == "audio_classes" else []
        told = list(dict.fromkeys(name for one in known for name in one))
        return Sound(field, [vector.tolist() for vector in vectors], scale, told)

    def _finder(self) -> tuple[str, Any]:
        """The first engine that made the index's vectors in its field."""
        if not self._finders:
            raise EncoderError(NO_FINDER)
        if time.monotonic() - self._checked_at > RECHECK_S:
            self._stored = stored_models(self._es, self._prefix)
            self._checked_at = time.monotonic()
        for field, engine in self._finders.items():
            if self._stored.get(field) == Model(engine.name, engine.version, engine.dims):
                return field, engine
        chosen = ", ".join(engine.name for engine in self._finders.values())
        raise ModelMismatch(f"The index holds no vectors by {chosen}: run `earmark reindex`.")

    @staticmethod
    def _vector(finder: SoundFinder, name: str) -> Any:
        vector = finder.ask(name)
        if vector is None:
            raise NoSuchSound(f"No sound that is known here is near “{name}”.")
        return vector


@lru_cache(maxsize=1)
def get_sounds() -> SoundsByName:
    """The configured engines over the configured index. Raises EncoderError."""
    from app.encoders import registry  # noqa: PLC0415 - the engines' libraries load slowly

    embedders: Mapping[str, AudioEmbedder] = registry.audio_embedders()
    return SoundsByName(get_client(), get_settings().index_prefix, embedders)


def check_clip(es: Elasticsearch, prefix: str, field: str) -> None:
    """Raise ModelMismatch where the field's vectors are not by the engine that hears clips.

    Asked at each clip, which costs a hundred times as much to hear: a re-index under another
    engine is seen at once. Raises ApiError or TransportError.
    """
    chosen, stored = chosen_models().get(field), stored_models(es, prefix).get(field)
    if chosen is None or stored != chosen:
        raise ModelMismatch(
            f"The index holds vectors of {stored.name if stored else 'no model'} in {field}, and "
            f"clips are heard by {chosen.name if chosen else 'no engine'}: run `earmark reindex "
            f"--only {field}`."
        )


def lacking(es: Elasticsearch, prefix: str, field: str) -> list[Degraded]:
    """Said where passages have another engine's vectors of their sound and none of this field's.

    Raises ApiError or TransportError.
    """
    others = [{"exists": {"field": other}} for other in CLIP_ORDER if other != field]
    without: Body = {"must_not": [{"exists": {"field": field}}], "filter": [one_of(others)]}
    count = es.count(index=alias(prefix, "segments"), query={"bool": without})["count"]
    if not count:
        return []
    reason = (
        f"{count} passages were indexed without {field} and are not found by it: run `earmark "
        "reindex`, which says what has to be processed again."
    )
    return [Degraded("sound", reason)]
