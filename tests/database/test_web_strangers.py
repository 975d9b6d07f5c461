"""What somebody unknown sends: nothing of it is read where only staff may write."""

import asyncio
import dataclasses
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.database import Database
from pulse_mailer.domain.staff import Role
from pulse_mailer.staff.roles import Right
from pulse_mailer.web.api.calls import Calls
from pulse_mailer.web.app import create_app
from pulse_mailer.web.guards import SAFE_METHODS, is_public
from pulse_mailer.web.server import running
from pulse_mailer.web.strangers import DOORS, MOST_BYTES
from tests.database.api_given import key
from tests.database.test_web_sign_in import filled, requirements
from tests.staff_given import COOKIE, cookies, csrf, given_staff, token

LARGE = 32 * 1024 * 1024


async def _asked(app: Any, method: str, path: str, **given: str) -> int:
    """The status of the answer to somebody whose body must not be touched; `given` are headers of theirs."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        raise AssertionError(f"{method} {path} was read")

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = {
        "host": "127.0.0.1",
        "content-type": "multipart/form-data; boundary=x",
        "content-length": "1000",
    } | {name.replace("_", "-"): value for name, value in given.items()}
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("192.0.2.1", 50000),
        "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, send)
    return int(sent[0]["status"])


def of_staff_s(app: FastAPI) -> Iterator[tuple[str, str, tuple[Right, ...]]]:
    """The routes by which staff and programs change something: method, path, and the rights of which one will do."""
    for route in iter_route_contexts(app.routes):
        if is_public(str(route.path)) or str(route.path).startswith(DOORS):
            continue
        for method in sorted((route.methods or set()) - set(SAFE_METHODS)):
            yield method, filled(str(route.path)), requirements(route)[0].rights


def test_of_a_stranger_nothing_is_read_at_any_route_of_staff_s(mailer: Mailer) -> None:
    app = create_app(mailer)
    answers = {(method, path): asyncio.run(_asked(app, method, path)) for method, path, _ in of_staff_s(app)}
    assert len(answers) > 100
    assert {status for (_, path), status in answers.items() if path.startswith("/api/")} == {401}
    # A number that is none, and what no route knows, tells nothing either.
    assert {status for (_, path), status in answers.items() if not path.startswith("/api/")} <= {303, 422}


def test_of_who_may_not_nothing_is_read_either(mailer: Mailer) -> None:
    """A viewer's form, and a call by a key that may not even read editions."""
    given_staff(mailer, Role.VIEWER)
    app = create_app(mailer)
    app.state.calls = Calls(100_000, 100_000)
    viewer = {"cookie": f"{COOKIE}={token(Role.VIEWER)}"}
    called = {"authorization": key(mailer, Right.PEOPLE)["Authorization"]}
    lesser = {"/api/": (called, Right.PEOPLE), "/": (viewer, Right.READ)}
    asked = set()
    for method, path, wanted in of_staff_s(app):
        given, has = next(one for begins, one in lesser.items() if path.startswith(begins))
        if wanted and has not in wanted:
            assert asyncio.run(_asked(app, method, path, **given)) == 403, f"{method} {path}"
            asked.add(path)
    assert {"/subscribers/import", "/api/v1/editions/import"} <= asked


def test_of_another_session_s_form_nothing_is_read_when_its_token_comes_before_it(mailer: Mailer) -> None:
    given_staff(mailer, Role.ADMIN)
    app = create_app(mailer)
    cookie = f"{COOKIE}={token(Role.ADMIN)}"
    wrong = ({"x_csrf_token": "0" * 64}, {"content_type": "text/plain"})  # what is no form brings it so alone
    for method, path, _ in of_staff_s(app):
        for given in () if path.startswith("/api/") else wrong:
            assert asyncio.run(_asked(app, method, path, cookie=cookie, **given)) == 403, f"{method} {path}"


@pytest.fixture
def site(mailer: Mailer) -> Iterator[tuple[str, int]]:
    given_staff(mailer)
    with running(create_app(mailer)) as url:
        yield urlsplit(url).hostname or "", urlsplit(url).port or 0


def answer(site: tuple[str, int], path: str, *headers: str, seconds: float = 20) -> str:
    """The head of what comes back while the body that was announced does not come; empty: nothing."""
    typed = "Content-Type: multipart/form-data; boundary=x"
    with socket.create_connection(site, timeout=seconds) as line:
        head = [f"POST {path} HTTP/1.1", f"Host: {site[0]}:{site[1]}", typed, *headers]
        line.sendall("\r\n".join([*head, "", ""]).encode())
        try:
            return line.recv(4096).decode()
        except TimeoutError:
            return ""


ANNOUNCED, IN_PIECES, ASKING = (
    f"Content-Length: {LARGE}",
    "Transfer-Encoding: chunked",
    "Expect: 100-continue",
)


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/subscribers/import", [ANNOUNCED], 303),
        ("/subscribers/import", [IN_PIECES], 303),
        ("/subscribers/import", [ANNOUNCED, ASKING], 303),
        ("/subscribers/import", [ANNOUNCED, f"Cookie: {COOKIE}=of-nobody"], 303),
        ("/no/such/page", [IN_PIECES], 404),
        ("/no/such/page", [ANNOUNCED], 413),  # more than any form that is no upload
        ("/api/v1/newsletters/pulse/subscribers/import", [ANNOUNCED], 401),
        ("/api/v1/newsletters/pulse/subscribers/import", [IN_PIECES, "Authorization: Bearer guessed"], 401),
        ("/sign-in", [ANNOUNCED], 413),
        ("/u/of-nobody", [ANNOUNCED], 413),
    ],
)
def test_a_stranger_is_answered_before_the_body_comes(
    site: tuple[str, int], path: str, headers: list[str], status: int
) -> None:
    assert answer(site, path, *headers).startswith(f"HTTP/1.1 {status} ")


def test_what_staff_send_is_waited_for(site: tuple[str, int]) -> None:
    known = [f"Cookie: {COOKIE}={cookies()[COOKIE]}", f"X-CSRF-Token: {csrf()['X-CSRF-Token']}"]
    assert answer(site, "/subscribers/import", ANNOUNCED, *known, seconds=1) == ""


def test_staff_are_told_with_a_page_that_a_file_is_too_large(mailer: Mailer) -> None:
    given_staff(mailer)
    client = TestClient(create_app(mailer), base_url="http://127.0.0.1:8025", cookies=cookies())
    announced = {"Content-Length": str(2 * LARGE), "Content-Type": "multipart/form-data; boundary=x"}
    said = client.post("/subscribers/import", headers=announced | csrf())
    assert said.status_code == 413
    assert "That is too large" in said.text
    assert "Ann Admin" in said.text


@pytest.mark.parametrize(
    ("method", "path", "status"), [("POST", "/subscribers/import", 503), ("GET", "/no/such/page", 404)]
)
def test_without_its_database_nothing_is_read_and_it_says_so(
    mailer: Mailer, method: str, path: str, status: int
) -> None:
    gone = Database("sqlite:////no/such/folder/secret-name.db")
    app = create_app(dataclasses.replace(mailer, database=gone))
    client = TestClient(app, base_url="http://127.0.0.1:8025", cookies=cookies())
    said = client.request(method, path, files={"file": ("a.csv", b"Email")} if method == "POST" else None)
    assert said.status_code == status
    assert "secret-name" not in said.text


@pytest.mark.parametrize("path", ["/sign-in", "/u/of-nobody"])
def test_forms_of_strangers_are_small(mailer: Mailer, path: str) -> None:
    client = TestClient(create_app(mailer), base_url="http://127.0.0.1:8025")
    assert client.post(path, data={"next": "x" * MOST_BYTES}).status_code == 413
    assert client.post(path, data={"next": "x" * 1000}).status_code in (404, 422)
