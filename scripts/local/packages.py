"""Front-end packages, installed by npm into the cache as their lock file pins them."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from filelock import FileLock

from app.web import packages
from scripts.local import npm
from scripts.local.errors import SetupError
from scripts.local.progress import say

MANIFESTS = (packages.LOCK.with_name("package.json"), packages.LOCK)
QUIET = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def install(*, dev: bool = False) -> Path:
    """The folder with ``node_modules`` in it, made unless it is there.

    With ``dev``, one of its own, which also holds what only tests need. Raises SetupError.
    """
    target = _dev(packages.folder()) if dev else packages.folder()
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{target}.lock"):
        if not target.exists():
            say("Front-end packages: installing")
            with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=target.parent) as scratch:
                _install(Path(scratch), dev)
                (Path(scratch) / "whole").rename(target)
    return target


def _dev(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}-dev")


def _install(scratch: Path, dev: bool) -> None:
    whole = scratch / "whole"
    whole.mkdir()
    for manifest in MANIFESTS:
        shutil.copy(manifest, whole)
    # A cache of its own: the user's may be closed to us, as one that root has filled is.
    environment = os.environ | {"npm_config_cache": str(scratch / "cache")}
    done = subprocess.run(
        [*npm.command(), "ci", *QUIET, *([] if dev else ["--omit=dev"])],
        cwd=whole,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = (done.stderr or done.stdout).strip()[-800:]
        raise SetupError(f"The front-end packages could not be installed: {reason}")
