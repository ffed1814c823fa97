"""Other engines on the same passages and the same vectors, in an environment of their own."""

import hashlib
import json
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


def environment() -> Path:
    """The Python that has the peers; installed at first use."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}".encode()
    pins = hashlib.sha256(LOCK.read_bytes() + version).hexdigest()[:12]
    folder = places.cache_dir() / "evaluation" / f"peers-{pins}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    python = folder / "bin" / "python"
    with FileLock(f"{folder}.lock"):
        if not (folder / "ready").exists():
            print("Installing bm25s and txtai to compare with (60 MB), once", flush=True)
            venv.create(folder, with_pip=False, symlinks=True, clear=True)
            _install(python)
            (folder / "ready").touch()
    return python


def _install(python: Path) -> None:
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    command += ["--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
    done = subprocess.run(
        [*command, "--require-hashes", "-r", str(LOCK)], capture_output=True, text=True, check=False
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
