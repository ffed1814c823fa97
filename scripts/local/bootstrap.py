"""Makes .venv from the lock file when that changed, then runs a command in it.

    python scripts/local/bootstrap.py [--dev | --torch] COMMAND ...

With --torch the command runs in .venv-torch, which holds what the extra "torch" adds and sees
everything else in .venv: that one stays without it, as most people have it.

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
TORCH_VENV = ROOT / ".venv-torch"
STAMP = "earmark.json"
LOCKS = {
    "runtime": ROOT / "requirements.lock",
    "dev": ROOT / "requirements-dev.lock",
    "torch": ROOT / "requirements-torch.lock",  # and everything of the others
}
NO_VENV = (
    "This Python cannot make virtual environments: install the module (Debian, Ubuntu: "
    "apt install python3-venv), or uv, and try again."
)


def main() -> None:
    """Set up, then become the command."""
    arguments = sys.argv[1:]
    wanted = {"--dev": "dev", "--torch": "torch"}.get(next(iter(arguments), ""), "runtime")
    command = arguments if wanted == "runtime" else arguments[1:]
    try:
        set_up(wanted)
    except (OSError, RuntimeError) as error:
        sys.exit(f"earmark: {error}")
    os.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))
    )
    python = _python(TORCH_VENV if wanted == "torch" else VENV)
    os.execv(python, [str(python), *command])  # noqa: S606 - no shell is wanted


def set_up(wanted: str) -> None:
    """Bring the environments to the state that a lock file describes; done, it costs nothing."""
    with (ROOT / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        base = "dev" if wanted == "torch" else wanted
        if not _is_current(VENV, base):
            _make_venv()
            _install(VENV, base)
            _run([*_pip(VENV), "-q", "--no-deps", "--no-build-isolation", "-e", str(ROOT)])
            _stamp(VENV, base)
        if wanted == "torch" and not _is_current(TORCH_VENV, "torch"):
            _make_torch_venv()
            _install(TORCH_VENV, "torch", "--no-build-isolation")
            _stamp(TORCH_VENV, "torch")


def _python(venv: Path) -> Path:
    return venv / "bin" / "python"


def _state(wanted: str) -> dict[str, str]:
    """What an environment depends on; each lock holds everything of those before it."""
    names = list(LOCKS)[: list(LOCKS).index(wanted) + 1]
    hashes = {name: hashlib.sha256(LOCKS[name].read_bytes()).hexdigest() for name in names}
    project = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    return {"root": str(ROOT), "project": project, **hashes}


def _is_current(venv: Path, wanted: str) -> bool:
    if not (venv / STAMP).exists() or not _python(venv).exists():
        return False
    found = json.loads((venv / STAMP).read_text())
    return all(found.get(name) == value for name, value in _state(wanted).items())


def _stamp(venv: Path, wanted: str) -> None:
    (venv / STAMP).write_text(json.dumps(_state(wanted)))


def _make_venv() -> None:
    if _python(VENV).exists() and _answers(VENV):
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


def _make_torch_venv() -> None:
    """An environment of nothing, behind which lie the packages of .venv, pip among them."""
    if _python(TORCH_VENV).exists() and _answers(TORCH_VENV):
        return
    print(f"Making {TORCH_VENV}", flush=True)
    shutil.rmtree(TORCH_VENV, ignore_errors=True)
    _run([str(_python(VENV)), "-m", "venv", "--without-pip", str(TORCH_VENV)])
    for packages in VENV.glob("lib/python*/site-packages"):
        seen = TORCH_VENV / packages.relative_to(VENV)
        (seen / "earmark-default.pth").write_text(f"{packages}\n")


def _answers(venv: Path) -> bool:
    """Whether the environment still works here: it does not survive being moved."""
    probe = [str(_python(venv)), "-c", "import pip, sys; print(sys.prefix)"]
    done = subprocess.run(probe, capture_output=True, text=True, check=False)
    return done.returncode == 0 and Path(done.stdout.strip()) == venv


def _pip(venv: Path) -> list[str]:
    return [str(_python(venv)), "-m", "pip", "--disable-pip-version-check", "install"]


def _install(venv: Path, wanted: str, *options: str) -> None:
    lock = LOCKS[wanted]
    command = [*_pip(venv), *options, "--progress-bar", "off", "--require-hashes", "-r", str(lock)]
    total = sum(1 for line in lock.read_text().splitlines() if line[:1].isalnum())
    with Counter("Installing Python packages", total) as counter:
        for line in _lines(command):
            if line.startswith(("Collecting ", "Requirement already satisfied: ")):
                counter.advance()


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
