"""A query's vectors, by the models that the index's come from and no others."""

import time
from functools import lru_cache

from elasticsearch import Elasticsearch

from app.encoders.base import EncoderError, Floats, Likeness, Reader, TextEmbedder
from app.search.client import get_client
from app.search.index import ModelMismatch, stored_models
from app.search.schema import FIELDS, Model, Models
from app.search.spoken import said
from app.settings import get_settings

RECHECK_S = 10.0  # how long a re-index under another model may go unseen


class Meaning:
    """Embeds queries; asks the index now and then which models its vectors come from."""

    def __init__(
        self, es: Elasticsearch, prefix: str, embedder: TextEmbedder, reader: Reader
    ) -> None:
        self._es = es
        self._prefix = prefix
        self._embedder = embedder
        self._reader = reader
        self._checked_at = -RECHECK_S
        self._stored: Models = {}

    def of(self, text: str) -> list[float]:
        """The unit vector. Raises ModelMismatch or EncoderError."""
        self._check("text", self._embedder)
        return [float(value) for value in self._embedder.ask(text)]

    def tokens(self, text: str) -> Floats:
        """The unit vectors of its tokens, ``(tokens, dims)``. Raises as ``of`` does."""
        self._check("reader", self._reader)
        return self._reader.ask(said(text))

    def _check(self, role: str, engine: TextEmbedder | Reader) -> None:
        if time.monotonic() - self._checked_at > RECHECK_S:
            self._stored = stored_models(self._es, self._prefix)
            self._checked_at = time.monotonic()
        chosen = Model(engine.name, engine.version, engine.dims)
        stored = self._stored.get(FIELDS[role])
        if stored != chosen:
            raise ModelMismatch(
                f"The index holds vectors of {stored.name if stored else 'no model'}, and this "
                f"process embeds with {chosen.name} {chosen.version}: restart it with the "
                "index's model, or run `earmark reindex`."
            )


@lru_cache(maxsize=1)
def get_meaning() -> Meaning:
    """The configured embedder over the configured index. Raises EncoderError."""
    from app.encoders import registry  # noqa: PLC0415 - the engines' libraries load slowly

    return Meaning(
        get_client(), get_settings().index_prefix, registry.text_embedder(), registry.reader()
    )


def get_likeness() -> Likeness:
    """What the configured embedder's cosines mean.

    Of one that is not there nothing is asked; the leg itself says why.
    """
    from app.encoders import registry  # noqa: PLC0415 - the engines' libraries load slowly

    try:
        return registry.text_embedder().likeness
    except EncoderError:
        return Likeness()
