"""Finding a Java that Elasticsearch runs on, which is often not the one on the path."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.local.errors import SetupError

MINIMUM = 21
VECTOR_MODULE = "jdk.incubator.vector"
USUAL_FOLDERS = (
    "/usr/lib/jvm/*",
    "/usr/java/*",
    "/opt/*",
    "/opt/java/*",
    "~/.sdkman/candidates/java/*",
    "~/.jdks/*",
)
MISSING = (
    f"Elasticsearch needs Java {MINIMUM} or newer with the module {VECTOR_MODULE}, and none was "
    "found: install one (Debian, Ubuntu: apt install openjdk-21-jre-headless), point JAVA_HOME at "
    "it, use `docker compose up` instead, or set ELASTICSEARCH_URL to a cluster that you have."
)


@dataclass(frozen=True)
class Java:
    """A Java installation that Elasticsearch can run on."""

    home: Path
    version: int

    @property
    def javac(self) -> Path | None:
        """The compiler, which a runtime-only installation lacks."""
        path = self.home / "bin" / "javac"
        return path if path.exists() else None


def find_java() -> Java:
    """The newest suitable Java; one that JAVA_HOME or ES_JAVA_HOME names comes first.

    Raises SetupError where there is none.
    """
    for name in ("ES_JAVA_HOME", "JAVA_HOME"):
        if (home := os.environ.get(name)) and (java := inspect(Path(home))):
            return java
    found = [java for home in _candidates() if (java := inspect(home))]
    if not found:
        raise SetupError(MISSING)
    return max(found, key=lambda java: (java.version, java.javac is not None, str(java.home)))


def inspect(home: Path) -> Java | None:
    """What stands at `home`, or None where Elasticsearch could not run on it."""
    program = home / "bin" / "java"
    if not program.exists():
        return None
    try:
        listing = subprocess.run(
            [program, "--list-modules"], capture_output=True, text=True, timeout=30, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r"^java\.base@(\d+)", listing, re.MULTILINE)
    if not version or int(version[1]) < MINIMUM or f"{VECTOR_MODULE}@" not in listing:
        return None
    return Java(home, int(version[1]))


def _candidates() -> Iterator[Path]:
    seen = set()
    for home in (*_on_path(), *_in_usual_folders()):
        if (real := home.resolve()) not in seen:
            seen.add(real)
            yield real


def _on_path() -> Iterator[Path]:
    if program := shutil.which("java"):
        yield Path(program).resolve().parent.parent


def _in_usual_folders() -> Iterator[Path]:
    for pattern in USUAL_FOLDERS:
        folder = Path(pattern).expanduser()
        yield from sorted(folder.parent.glob(folder.name))
