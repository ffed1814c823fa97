"""What people who run the containers rely on. Nothing here needs Docker."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import AliasChoices

from app.queue import QUEUES
from app.settings import Settings
from app.web import packages
from scripts.local import elasticsearch_install

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
LASTING = {name: service for name, service in SERVICES.items() if name != "setup"}
SECRETS = re.compile(r"PASSWORD|SECRET|TOKEN|KEY")
HEARING = {
    "audioop-lts",
    "faster-whisper",
    "feedparser",
    "imageio-ffmpeg",
    "noisereduce",
    "pydub",
}


def run(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_file_keeps_to_the_schema_of_compose() -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")
    run(sys.executable, "-m", "check_jsonschema", *schema, "docker-compose.yml")


def test_the_dockerfile_passes_the_linter() -> None:
    run(str(Path(sys.executable).parent / "hadolint"), "Dockerfile")


def test_it_brings_up_the_whole_of_earmark() -> None:
    workers = {"worker-feeds", "worker-fetch", "worker-transcribe", "worker-query"}
    assert set(LASTING) == workers | {"web", "beat", "redis", "elasticsearch"}


@pytest.mark.parametrize("name", LASTING)
def test_a_service_is_watched_limited_and_comes_back(name: str) -> None:
    service = SERVICES[name]
    assert service["healthcheck"]["test"]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert service["restart"] == "unless-stopped"
    assert service["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_no_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert int(service["user"].split(":")[0]) > 0
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("read_only", False) or name == "elasticsearch"
    assert not service.get("privileges") and not service.get("cap_add")


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_is_written_down(name: str) -> None:
    for variable, value in SERVICES[name].get("environment", {}).items():
        if SECRETS.search(variable):
            assert re.fullmatch(r"\$\{[A-Z_]+(:\?[^}]*|:-)\}", value), variable
    assert re.search(r"redis://:\$\{REDIS_PASSWORD:\?", COMPOSE["x-settings"]["REDIS_URL"])


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_named_by_its_version(name: str) -> None:
    assert re.search(r":\d+\.\d+\.\d+", SERVICES[name]["image"])


def test_our_images_carry_our_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    ours = {service["image"] for service in SERVICES.values() if "build" in service}
    assert ours == {f"earmark-web:{version}", f"earmark-worker:{version}"}


def test_elasticsearch_is_the_version_that_the_tests_ran_on() -> None:
    assert SERVICES["elasticsearch"]["image"].endswith(f":{elasticsearch_install.VERSION}")


def test_every_setting_given_is_one_that_is_read() -> None:
    known = {"OPENBLAS_NUM_THREADS"}
    for field in Settings.model_fields.values():
        alias = field.validation_alias
        known |= set(alias.choices if isinstance(alias, AliasChoices) else [alias])
    ours = [service for service in SERVICES.values() if "build" in service]
    given = {name for service in ours for name in service["environment"]}
    assert given <= known


def test_each_queue_has_its_worker() -> None:
    commands = [service["command"] for name, service in SERVICES.items() if "worker-" in name]
    consumed = [queue for one in commands for queue in one[one.index("-Q") + 1].split(",")]
    assert sorted(consumed) == sorted(set(QUEUES.values()))


def test_only_the_web_is_published_and_by_default_to_this_machine_alone() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"web": ["${EARMARK_BIND:-127.0.0.1:8000}:8000"]}


@pytest.mark.parametrize("name", ["worker-transcribe", "beat", "redis", "elasticsearch"])
def test_what_needs_no_internet_has_none(name: str) -> None:
    assert SERVICES[name]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"]["internal"] is True


def test_web_and_workers_share_store_and_weights() -> None:
    for name in ("web", "worker-feeds", "worker-fetch", "worker-transcribe", "worker-query"):
        volumes = SERVICES[name]["volumes"]
        assert "store:/var/lib/earmark/store" in volumes
        assert "models:/var/lib/earmark/models:ro" in volumes


def test_what_the_dockerfile_copies_is_there_and_is_sent_to_the_builder() -> None:
    sent = (ROOT / ".dockerignore").read_text().splitlines()
    copied = re.findall(
        r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE
    )
    for name in " ".join(copied).split():
        assert (ROOT / name).exists(), name
        assert f"!{name}" in sent or f"!{Path(name).parts[0]}" in sent, name
    assert sent.index("*") < sent.index("!app")


def test_the_web_image_holds_front_end_packages_where_the_web_looks() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    (folder,) = re.findall(r"EARMARK_PACKAGES_DIR=(\S+)", dockerfile)
    assert f"COPY --from=packages /installed {folder}\n" in dockerfile
    lock = packages.LOCK
    done = subprocess.run(["sha256sum", lock], capture_output=True, text=True, check=True)
    assert "cut -c 1-12" in dockerfile
    assert packages.folder().name == done.stdout[:12]


def test_the_web_image_needs_all_but_what_hears() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    every, web = project["project"]["dependencies"], project["dependency-groups"]["web"]
    left_out = {re.split(r"[\[<>=;, ]", name)[0] for name in set(every) - set(web)}
    assert set(web) <= set(every)
    assert left_out == HEARING
    lock = (ROOT / "requirements-web.lock").read_text()
    assert not re.search(r"^(faster-whisper|ctranslate2|pydub|torch)==", lock, re.MULTILINE)


def test_the_web_starts_without_speech_recognition() -> None:
    program = """
import sys
for name in ("faster_whisper", "ctranslate2", "pydub", "feedparser", "imageio_ffmpeg", "av",
             "torch", "workers"):
    sys.modules[name] = None  # importing it raises ImportError
from app.web import create_app
assert create_app().test_client().get("/livez").status_code == 200
import app.cli, app.models, app.search.hybrid
"""
    run(sys.executable, "-c", program)
