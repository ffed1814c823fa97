"""Signing in: the token, a password of the admin's choosing, and what is refused."""

import re
from collections.abc import Iterator

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from redis import Redis

from app.cli import main
from app.settings import get_settings
from app.store import get_store
from app.web import password

CHOSEN = " correct horse battery staple "
ADMIN = {"Authorization": "Bearer test-token"}


@pytest.fixture(autouse=True)
def as_new(redis: Redis) -> Iterator[None]:
    yield
    redis.delete("earmark:sign-in:127.0.0.1")
    get_store().remove(password.NAME)


def sign_in(client: FlaskClient, given: str) -> int:
    form = client.get("/admin/sign-in").text
    csrf = re.search(r'name="csrf" value="([^"]+)"', form)
    assert csrf
    return client.post("/admin/sign-in", data={"csrf": csrf[1], "token": given}).status_code


def choose(client: FlaskClient, chosen: str) -> int:
    body = {"password": chosen}
    return client.put("/api/v1/admin/password", json=body, headers=ADMIN).status_code


@pytest.mark.parametrize("given", [CHOSEN, "test-token"])
def test_the_password_and_the_token_sign_in(client: FlaskClient, given: str) -> None:
    assert choose(client, CHOSEN) == 204
    assert sign_in(client, given) == 302
    assert client.get("/admin").status_code == 200


@pytest.mark.parametrize("given", ["", "wrong", CHOSEN.strip()])
def test_anything_else_does_not(client: FlaskClient, given: str) -> None:
    choose(client, CHOSEN)
    assert sign_in(client, given) == 401
    assert client.get("/admin").status_code == 302


def test_only_an_argon2id_hash_is_kept(client: FlaskClient) -> None:
    choose(client, CHOSEN)
    kept = get_store().get_json(password.NAME)
    assert kept["hash"].startswith("$argon2id$")
    assert CHOSEN.strip() not in str(kept)


def test_another_password_ends_sessions(client: FlaskClient) -> None:
    sign_in(client, "test-token")
    choose(client, CHOSEN)
    assert client.get("/admin").status_code == 302


def test_a_short_password_is_refused(client: FlaskClient) -> None:
    assert choose(client, "too short") == 422


def test_a_form_without_its_token_is_refused(client: FlaskClient) -> None:
    assert client.post("/admin/sign-in", data={"token": "test-token"}).status_code == 400


def test_tries_are_limited_even_for_who_knows_the_token(client: FlaskClient) -> None:
    assert [sign_in(client, "wrong") for _ in range(10)] == [401] * 10
    assert sign_in(client, "test-token") == 429


def test_signing_in_forgives_wrong_tries(client: FlaskClient) -> None:
    for _ in range(9):
        sign_in(client, "wrong")
    assert sign_in(client, "test-token") == 302
    client.post("/admin/sign-out")
    assert sign_in(client.application.test_client(), "wrong") == 401


def test_a_hash_in_the_settings_decides(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = CliRunner().invoke(main, ["admin", "password", "--hash", "--password", CHOSEN])
    monkeypatch.setenv("EARMARK_ADMIN_PASSWORD_HASH", printed.stdout.strip())
    get_settings.cache_clear()
    try:
        assert sign_in(client, CHOSEN) == 302
        assert choose(client, "another long password") == 409
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
