import gzip
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.addresses import Exceptions
from app.net import HttpClient
from app.settings import get_settings
from app.store import Store
from tests.served import Request, Site, serving
from workers.fetch import Downloaded, FetchError, download

MP3 = b"ID3\x04\0\0\0\0\0\0" + b"\xff\xfb\x90\x64" + bytes(range(256)) * 400
NAME = "episodes/e/source"

Route = Callable[[Request], None]


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("EARMARK_SPOOL_DIR", str(tmp_path / "spool"))
    monkeypatch.setenv("EARMARK_DOWNLOAD_MAX_BYTES", "1000000")
    get_settings.cache_clear()
    yield Store(str(tmp_path / "store"))
    get_settings.cache_clear()


def get(site: Site, store: Store, url: str, unless: str | None = None) -> Downloaded:
    http = HttpClient(Exceptions.parse(f"127.0.0.1:{site.port}"))
    return download(url, store, NAME, unless=unless, http=http)


def failure(site: Site, store: Store, url: str) -> FetchError:
    with pytest.raises(FetchError) as caught:
        get(site, store, url)
    assert not store.exists(NAME)
    return caught.value


def spooled(store: Store) -> list[str]:
    return sorted(path.suffix for path in get_settings().spool_dir.iterdir())


def stored(store: Store) -> bytes:
    with store.open(NAME) as file:
        return file.read()


def test_a_download_is_stored_and_described(site: Site, store: Store) -> None:
    site.redirect("/prefix/a.mp3", "/a.mp3")
    headers = {"ETag": '"one"', "Content-Type": "audio/mpeg; charset=binary"}
    url = site.serve("/a.mp3", MP3, headers=headers)
    assert get(site, store, site.url("/prefix/a.mp3")) == Downloaded(
        name=NAME,
        url=url,
        bytes=len(MP3),
        sha256=hashlib.sha256(MP3).hexdigest(),
        content_type="audio/mpeg",
        format="mp3",
        etag='"one"',
    )
    assert stored(store) == MP3
    assert spooled(store) == []


@pytest.mark.parametrize(
    ("head", "suffix"),
    [
        (b"ID3\x04\0\0\0\0\0\0\xff\xfb\x90\x64", "mp3"),
        (b"\xff\xfb\x90\x64", "mp3"),
        (b"\xff\xf1\x50\x80", "aac"),
        (b"\0\0\0\x20ftypM4A ", "m4a"),
        (b"OggS\0\2", "ogg"),
        (b"fLaC\0\0\0\x22", "flac"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "wav"),
        (b"\x1a\x45\xdf\xa3", "webm"),
    ],
)
def test_formats_are_told_by_their_first_bytes(
    site: Site, store: Store, head: bytes, suffix: str
) -> None:
    url = site.serve("/a.txt", head + bytes(5000), headers={"Content-Type": "text/plain"})
    assert get(site, store, url).format == suffix


def in_turn(*routes: Route) -> Route:
    """A route that answers each request by the next of these."""
    waiting = iter(routes)

    def answer(request: Request) -> None:
        next(waiting)(request)

    return answer


class Breaking:
    """Answers with ranges, and drops each connection after some bytes."""

    def __init__(self, body: bytes, part: int, etag: str | None = '"one"') -> None:
        self.body, self.part, self.etag = body, part, etag

    def __call__(self, request: Request) -> None:
        start = self.start(request)
        headers = {"Content-Length": str(len(self.body) - start)}
        if self.etag:
            headers["ETag"] = self.etag
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(self.body) - 1}/{len(self.body)}"
        request.start(206 if start else 200, headers)
        request.wfile.write(self.body[start : start + self.part])

    def start(self, request: Request) -> int:
        if request.headers.get("If-Range") != self.etag:
            return 0
        return int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))


def test_a_download_that_breaks_off_goes_on_where_it_was(site: Site, store: Store) -> None:
    site.routes["/a.mp3"] = Breaking(MP3, 40_000)
    assert get(site, store, site.url("/a.mp3")).sha256 == hashlib.sha256(MP3).hexdigest()
    assert stored(store) == MP3
    asked = [headers.get("Range") for _, headers in site.requests]
    assert asked == [None, "bytes=40000-", "bytes=80000-"]


def test_a_later_try_goes_on_too(site: Site, store: Store) -> None:
    site.routes["/a.mp3"] = Breaking(MP3, 40_000)
    routes = [Breaking(MP3, 40_000), *[Breaking(MP3, 0)] * 3]
    site.routes["/a.mp3"] = in_turn(*routes)
    error = failure(site, store, site.url("/a.mp3"))
    assert "broke off" in str(error)
    assert error.retryable
    assert spooled(store) == [".json", ".part"]
    site.routes["/a.mp3"] = Breaking(MP3, 1_000_000)
    get(site, store, site.url("/a.mp3"))
    assert site.requests[-1][1]["Range"] == "bytes=40000-"
    assert stored(store) == MP3


def test_a_file_that_changed_meanwhile_starts_again(site: Site, store: Store) -> None:
    other = b"ID3" + MP3[::-1]
    routes = [Breaking(MP3, 40_000), Breaking(other, 1_000_000, '"two"')]
    site.routes["/a.mp3"] = in_turn(*routes)
    get(site, store, site.url("/a.mp3"))
    assert stored(store) == other


def test_a_server_without_ranges_starts_again(site: Site, store: Store) -> None:
    routes = [Breaking(MP3, 40_000, None), Breaking(MP3, 1_000_000, None)]
    site.routes["/a.mp3"] = in_turn(*routes)
    get(site, store, site.url("/a.mp3"))
    assert stored(store) == MP3
    assert [headers.get("Range") for _, headers in site.requests] == [None, None]


def test_a_range_beyond_the_end_starts_again(site: Site, store: Store) -> None:
    routes = [
        Breaking(MP3, 40_000),
        lambda request: request.answer(416),
        Breaking(MP3, 1_000_000),
    ]
    site.routes["/a.mp3"] = in_turn(*routes)
    get(site, store, site.url("/a.mp3"))
    assert stored(store) == MP3


def test_known_bytes_are_recognised_without_fetching_them(site: Site, store: Store) -> None:
    site.serve("/a.mp3", MP3, headers={"ETag": '"one"'})
    first = get(site, store, site.url("/a.mp3?token=1"))
    store.remove(NAME)
    assert get(site, store, site.url("/a.mp3?token=2"), unless=first.sha256) == first
    assert not store.exists(NAME)
    assert get(site, store, site.url("/a.mp3?token=3"), unless=None) == Downloaded(
        **{**{f: getattr(first, f) for f in first.__slots__}, "url": site.url("/a.mp3?token=3")}
    )
    assert store.exists(NAME)


@pytest.mark.parametrize("etag", ['"two"', 'W/"one"', ""])
def test_other_or_unsure_bytes_are_fetched(site: Site, store: Store, etag: str) -> None:
    url = site.serve("/a.mp3", MP3, headers={"ETag": etag.replace("two", "one")})
    first = get(site, store, url)
    other = MP3[:-1] + b"?"
    site.serve("/a.mp3", other, headers={"ETag": etag} if etag else {})
    again = get(site, store, url, unless=first.sha256)
    assert again.sha256 == hashlib.sha256(other).hexdigest()
    assert stored(store) == other


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"\n<!DOCTYPE html><html>Sorry</html>", "answered with a web page instead of audio."),
        (b"<html>" + b"x" * 9000, "answered with a web page instead of audio."),
        (b"", "is empty."),
        (b"#EXTM3U\nfile:///etc/passwd", "is not audio that Earmark knows (mp3, m4a, aac, ogg,"),
        (b"%PDF-1.7" + b"x" * 9000, "is not audio that Earmark knows (mp3, m4a, aac, ogg,"),
    ],
)
def test_what_is_not_audio_is_refused(site: Site, store: Store, body: bytes, message: str) -> None:
    error = failure(site, store, site.serve("/a.mp3", body, headers={"Content-Type": "audio/mpeg"}))
    assert message in str(error)
    assert not error.retryable
    assert spooled(store) == []


def test_a_web_page_is_refused_before_all_of_it_has_come(site: Site, store: Store) -> None:
    def endless(request: Request) -> None:
        request.start(200, {"Content-Length": "900000"})
        request.wfile.write(b"<html>" + b"x" * 100_000)
        request.connection.recv(1)  # returns once the client has left

    site.routes["/a.mp3"] = endless
    assert "web page" in str(failure(site, store, site.url("/a.mp3")))


def test_a_file_beyond_the_cap_is_refused(site: Site, store: Store) -> None:
    error = failure(site, store, site.serve("/a.mp3", b"ID3" + bytes(1_000_000)))
    assert "is larger than the 1 MB allowed." in str(error)
    assert spooled(store) == []


def test_the_cap_counts_resumed_bytes_too(site: Site, store: Store) -> None:
    site.routes["/a.mp3"] = Breaking(b"ID3" + bytes(1_000_000), 600_000)
    assert "is larger than the 1 MB allowed." in str(failure(site, store, site.url("/a.mp3")))


def test_gzip_that_was_not_asked_for_is_unpacked(site: Site, store: Store) -> None:
    body = gzip.compress(MP3)
    get(site, store, site.serve("/a.mp3", body, headers={"Content-Encoding": "gzip"}))
    assert stored(store) == MP3


@pytest.mark.parametrize(("status", "retryable"), [(404, False), (503, True)])
def test_an_error_status_is_told(site: Site, store: Store, status: int, retryable: bool) -> None:
    error = failure(site, store, site.serve("/a.mp3", b"", status))
    assert f"/a.mp3 answered {status} " in str(error)
    assert error.retryable is retryable
