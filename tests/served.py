"""A small HTTP server for tests: routes are functions, and every request is kept."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Request(BaseHTTPRequestHandler):
    """One request; routes answer through ``answer`` or write to ``wfile`` themselves."""

    protocol_version = "HTTP/1.1"
    server: Any

    def do_GET(self) -> None:
        site: Site = self.server.site
        site.requests.append((self.path, dict(self.headers)))
        self.close_connection = True
        path = self.path.partition("?")[0]
        site.routes.get(path, lambda request: request.answer(404, b"nothing here"))(self)

    def answer(
        self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        sent = {"Content-Length": str(len(body)), **(headers or {})}
        self.start(status, sent)
        self.wfile.write(body)

    def start(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


class Site:
    """Routes by path, and what was asked of them."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.routes: dict[str, Callable[[Request], None]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def serve(
        self, path: str, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> str:
        self.routes[path] = lambda request: request.answer(status, body, headers)
        return self.url(path)

    def redirect(self, path: str, to: str, status: int = 302) -> str:
        return self.serve(path, b"", status, {"Location": to})


@contextmanager
def serving() -> Iterator[Site]:
    """A site on a free port of the loopback interface."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Request)
    server.daemon_threads = True
    site = Site(server.server_address[1])
    server.site = site  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
