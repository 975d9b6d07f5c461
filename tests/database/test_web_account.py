"""One's own account, the team and the audit, as their pages change them."""

import re

import pyotp
import pytest
from fastapi import APIRouter, Depends
from sqlalchemy import select
from starlette.testclient import TestClient

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.clock import now
from pulse_mailer.domain.access import ApiKey, RecoveryCode, Tries
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.staff import Role, Staff
from pulse_mailer.errors import Refused, UsageError
from pulse_mailer.staff import api_keys, own, passwords, second_factor, sessions, team, trying
from pulse_mailer.staff.records import records
from pulse_mailer.staff.roles import Right
from pulse_mailer.staff.sessions import Place
from pulse_mailer.web.app import create_app
from pulse_mailer.web.signed_in import require
from tests.staff_given import COOKIE, address, cookies, csrf, given_staff, token

PASSWORD, ANOTHER = "three unlikely words", "four words more unlikely"


def client_of(mailer: Mailer, role: Role) -> TestClient:
    given_staff(mailer, role)
    client = TestClient(create_app(mailer), base_url="http://127.0.0.1:8025", follow_redirects=False)
    client.cookies.update(cookies(role))
    client.headers.update(csrf(role))
    return client


@pytest.fixture
def client(mailer: Mailer) -> TestClient:
    return client_of(mailer, Role.ADMIN)


def staff_of(mailer: Mailer, role: Role = Role.ADMIN) -> Staff:
    with mailer.database.reading() as database:
        return team.find(database, address(role))


def given_password(mailer: Mailer, role: Role = Role.ADMIN) -> None:
    with mailer.database.transaction() as database:
        team.find(database, address(role)).password_hash = passwords.hash_of(PASSWORD)


def given_second_factor(mailer: Mailer, role: Role = Role.ADMIN) -> tuple[str, list[str]]:
    """Its secret and its recovery codes; the present step's code is used up by turning it on."""
    secret = pyotp.random_base32()
    with mailer.database.transaction() as database:
        staff = team.find(database, address(role))
        codes = second_factor.turn_on(
            database, mailer.keys, staff, secret, pyotp.TOTP(secret).now(), actor="tests"
        )
    return secret, codes


def next_code(secret: str) -> str:
    return pyotp.TOTP(secret).at(now(), counter_offset=1)


def audited(mailer: Mailer) -> list[str]:
    with mailer.database.reading() as database:
        return [one.action for one in database.scalars(select(AuditRecord).order_by(AuditRecord.id))]


def enter(client: TestClient, password: str = PASSWORD, role: Role = Role.ADMIN) -> str:
    return client.post("/sign-in", data={"address": address(role), "password": password}).headers.get(
        "Location", ""
    )


@pytest.fixture
def outside(mailer: Mailer) -> TestClient:
    return TestClient(create_app(mailer), base_url="http://127.0.0.1:8025", follow_redirects=False)


def test_a_name_is_changed_and_what_was_typed_wrong_is_not_lost(mailer: Mailer, client: TestClient) -> None:
    assert (
        client.post("/account/name", data={"name": " Ann   of  the Admin "}).headers["Location"]
        == "/account?done=name"
    )
    assert staff_of(mailer).name == "Ann of the Admin"
    answer = client.post("/account/name", data={"name": "x" * 81})
    assert answer.status_code == 400
    assert "x" * 81 in answer.text
    assert "Your name is changed." in client.get("/account?done=name").text


def test_a_first_password_lets_in_afterwards(mailer: Mailer, client: TestClient, outside: TestClient) -> None:
    assert client.post("/account/password", data={"new": PASSWORD}).status_code == 303
    assert enter(outside) == "/"


@pytest.mark.parametrize(
    "weak", ["kz7 short x", "admin@example.org", "ANN ADMIN ann admin", "aaaaaaaaaaaaaaaa", "x" * 201]
)
def test_what_anybody_would_try_is_no_password(mailer: Mailer, client: TestClient, weak: str) -> None:
    answer = client.post("/account/password", data={"new": weak})
    assert answer.status_code == 400
    assert weak not in answer.text.replace("admin@example.org", "")
    assert staff_of(mailer).password_hash is None


def test_a_new_password_wants_the_present_one_and_ends_other_sessions(
    mailer: Mailer, client: TestClient, outside: TestClient
) -> None:
    given_password(mailer)
    enter(outside)
    assert client.post("/account/password", data={"present": "wrong", "new": ANOTHER}).status_code == 409
    assert outside.get("/").status_code == 200
    assert client.post("/account/password", data={"present": PASSWORD, "new": ANOTHER}).status_code == 303
    assert outside.get("/").status_code == 303
    assert client.get("/").status_code == 200


def test_a_present_password_that_is_wrong_is_on_record_and_can_be_tried_ten_times(
    mailer: Mailer, client: TestClient
) -> None:
    given_password(mailer)
    typed = {"present": "wrong", "new": ANOTHER}
    answers = [client.post("/account/password", data=typed) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [409] * 10 + [429]
    assert "The present password is wrong." in answers[0].text
    assert audited(mailer) == ["staff.password_refused"] * 10
    assert client.post("/account/password", data=typed | {"present": PASSWORD}).status_code == 429


def test_a_password_that_was_changed_meanwhile_is_not_changed_again(
    mailer: Mailer, client: TestClient
) -> None:
    given_password(mailer)
    staff = staff_of(mailer)
    with mailer.database.reading() as database:
        chosen = own.compare(database, staff.id, 1, present=PASSWORD, new=ANOTHER)
    with mailer.database.transaction() as database:
        team.set_password(
            database, team.member(database, staff.id), passwords.new(PASSWORD, staff), actor="x"
        )
    with mailer.database.transaction() as database:
        assert not own.choose_password(database, team.member(database, staff.id), 1, chosen, "192.0.2.1")
    assert audited(mailer)[-1] == "staff.password_refused"
    assert passwords.fits(staff_of(mailer).password_hash, PASSWORD)


@pytest.mark.parametrize("has_password", [False, True])
def test_a_password_manager_is_told_whose_password_is_set(
    mailer: Mailer, client: TestClient, *, has_password: bool
) -> None:
    if has_password:
        given_password(mailer)
    page = client.get("/account").text
    form = page[page.index('action="/account/password"') :].partition("</form>")[0]
    assert re.findall(r'autocomplete="([\w-]+)"', form) == [
        "username",
        *(["current-password"] if has_password else []),
        "new-password",
    ]
    assert f'value="{address(Role.ADMIN)}"' in form


def test_who_came_by_a_link_may_choose_a_password_without_the_one_before(
    mailer: Mailer, client: TestClient, outside: TestClient
) -> None:
    given_password(mailer)
    page = client.post(f"/team/{staff_of(mailer).id}/link").text
    link = re.search(r"/sign-in/link/[\w-]+", page)
    assert link
    outside.post(link[0])
    found = re.search(r'name="csrf" value="(\w+)"', outside.get("/account").text)
    assert found
    assert outside.post("/account/password", data={"csrf": found[1], "new": ANOTHER}).status_code == 303
    again = outside.post("/account/password", data={"csrf": found[1], "new": PASSWORD})
    assert again.status_code == 409  # from now on it is asked for


def test_the_second_factor_is_turned_on_with_a_code_and_asked_for_afterwards(
    mailer: Mailer, client: TestClient, outside: TestClient
) -> None:
    given_password(mailer)
    page = client.get("/account/second-factor").text
    assert "<svg" in page
    assert "style=" not in page
    found = re.search(r'name="secret" value="([A-Z2-7]{32})"', page)
    assert found
    wrong = client.post("/account/second-factor", data={"secret": found[1], "code": "000000"})
    assert wrong.status_code == 409
    assert found[1] in wrong.text  # the picture that was read stays good
    code = pyotp.TOTP(found[1]).now()
    page = client.post("/account/second-factor", data={"secret": found[1], "code": code}).text
    codes = re.findall(r"<code>([a-z2-7]{4}(?:-[a-z2-7]{4}){3})</code>", page)
    assert len(set(codes)) == 10
    assert enter(outside) == "/sign-in/code?next=%2F"
    assert outside.get("/").status_code == 303  # half of the way is no way in
    assert outside.post("/sign-in/code", data={"code": code}).status_code == 422  # it was taken before
    assert outside.post("/sign-in/code", data={"code": next_code(found[1])}).headers["Location"] == "/"
    assert outside.get("/").status_code == 200


def test_a_session_that_waited_for_its_code_has_no_part_in_the_next(
    mailer: Mailer, client: TestClient, outside: TestClient
) -> None:
    given_password(mailer)
    secret, _codes = given_second_factor(mailer)
    enter(outside)
    waiting = outside.cookies[COOKIE]
    outside.post("/sign-in/code", data={"code": next_code(secret)})
    assert outside.cookies[COOKIE] != waiting
    with mailer.database.reading() as database:
        assert sessions.find(database, waiting) is None
        assert sessions.find(database, waiting, is_whole=False) is None


def test_a_code_is_taken_once_also_by_two_who_come_at_once(mailer: Mailer, client: TestClient) -> None:
    secret, _codes = given_second_factor(mailer)
    code = next_code(secret)
    with mailer.database.transaction() as database:
        first = team.find(database, address(Role.ADMIN))
        database.expunge(first)  # as another request read it, before
        assert second_factor.accepts(database, mailer.keys, team.find(database, address(Role.ADMIN)), code)
        assert not second_factor.accepts(database, mailer.keys, first, code)


def test_a_recovery_code_lets_in_once_however_it_is_typed(
    mailer: Mailer, client: TestClient, outside: TestClient
) -> None:
    given_password(mailer)
    _secret, codes = given_second_factor(mailer)
    enter(outside)
    assert outside.post("/sign-in/code", data={"code": codes[3].upper().replace("-", " ")}).status_code == 303
    enter(outside)
    assert outside.post("/sign-in/code", data={"code": codes[3]}).status_code == 422
    assert "9 recovery codes left" in client.get("/account").text
    with mailer.database.reading() as database:
        kept = set(database.scalars(select(RecoveryCode.code_hash)))
    assert not kept & {code.replace("-", "") for code in codes}


def test_codes_can_be_tried_ten_times_in_a_quarter_of_an_hour(
    mailer: Mailer, client: TestClient, outside: TestClient
) -> None:
    given_password(mailer)
    secret, _codes = given_second_factor(mailer)
    enter(outside)
    tried = [outside.post("/sign-in/code", data={"code": "000000"}).status_code for _ in range(11)]
    assert tried == [422] * 10 + [429]
    assert outside.post("/sign-in/code", data={"code": next_code(secret)}).status_code == 429


def test_tries_are_counted_for_all_processes_until_their_time_is_over(
    mailer: Mailer, client: TestClient, outside: TestClient
) -> None:
    given_password(mailer)
    wrong = {"address": address(Role.ADMIN), "password": "wrong"}
    unknown = wrong | {"address": "nobody@example.org"}
    for typed in (wrong, unknown):  # who is not of the team is told nothing else
        processes = [TestClient(create_app(mailer), base_url="http://127.0.0.1:8025") for _ in range(11)]
        answers = [one.post("/sign-in", data=typed).status_code for one in processes]
        assert answers == [422] * 10 + [429]
    assert enter(outside) == ""
    with mailer.database.transaction() as database:
        kept = database.scalars(select(Tries)).all()
        assert not any("example.org" in one.what_hash for one in kept)
        for one in kept:
            one.began_at = now() - trying.WITHIN
    assert enter(outside) == "/"
    with mailer.database.reading() as database:
        assert [one.count for one in database.scalars(select(Tries))] == [1]  # the others are forgotten


def test_the_database_alone_makes_no_codes(mailer: Mailer, client: TestClient) -> None:
    secret, _codes = given_second_factor(mailer)
    assert secret not in str(vars(staff_of(mailer)))


@pytest.mark.parametrize("path", ["/account/second-factor/off", "/account/recovery-codes"])
def test_the_second_factor_is_changed_by_who_has_it(mailer: Mailer, client: TestClient, path: str) -> None:
    secret, codes = given_second_factor(mailer)
    answer = client.post(path, data={"code": "000000"})
    assert answer.status_code == 409
    assert "That code does not fit" in answer.text
    assert audited(mailer)[-1] == "staff.code_refused"
    assert staff_of(mailer).second_factor is not None
    assert client.post(path, data={"code": next_code(secret)}).status_code in (200, 303)
    assert (staff_of(mailer).second_factor is None) == path.endswith("off")
    with mailer.database.transaction() as database:
        admin = team.find(database, address(Role.ADMIN))
        if admin.second_factor:
            assert not second_factor.accepts(database, mailer.keys, admin, codes[0])


def test_one_session_is_ended_or_all(mailer: Mailer, client: TestClient, outside: TestClient) -> None:
    given_password(mailer)
    enter(outside)
    other = max(int(one) for one in re.findall(r"/account/sessions/(\d+)/end", client.get("/account").text))
    client.post(f"/account/sessions/{other}/end")
    assert outside.get("/").status_code == 303
    enter(outside)
    assert client.post("/account/sign-out-everywhere").headers["Location"] == "/sign-in"
    assert outside.get("/").status_code == 303
    assert client.get("/").status_code == 303


def test_nobody_ends_another_s_session(mailer: Mailer, client: TestClient) -> None:
    given_staff(mailer, Role.VIEWER)
    with mailer.database.reading() as database:
        found = sessions.find(database, token(Role.VIEWER))
    assert found
    assert client.post(f"/account/sessions/{found[0].id}/end").status_code == 404
    assert client_of(mailer, Role.VIEWER).get("/").status_code == 200


def test_an_invitation_is_a_link_shown_once(mailer: Mailer, client: TestClient, outside: TestClient) -> None:
    page = client.post(
        "/team", data={"address": "New@Example.org", "name": "Nora New", "role": "composer"}
    ).text
    link = re.search(r"http://127\.0\.0\.1:8025(/sign-in/link/[\w-]+)", page)
    assert link
    assert outside.post(link[1]).headers["Location"] == "/account"
    assert "Nora New" in outside.get("/").text
    assert link[1] not in client.get("/team").text
    again = client.post("/team", data={"address": "new@example.org", "name": "Nora", "role": "viewer"})
    assert again.status_code == 409
    assert "belongs to the team already" in again.text
    assert 'value="new@example.org"' in again.text


def test_roles_are_changed_and_hold_at_once(mailer: Mailer, client: TestClient) -> None:
    viewer = client_of(mailer, Role.VIEWER)
    assert viewer.get("/deliveries").status_code == 403
    client.post(f"/team/{staff_of(mailer, Role.VIEWER).id}/role", data={"role": "operator"})
    assert viewer.get("/deliveries").status_code == 200


def test_somebody_who_administers_always_remains(mailer: Mailer, client: TestClient) -> None:
    admin = f"/team/{staff_of(mailer).id}"
    for path, data in ((f"{admin}/deactivate", {}), (f"{admin}/role", {"role": "viewer"})):
        answer = client.post(path, data=data)
        assert answer.status_code == 409
        assert "the only one who can administer" in answer.text
    given_staff(mailer, Role.VIEWER)
    client.post(f"/team/{staff_of(mailer, Role.VIEWER).id}/role", data={"role": "admin"})
    assert client.post(f"{admin}/deactivate").status_code == 303
    assert client.get("/").status_code == 303


def given_key(
    mailer: Mailer, name: str, *scopes: Right, actor: str = f"cli:{address(Role.OPERATOR)} (root)"
) -> str:
    with mailer.database.transaction() as database:
        return api_keys.create(database, name, scopes, actor=actor)[1]


def works(mailer: Mailer, key: str) -> bool:
    with mailer.database.reading() as database:
        return api_keys.find(database, key) is not None


def revoked(mailer: Mailer) -> list[tuple[str, dict[str, str] | None]]:
    with mailer.database.reading() as database:
        found = records(database, mailer.keys, text="api_key.revoked", limit=9)
        return [(one.actor, one.after) for one in found]


def test_keys_work_no_more_once_who_made_them_is_let_go(mailer: Mailer, client: TestClient) -> None:
    given_staff(mailer, Role.OPERATOR)
    theirs = given_key(mailer, "watcher", Right.READ)
    by_theirs = given_key(mailer, "night", Right.READ, actor=f"api:{address(Role.OPERATOR)} (watcher)")
    others = given_key(mailer, "archive", Right.READ, actor=address(Role.ADMIN))
    operator = f"/team/{staff_of(mailer, Role.OPERATOR).id}"
    page = client.get(operator).text
    assert "<strong>watcher</strong> (read; never used), <strong>night</strong>" in page
    assert "archive" not in page
    answer = client.post(f"{operator}/deactivate")
    assert "2 keys of theirs work no more." in client.get(answer.headers["Location"]).text
    assert [works(mailer, key) for key in (theirs, by_theirs, others)] == [False, False, True]
    why = "who made it was let go"
    assert revoked(mailer) == [
        (address(Role.ADMIN), {"name": "night", "why": why}),
        (address(Role.ADMIN), {"name": "watcher", "why": why}),
    ]
    client.post("/team", data={"address": address(Role.OPERATOR), "name": "Ola", "role": "operator"})
    assert not works(mailer, theirs)  # who comes back begins anew


def test_keys_that_may_more_than_a_new_role_work_no_more(mailer: Mailer, client: TestClient) -> None:
    given_staff(mailer, Role.OPERATOR)
    retries = given_key(mailer, "retries", Right.READ, Right.OPERATE)
    reads = given_key(mailer, "reads", Right.READ)
    operator = f"/team/{staff_of(mailer, Role.OPERATOR).id}"
    answer = client.post(f"{operator}/role", data={"role": "approver"})
    assert "1 key of theirs works no more." in client.get(answer.headers["Location"]).text
    assert (works(mailer, retries), works(mailer, reads)) == (False, True)
    assert revoked(mailer) == [
        (address(Role.ADMIN), {"name": "retries", "why": "who made it is approver now"})
    ]
    client.post(f"{operator}/role", data={"role": "operator"})
    assert works(mailer, reads)


def test_who_administers_signs_somebody_out_everywhere(mailer: Mailer, client: TestClient) -> None:
    given_staff(mailer, Role.VIEWER)
    viewer = f"/team/{staff_of(mailer, Role.VIEWER).id}"
    assert "Sign them out everywhere" in client.get(viewer).text
    answer = client.post(f"{viewer}/sign-out")
    page = client.get(answer.headers["Location"]).text
    assert "They are signed out everywhere" in page
    assert "Sign them out everywhere" not in page
    with mailer.database.reading() as database:
        assert sessions.of(database, staff_of(mailer, Role.VIEWER).id) == []


def test_who_was_let_go_may_come_back_with_nothing_of_before(mailer: Mailer, client: TestClient) -> None:
    given_staff(mailer, Role.VIEWER)
    given_password(mailer, Role.VIEWER)
    given_second_factor(mailer, Role.VIEWER)
    viewer = f"/team/{staff_of(mailer, Role.VIEWER).id}"
    client.post(f"{viewer}/deactivate")
    assert client.post(f"{viewer}/link").status_code == 409
    client.post("/team", data={"address": address(Role.VIEWER), "name": "Vera", "role": "composer"})
    found = staff_of(mailer, Role.VIEWER)
    assert (found.is_active, found.role, found.password_hash, found.second_factor) == (
        True,
        Role.COMPOSER,
        None,
        None,
    )


def test_who_lost_the_second_factor_has_it_turned_off(mailer: Mailer, client: TestClient) -> None:
    viewer = client_of(mailer, Role.VIEWER)
    given_second_factor(mailer, Role.VIEWER)
    client.post(f"/team/{staff_of(mailer, Role.VIEWER).id}/second-factor/off")
    assert staff_of(mailer, Role.VIEWER).second_factor is None
    assert viewer.get("/").status_code == 303


def test_the_first_who_administers_is_made_once(mailer: Mailer) -> None:
    with mailer.database.transaction() as database:
        assert not team.can_administer(database)
        first, _ = team.first_link(database, "admin@localhost", actor="tests")
        again, _ = team.first_link(database, "Admin@localhost", actor="tests")
        assert (first.id, first.role) == (again.id, Role.ADMIN)
        team.set_password(database, first, passwords.new(PASSWORD, first), actor="tests")
        assert team.can_administer(database)
        team.add(database, "viewer@example.org", "Vera", Role.VIEWER, actor="tests")
        with pytest.raises(Refused, match="does not administer"):
            team.first_link(database, "viewer@example.org", actor="tests")


def test_the_audit_tells_who_did_what_and_holds_no_secret(mailer: Mailer, client: TestClient) -> None:
    given_staff(mailer, Role.VIEWER)
    client.post("/account/password", data={"new": PASSWORD})
    secret, codes = given_second_factor(mailer)
    client.post(f"/team/{staff_of(mailer, Role.VIEWER).id}/role", data={"role": "operator"})
    assert audited(mailer) == [
        "staff.password_set",
        "staff.second_factor_on",
        "staff.recovery_codes_made",
        "staff.role_set",
    ]
    page = client.get("/audit").text
    assert "Staff: role set" in page
    assert '<span class="quiet">role</span> viewer' in page
    assert f'{address(Role.ADMIN)} <span class="quiet block">Ann Admin</span>' in page
    with mailer.database.reading() as database:
        every = str([(one.before, one.after, one.subject) for one in records(database, mailer.keys)])
    assert not [one for one in (PASSWORD, secret, *codes, "argon2") if one in every]


def test_the_audit_is_found_by_person_and_words_page_by_page(mailer: Mailer, client: TestClient) -> None:
    with mailer.database.transaction() as database:
        for number in range(120):
            database.add(
                AuditRecord(
                    at=now(),
                    actor="bob",
                    action="edition.changed",
                    subject=f"edition {number}",
                    before=None,
                    after={"n": number},
                )
            )
        database.add(
            AuditRecord(
                at=now(), actor="eve_", action="x.y", subject="100%", before=None, after={"<b>": "<i>"}
            )
        )
    newest = client.get("/audit").text
    assert "edition 119" in newest
    assert "edition 70<" not in newest
    assert "&lt;i&gt;" in newest
    older = re.search(r'href="(\?before=\d+)" rel="next"', newest)
    assert older
    assert "edition 70<" in client.get(f"/audit{older[1]}").text
    assert "edition 0<" in client.get("/audit?text=edition 0").text
    assert "edition 119" not in client.get("/audit?actor=eve_").text
    assert "100%" in client.get("/audit?text=100%25").text
    assert "Nothing is recorded" in client.get("/audit?actor=%25").text  # no pattern, but a letter


def test_a_key_does_what_its_scopes_say_until_it_is_revoked(mailer: Mailer) -> None:
    app = create_app(mailer)
    router = APIRouter()

    @router.get("/api/v1/read", dependencies=[Depends(require(Right.READ))])
    def read() -> str:
        return "read"

    @router.post("/api/v1/people", dependencies=[Depends(require(Right.PEOPLE))])
    def people() -> str:
        return "people"

    app.include_router(router)
    given_staff(mailer, Role.ADMIN)
    with mailer.database.transaction() as database:
        key, secret = api_keys.create(database, "newsroom", [Right.READ], actor="tests")
    program = TestClient(app, base_url="http://127.0.0.1:8025")
    asked = {"Authorization": f"Bearer {secret}"}
    assert program.get("/api/v1/read", headers=asked).status_code == 200
    assert program.post("/api/v1/people", headers=asked).status_code == 403
    assert program.get("/", headers=asked, follow_redirects=False).status_code == 303  # pages are for people
    assert program.get("/api/v1/read").status_code == 401
    assert program.get("/api/v1/read", headers={"Authorization": "Bearer pulse_x"}).status_code == 401
    browser = f"{COOKIE}={token(Role.ADMIN)}"
    assert program.get("/api/v1/read", headers={"Cookie": browser}).status_code == 401
    with mailer.database.transaction() as database:
        kept = database.get_one(ApiKey, key.id)
        assert secret not in str(vars(kept))
        assert kept.last_used_at is not None
        api_keys.revoke(database, key.id, actor="tests")
    assert program.get("/api/v1/read", headers=asked).status_code == 401


def test_a_key_expires(mailer: Mailer) -> None:
    with mailer.database.transaction() as database:
        _key, secret = api_keys.create(database, "old", [Right.READ], actor="tests", expires_at=now())
        assert api_keys.find(database, secret) is None


def test_a_key_without_scope_or_name_is_refused(mailer: Mailer) -> None:
    with mailer.database.transaction() as database:
        for name, scopes in (("a", []), (" ", [Right.READ]), ("a:b", [Right.READ])):
            with pytest.raises(UsageError):
                api_keys.create(database, name, scopes, actor="tests")


def test_what_a_browser_says_of_itself_is_kept_within_bounds(mailer: Mailer) -> None:
    given_staff(mailer, Role.ADMIN)
    with mailer.database.transaction() as database:
        made = sessions.begin(
            database, team.find(database, address(Role.ADMIN)), Place("127.0.0.1", "x" * 5000)
        )
        found = sessions.find(database, made)
        assert found
        assert len(found[0].user_agent) == 300
