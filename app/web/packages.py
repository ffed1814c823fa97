"""Front-end packages, as npm installed them at set-up, served from our own origin."""

import hashlib
import json
from functools import cache
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, send_from_directory, url_for

from app.settings import get_settings

LOCK = Path(__file__).with_name("package-lock.json")
# What pages may ask for of each package; nothing else of it is served.
FILES = {"htmx.org": ("dist/htmx.min.js",)}
YEAR_S = 365 * 24 * 3600

blueprint = Blueprint("packages", __name__)


def folder() -> Path:
    """Where this version's packages are, whether or not they are installed yet.

    The folder is named by the lock file's hash, so that another version has one of its own.
    """
    return get_settings().packages_dir / hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]


def missing() -> list[str]:
    """The packages that pages ask for and that are not in place."""
    return [
        package
        for package, files in FILES.items()
        if not all((folder() / "node_modules" / package / file).is_file() for file in files)
    ]


@cache
def pinned(package: str) -> str:
    """The version that the lock file pins. Raises KeyError."""
    packages = json.loads(LOCK.read_text("utf-8"))["packages"]
    return str(packages[f"node_modules/{package}"]["version"])


def address(package: str, file: str) -> str:
    """The address of a package's file; another version has another, so it is kept for good."""
    return url_for("packages.serve", package=package, version=pinned(package), file=file)


@blueprint.get("/packages/<package>/<version>/<path:file>")
def serve(package: str, version: str, file: str) -> Response:
    """A file of a package; 404 for one that no page asks for, and for another version."""
    if file not in FILES.get(package, ()) or version != pinned(package):
        abort(404)
    response = send_from_directory(folder() / "node_modules" / package, file, max_age=YEAR_S)
    response.cache_control.immutable = True
    return response


def install(app: Flask) -> None:
    """Serve the packages, and give the templates their addresses."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals["package_url"] = address
