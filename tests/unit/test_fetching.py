"""The guarded fetch, against real servers on this machine; no setting lets it go to them, only its maker does."""

import datetime
import gzip
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pulse_mailer.errors import FetchError, FetchRefused, HostUnknown, PageTooLarge, PageUnreachable
from pulse_mailer.fetching import Fetcher, Limits, Page, is_public
from tests.unit.strangers import HOST, QUICK, Stranger, fetcher, moved, page, stranger

NAMES: dict[str, Sequence[str]] = {"pages.example": [HOST]}


def at(server: Stranger, path: str = "/", host: str = HOST, scheme: str = "http") -> str:
    return f"{scheme}://{host}:{server.port}{path}"


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8", "2002:808:808::1"]
)
def test_public_address(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


NOT_PUBLIC = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.9.9.9", "169.254.169.254", "172.16.0.1",
    "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254", "64:ff9b:1::8.8.8.8", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::",
    "2002:a00:1::1", "3fff::1", "fc00::1", "fd12::1", "fe80::1", "fe80::1%1", "fec0::1", "ff02::1", "5f00::1",
]  # fmt: skip


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    with pytest.raises(FetchRefused, match="no public address"):
        fetcher({"inside.example": ["8.8.8.8", address]}).fetch("http://inside.example/")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "localhost", "[::1]", "0"])
def test_this_machine_is_refused_however_it_is_written(host: str) -> None:
    with pytest.raises((FetchRefused, HostUnknown)):
        Fetcher("https://news.example").fetch(f"http://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://pages.example/",
        "gopher://pages.example/",
        "//pages.example/",
        "pages.example",
        "http://",
        "http://ann:secret@pages.example/",
        "http://@pages.example/",
        "http://pages.example\\@other.example/",
        "http://pages.example/ HTTP/1.1\r\nX: y",
        "http://[broken/",
        "http://pages.example:99999/",
        "http://b\u00fc\u0378cher.example/",
    ],
)
def test_what_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(FetchRefused):
        fetcher(NAMES).fetch(url)


def test_unknown_host() -> None:
    with pytest.raises(HostUnknown, match=r"nowhere\.example"):
        fetcher().fetch("http://nowhere.example/")


def test_resolver_in_trouble_does_not_make_a_host_unknown() -> None:
    def offline(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    with pytest.raises(PageUnreachable, match="could not be looked up"):
        Fetcher("https://news.example", resolve=offline).fetch("http://pages.example/")


@pytest.mark.parametrize("host", ["a..example", "x" * 64 + ".example"])
def test_name_that_no_host_can_have_is_unknown(host: str) -> None:
    with pytest.raises(HostUnknown):
        Fetcher("https://news.example").fetch(f"http://{host}/")


def test_page_comes_with_what_it_is() -> None:
    with stranger(lambda *_: page(b"<p>", Content_Type="Text/HTML; charset=utf-8")) as server:
        url = at(server, "/a?b=\u00e9", host="pages.example")
        found = fetcher(NAMES).fetch(url)
    assert found == Page(url, 200, "text/html", b"<p>", charset="utf-8")
    method, path, headers = server.asked[0]
    assert (method, path) == ("GET", "/a?b=%C3%A9")
    assert headers["host"] == f"pages.example:{server.port}"
    assert "pulsemailer" in headers["user-agent"]
    assert "https://news.example" in headers["user-agent"]
    assert not {"cookie", "authorization"} & headers.keys()


def test_page_that_we_have_already_is_not_sent_again() -> None:
    def answer(_method: str, _path: str, headers: dict[str, str]) -> bytes:
        if headers.get("if-none-match") == '"one"' and headers.get("if-modified-since") == "sun, 1 nov 2026":
            return page(b"", "304 Not Modified")
        return page(b"new", ETag='"one"', Last_Modified="Sun, 1 Nov 2026")

    with stranger(answer) as server:
        first = fetcher().fetch(at(server))
        second = fetcher().fetch(at(server), kept=first.kept)
    assert (first.status, first.body) == (200, b"new")
    assert (second.status, second.body) == (304, b"")


def test_page_that_is_not_there_is_a_page() -> None:
    with stranger(lambda *_: page(status="404 Not Found")) as server:
        assert fetcher().fetch(at(server)).status == 404


def test_name_is_asked_once_and_the_judged_address_is_the_one_connected_to() -> None:
    answers = [[HOST], ["127.0.0.1"]]  # a name server that rebinds
    with stranger(lambda *_: page()) as server:
        rebound = Fetcher(
            "x", limits=QUICK, also=[ipaddress.ip_network(HOST)], resolve=lambda *_: answers.pop(0)
        )
        assert rebound.fetch(at(server, host="rebinding.example")).body == b"hello"
        assert answers == [["127.0.0.1"]]
        with pytest.raises(FetchRefused):
            rebound.fetch(at(server, host="rebinding.example"))


def test_environments_proxy_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with stranger(lambda *_: page()) as server:
        assert fetcher().fetch(at(server)).status == 200


def test_redirect_is_followed_without_cookies() -> None:
    def answer(_method: str, path: str, _headers: dict[str, str]) -> bytes:
        return page() if path == "/b" else page(b"", "302 Found", Location="/b", Set_Cookie="a=b")

    with stranger(answer) as server:
        found = fetcher().fetch(at(server, "/a"))
    assert (found.url, found.moved) == (at(server, "/b"), False)
    assert "cookie" not in server.asked[1][2]


@pytest.mark.parametrize(
    ("second", "for_good"),
    [("301 Moved Permanently", True), ("308 Permanent Redirect", True), ("303 See Other", False)],
)
def test_page_has_moved_when_every_redirect_says_so(second: str, for_good: bool) -> None:
    steps = {"/a": moved("/b", "301 Moved Permanently"), "/b": moved("/c", second), "/c": page()}
    with stranger(lambda _method, path, _headers: steps[path]) as server:
        assert fetcher().fetch(at(server, "/a")).moved is for_good


@pytest.mark.parametrize(
    "to",
    [
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "//10.0.0.1/",
        "http://inside.example/",
        "file:///etc/passwd",
        "http://ann:secret@pages.example/",
        "http://[broken/",
    ],
)
def test_redirect_is_judged_like_any_address(to: str) -> None:
    names = {"inside.example": ["192.168.0.1"]}
    with stranger(lambda *_: moved(to)) as server, pytest.raises(FetchRefused):
        fetcher(names).fetch(at(server))


def test_redirects_end() -> None:
    with stranger(lambda *_: moved("/again")) as server, pytest.raises(PageUnreachable, match="more than 5"):
        fetcher().fetch(at(server))
    assert len(server.asked) == 6


@pytest.mark.parametrize(
    "begin",
    [
        b"",  # the very first byte of the head comes too late
        b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",  # a page that ends with its connection must not be taken for whole
    ],
)
def test_slow_dribble_is_cut(begin: bytes) -> None:
    quick = Limits(seconds=0.5)
    with stranger(lambda *_: (begin or b"HTTP/1.1 200 OK\r\nX: ") + b"x" * 5000, gap=0.005) as server:
        begun = time.monotonic()
        with pytest.raises(PageUnreachable, match="in time"):
            fetcher(limits=quick).fetch(at(server))
    assert time.monotonic() - begun < 2


def test_slow_resolver_is_left() -> None:
    over = threading.Event()
    slow = Fetcher("x", limits=Limits(seconds=0.2), resolve=lambda *_: [HOST] if over.wait(5) else [])
    with pytest.raises(PageUnreachable, match="in time"):
        slow.fetch("http://pages.example/")
    over.set()


def test_silent_tls_is_left() -> None:
    with socket.create_server((HOST, 0)) as silent:
        url = f"https://{HOST}:{silent.getsockname()[1]}/"
        with pytest.raises(PageUnreachable, match="in time"):
            fetcher(limits=Limits(seconds=0.3)).fetch(url)


def test_large_page_is_left() -> None:
    with stranger(lambda *_: page(b"x" * 10_001)) as server, pytest.raises(PageTooLarge):
        fetcher().fetch(at(server))


def test_page_of_just_the_limit_is_taken() -> None:
    with stranger(lambda *_: page(gzip.compress(b"x" * 10_000), Content_Encoding="gzip")) as server:
        assert fetcher().fetch(at(server)).body == b"x" * 10_000


@pytest.mark.parametrize("times", [1, 2])
def test_bomb_is_not_unpacked(times: int) -> None:
    bomb = b"\0" * 50_000_000
    for _ in range(times):
        bomb = gzip.compress(bomb, 1)
    bombed = page(bomb, Content_Encoding=", ".join(["gzip"] * times))
    with stranger(lambda *_: bombed) as server, pytest.raises(PageTooLarge):
        fetcher().fetch(at(server))


def test_large_head_is_left() -> None:
    with stranger(lambda *_: page(X="x" * 5_000)) as server, pytest.raises(PageTooLarge, match="headers"):
        fetcher().fetch(at(server))


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        page(b"hello").replace(b": 5", b": 50"),
        page(b"this is not packed", Content_Encoding="gzip"),
    ],
)
def test_broken_answer_is_ours_to_explain(said: bytes) -> None:
    with stranger(lambda *_: said) as server, pytest.raises(FetchError) as caught:
        fetcher().fetch(at(server))
    assert HOST in str(caught.value)


def test_nobody_there() -> None:
    with socket.create_server((HOST, 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(PageUnreachable, match="Nobody answers"):
        fetcher().fetch(f"http://{HOST}:{port}/")


def contexts(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate for a name, and a context that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    written = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(pem + written)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.pem")
    return server, ssl.create_default_context(cadata=pem.decode())


def test_certificate_is_judged_by_the_name_not_the_address(tmp_path: Path) -> None:
    server_side, trust = contexts(tmp_path, "pages.example")
    names = {**NAMES, "other.example": [HOST]}
    with stranger(lambda *_: page(), context=server_side) as server:
        trusting = fetcher(names, trust=trust)
        assert trusting.fetch(at(server, host="pages.example", scheme="https")).body == b"hello"
        with pytest.raises(PageUnreachable, match="certificate"):
            trusting.fetch(at(server, host="other.example", scheme="https"))
        with pytest.raises(PageUnreachable, match="certificate"):
            fetcher(names).fetch(at(server, host="pages.example", scheme="https"))


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [
        ("120", 120, 120),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        ("Fri, 31 Dec 2199 23:59:59 GMT", 1e9, 1e10),
        ("soon", None, None),
        ("-5", None, None),
        ("Fri, 99 Dec 2199", None, None),
    ],
)
def test_the_rest_that_a_server_asks_for_is_told(said: str, least: float | None, most: float | None) -> None:
    with stranger(lambda *_: page(status="429 Too Many Requests", Retry_After=said)) as server:
        rest = fetcher().fetch(f"http://{HOST}:{server.port}/").retry_after
    if least is None or most is None:
        assert rest is None
    else:
        assert rest is not None
        assert least <= rest <= most
