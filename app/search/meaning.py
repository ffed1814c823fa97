"""A query's text vector, by the model that the index's vectors come from and no other."""

import time
from functools import lru_cache

from elasticsearch import Elasticsearch

from app.encoders.base import TextEmbedder
from app.search.client import get_client
from app.search.index import ModelMismatch, stored_models
from app.search.schema import Model, Models
from app.settings import get_settings

RECHECK_S = 10.0  # how long a re-index under another model may go unseen


class Meaning:
    """Embeds queries; asks the index now and then which model its vectors come from."""

    def __init__(self, es: Elasticsearch, prefix: str, embedder: TextEmbedder) -> None:
        self._es = es
        self._prefix = prefix
        self._embedder = embedder
        self._checked_at = -RECHECK_S
        self._stored: Models = {}

    def of(self, text: str) -> list[float]:
        """The unit vector. Raises ModelMismatch or EncoderError."""
        self._check()
        return [float(value) for value in self._embedder.embed([text])[0]]

    def _check(self) -> None:
        if time.monotonic() - self._checked_at > RECHECK_S:
            self._stored = stored_models(self._es, self._prefix)
            self._checked_at = time.monotonic()
        chosen = Model(self._embedder.name, self._embedder.version, self._embedder.dims)
        stored = self._stored.get("text_vector")
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

    return Meaning(get_client(), get_settings().index_prefix, registry.text_embedder())
