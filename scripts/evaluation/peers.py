"""Other engines on the same passages and the same vectors, in an environment of their own."""

import hashlib
import json
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from filelock import FileLock

from app.encoders import registry
from app.evaluation.folder import Passage, Question
from app.evaluation.kept import Kept
from app.settings import get_settings
from scripts.local import places
from scripts.local.errors import SetupError

HERE = Path(__file__).parent
LOCK = HERE / "requirements-peers.lock"
SOURCES = ("annoy=", "hnswlib=")  # built here, with a C++ compiler and Python's headers


def environment(lock: Path = LOCK, told: str = "bm25s and txtai to compare with (60 MB)") -> Path:
    """The Python that has the peers of a lock file; installed at first use. Raises SetupError."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}".encode()
    pins = hashlib.sha256(lock.read_bytes() + version).hexdigest()[:12]
    folder = places.cache_dir() / "evaluation" / f"peers-{pins}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    python = folder / "bin" / "python"
    with FileLock(f"{folder}.lock"):
        if not (folder / "ready").exists():
            print(f"Installing {told}, once", flush=True)
            venv.create(folder, with_pip=False, symlinks=True, clear=True)
            _install(python, lock.read_text("utf-8"))
            (folder / "ready").touch()
    return python


def _install(python: Path, lock: str) -> None:
    """Wheels first: what comes as source alone is built with the tools among them."""
    pins = re.split(r"\n(?=\w)", lock)
    sources = [pin for pin in pins if pin.startswith(SOURCES)]
    _pip(python, [pin for pin in pins if pin not in sources], "--only-binary=:all:")
    if sources:
        _pip(python, sources, "--no-build-isolation")


def _pip(python: Path, pins: Sequence[str], *options: str) -> None:
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    command += ["--disable-pip-version-check", "--no-deps", "--require-hashes", *options]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(pins))
        file.flush()
        done = subprocess.run(
            [*command, "-r", file.name], capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise SetupError(f"pip could not install the peers: {done.stderr.strip()[-800:]}")


def rank(
    passages: Sequence[Passage], questions: Sequence[Question], kept: Kept
) -> dict[str, list[list[str]]]:
    """Each peer's ranking for each question, as ids of passages. Raises SetupError."""
    python = environment()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        queries = [question.text for question in questions]
        # Each text stands once: txtai knows a given vector by its text.
        texts = [passage.text or passage.id for passage in passages]
        np.save(folder / "passages.npy", kept.embed(texts))
        np.save(folder / "queries.npy", kept.embed(queries))
        job = {"passages": texts, "queries": queries, "language": "english"}
        (folder / "job.json").write_text(json.dumps(job), "utf-8")
        command = [str(python), str(HERE / "rank_peers.py"), str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SetupError(f"The peers could not rank: {done.stderr.strip()[-800:]}")
        ranked = json.loads((folder / "ranked.json").read_text())
    return {
        system: [[passages[number].id for number in row] for row in rows]
        for system, rows in ranked.items()
    }


def kept() -> Kept:
    """The chosen embedder, with what it made before."""
    return Kept(registry.text_embedder(), get_settings().models_dir.parent / "evaluation")
