"""A download that may break off and be gone on with, on this machine's own disk."""

import hashlib
import json
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from app.net import Response

STALE_S = 86_400  # a partial download that nobody went on with for so long is dropped


class Partial:
    """The bytes received so far, and what tells whether more of the same can be had."""

    def __init__(self, folder: Path, url: str, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        _drop_stale(folder)
        key = hashlib.sha256(f"{url}\n{name}".encode()).hexdigest()[:32]
        self.path = folder / f"{key}.part"
        self._validator = folder / f"{key}.json"

    def size(self) -> int:
        """Bytes received so far."""
        return self.path.stat().st_size if self.path.exists() else 0

    def headers(self) -> dict[str, str]:
        """What to ask for: the rest, if the whole is still what it was."""
        try:
            validator = json.loads(self._validator.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        size = self.size()
        return {"Range": f"bytes={size}-", "If-Range": validator} if size else {}

    def open_for(self, response: Response) -> BinaryIO:
        """A file to write the answer's body to: after what is there, or from the start."""
        continues = response.headers.get("Content-Range", "").startswith(f"bytes {self.size()}-")
        if response.status == 206 and continues:
            return self.path.open("ab")
        self._validator.unlink(missing_ok=True)
        validator = _validator_of(response)
        if validator:
            self._validator.write_text(json.dumps(validator))
        return self.path.open("wb")

    def drop(self) -> None:
        """Forget what was received."""
        self.path.unlink(missing_ok=True)
        self._validator.unlink(missing_ok=True)


def strong_etag(response: Response) -> str | None:
    """The answer's ETag, if it promises the same bytes."""
    etag = response.headers.get("ETag")
    return None if not etag or etag.startswith("W/") else etag


def _validator_of(response: Response) -> str | None:
    if response.headers.get("Content-Encoding"):
        return None  # ranges would count encoded bytes
    return strong_etag(response) or response.headers.get("Last-Modified")


def _drop_stale(folder: Path) -> None:
    before = time.time() - STALE_S
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # another process may drop it first
            if path.stat().st_mtime < before:
                path.unlink()
