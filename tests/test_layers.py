"""The layer rules: who may import whom, what importing costs, and which tasks exist."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import queue

ROOT = Path(__file__).parents[1]
# What loads a model or needs seconds to import; each is imported where it is first used.
HEAVY = (
    "torch",
    "transformers",
    "whisper",
    "onnx",
    "onnxscript",
    "faster_whisper",
    "ctranslate2",
    "onnxruntime",
    "av",
    "noisereduce",
)
IMPORT_ALL = """
import importlib, pkgutil, socket, sys
def refuse(*_): raise SystemExit("a connection was opened")
socket.socket.connect = socket.create_connection = refuse
for name in sys.argv[1].split(","):
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, f"{name}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
print(*sorted(set(sys.argv[2].split(",")) & set(sys.modules)))
"""


def imports(package: str) -> Iterator[tuple[Path, str]]:
    """Each module that a package's files import, wherever in the file."""
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((path, name.name) for name in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield from ((path, f"{node.module}.{name.name}") for name in node.names)


def offenders(package: str, forbidden: str) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path, name in imports(package)
        if name == forbidden or name.startswith(f"{forbidden}.")
    ]


def test_app_never_imports_workers() -> None:
    assert offenders("app", "workers") == []


def test_workers_never_import_the_web_part() -> None:
    assert offenders("workers", "app.web") == []


@pytest.mark.parametrize("package", ["app", "workers"])
def test_neither_depends_on_scripts(package: str) -> None:
    assert offenders(package, "scripts") == []


@pytest.mark.parametrize(
    "package",
    [
        "app",
        "workers",
        pytest.param("app", marks=pytest.mark.torch, id="app-with-torch-at-hand"),
        pytest.param("workers", marks=pytest.mark.torch, id="workers-with-torch-at-hand"),
    ],
)
def test_importing_loads_no_model_and_opens_no_connection(package: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, package, ",".join(HEAVY)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert (done.returncode, done.stderr, done.stdout.strip()) == (0, "", "")


def test_the_recording_leg_needs_nothing_that_decodes_audio() -> None:
    code = "import sys, app.search.recordings; print(*{'pydub', 'scipy', 'av'} & set(sys.modules))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == ""


def test_every_enqueued_task_is_registered_and_has_its_queue() -> None:
    from workers.celery import app  # noqa: PLC0415 - only this test needs it

    app.loader.import_default_modules()
    assert set(queue.QUEUES) <= set(app.tasks)
    names = {v for k, v in vars(queue).items() if k.isupper() and str(v).startswith("earmark.")}
    assert names == set(queue.QUEUES)
