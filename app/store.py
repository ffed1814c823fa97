"""Durable artefacts by episode id, behind fsspec: a folder, or an object store by URL."""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, BinaryIO, cast
from uuid import uuid4

import fsspec
import numpy as np
from fsspec.implementations.local import LocalFileSystem
from numpy.typing import NDArray

from app.domain import utc_now
from app.settings import get_settings


class Store:
    """Named blobs under one root; every write appears whole or not at all."""

    def __init__(self, url: str) -> None:
        self._fs, self._root = fsspec.core.url_to_fs(url)

    def path(self, name: str) -> str:
        """The full path of a name within the store's file system."""
        return f"{self._root}/{name}"

    @contextmanager
    def write(self, name: str) -> Iterator[BinaryIO]:
        """A file that replaces ``name`` when the block ends well, and never otherwise."""
        unfinished = self.path(f".unfinished/{uuid4().hex}")
        self._make_parent(unfinished)
        try:
            with self._fs.open(unfinished, "wb") as file:
                yield cast(BinaryIO, file)
        except BaseException:
            if self._fs.exists(unfinished):  # an object store has nothing until it has all
                self._fs.rm(unfinished)
            raise
        self._make_parent(self.path(name))
        self._fs.mv(unfinished, self.path(name))

    def _make_parent(self, path: str) -> None:
        self._fs.makedirs(self._fs._parent(path), exist_ok=True)

    def open(self, name: str) -> BinaryIO:
        """Open for reading. Raises FileNotFoundError."""
        return cast(BinaryIO, self._fs.open(self.path(name), "rb"))

    @contextmanager
    def as_file(self, name: str) -> Iterator[Path]:
        """A path to read the name by: its own in a folder, else of a passing copy."""
        if isinstance(self._fs, LocalFileSystem):
            yield Path(self.path(name))
            return
        with NamedTemporaryFile(prefix="earmark-", dir=get_settings().spool_dir) as copy:
            self._fs.get_file(self.path(name), copy.name)
            yield Path(copy.name)

    def exists(self, name: str) -> bool:
        """Whether the name holds something."""
        return bool(self._fs.exists(self.path(name)))

    def names(self, prefix: str) -> list[str]:
        """The names below a folder, sorted; empty where there is none."""
        root = self.path(prefix)
        if not self._fs.exists(root):
            return []
        start = len(self._fs._strip_protocol(self._root)) + 1
        return sorted(str(found)[start:] for found in self._fs.find(root))

    def size(self, name: str) -> int:
        """Bytes. Raises FileNotFoundError."""
        return int(self._fs.size(self.path(name)))

    def remove(self, name: str) -> None:
        """Remove a name or a whole folder; nothing happens where there is none."""
        while self._fs.exists(self.path(name)):
            with suppress(FileNotFoundError):  # another process removes it too
                self._fs.rm(self.path(name), recursive=True)

    def remove_old(self, prefix: str, age_s: float) -> list[str]:
        """Remove the names below a folder that were written so long ago; those names."""
        before = utc_now() - timedelta(seconds=age_s)
        return [name for name in self.names(prefix) if self._remove_if_older(name, before)]

    def _remove_if_older(self, name: str, before: datetime) -> bool:
        try:
            if self._fs.modified(self.path(name)) >= before:
                return False
            self._fs.rm(self.path(name))
        except FileNotFoundError:  # its owner was there first
            return False
        return True

    def put_json(self, name: str, value: Any) -> None:
        """Keep a JSON value, compressed."""
        with self.write(name) as file:
            file.write(gzip.compress(json.dumps(value, ensure_ascii=False).encode(), mtime=0))

    def get_json(self, name: str) -> Any:
        """A kept JSON value. Raises FileNotFoundError."""
        with self.open(name) as file:
            return json.loads(gzip.decompress(file.read()))

    def put_array(self, name: str, value: NDArray[Any]) -> None:
        """Keep an array in NumPy's format."""
        buffer = BytesIO()
        np.save(buffer, value, allow_pickle=False)
        with self.write(name) as file:
            file.write(buffer.getbuffer())

    def get_array(self, name: str) -> NDArray[Any]:
        """A kept array. Raises FileNotFoundError."""
        with self.open(name) as file:
            return cast(NDArray[Any], np.load(BytesIO(file.read()), allow_pickle=False))


@lru_cache(maxsize=1)
def get_store() -> Store:
    """The store that the settings name."""
    return Store(get_settings().store_url)
