"""Finding Java, with small stand-ins that answer as real ones do."""

import os
from pathlib import Path

import pytest

from scripts.local import java
from scripts.local.errors import SetupError


def install(folder: Path, version: str, *, vector: bool = True, compiler: bool = False) -> Path:
    """A folder with a `java` that lists the modules of this version."""
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    modules = [f"java.base@{version}", *([f"{java.VECTOR_MODULE}@{version}"] if vector else [])]
    program.write_text("#!/bin/sh\n" + "".join(f"echo {module}\n" for module in modules))
    program.chmod(0o755)
    if compiler:
        (folder / "bin" / "javac").touch()
    return folder


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which Java lies where a test puts it, and nowhere else."""
    for name in ("JAVA_HOME", "ES_JAVA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(java, "USUAL_FOLDERS", (f"{tmp_path}/jvm/*",))
    monkeypatch.setattr(java, "_on_path", lambda: iter(()))
    return tmp_path / "jvm"


def test_the_newest_that_is_new_enough(machine: Path) -> None:
    install(machine / "old", "17.0.2")
    install(machine / "good", "21.0.4")
    assert java.find_java().home == machine / "good"


def test_one_that_java_home_names_comes_first(
    machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(machine / "newest", "25")
    monkeypatch.setenv("JAVA_HOME", str(install(tmp_path / "chosen", "21.0.4")))
    assert java.find_java().home == tmp_path / "chosen"


def test_one_without_the_vector_module_will_not_do(machine: Path) -> None:
    install(machine / "trimmed", "25", vector=False)
    with pytest.raises(SetupError):
        java.find_java()


def test_a_compiler_is_noticed(machine: Path) -> None:
    install(machine / "jdk", "21", compiler=True)
    found = java.find_java()
    assert found.javac == machine / "jdk" / "bin" / "javac"
    assert os.access(found.home / "bin" / "java", os.X_OK)


def test_without_any_one_line_names_every_way_on(machine: Path) -> None:
    with pytest.raises(SetupError) as caught:
        java.find_java()
    line = str(caught.value)
    assert "\n" not in line
    for way in ("apt install", "docker compose up", "ELASTICSEARCH_URL"):
        assert way in line
