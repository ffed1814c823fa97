"""Opening strangers' addresses: guarded, timed, capped.

Every connection, that of each redirect too, goes to a numeric address that was checked first
(see ``app.addresses``), so a name cannot be looked up as one thing and connected as another.
Proxies that the environment names are not used: a proxy would look names up on its own and so
pass the guard by.
"""

import base64
import http.client
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import unquote, urljoin

from urllib3 import HTTPHeaderDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, LocationParseError, ProtocolError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Url, parse_url

from app.addresses import Exceptions, is_public
from app.domain import utc_now
from app.settings import get_settings

MAX_REDIRECTS = 10  # podcast prefixes chain four or five
CHUNK_BYTES = 1 << 16
_PERMANENT = {301, 308}
_REDIRECTS = _PERMANENT | {302, 303, 307}
_TRY_AGAIN = {408, 425, 429}


class NetError(Exception):
    """What went wrong with an address, in words for the person who gave it.

    ``retryable``: whether the same request may well succeed later. ``status``: the HTTP status,
    where there was one. ``retry_after_s``: how long the server asked to be left alone.
    """

    def __init__(
        self,
        message: str,
        *,
        retryable: bool = False,
        status: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.status = status
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may cost: bytes of body after decompression, and seconds in all."""

    max_bytes: int
    max_s: float
    idle_s: float = 30.0  # without a single byte


@dataclass
class Response:
    """An answer whose body has not been read yet."""

    status: int
    headers: Mapping[str, str]
    url: str  # after all redirects
    moved_to: str | None  # how far permanent redirects alone led, if anywhere
    _raw: BaseHTTPResponse
    _limits: Limits
    _deadline: "_Deadline"

    def chunks(self) -> Iterator[bytes]:
        """The decompressed body, a piece at a time. Raises NetError beyond the limits."""
        total = 0
        with _explained(self.url, self._deadline):
            for piece in _decoded(
                self._pieces(), self.headers.get("Content-Encoding", ""), self.url
            ):
                total += len(piece)
                if total > self._limits.max_bytes:
                    raise NetError(
                        f"{self.url} is larger than the {_size(self._limits.max_bytes)} allowed"
                    )
                yield piece

    def read(self) -> bytes:
        """The whole body."""
        return b"".join(self.chunks())

    def _pieces(self) -> Iterator[bytes]:
        while piece := self._raw.read1(CHUNK_BYTES, decode_content=False):
            self._deadline.check()
            yield piece
        self._deadline.check()


class _Deadline:
    """Cuts every connection of a request when its time is up.

    A timeout of the socket is not enough: a server that sends a byte now and then never meets it.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._ends = time.monotonic() + limits.max_s
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(limits.max_s, self._cut)
        self._timer.daemon = True
        self._timer.start()

    @property
    def passed(self) -> bool:
        return time.monotonic() >= self._ends

    @property
    def explanation(self) -> str:
        return f"took longer than the {self._limits.max_s:g} s allowed"

    def check(self) -> None:
        if self.passed:
            raise TimeoutError(self.explanation)

    def watch(self, connection: socket.socket) -> None:
        self._sockets.append(connection.dup())  # outlives the wrapping by TLS

    def close(self) -> None:
        self._timer.cancel()
        for connection in self._sockets:
            connection.close()

    def _cut(self) -> None:
        for connection in self._sockets:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # already closed by the other side
                continue


class _Guarded:
    """Mixed into urllib3's connections: connects to checked addresses only."""

    host: str
    port: int
    idle_s: float
    exceptions: Exceptions
    deadline: _Deadline

    def _new_conn(self) -> socket.socket:
        problem: OSError = OSError("no address")
        for family, address in self._addresses():
            self.deadline.check()
            try:
                return self._connect(family, address)
            except OSError as error:
                problem = error
        raise problem

    def _connect(self, family: int, address: Any) -> socket.socket:
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(self.idle_s)
            self.deadline.watch(connection)
            connection.connect(address)
            self._check(connection.getpeername()[0])
        except BaseException:
            connection.close()
            raise
        return connection

    def _addresses(self) -> list[tuple[int, Any]]:
        found = socket.getaddrinfo(self.host.strip("[]"), self.port, type=socket.SOCK_STREAM)
        allowed: list[tuple[int, Any]] = [
            (family, at) for family, _, _, _, at in found if self._allows(str(at[0]))
        ]
        if not allowed:
            self._check(str(found[0][4][0]))
        return allowed

    def _allows(self, address: str) -> bool:
        return is_public(address) or self.exceptions.allow(self.host, self.port)

    def _check(self, address: str) -> None:
        if not self._allows(address):
            raise NetError(
                f"{self.host} is at {address}, on a private network, which Earmark does not open"
                f" (EARMARK_ALLOW_PRIVATE_NETWORKS={self.host}:{self.port} would allow it)"
            )


class _GuardedHTTP(_Guarded, HTTPConnection):
    pass


class _GuardedHTTPS(_Guarded, HTTPSConnection):
    pass


@dataclass(frozen=True)
class HttpClient:
    """Opens addresses of strangers, within limits."""

    exceptions: Exceptions = field(default_factory=Exceptions)

    @contextmanager
    def open(
        self, url: str, *, limits: Limits, headers: Mapping[str, str] | None = None
    ) -> Iterator[Response]:
        """GET an address, following redirects; the body is read within the block.

        Statuses below 400 are answers, 304 among them. Raises NetError.
        """
        deadline = _Deadline(limits)
        connections: list[HTTPConnection] = []
        try:
            with _explained(url, deadline):
                response = self._follow(url, headers or {}, limits, deadline, connections)
            yield response
        finally:
            for connection in connections:
                connection.close()
            deadline.close()

    def _follow(
        self,
        url: str,
        headers: Mapping[str, str],
        limits: Limits,
        deadline: _Deadline,
        connections: list[HTTPConnection],
    ) -> Response:
        moved_to, only_permanent, credentials = None, True, _Credentials()
        for _ in range(MAX_REDIRECTS + 1):
            target = _parse(url)
            sent = {**_defaults(), **headers, **credentials.of(target)}
            connection = self._connection(target, limits, deadline)
            connections.append(connection)
            raw = _request(connection, target, sent)
            if raw.status not in _REDIRECTS or not raw.headers.get("Location"):
                _refuse_errors(raw, url)
                return Response(raw.status, raw.headers, url, moved_to, raw, limits, deadline)
            url = _joined(url, _location(raw.headers))
            only_permanent = only_permanent and raw.status in _PERMANENT
            moved_to = url if only_permanent else moved_to
        raise NetError(f"{url} redirects more than {MAX_REDIRECTS} times")

    def _connection(self, target: Url, limits: Limits, deadline: _Deadline) -> HTTPConnection:
        host, port = str(target.host).strip("[]"), target.port
        connection: _GuardedHTTP | _GuardedHTTPS
        if target.scheme == "https":
            context = ssl.create_default_context()
            connection = _GuardedHTTPS(
                host, port or 443, timeout=limits.idle_s, ssl_context=context
            )
        else:
            connection = _GuardedHTTP(host, port or 80, timeout=limits.idle_s)
        connection.idle_s = limits.idle_s
        connection.exceptions = self.exceptions
        connection.deadline = deadline
        return connection


@lru_cache(maxsize=1)
def get_http() -> HttpClient:
    """The client that the settings describe."""
    return HttpClient(Exceptions.parse(get_settings().allow_private_networks))


class _Credentials:
    """User and password of the first address, sent to its host alone (private feeds use them)."""

    def __init__(self) -> None:
        self._place: tuple[Any, ...] | None = None
        self._header: dict[str, str] = {}

    def of(self, target: Url) -> dict[str, str]:
        place = (target.scheme, target.host, target.port)
        if target.auth:
            coded = base64.b64encode(unquote(target.auth).encode()).decode()
            self._place, self._header = place, {"Authorization": f"Basic {coded}"}
        return self._header if place == self._place else {}


@lru_cache(maxsize=1)
def _defaults() -> dict[str, str]:
    try:
        number = version("earmark")
    except PackageNotFoundError:
        number = "0"
    return {"User-Agent": f"Earmark/{number}", "Accept": "*/*", "Accept-Encoding": "gzip"}


def _parse(url: str) -> Url:
    try:
        parts = parse_url(url)
    except LocationParseError as error:
        raise NetError(f"{url!r} is not a web address") from error
    if parts.scheme not in {"http", "https"}:
        raise NetError(f"{url!r} is not an address that starts with http:// or https://")
    if not parts.host:
        raise NetError(f"{url!r} names no host")
    return parts


def _request(connection: HTTPConnection, target: Url, headers: dict[str, str]) -> BaseHTTPResponse:
    connection.request(
        "GET",
        target.request_uri,
        headers={"Host": _host_header(target), **headers},
        preload_content=False,
        decode_content=False,
    )
    return connection.getresponse()


def _host_header(target: Url) -> str:
    default = {"http": 80, "https": 443}[str(target.scheme)]
    return f"{target.host}" if target.port in {None, default} else f"{target.host}:{target.port}"


def _location(headers: HTTPHeaderDict) -> str:
    """The redirect's target; servers send UTF-8 where HTTP wants ASCII."""
    return headers["Location"].encode("latin-1", "replace").decode("utf-8", "replace").strip()


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise NetError(f"{url} redirects to {location!r}, which is not a web address") from error


def _refuse_errors(raw: BaseHTTPResponse, url: str) -> None:
    if raw.status < 400:
        return
    raise NetError(
        f"{url} answered {raw.status} {_phrase(raw.status)}".strip(),
        retryable=raw.status >= 500 or raw.status in _TRY_AGAIN,
        status=raw.status,
        retry_after_s=retry_after_s(raw.headers.get("Retry-After")),
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def retry_after_s(value: str | None) -> float | None:
    """Seconds that a Retry-After header asks for, given as seconds or as a date."""
    if not value:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (until - utc_now()).total_seconds()) if until.tzinfo else None


def _decoded(pieces: Iterator[bytes], encoding: str, url: str) -> Iterator[bytes]:
    coding = encoding.strip().lower()
    if coding in {"", "identity"}:
        yield from pieces
    elif coding in {"gzip", "x-gzip", "deflate"}:
        yield from _inflated(pieces, url)
    else:
        raise NetError(f"{url} is sent in an encoding that was not asked for: {coding}")


def _inflated(pieces: Iterator[bytes], url: str) -> Iterator[bytes]:
    """Decompressed in bounded pieces: a megabyte of gzip can hold a gigabyte."""
    inflater = zlib.decompressobj(wbits=47)  # gzip or zlib, whichever the header says
    try:
        for piece in pieces:
            waiting = piece
            while waiting:
                yield inflater.decompress(waiting, CHUNK_BYTES)
                waiting = inflater.unconsumed_tail
    except zlib.error as error:
        raise NetError(f"{url} is not the gzip it claims to be", retryable=True) from error
    yield inflater.flush()
    if not inflater.eof:
        raise NetError(f"{url} broke off before its end", retryable=True)


@contextmanager
def _explained(url: str, deadline: _Deadline) -> Iterator[None]:
    """Turn what the network throws into words."""
    try:
        yield
    except NetError:
        raise
    except (HTTPError, http.client.HTTPException, OSError, UnicodeError) as error:
        if deadline.passed:
            raise NetError(f"{url} {deadline.explanation}", retryable=True) from error
        raise _explain(url, error) from error


# The first that fits counts; the last word is whether the same request may succeed later.
_EXPLANATIONS: list[tuple[tuple[type[Exception], ...], str, bool]] = [
    ((UnicodeError,), "{url} names a host that cannot exist", False),  # labels of 64 and more
    ((socket.gaierror,), "The host of {url} could not be found", True),
    ((ssl.SSLCertVerificationError,), "{url} has no valid certificate: {error}", False),
    ((ConnectionRefusedError,), "{url} refused the connection", True),
    ((TimeoutError,), "{url} did not answer in time", True),
    ((ProtocolError, http.client.IncompleteRead), "{url} broke off before its end", True),
    ((OSError,), "{url} broke off: {error}", True),
    ((http.client.HTTPException,), "{url} did not answer as a web server does", True),
    ((Exception,), "{url} broke off: {error}", True),
]


def _explain(url: str, error: Exception) -> NetError:
    reason = getattr(error, "verify_message", error)
    for kinds, words, retryable in _EXPLANATIONS:
        if isinstance(error, kinds):
            return NetError(words.format(url=url, error=reason), retryable=retryable)
    raise error


def _size(count: int) -> str:
    return f"{count / 1e6:g} MB" if count >= 1_000_000 else f"{count} bytes"
