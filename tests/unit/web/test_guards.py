"""The middleware by itself, around an app that says yes to everything."""

import logging
from collections.abc import MutableMapping
from typing import Any

import pytest
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from pulse_mailer.web.guards import CalmMiddleware, HeadersMiddleware, StaffMiddleware, is_public

LOOPBACK = ("127.0.0.1", 50000)


async def yes(scope: Scope, receive: Receive, send: Send) -> None:
    headers = {"Cache-Control": "max-age=60"} if scope["path"].startswith("/assets/") else {}
    await PlainTextResponse("yes", headers=headers)(scope, receive, send)


def refusal(_scope: MutableMapping[str, Any], status: int) -> Response:
    return PlainTextResponse("turned away", status_code=status)


def asked(
    method: str = "GET",
    path: str = "/deliveries",
    *,
    ours: str | None = None,
    client: tuple[str, int] = LOOPBACK,
    host: str = "127.0.0.1:8025",
    headers: dict[str, str] | None = None,
) -> int:
    browser = TestClient(StaffMiddleware(yes, refusal, ours), base_url=f"http://{host}", client=client)
    return browser.request(method, path, headers=headers).status_code


@pytest.mark.parametrize("host", ["127.0.0.1:8025", "localhost:8025", "localhost", "[::1]:8025", "127.9.9.9"])
def test_staff_pages_answer_by_this_machines_names(host: str) -> None:
    assert asked(host=host) == 200


@pytest.mark.parametrize(
    "host",
    [
        "news.example.org",  # the public name, through a proxy on this machine
        "localhost.example.org",  # a stranger's name that resolves to 127.0.0.1
        "127.0.0.1.example.org",
        "192.168.1.4:8025",
        "0.0.0.0:8025",
    ],
)
def test_staff_pages_do_not_answer_by_another_name(host: str) -> None:
    assert asked(host=host) == 404


@pytest.mark.parametrize("client", ["192.168.1.5", "203.0.113.9", "2001:db8::1", "testclient"])
def test_staff_pages_do_not_answer_another_machine(client: str) -> None:
    assert asked(client=(client, 50000)) == 404


@pytest.mark.parametrize("client", ["::1", "::ffff:127.0.0.1"])
def test_this_machine_may_come_by_ipv6(client: str) -> None:
    assert asked(client=(client, 50000)) == 200


PROXIES = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "X-Real-IP", "Via")


@pytest.mark.parametrize("header", [*PROXIES, "CF-Connecting-IP", "True-Client-IP"])
def test_what_a_proxy_brings_never_counts_as_this_machine(header: str) -> None:
    assert asked(headers={header: "127.0.0.1"}) == 404


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("news.example.org", 200),
        ("NEWS.example.org:443", 200),
        ("127.0.0.1:8025", 200),
        ("evil.example.org", 421),  # which may have been given our number
        ("news.example.org.evil.example.org", 421),
        ("192.168.1.4:8025", 421),
    ],
)
def test_where_staff_sign_in_they_come_from_anywhere_by_our_name(host: str, status: int) -> None:
    assert asked(ours="news.example.org", client=("203.0.113.9", 1), host=host) == status


@pytest.mark.parametrize("path", ["/u/abc", "/editions/x", "/pictures/x.png", "/healthz/live", "/robots.txt"])
def test_public_pages_answer_everybody(path: str) -> None:
    assert asked(path=path, client=("203.0.113.9", 1), host="news.example.org") == 200


@pytest.mark.parametrize(
    "path", ["/", "/u", "/user", "/editions", "/mailbox", "/staff/editions/a/b", "/docs"]
)
def test_everything_else_is_for_staff(path: str) -> None:
    assert not is_public(path)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),  # another port of this machine is another program
        ({"Origin": "http://127.0.0.1:8025"}, 200),  # a browser too old for Sec-Fetch-Site
        ({"Origin": "http://evil.example.org"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 200),  # no browser
    ],
)
def test_changes_come_only_from_our_own_pages(headers: dict[str, str], status: int) -> None:
    assert asked("POST", headers=headers) == status


def test_the_way_out_asks_for_no_origin() -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://mail.example.com"}
    assert asked("POST", "/u/abc", client=("203.0.113.9", 1), host="news.example.org", headers=headers) == 200


def _headers(path: str) -> dict[str, str]:
    return dict(TestClient(HeadersMiddleware(yes)).get(path).headers)


def _policy(path: str) -> dict[str, str]:
    rules = _headers(path)["content-security-policy"].split("; ")
    return dict(rule.split(" ", 1) for rule in rules)


def test_readers_pages_may_run_nothing_and_be_framed_by_nobody() -> None:
    policy = _policy("/u/abc")
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert not {"script-src", "connect-src"} & policy.keys()
    assert "unsafe-inline" not in str(policy)


def test_staffs_pages_may_run_our_own_scripts_and_no_others() -> None:
    assert _policy("/") == _policy("/u/abc") | {"script-src": "'self'", "connect-src": "'self'"}


def test_token_pages_tell_no_other_site_their_address() -> None:
    headers = _headers("/u/abc")
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["x-robots-tag"] == "noindex, nofollow"


def test_the_archive_may_be_found() -> None:
    assert "x-robots-tag" not in _headers("/editions/pulse")


def test_a_routes_own_header_stands() -> None:
    assert _headers("/assets/app.css")["cache-control"] == "max-age=60"


def test_types_are_never_guessed() -> None:
    assert _headers("/pictures/x.png")["x-content-type-options"] == "nosniff"


def test_pictures_may_be_shown_by_other_sites() -> None:
    assert "cross-origin-resource-policy" not in _headers("/pictures/x.png")
    assert _headers("/mailbox")["cross-origin-resource-policy"] == "same-origin"


async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise RuntimeError("secret detail")


def test_an_unforeseen_error_is_a_calm_answer_and_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "pulse_mailer.web"):
        answer = TestClient(CalmMiddleware(broken, refusal)).get("/u/token-of-a-person")
    assert (answer.status_code, answer.text) == (500, "turned away")
    assert "secret detail" in caplog.text
    assert "token-of-a-person" not in caplog.text


async def broken_midway(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise RuntimeError("too late")


def test_an_answer_half_given_is_cut_off() -> None:
    with pytest.raises(RuntimeError, match="too late"):
        TestClient(CalmMiddleware(broken_midway, refusal)).get("/")


async def reads(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    await PlainTextResponse(str(len(body)))(scope, receive, send)


@pytest.mark.parametrize(("size", "status"), [(10, 200), (11, 413)])
def test_a_body_over_the_limit_is_refused(size: int, status: int) -> None:
    limited = TestClient(RequestBodyLimitMiddleware(reads, max_body_size=10))
    assert limited.post("/u/abc", content=b"x" * size).status_code == status
