"""Downloading an enclosure into the store: resumed where it broke off, whole or not at all."""

import hashlib
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from app.audio.sniff import HEAD_BYTES, demuxer_of, sniff
from app.net import HttpClient, Limits, NetError, Response, get_http
from app.settings import get_settings
from app.store import Store
from workers.partial import Partial, strong_etag

MAX_FRUITLESS = 3  # connections in a row that brought not one byte
_HEADERS = {"Accept": "audio/*, video/*;q=0.5, */*;q=0.1", "Accept-Encoding": "identity"}
_SUFFIXES = {"mov": "m4a", "matroska": "webm"}  # where a demuxer is no suffix
_WEB_PAGE = (b"<!doctype html", b"<html", b"<head", b"<?xml", b"<body")


class FetchError(Exception):
    """Why something could not be fetched, for a person; ``retryable``: later it might be."""

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What was received; kept beside the bytes, to recognise them cheaply another time."""

    name: str
    url: str  # after all redirects
    bytes: int
    sha256: str
    content_type: str
    format: str  # a file suffix: mp3, m4a, aac, ogg, flac, wav, webm, aiff
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class _Told:
    """What the last answer's headers said of the whole."""

    url: str
    content_type: str
    etag: str | None


class _Unchanged(Exception):  # noqa: N818 - no error, the best of news
    """The server would send the bytes that are known already."""


def download(
    url: str, store: Store, name: str, *, unless: str | None = None, http: HttpClient | None = None
) -> Downloaded:
    """Stream an enclosure into the store under ``name``, whole or not at all.

    ``unless``: the SHA-256 of bytes that need not be fetched again. Where the server shows by
    ETag and size that it would send those, nothing is written and their description is
    returned. Raises FetchError; what had come until a passing trouble is gone on with next time.
    """
    remembered = _remembered(store, name)
    known = remembered if remembered and remembered.sha256 == unless else None
    partial = Partial(get_settings().spool_dir, url, name)
    try:
        told = _receive(http or get_http(), url, partial, known)
        described = _keep(partial, told, store, name)
    except NetError as error:
        if not error.retryable:
            partial.drop()
        raise FetchError(f"{error}.", retryable=error.retryable) from error
    except FetchError:
        partial.drop()
        raise
    except _Unchanged:
        assert known is not None  # noqa: S101 - nothing else raises it
        described = known
    partial.drop()
    return described


def _receive(http: HttpClient, url: str, partial: Partial, known: Downloaded | None) -> _Told:
    """Fill the partial, over as many connections as it takes."""
    ends = time.monotonic() + get_settings().download_max_s
    fruitless = 0
    while True:
        before = partial.size()
        try:
            return _receive_once(http, url, partial, known, ends - time.monotonic())
        except NetError as error:
            if error.status == 416:  # what is here is no beginning of what is there
                partial.drop()
            elif error.status or not error.retryable or time.monotonic() >= ends:
                raise
            fruitless = 0 if partial.size() > before else fruitless + 1
            if fruitless >= MAX_FRUITLESS:
                raise


def _receive_once(
    http: HttpClient, url: str, partial: Partial, known: Downloaded | None, left_s: float
) -> _Told:
    limits = Limits(max_bytes=get_settings().download_max_bytes, max_s=max(left_s, 0.001))
    with http.open(url, limits=limits, headers=_HEADERS | partial.headers()) as response:
        if known is not None and _would_send(response, known):
            raise _Unchanged
        with partial.open_for(response) as file:
            _write(response, file, url, partial.path, limits.max_bytes)
        content_type = response.headers.get("Content-Type", "").partition(";")[0].strip()
        return _Told(response.url, content_type, strong_etag(response))


def _would_send(response: Response, known: Downloaded) -> bool:
    etag = strong_etag(response)
    same_size = response.headers.get("Content-Length") == str(known.bytes)
    return etag is not None and etag == known.etag and same_size


def _write(response: Response, file: BinaryIO, url: str, path: Path, max_bytes: int) -> None:
    size, is_checked = file.tell(), False
    for piece in response.chunks():
        file.write(piece)
        size += len(piece)
        if size > max_bytes:
            raise FetchError(f"{url} is larger than the {max_bytes / 1e6:g} MB allowed.")
        if size >= HEAD_BYTES and not is_checked:
            file.flush()
            _refuse_other(path, url)
            is_checked = True


def _refuse_other(path: Path, url: str) -> None:
    """Raise FetchError where the first bytes are not those of audio."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise FetchError(f"{url} is empty.")
    if head.startswith(b"ID3") or sniff(head):
        return
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_WEB_PAGE):
        raise FetchError(f"{url} answered with a web page instead of audio.")
    raise FetchError(
        f"{url} is not audio that Earmark knows (mp3, m4a, aac, ogg, opus, flac, wav, webm)."
    )


def _keep(partial: Partial, told: _Told, store: Store, name: str) -> Downloaded:
    """Move the received bytes into the store, with a note of what they are."""
    _refuse_other(partial.path, told.url)
    digest = hashlib.sha256()
    with partial.path.open("rb") as source, store.write(name) as target:
        while piece := source.read(1 << 20):
            digest.update(piece)
            target.write(piece)
    demuxer = demuxer_of(partial.path) or "mp3"
    described = Downloaded(
        name=name,
        url=told.url,
        bytes=partial.size(),
        sha256=digest.hexdigest(),
        content_type=told.content_type,
        format=_SUFFIXES.get(demuxer, demuxer),
        etag=told.etag,
    )
    store.put_json(_note(name), asdict(described))
    return described


def _note(name: str) -> str:
    return f"{name}.json.gz"


def _remembered(store: Store, name: str) -> Downloaded | None:
    try:
        return Downloaded(**store.get_json(_note(name)))
    except (FileNotFoundError, TypeError):
        return None
