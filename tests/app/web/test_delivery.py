"""How answers travel: small, and kept by browsers as long as they may."""

import gzip
import re

import pytest
from flask.testing import FlaskClient

from app.web import create_app, delivery


@pytest.fixture
def client() -> FlaskClient:
    return create_app().test_client()


@pytest.mark.parametrize("algorithm", ["br", "gzip"])
def test_a_page_is_compressed_for_those_who_can_read_it(
    client: FlaskClient, algorithm: str
) -> None:
    answer = client.get("/nowhere", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in answer.headers
    api = client.get("/openapi.json", headers={"Accept-Encoding": algorithm})
    assert api.headers["Content-Encoding"] == algorithm
    assert "Accept-Encoding" in api.headers["Vary"]
    if algorithm == "gzip":
        assert gzip.decompress(api.data).startswith(b"{")


def test_our_own_files_are_kept_for_good_and_change_address_with_their_content(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    page = client.get("/nowhere").text
    (address,) = re.findall(r'href="(/static/[^"]+\.css)"', page)
    answer = client.get(address, headers={"Accept-Encoding": "br"})
    assert answer.status_code == 200
    assert answer.headers["Content-Encoding"] == "br"
    assert answer.cache_control.max_age == delivery.YEAR_S
    before = delivery.static_address()
    (tmp_path / "earmark.css").write_text("another")
    monkeypatch.setattr(delivery, "STATIC", tmp_path)
    assert delivery.static_address() != before
