"""``/openapi.json`` and the interactive page over it."""

from flask import Blueprint, Response, jsonify, render_template, send_from_directory
from swagger_ui_bundle import swagger_ui_path  # type: ignore[import-untyped] # ships no types

from app.web.openapi import document

ASSETS = ("swagger-ui.css", "swagger-ui-bundle.js")

blueprint = Blueprint("docs", __name__)


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """The API's description."""
    return jsonify(document())


@blueprint.get("/docs")
def page() -> str:
    """The description, to read and to try."""
    return render_template("docs.html")


@blueprint.get(f"/docs/<any({','.join(repr(a) for a in ASSETS)}):name>")
def asset(name: str) -> Response:
    """Swagger UI's own files, from its package."""
    return send_from_directory(str(swagger_ui_path), name, max_age=3600)
