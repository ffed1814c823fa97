"""The API's description: valid, whole, and of the same mind as the code."""

from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate


def test_the_document_is_valid_openapi(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json
    validate(document)
    assert document["openapi"].startswith("3.1")


def test_every_route_is_described(app: Flask, client: FlaskClient) -> None:
    paths = client.get("/openapi.json").json["paths"]
    described = {(path, method.upper()) for path, item in paths.items() for method in item}
    served = {
        (rule.rule.replace("<", "{").replace(">", "}"), method)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert described == served


def test_the_limits_in_the_document_are_those_of_the_code(client: FlaskClient) -> None:
    operation = client.get("/openapi.json").json["paths"]["/api/v1/search"]["get"]
    parameters = {p["name"]: p for p in operation["parameters"]}
    assert parameters["q"]["required"] is True
    assert parameters["size"]["schema"]["maximum"] == 100
    assert client.get("/api/v1/search?q=x&size=101").status_code == 422


def test_a_clip_is_described_with_what_it_can_be_for(client: FlaskClient) -> None:
    operation = client.get("/openapi.json").json["paths"]["/api/v1/search/clip"]["post"]
    form = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
    choices = form["properties"]["intent"]["anyOf"][0]["enum"]
    assert choices == ["words", "meaning", "sound", "recording", "voice"]
    assert "guesses" in form["properties"]["intent"]["description"]


def test_the_page_uses_only_files_of_this_server(client: FlaskClient) -> None:
    page = client.get("/docs").text
    assert "http" not in page
    assert client.get("/docs/swagger-ui-bundle.js").status_code == 200
    assert client.get("/docs/swagger-ui.css").status_code == 200
