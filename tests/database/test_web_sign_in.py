"""Coming in and staying out: every route by every role, and what must not let anybody in."""

import datetime
import re
from typing import Literal

import argon2
import pytest
from fastapi.routing import RouteContext, iter_route_contexts
from sqlalchemy import select, update
from starlette.testclient import TestClient

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.clock import now
from pulse_mailer.domain.access import SignInLink, StaffSession
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.staff import Role
from pulse_mailer.staff import links, passwords, sessions, team
from pulse_mailer.staff.roles import rights
from pulse_mailer.staff.tokens import hashed
from pulse_mailer.web.app import create_app
from pulse_mailer.web.guards import is_public
from pulse_mailer.web.sign_in import own_path
from pulse_mailer.web.signed_in import Requirement, cookie_name
from tests.staff_given import COOKIE, address, cookies, csrf, given_staff, token

PASSWORD = "three unlikely words"
#: For staff who are not signed in yet.
DOORS = {"/sign-in", "/sign-in/code", "/sign-in/link/{token}", "/sign-in/oidc", "/sign-in/oidc/answer"}


def client_of(mailer: Mailer, role: Role | None = None) -> TestClient:
    """A browser of its own that follows no redirect; of somebody of that role, where one is named."""
    found = TestClient(create_app(mailer), base_url="http://127.0.0.1:8025", follow_redirects=False)
    if role:
        given_staff(mailer, role)
        found.cookies.update(cookies(role))
    return found


@pytest.fixture
def stranger(mailer: Mailer) -> TestClient:
    given_staff(mailer)
    with mailer.database.transaction() as database:
        for role in Role:
            team.find(database, address(role)).password_hash = HASH
    return client_of(mailer)


HASH = passwords.hash_of(PASSWORD)


def given_link(mailer: Mailer, role: Role = Role.ADMIN) -> str:
    given_staff(mailer, role)
    with mailer.database.transaction() as database:
        return links.make(database, team.find(database, address(role)), actor="tests")


def requirements(route: RouteContext) -> list[Requirement]:
    """All that a route's dependencies ask of who comes."""
    found: list[Requirement] = []
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        if isinstance(dependant.call, Requirement):
            found.append(dependant.call)
        waiting += dependant.dependencies
    return found


def routes(mailer: Mailer) -> list[RouteContext]:
    return list(iter_route_contexts(create_app(mailer).routes))


def pages_of(mailer: Mailer) -> list[RouteContext]:
    """Without what is for programs alone, whose table is in test_web_api.py."""
    return [route for route in routes(mailer) if not str(route.path).startswith("/api/")]


def test_every_route_is_public_or_has_one_require(mailer: Mailer) -> None:
    assert {"/", "/deliveries/{delivery_id}", "/sign-out", "/u/{token}"} <= {
        one.path for one in routes(mailer)
    }
    for route in routes(mailer):
        assert route.path is not None
        wanted = 0 if is_public(route.path) or route.path in DOORS else 1
        assert len(requirements(route)) == wanted, f"{route.path} has no require(), or several"


def filled(path: str) -> str:
    """An address that fits a route's pattern; nothing need be there."""
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda found: "1" if found[1].endswith("id") else "nothing", path)


@pytest.mark.parametrize("role", [None, *Role], ids=lambda role: role.value if role else "signed out")
def test_every_route_by_every_role(mailer: Mailer, role: Role | None) -> None:
    client = client_of(mailer)
    for route in pages_of(mailer):
        found = requirements(route)
        assert route.path is not None
        for method in sorted((route.methods or set()) - {"HEAD"}) if found else ():
            headers = csrf(role) | {"Cookie": f"{COOKIE}={token(role)}"} if role else {}
            given_staff(mailer, *([role] if role else []))  # whatever the route before did
            answer = client.request(method, filled(route.path), headers=headers)
            shown = f"{method} {route.path} by {role}: {answer.status_code}"
            if role is None:
                assert answer.status_code == 303, shown
                assert answer.headers["Location"].startswith("/sign-in"), shown
            elif found[0].rights and rights(role).isdisjoint(found[0].rights):
                assert answer.status_code == 403, shown
                assert "your role does not let you" in answer.text, shown
            else:
                assert answer.status_code not in (401, 403, 500), shown
                assert not answer.headers.get("Location", "").startswith("/sign-in?"), shown


def sign_in(client: TestClient, **typed: str) -> str:
    """Where it leads to; empty when it does not let in."""
    form = {"address": address(Role.COMPOSER), "password": PASSWORD} | typed
    answer = client.post("/sign-in", data=form)
    return answer.headers.get("Location", "")


def test_a_password_lets_in_and_on_to_the_page_that_was_wanted(stranger: TestClient) -> None:
    asked = stranger.get("/staff/editions/a/b?show=text")
    assert asked.headers["Location"] == "/sign-in?next=%2Fstaff%2Feditions%2Fa%2Fb%3Fshow%3Dtext"
    assert 'value="/staff/editions/a/b?show=text"' in stranger.get(asked.headers["Location"]).text
    assert sign_in(stranger, next="/staff/editions/a/b?show=text") == "/staff/editions/a/b?show=text"
    page = stranger.get("/").text
    assert "Ann Composer" in page
    assert "Sign out" in page
    assert "Deliveries" not in page
    assert stranger.get("/sign-in?next=/mailbox").headers["Location"] == "/mailbox"


@pytest.mark.parametrize(
    "typed",
    [
        {"password": "something else entirely"},
        {"password": ""},
        {"address": "nobody@example.org"},
        {"address": ""},
        {"address": "nobody\0@example.org"},
    ],
)
def test_what_does_not_belong_together_lets_nobody_in(stranger: TestClient, typed: dict[str, str]) -> None:
    form = {"address": address(Role.COMPOSER), "password": PASSWORD} | typed
    answer = stranger.post("/sign-in", data=form)
    assert answer.status_code == 422
    assert "do not belong together" in answer.text
    assert "set-cookie" not in answer.headers
    assert PASSWORD not in answer.text


def test_an_address_is_the_same_however_it_is_written(stranger: TestClient) -> None:
    assert sign_in(stranger, address=" Composer@Example.ORG ") == "/"


@pytest.mark.parametrize("is_known", [True, False])
def test_refusing_takes_as_long_whether_there_is_such_a_person_or_not(
    monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    compared: list[str] = []

    class Hasher(argon2.PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - argon2's name
            compared.append(str(hash))
            return super().verify(hash, password)

    monkeypatch.setattr(passwords, "_hasher", Hasher(time_cost=1, memory_cost=8, parallelism=1))
    kept = passwords.hash_of("another one")
    assert not passwords.fits(kept if is_known else None, "wrong")
    (against,) = compared
    assert argon2.extract_parameters(against) == argon2.extract_parameters(kept)


def test_who_was_let_go_does_not_come_in(mailer: Mailer, stranger: TestClient) -> None:
    signed_in = client_of(mailer, Role.COMPOSER)
    assert signed_in.get("/").status_code == 200
    with mailer.database.transaction() as database:
        team.deactivate(database, team.find(database, address(Role.COMPOSER)), actor="tests")
    assert sign_in(stranger) == ""
    assert signed_in.get("/").headers["Location"] == "/sign-in"


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example.org",
        "//evil.example.org",
        "/\\evil.example.org",
        "\\\\evil.example.org",
        "/\t/evil.example.org",
        "/ok\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "evil.example.org",
        "",
    ],
)
def test_it_leads_to_our_own_pages_only(stranger: TestClient, wanted: str) -> None:
    assert own_path(wanted) == "/"
    assert sign_in(stranger, next=wanted) == "/"


@pytest.mark.parametrize("path", ["/no/such/page", "/subscribers/999999", "/staff/editions/none/none"])
def test_what_is_not_there_is_told_within_the_frame_of_staff_s_pages(mailer: Mailer, path: str) -> None:
    answer = client_of(mailer, Role.ADMIN).get(path)
    assert answer.status_code == 404
    assert '<nav aria-label="Pages">' in answer.text
    assert "Ann Admin" in answer.text


def test_a_reader_who_mistyped_sees_nothing_of_staff_s_pages(mailer: Mailer) -> None:
    answer = client_of(mailer).get("/no/such/page")
    assert answer.status_code == 404
    assert "There is no page here" in answer.text
    assert not {"Pulse Mailer", "staff", "<nav", "Sign"} & set(
        re.findall(r"Pulse Mailer|staff|<nav|Sign", answer.text)
    )


def test_the_cookie_is_for_this_host_and_no_script(stranger: TestClient) -> None:
    said = stranger.post("/sign-in", data={"address": address(Role.COMPOSER), "password": PASSWORD})
    flags = said.headers["set-cookie"].lower().split("; ")
    assert {"httponly", "path=/", "samesite=lax"} <= set(flags)
    assert not any(flag.startswith(("domain", "expires", "max-age")) for flag in flags)


def test_over_https_the_cookie_is_secure_and_takes_the_name_that_only_this_host_can_set() -> None:
    assert cookie_name("https://news.example.org") == "__Host-pulse"
    assert cookie_name("http://127.0.0.1:8025") == COOKIE


def test_signing_in_begins_a_session_of_its_own_and_ends_the_one_before(
    mailer: Mailer, stranger: TestClient
) -> None:
    chosen = stranger.post(
        "/sign-in",
        data={"address": address(Role.VIEWER), "password": PASSWORD},
        headers={"Cookie": f"{COOKIE}=chosen-by-somebody-else"},
    )
    assert "chosen-by-somebody-else" not in chosen.headers["set-cookie"]
    sign_in(stranger)
    first = stranger.cookies[COOKIE]
    sign_in(stranger)
    assert stranger.cookies[COOKIE] != first
    with mailer.database.reading() as database:
        assert sessions.find(database, first) is None
        kept = database.scalars(select(StaffSession.token_hash)).all()
    assert hashed(stranger.cookies[COOKIE]) in kept
    assert stranger.cookies[COOKIE] not in kept


@pytest.mark.parametrize(
    ("changed", "lives"),
    [
        ({"seen_at": datetime.timedelta(hours=11)}, True),
        ({"seen_at": datetime.timedelta(hours=12, minutes=1)}, False),
        ({"created_at": datetime.timedelta(days=13)}, True),
        ({"created_at": datetime.timedelta(days=14, minutes=1)}, False),
        ({"is_whole": False}, False),
    ],
)
def test_a_session_ends_by_itself(mailer: Mailer, changed: dict[str, object], lives: bool) -> None:
    client = client_of(mailer, Role.ADMIN)
    with mailer.database.transaction() as database:
        aged = {
            name: now() - value if isinstance(value, datetime.timedelta) else value
            for name, value in changed.items()
        }
        database.execute(update(StaffSession).values(**aged))
    assert client.get("/").status_code == (200 if lives else 303)


def test_a_session_in_use_goes_on(mailer: Mailer) -> None:
    client = client_of(mailer, Role.ADMIN)
    with mailer.database.transaction() as database:
        database.execute(update(StaffSession).values(seen_at=now() - datetime.timedelta(hours=11)))
    client.get("/")
    with mailer.database.reading() as database:
        session = database.scalars(select(StaffSession)).one()
        assert now() - session.seen_at < datetime.timedelta(minutes=1)


def test_signing_out_ends_the_session_itself(mailer: Mailer) -> None:
    client = client_of(mailer, Role.ADMIN)
    assert client.post("/sign-out", headers=csrf()).headers["Location"] == "/sign-in"
    client.cookies.update(cookies())
    assert client.get("/").status_code == 303


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"csrf": ""},
        {"csrf": "0" * 64},
        {"csrf": csrf(Role.VIEWER)["X-CSRF-Token"]},  # another session's
        {"csrf": "é"},
    ],
)
def test_a_form_without_the_token_of_its_session_is_refused(mailer: Mailer, given: dict[str, str]) -> None:
    client = client_of(mailer, Role.ADMIN)
    answer = client.post("/sign-out", data=given)
    assert answer.status_code == 403
    assert "not of your present session" in answer.text
    assert client.get("/").status_code == 200


def test_the_token_may_come_as_a_field(mailer: Mailer) -> None:
    client = client_of(mailer, Role.ADMIN)
    found = re.search(r'name="csrf" value="(\w+)"', client.get("/").text)
    assert found
    assert client.post("/sign-out", data={"csrf": found[1]}).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example.org"},
    ],
)
@pytest.mark.parametrize("path", ["/sign-out", "/sign-in", "/sign-in/code", "/sign-in/link/x"])
def test_another_site_s_page_can_send_no_form_here(
    mailer: Mailer, path: str, headers: dict[str, str]
) -> None:
    client = client_of(mailer, Role.ADMIN)
    assert client.post(path, headers=csrf() | headers).status_code == 403


def test_many_tries_for_one_address_are_too_many_and_a_link_works_meanwhile(
    mailer: Mailer, stranger: TestClient
) -> None:
    for _ in range(10):
        assert sign_in(stranger, password="wrong") == ""
    answer = stranger.post("/sign-in", data={"address": address(Role.COMPOSER), "password": PASSWORD})
    assert answer.status_code == 429
    assert "Wait a quarter of an hour" in answer.text
    assert sign_in(stranger, address=address(Role.VIEWER)) == "/"
    token = given_link(mailer, Role.COMPOSER)
    assert stranger.post(f"/sign-in/link/{token}").status_code == 303


def test_many_tries_from_one_network_are_too_many(stranger: TestClient) -> None:
    statuses = [
        stranger.post("/sign-in", data={"address": f"{n}@example.org", "password": ""}).status_code
        for n in range(21)
    ]
    assert statuses == [422] * 20 + [429]


def test_a_link_signs_in_once_by_its_button(mailer: Mailer) -> None:
    token, client = given_link(mailer), client_of(mailer)
    for _ in range(3):
        page = client.get(f"/sign-in/link/{token}")
        assert "This link signs you in once" in page.text
        assert "set-cookie" not in page.headers
    assert client.post(f"/sign-in/link/{token}").status_code == 303
    assert client.get("/").status_code == 200
    other = client_of(mailer)
    answer = other.post(f"/sign-in/link/{token}")
    assert answer.status_code == 404
    assert "works no more" in answer.text
    assert other.get("/").status_code == 303


def test_a_link_works_for_a_day(mailer: Mailer) -> None:
    token, client = given_link(mailer), client_of(mailer)
    with mailer.database.transaction() as database:
        database.execute(update(SignInLink).values(expires_at=now()))
    assert client.post(f"/sign-in/link/{token}").status_code == 404


def test_a_newer_link_makes_those_before_it_worthless(mailer: Mailer) -> None:
    older, newer, client = given_link(mailer), given_link(mailer), client_of(mailer)
    assert client.post(f"/sign-in/link/{older}").status_code == 404
    assert client.post(f"/sign-in/link/{newer}").status_code == 303


def test_the_database_holds_no_link(mailer: Mailer) -> None:
    token = given_link(mailer)
    with mailer.database.reading() as database:
        assert database.scalars(select(SignInLink.token_hash)).all() == [hashed(token)]


def test_who_came_in_and_who_did_not_is_in_the_audit(mailer: Mailer, stranger: TestClient) -> None:
    sign_in(stranger, password="wrong")
    sign_in(stranger)
    with mailer.database.reading() as database:
        found = [
            (one.actor, one.action) for one in database.scalars(select(AuditRecord).order_by(AuditRecord.id))
        ]
        everything = str([(one.before, one.after) for one in database.scalars(select(AuditRecord))])
    assert found == [
        (address(Role.COMPOSER), "staff.sign_in_refused"),
        (address(Role.COMPOSER), "staff.signed_in"),
    ]
    assert PASSWORD not in everything
