"""Java artifacts, downloaded once into the cache and checked against pinned hashes."""

import contextlib
import hashlib
import io
import os
import ssl
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from tqdm import tqdm

from scripts.local.errors import SetupError

CHUNK_BYTES = 1 << 18


@dataclass(frozen=True)
class JavaArtifact:
    """A file by its Maven coordinates, and the SHA-256 that it must have."""

    group: str
    name: str
    version: str
    extension: str
    sha256: str

    @property
    def filename(self) -> str:
        """Its name in the cache."""
        return f"{self.name}-{self.version}.{self.extension}"


def fetch(artifact: JavaArtifact, folder: Path, label: str) -> Path:
    """The artifact's file in `folder`, downloaded with a progress bar unless it is there.

    Raises SetupError when it cannot be had or is not the file that was pinned.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / artifact.filename
    with FileLock(f"{target}.lock"):
        if not target.exists():
            partial = target.with_suffix(".partial")
            _download(artifact, partial, label)
            _check(artifact, partial)
            partial.replace(target)
    return target


def _download(artifact: JavaArtifact, target: Path, label: str) -> None:
    from maven_artifact import Artifact, Downloader  # noqa: PLC0415 - slow, and rarely needed

    downloader = Downloader()
    wanted = Artifact(artifact.group, artifact.name, artifact.version, extension=artifact.extension)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            address = downloader.resolver.uri_for_artifact(wanted)
        with downloader.requestor.request(
            address, None, stream=True, timeout=60, verify=_trusted()
        ) as response:
            size = int(response.headers.get("Content-Length", 0)) or None
            _write(response.iter_content(CHUNK_BYTES), target, size, label)
    except OSError as error:  # requests' errors are OSErrors
        raise SetupError(f"{label} could not be downloaded: {error}") from error


def _trusted() -> str | bool:
    """The certificates of this machine, to which a company's own may have been added."""
    return os.environ.get("REQUESTS_CA_BUNDLE") or ssl.get_default_verify_paths().cafile or True


def _write(chunks, target: Path, size: int | None, label: str) -> None:
    if not os.isatty(2):
        print(f"{label} ...", flush=True)
    with (
        target.open("wb") as file,
        tqdm(total=size, unit="B", unit_scale=True, desc=label, disable=None) as bar,
    ):
        for chunk in chunks:
            file.write(chunk)
            bar.update(len(chunk))


def _check(artifact: JavaArtifact, path: Path) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != artifact.sha256:
        path.unlink()
        raise SetupError(
            f"{artifact.filename} is not the file that was expected (SHA-256 {found}); "
            "try again, and if it happens twice, do not use it."
        )
