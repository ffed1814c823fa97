"""The one Elasticsearch client of a process."""

from functools import lru_cache

from elasticsearch import Elasticsearch
from elasticsearch.serializer import OrjsonSerializer

from app.settings import Settings, get_settings

TIMEOUT_S = 30.0


def connect(settings: Settings) -> Elasticsearch:
    """A client of the cluster that the settings name; opens no connection until it is used."""
    basic_auth = None
    if settings.elasticsearch_username and settings.elasticsearch_password:
        password = settings.elasticsearch_password.get_secret_value()
        basic_auth = (settings.elasticsearch_username, password)
    key = settings.elasticsearch_api_key
    return Elasticsearch(
        settings.elasticsearch_url,
        api_key=key.get_secret_value() if key else None,
        basic_auth=None if key else basic_auth,
        serializers={"application/vnd.elasticsearch+json": OrjsonSerializer()},  # its answers'
        request_timeout=TIMEOUT_S,
        retry_on_timeout=True,
        retry_on_status=(429, 502, 503, 504),
        max_retries=3,
    )


@lru_cache(maxsize=1)
def get_client() -> Elasticsearch:
    """The process's client, from its settings."""
    return connect(get_settings())
