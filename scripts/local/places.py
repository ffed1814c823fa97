"""Where things lie on this machine, and who may reach them."""

import os
import shutil
import stat
import tempfile
from pathlib import Path

# Elasticsearch refuses to run as root, so root's services run as this user.
UNPRIVILEGED = "nobody"
SYSTEM_CACHE = Path("/var/cache/earmark")
SYSTEM_DATA = Path("/var/lib/earmark")


def cache_dir() -> Path:
    """The folder of what is downloaded once: EARMARK_CACHE_DIR, or ~/.cache/earmark."""
    chosen = os.environ.get("EARMARK_CACHE_DIR")
    return Path(chosen).expanduser().absolute() if chosen else Path.home() / ".cache" / "earmark"


def service_user() -> str | None:
    """The user that Elasticsearch runs as; None means the one we are."""
    return UNPRIVILEGED if os.geteuid() == 0 else None


def program_cache() -> Path:
    """A cache that the service user can read: root's own is closed to others."""
    chosen = cache_dir()
    return chosen if service_user() is None or open_to_all(chosen) else SYSTEM_CACHE


def open_to_all(path: Path) -> bool:
    """Whether any user may walk down to `path`, which need not exist yet."""
    existing = [folder for folder in (path, *path.parents) if folder.exists()]
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in existing)


def private_folder(path: Path) -> Path:
    """The folder that `path` leads to, made for the service user alone.

    Root's service user cannot walk into a closed folder (a checkout under /root, say): there,
    `path` becomes a link to a folder of its own under /var/lib/earmark.
    """
    user = service_user()
    if not path.exists():
        if user is None or open_to_all(path):
            path.mkdir(parents=True, mode=0o700)
        else:
            _link_elsewhere(path)
    folder = path.resolve()
    if user is not None:
        shutil.chown(folder, user)
    folder.chmod(0o700)
    return folder


def _link_elsewhere(path: Path) -> None:
    SYSTEM_DATA.mkdir(parents=True, exist_ok=True, mode=0o755)
    folder = Path(tempfile.mkdtemp(prefix=f"{path.name}-", dir=SYSTEM_DATA))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(folder)


def remove_private_folder(path: Path) -> None:
    """Delete what `private_folder` made."""
    shutil.rmtree(path.resolve(), ignore_errors=True)
    if path.is_symlink():
        path.unlink()
