"""Makes .venv from the lock file when that changed, then runs a command in it.

    python scripts/local/bootstrap.py [--dev] COMMAND ...

Uses nothing but the standard library, as it runs before anything is installed.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "earmark.json"
LOCKS = {"runtime": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}
NO_VENV = (
    "This Python cannot make virtual environments: install the module (Debian, Ubuntu: "
    "apt install python3-venv), or uv, and try again."
)


def main() -> None:
    """Set up, then become the command."""
    arguments = sys.argv[1:]
    wanted = "dev" if arguments[:1] == ["--dev"] else "runtime"
    command = arguments[1:] if wanted == "dev" else arguments
    try:
        set_up(wanted)
    except (OSError, RuntimeError) as error:
        sys.exit(f"earmark: {error}")
    os.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))
    )
    os.execv(PYTHON, [str(PYTHON), *command])  # noqa: S606 - no shell is wanted


def set_up(wanted: str) -> None:
    """Bring .venv to the state that a lock file describes; nothing to do costs nothing."""
    with (ROOT / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_current(wanted):
            _make_venv()
            _install(LOCKS[wanted])
            STAMP.write_text(json.dumps(_state(wanted)))


def _state(wanted: str) -> dict[str, str]:
    """What the environment depends on; the dev lock holds everything of the other."""
    names = ("runtime", "dev") if wanted == "dev" else ("runtime",)
    hashes = {name: hashlib.sha256(LOCKS[name].read_bytes()).hexdigest() for name in names}
    project = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    return {"root": str(ROOT), "project": project, **hashes}


def _is_current(wanted: str) -> bool:
    if not STAMP.exists() or not PYTHON.exists():
        return False
    found = json.loads(STAMP.read_text())
    return all(found.get(name) == value for name, value in _state(wanted).items())


def _make_venv() -> None:
    if PYTHON.exists() and _answers(PYTHON):
        return
    print(f"Making {VENV}", flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    if importlib.util.find_spec("ensurepip"):
        command = [sys.executable, "-m", "venv", str(VENV)]
    elif uv := shutil.which("uv"):
        command = [uv, "venv", "-q", "--seed", "--python", sys.executable, str(VENV)]
    else:
        raise RuntimeError(NO_VENV)
    _run(command)


def _answers(python: Path) -> bool:
    """Whether the environment still works here: it does not survive being moved."""
    probe = [str(python), "-c", "import pip, sys; print(sys.prefix)"]
    done = subprocess.run(probe, capture_output=True, text=True, check=False)
    return done.returncode == 0 and Path(done.stdout.strip()) == VENV


def _install(lock: Path) -> None:
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install"]
    total = sum(1 for line in lock.read_text().splitlines() if line[:1].isalnum())
    with Counter("Installing Python packages", total) as counter:
        for line in _lines([*pip, "--progress-bar", "off", "--require-hashes", "-r", str(lock)]):
            if line.startswith(("Collecting ", "Requirement already satisfied: ")):
                counter.advance()
    _run([*pip, "-q", "--no-deps", "--no-build-isolation", "-e", str(ROOT)])


def _lines(command: list[str]):
    """The output of a command as it comes; RuntimeError with its end if it fails."""
    recent: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            recent = [*recent[-20:], line]
            yield line
    if process.returncode:
        raise RuntimeError("Python packages could not be installed:\n" + "".join(recent))


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


class Counter:
    """A progress bar without dependencies; one plain line where there is no terminal."""

    WIDTH = 30

    def __init__(self, label: str, total: int) -> None:
        self.label, self.total, self.done = label, total, 0

    def __enter__(self) -> "Counter":
        if not sys.stdout.isatty():
            print(f"{self.label} ({self.total})", flush=True)
        self._draw()
        return self

    def advance(self) -> None:
        self.done = min(self.done + 1, self.total)
        self._draw()

    def __exit__(self, *_: object) -> None:
        if sys.stdout.isatty():
            print(flush=True)

    def _draw(self) -> None:
        if sys.stdout.isatty():
            full = self.WIDTH * self.done // max(self.total, 1)
            bar = "#" * full + "." * (self.WIDTH - full)
            print(f"\r{self.label} [{bar}] {self.done}/{self.total}", end="", flush=True)


if __name__ == "__main__":
    main()
