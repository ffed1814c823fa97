"""The Flask application: API, pages, admin."""

from flask import Flask

from app.web import (
    auth,
    delivery,
    docs,
    health,
    i18n,
    metrics,
    opml,
    packages,
    present,
    problems,
    security,
)
from app.web.api import blueprint as api_blueprint
from app.web.pages import admin, episode, search


def create_app() -> Flask:
    """The application; opens no connection and loads no model until a request needs one."""
    app = Flask(__name__, static_url_path=delivery.static_address())
    app.config["MAX_CONTENT_LENGTH"] = opml.MAX_BYTES  # operations set their own
    app.json.sort_keys = False  # type: ignore[attr-defined] # the default provider has it
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    for part in (metrics, delivery, problems, security, i18n, packages, auth, present):
        part.install(app)
    pages = (search.blueprint, episode.blueprint, admin.blueprint)
    for blueprint in (api_blueprint, docs.blueprint, health.blueprint, metrics.blueprint, *pages):
        app.register_blueprint(blueprint)
    return app
