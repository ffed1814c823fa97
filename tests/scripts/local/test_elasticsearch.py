"""The node that set-up brings: what the mappings and the client expect of a stock one."""

import pytest
from elasticsearch import AuthenticationException, Elasticsearch, NotFoundError


def test_the_official_client_knows_it(es: Elasticsearch) -> None:
    assert es.info()["version"]["number"].startswith("9.")


def test_it_lets_nobody_in_without_a_password(settings) -> None:
    with (
        Elasticsearch(settings.elasticsearch_url) as stranger,
        pytest.raises(AuthenticationException),
    ):
        stranger.info()


def test_writing_to_an_unknown_index_is_an_error(es: Elasticsearch, settings) -> None:
    with pytest.raises(NotFoundError):
        es.index(index=f"{settings.index_prefix}-unknown", document={"a": 1})
