import gzip
import socket
import threading
import time

import pytest

from app.addresses import Exceptions, is_public
from app.net import HttpClient, Limits, NetError, retry_after_s
from tests.served import Request, Site, serving

LIMITS = Limits(max_bytes=1_000_000, max_s=5.0)


def fetch(http: HttpClient, url: str, limits: Limits = LIMITS, **headers: str) -> bytes:
    with http.open(url, limits=limits, headers=headers) as response:
        return response.read()


def failure(http: HttpClient, url: str, limits: Limits = LIMITS) -> NetError:
    with pytest.raises(NetError) as caught:
        fetch(http, url, limits)
    return caught.value


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",  # noqa: S104 - an address that must be refused
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.9",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "203.0.113.5",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::808:808",
        "100::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "2002:7f00:1::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_an_address_that_is_not_of_the_public_internet_is_never_opened(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::808:808", "2606:4700::1111", "2a00:1450::1"],
)
def test_public_addresses_are_opened(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1"])
def test_no_spelling_of_loopback_passes_the_guard(site: Site, name: str) -> None:
    site.serve("/", b"secret")
    error = failure(HttpClient(), f"http://{name}:{site.port}/")
    assert "on a private network" in str(error)
    assert f"EARMARK_ALLOW_PRIVATE_NETWORKS={name}:{site.port}" in str(error)
    assert not error.retryable
    assert site.requests == []


def test_a_redirect_cannot_lead_past_the_guard(site: Site, http: HttpClient) -> None:
    with serving() as inner:
        inner.serve("/admin", b"secret")
        site.redirect("/", inner.url("/admin"))
        assert "on a private network" in str(failure(http, site.url("/")))
        assert inner.requests == []


def test_the_address_is_checked_on_the_connection_that_is_used(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server may answer the first question with a public address, the next with loopback."""
    site.serve("/", b"secret")
    looked_up = []

    def rebind(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        looked_up.append(host)
        address = "93.184.216.34" if len(looked_up) % 2 == 0 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    assert "on a private network" in str(failure(HttpClient(), f"http://rebind.test:{site.port}/"))
    assert looked_up == ["rebind.test"]
    assert site.requests == []


def test_a_proxy_of_the_environment_does_not_bypass_the_guard(
    site: Site, http: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, site.url(""))
    site.serve("/", b"direct")
    assert fetch(http, site.url("/")) == b"direct"
    assert "on a private network" in str(failure(http, "http://10.0.0.1/"))


def test_the_opt_out_opens_one_place_or_all(site: Site) -> None:
    url = site.serve("/", b"hello")
    assert fetch(HttpClient(Exceptions.parse("1")), url) == b"hello"
    assert fetch(HttpClient(Exceptions.parse(f"a.test:1, 127.0.0.1:{site.port}")), url) == b"hello"
    assert "private network" in str(failure(HttpClient(Exceptions.parse("127.0.0.1:1")), url))


@pytest.mark.parametrize("text", ["yes", "127.0.0.1", "host:", "host:99999", ":80", "a:1,,b:2"])
def test_an_opt_out_in_another_form_is_refused_with_the_form_wanted(text: str) -> None:
    with pytest.raises(ValueError, match=r"takes 1 \(all private networks\) or host:port"):
        Exceptions.parse(text)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("file:///etc/passwd", "is not an address that starts with http:// or https://"),
        ("ftp://example.com/feed", "is not an address that starts with http:// or https://"),
        ("example.com/feed", "is not an address that starts with http:// or https://"),
        ("http://", "names no host"),
        ("http://[::1/", "is not a web address"),
        ("http://exa mple/", "is not a web address"),
        (f"http://{'a' * 64}.com/", "names a host that cannot exist"),
    ],
)
def test_what_is_no_web_address_is_refused(url: str, message: str) -> None:
    assert message in str(failure(HttpClient(), url))


def test_a_redirect_to_a_file_is_refused(site: Site, http: HttpClient) -> None:
    site.redirect("/", "file:///etc/passwd")
    assert "starts with http" in str(failure(http, site.url("/")))


def test_redirects_are_followed_and_the_permanent_ones_remembered(
    site: Site, http: HttpClient
) -> None:
    site.redirect("/a", "/b", 301)
    site.redirect("/b", site.url("/c"), 308)
    site.redirect("/c", "/d", 302)
    site.redirect("/d", "/e", 301)
    site.serve("/e", b"end")
    with http.open(site.url("/a"), limits=LIMITS) as response:
        assert response.read() == b"end"
        assert response.url == site.url("/e")
        assert response.moved_to == site.url("/c")
    with http.open(site.url("/c"), limits=LIMITS) as response:
        assert response.moved_to is None


def test_a_redirect_to_no_address_is_named(site: Site, http: HttpClient) -> None:
    url = site.redirect("/", "http://[nowhere")
    assert str(failure(http, url)) == (
        f"{url} redirects to 'http://[nowhere', which is not a web address"
    )


def test_redirects_in_a_circle_end(site: Site, http: HttpClient) -> None:
    site.redirect("/", "/")
    assert "redirects more than 10 times" in str(failure(http, site.url("/")))
    assert len(site.requests) == 11


def test_redirects_to_unquoted_utf8_are_followed(site: Site, http: HttpClient) -> None:
    site.redirect("/", "/föö".encode().decode("latin-1"))
    site.serve("/f%C3%B6%C3%B6", b"end")
    assert fetch(http, site.url("/")) == b"end"


def test_credentials_of_an_address_go_to_its_host_alone(site: Site, http: HttpClient) -> None:
    with serving() as other:
        site.redirect("/", other.url("/feed"))
        other.serve("/feed", b"feed")
        both = HttpClient(Exceptions.parse(f"127.0.0.1:{site.port},127.0.0.1:{other.port}"))
        assert fetch(both, f"http://me:p%40ss@127.0.0.1:{site.port}/") == b"feed"
        assert site.requests[0][1]["Authorization"] == "Basic bWU6cEBzcw=="
        assert "Authorization" not in other.requests[0][1]


def test_earmark_names_itself(site: Site, http: HttpClient) -> None:
    fetch(http, site.serve("/", b""))
    headers = site.requests[0][1]
    assert headers["User-Agent"].startswith("Earmark/")
    assert headers["Host"] == f"127.0.0.1:{site.port}"


@pytest.mark.parametrize(
    ("status", "retryable", "phrase"),
    [
        (404, False, "404 Not Found"),
        (410, False, "410 Gone"),
        (429, True, "429 Too Many Requests"),
        (503, True, "503 Service Unavailable"),
        (599, True, "599"),
    ],
)
def test_an_error_status_says_so(
    site: Site, http: HttpClient, status: int, retryable: bool, phrase: str
) -> None:
    site.serve("/", b"", status, {"Retry-After": "120"})
    error = failure(http, site.url("/"))
    assert str(error) == f"{site.url('/')} answered {phrase}"
    assert (error.status, error.retryable, error.retry_after_s) == (status, retryable, 120.0)


def test_not_modified_is_an_answer(site: Site, http: HttpClient) -> None:
    site.serve("/", b"", 304)
    with http.open(site.url("/"), limits=LIMITS, headers={"If-None-Match": '"a"'}) as response:
        assert response.status == 304
    assert site.requests[0][1]["If-None-Match"] == '"a"'


def test_a_body_larger_than_allowed_is_refused(site: Site, http: HttpClient) -> None:
    url = site.serve("/", b"x" * 1_000_001)
    assert str(failure(http, url)) == f"{url} is larger than the 1 MB allowed"
    assert len(fetch(http, site.serve("/fits", b"x" * 1_000_000))) == 1_000_000


def test_a_gzip_bomb_is_refused_before_it_unpacks(site: Site, http: HttpClient) -> None:
    bomb = gzip.compress(bytes(200_000_000), 9)
    url = site.serve("/", bomb, headers={"Content-Encoding": "gzip"})
    assert str(failure(http, url)) == f"{url} is larger than the 1 MB allowed"


def test_gzip_is_unpacked(site: Site, http: HttpClient) -> None:
    body = b"hello " * 10_000
    url = site.serve("/", gzip.compress(body), headers={"Content-Encoding": "gzip"})
    assert fetch(http, url) == body


@pytest.mark.parametrize(
    ("body", "encoding", "message"),
    [
        (b"plain", "gzip", "is not the gzip it claims to be"),
        (gzip.compress(b"x" * 9999)[:-9], "gzip", "broke off before its end"),
        (b"?", "br", "in an encoding that was not asked for: br"),
    ],
)
def test_broken_compression_is_named(
    site: Site, http: HttpClient, body: bytes, encoding: str, message: str
) -> None:
    url = site.serve("/", body, headers={"Content-Encoding": encoding})
    assert message in str(failure(http, url))


def test_a_body_that_breaks_off_is_an_error(site: Site, http: HttpClient) -> None:
    url = site.serve("/", b"half", headers={"Content-Length": "8"})
    error = failure(http, url)
    assert "broke off" in str(error)
    assert error.retryable


def drip(request: Request) -> None:
    request.start(200, {"Content-Length": "1000"})
    drip_bytes(request)


def drip_headers(request: Request) -> None:
    request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    drip_bytes(request)


def drip_bytes(request: Request) -> None:
    for _ in range(200):
        try:
            request.wfile.write(b"x")
        except OSError:
            return
        time.sleep(0.02)  # the slowness under test


@pytest.mark.parametrize("route", [drip, drip_headers])
def test_a_server_that_drips_is_cut_off(site: Site, http: HttpClient, route: object) -> None:
    site.routes["/"] = route  # type: ignore[assignment]
    started = time.monotonic()
    error = failure(http, site.url("/"), Limits(max_bytes=10_000, max_s=0.3))
    assert str(error) == f"{site.url('/')} took longer than the 0.3 s allowed"
    assert error.retryable
    assert time.monotonic() - started < 2


def test_a_silent_server_is_left(http: HttpClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        client = HttpClient(Exceptions.parse(f"127.0.0.1:{port}"))
        error = failure(client, f"http://127.0.0.1:{port}/", Limits(100, max_s=5, idle_s=0.1))
    assert "did not answer in time" in str(error)
    assert error.retryable


def test_a_port_where_nobody_listens_is_named(http: HttpClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = failure(HttpClient(Exceptions.parse("1")), f"http://127.0.0.1:{port}/")
    assert "refused the connection" in str(error)
    assert error.retryable


def test_a_name_that_does_not_exist_is_named() -> None:
    error = failure(HttpClient(), "http://nowhere.invalid/feed")
    assert str(error) == "The host of http://nowhere.invalid/feed could not be found"
    assert error.retryable


def test_a_request_leaves_no_thread_or_socket_behind(site: Site, http: HttpClient) -> None:
    url = site.serve("/", b"x")
    before = threading.active_count()
    for _ in range(3):
        fetch(http, url)
    timers = [t for t in threading.enumerate() if isinstance(t, threading.Timer) and t.is_alive()]
    for timer in timers:
        timer.join(1)
    assert threading.active_count() <= before + 1  # at most the server's last answer


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120.0), ("soon", None), (None, None), ("Mon, 01 Jan 2001 00:00:00 GMT", 0.0)],
)
def test_retry_after_is_read(value: str | None, seconds: float | None) -> None:
    assert retry_after_s(value) == seconds
