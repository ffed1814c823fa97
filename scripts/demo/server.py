"""Serves the demo's folder over HTTP as a podcast host would: feeds, ranges, ETags."""

import hashlib
import json
import re
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from scripts.demo.encode import TYPES
from scripts.demo.feed import rss

CONTENT_TYPES = {
    **{f".{name}": kind for name, kind in TYPES.items()},
    ".png": "image/png",
    ".vtt": "text/vtt; charset=utf-8",
    ".json": "application/json",
    ".xml": "application/rss+xml; charset=utf-8",
    ".html": "text/html; charset=utf-8",
}
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class RangeError(ValueError):
    """A range that lies outside the file."""


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last; None means all of it (RFC 9110, 14.2)."""
    match = _RANGE.fullmatch(header or "")
    if not match or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1) if last else size
    if last and first and int(last) < int(first):
        return None
    if start >= size or start == stop:
        raise RangeError(header)
    return start, stop


def episodes(folder: Path) -> list[dict]:
    """The finished episodes of a show."""
    paths = [path for path in sorted(folder.glob("*.json")) if path.stem != "show"]
    found = [json.loads(path.read_text("utf-8")) for path in paths if path.name.count(".") == 1]
    return [episode for episode in found if (folder / episode["audio"]).exists()]


def feed_of(folder: Path, base_url: str) -> bytes:
    """A show's feed as it stands now."""
    show = json.loads((folder / "show.json").read_text("utf-8"))
    return rss(show, episodes(folder), base_url)


def index(root: Path) -> bytes:
    """A page that names the feeds."""
    shows = [path.parent.name for path in sorted(root.glob("*/show.json"))]
    links = "".join(f'<li><a href="/{show}/feed.xml">{show}</a></li>' for show in shows)
    return f"<!doctype html><title>Demo podcasts</title><ul>{links}</ul>".encode()


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    server: "DemoServer"

    def do_GET(self) -> None:
        """Sends a feed or a file, or the part that was asked for."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Sends the headers alone."""
        self._answer(with_body=False)

    def log_message(self, *_: object) -> None:
        """Keeps quiet: the client has its own log."""

    def _answer(self, *, with_body: bool) -> None:
        found = self._find(unquote(urlsplit(self.path).path))
        if not found:
            self._send(HTTPStatus.NOT_FOUND, b"there is no such file\n", with_body=with_body)
            return
        body, kind = found
        headers = {
            "Content-Type": kind,
            "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"',
            "Accept-Ranges": "bytes",
        }
        self._send_part(body, headers, with_body=with_body)

    def _send_part(self, body: bytes, headers: dict[str, str], *, with_body: bool) -> None:
        if headers["ETag"] in self.headers.get("If-None-Match", ""):
            self._send(HTTPStatus.NOT_MODIFIED, b"", headers, with_body=False)
            return
        wanted = self.headers.get("Range")
        if self.headers.get("If-Range", headers["ETag"]) != headers["ETag"]:
            wanted = None
        try:
            part = parse_range(wanted, len(body))
        except RangeError:
            headers["Content-Range"] = f"bytes */{len(body)}"
            self._send(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, b"", headers, with_body=False)
            return
        if part:
            headers["Content-Range"] = f"bytes {part[0]}-{part[1] - 1}/{len(body)}"
            body = body[slice(*part)]
        status = HTTPStatus.PARTIAL_CONTENT if part else HTTPStatus.OK
        self._send(status, body, headers, with_body=with_body)

    def _find(self, path: str) -> tuple[bytes, str] | None:
        root = self.server.root
        if path == "/":
            return index(root), CONTENT_TYPES[".html"]
        parts = path.strip("/").split("/")
        if len(parts) != 2 or any(part.startswith(".") for part in parts):
            return None
        folder, name = root / parts[0], parts[1]
        if name == "feed.xml" and (folder / "show.json").exists():
            return feed_of(folder, self.server.base_url), CONTENT_TYPES[".xml"]
        kind = CONTENT_TYPES.get(Path(name).suffix)
        return ((folder / name).read_bytes(), kind) if kind and (folder / name).is_file() else None

    def _send(
        self,
        status: HTTPStatus,
        body: bytes,
        headers: dict[str, str] | None = None,
        *,
        with_body: bool,
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {"Content-Type": "text/plain"}).items():
            self.send_header(name, value)
        if status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)


class DemoServer(ThreadingHTTPServer):
    """The host of the demo's shows, on the loopback address; port 0 takes a free one."""

    daemon_threads = True

    def __init__(self, root: Path, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.root = root

    @property
    def base_url(self) -> str:
        """Where the shows are, without a slash at the end."""
        return f"http://127.0.0.1:{self.server_port}"
