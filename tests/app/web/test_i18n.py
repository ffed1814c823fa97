"""The pages' languages: who gets which, and whether the catalogues hold every text."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.web import create_app, i18n
from scripts import translations

OTHERS = [code for code in i18n.LANGUAGES if code != i18n.SOURCE]


@pytest.fixture
def client() -> FlaskClient:
    return create_app().test_client()


def page(client: FlaskClient, asked: str = "") -> str:
    return client.get("/nowhere", headers={"Accept-Language": asked}).text


@pytest.mark.parametrize(
    ("asked", "given"),
    [("", "en"), ("de-AT,de;q=0.9,en;q=0.5", "de"), ("fr,en;q=0.8,de;q=0.2", "en"), ("fr", "en")],
)
def test_a_browser_gets_the_language_that_it_asks_for(
    client: FlaskClient, asked: str, given: str
) -> None:
    answer = client.get("/nowhere", headers={"Accept-Language": asked})
    assert f'<html lang="{given}">' in answer.text
    assert {"Accept-Language", "Cookie"} <= set(answer.vary)


def test_a_choice_is_kept_and_comes_before_the_browsers(client: FlaskClient) -> None:
    answer = client.post("/language", data={"language": "de", "next": "/nowhere?q=eis"})
    assert (answer.status_code, answer.location) == (303, "/nowhere?q=eis")
    assert "Zum Inhalt" in page(client, "en")
    client.post("/language", data={"language": "en", "next": "/"})
    assert "Skip to content" in page(client, "de")


@pytest.mark.parametrize(
    "address", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", ""]
)
def test_a_choice_leads_nowhere_else(client: FlaskClient, address: str) -> None:
    assert client.post("/language", data={"language": "de", "next": address}).location == "/"


def test_a_language_that_there_is_not_changes_nothing(client: FlaskClient) -> None:
    answer = client.post("/language", data={"language": "tlh", "next": "/"})
    assert "Set-Cookie" not in answer.headers


def test_programs_are_answered_in_english(client: FlaskClient) -> None:
    answer = client.get("/api/v1/nowhere", headers={"Accept-Language": "de"})
    assert answer.json["detail"] == "There is nothing at /api/v1/nowhere."


@pytest.mark.parametrize("code", OTHERS)
def test_a_catalogue_holds_the_texts_of_the_code_and_no_other(code: str) -> None:
    assert translations.written(translations.updated(code)) == i18n.path(code).read_bytes(), (
        "run scripts/translate"
    )


@pytest.mark.parametrize("code", OTHERS)
def test_every_text_is_translated_with_what_is_put_into_it(code: str) -> None:
    catalogue = i18n.read(code)
    left = [message.id for message in catalogue if message.id and not i18n.translated(message)]
    wrong = [f"{message.id}: {error}" for message, errors in catalogue.check() for error in errors]
    assert (left, wrong) == ([], [])


def test_texts_of_scripts_are_handed_to_them_in_the_pages_language() -> None:
    app: Flask = create_app()
    page = app.test_client().get("/nowhere", headers={"Accept-Language": "de"}).text
    assert ('id="texts"' in page) == bool(i18n.for_scripts("de"))
    assert i18n.for_scripts("en") == {}
