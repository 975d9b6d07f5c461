"""The API: who may, what it refuses and how it says so, and that what it does is what the commands do."""

import asyncio
import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from httpx2 import Headers
from pydantic import SecretStr
from sqlalchemy import event, select
from starlette.testclient import TestClient
from starlette.types import Message

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.clock import now
from pulse_mailer.domain.access import ApiKey
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.delivery import DeliveryStatus
from pulse_mailer.domain.edition import EditionStatus
from pulse_mailer.domain.staff import Role
from pulse_mailer.editions import reading
from pulse_mailer.settings import Settings
from pulse_mailer.staff import api_keys
from pulse_mailer.staff.roles import Right
from pulse_mailer.web.api import document
from pulse_mailer.web.api.calls import Calls
from pulse_mailer.web.app import create_app
from pulse_mailer.web.problems import MEDIA_TYPE
from tests.database.api_given import EDITION, V1, key
from tests.database.test_web_sign_in import filled, requirements
from tests.pages_given import (
    KEY,
    SLUG,
    delivery_id,
    given_draft,
    given_readers,
    given_second_draft,
    given_sent,
)
from tests.staff_given import cookies, given_staff


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """Mail goes into files: no server is needed that takes it."""
    return Settings(data_dir=tmp_path / "data", database_url=SecretStr(database_url), backend="file")


@pytest.fixture
def client(mailer: Mailer) -> Iterator[TestClient]:
    with TestClient(create_app(mailer), base_url="http://127.0.0.1:8025") as found:
        found.headers.update(key(mailer))
        yield found


def test_every_route_by_every_scope(mailer: Mailer) -> None:
    app = create_app(mailer)
    app.state.calls = Calls(100_000, 100_000)
    client = TestClient(app, base_url="http://127.0.0.1:8025")
    key(mailer)  # of the number that is asked to be revoked
    by_scope = {right: key(mailer, right) for right in Right}
    routes = [one for one in iter_route_contexts(document.router.routes) if one.path]
    assert len(routes) > 110
    for route in routes:
        (wanted,) = requirements(route)
        for method in sorted(route.methods or ()):
            path = filled(str(route.path))
            assert client.request(method, path).status_code == 401
            for right, headers in by_scope.items():
                answer = client.request(method, path, headers=headers)
                shown = f"{method} {route.path} with {right}: {answer.status_code} {answer.text}"
                if wanted.rights and right not in wanted.rights:
                    assert answer.status_code == 403, shown
                    assert "lacks the scope" in answer.json()["detail"], shown
                else:
                    assert answer.status_code not in (401, 403, 500), shown


def test_no_upload_is_read_of_who_may_not_bring_it(mailer: Mailer) -> None:
    app = create_app(mailer)
    app.state.calls = Calls(100_000, 100_000)
    wrong = [{}, {"Authorization": "Bearer pulse_wrong"}, key(mailer, Right.READ)]
    uploads = [
        (method, filled(str(route.path)))
        for route in iter_route_contexts(document.router.routes)
        for method in route.methods or ()
        if route.max_body_size
    ]
    assert len(uploads) >= 5
    for method, path in uploads:
        for headers in wrong:
            status, was_read = asyncio.run(asked_without_a_body(app, method, path, headers))
            assert (status, was_read) == (403 if headers is wrong[2] else 401, False), (method, path)


async def asked_without_a_body(
    app: FastAPI, method: str, path: str, headers: dict[str, str]
) -> tuple[int, bool]:
    """The answer to a call that announces a large body, and whether it was waited for."""
    given = {"host": "127.0.0.1:8025", "content-length": "1000000", **headers}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8025),
        "scheme": "http",
        "root_path": "",
    }
    was_read, statuses = False, list[int]()

    async def receive() -> Message:
        nonlocal was_read
        was_read = True
        return {"type": "http.request", "body": b"", "more_body": True}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    return statuses[0], was_read


@pytest.mark.parametrize("said", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer pulse_wrong", "Bearer \xe9"])
def test_without_a_key_that_works_nothing_is_told(mailer: Mailer, said: str) -> None:
    client = TestClient(create_app(mailer), base_url="http://127.0.0.1:8025")
    answer = client.get(
        f"{V1}/editions", headers=Headers({"Authorization": said}, encoding="latin-1") if said else None
    )
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Content-Type"] == MEDIA_TYPE
    told = answer.json()
    assert (told["status"], told["instance"]) == (401, f"{V1}/editions")
    assert "api-key create" in told["remedy"]


def test_a_key_that_was_revoked_or_has_expired_works_no_more(mailer: Mailer) -> None:
    client = TestClient(create_app(mailer), base_url="http://127.0.0.1:8025")
    old = key(mailer, expires_at=now() - datetime.timedelta(seconds=1))
    assert client.get(f"{V1}/editions", headers=old).status_code == 401
    lost = key(mailer)
    assert client.get(f"{V1}/editions", headers=lost).status_code == 200
    with mailer.database.transaction() as database:
        latest = database.scalars(select(ApiKey.id).order_by(ApiKey.id.desc())).first()
        assert latest
        api_keys.revoke(database, latest, actor="tests")
    assert client.get(f"{V1}/editions", headers=lost).status_code == 401


def test_a_browser_s_session_counts_for_nothing(mailer: Mailer) -> None:
    given_staff(mailer)
    client = TestClient(create_app(mailer), base_url="http://127.0.0.1:8025", cookies=cookies())
    assert client.get(f"{V1}/editions").status_code == 401
    assert client.get(f"{V1}/openapi.json").status_code == 401


def test_whoever_is_signed_in_reads_about_the_api_in_the_browser(mailer: Mailer) -> None:
    given_staff(mailer)
    client = TestClient(create_app(mailer), base_url="http://127.0.0.1:8025", cookies=cookies(Role.VIEWER))
    page = client.get("/api-reference")
    assert page.status_code == 200
    assert "POST /api/v1/subscribers/erase" in page.text
    assert "Forget an address" in client.get("/api-reference/subscribers").text
    assert client.get("/api-reference/nothing").status_code == 404
    assert client.get("/api-reference/openapi.json").json() == document.openapi()
    assert "/api-reference" in client.get("/account").text


def test_who_calls_too_often_is_told_when_to_come_again(mailer: Mailer) -> None:
    app = create_app(mailer)
    client = TestClient(app, base_url="http://127.0.0.1:8025")
    first, second = key(mailer), key(mailer)
    app.state.calls = Calls(by_key=2, by_network=5)
    assert [client.get(f"{V1}/health", headers=first).status_code for _ in range(3)] == [200, 200, 429]
    assert client.get(f"{V1}/health", headers=second).status_code == 200
    client.get(f"{V1}/health", headers={"Authorization": "Bearer guess"})
    answer = client.get(f"{V1}/health", headers={"Authorization": "Bearer another guess"})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) == 60
    assert answer.headers["Content-Type"] == MEDIA_TYPE


def test_a_call_that_brings_something_is_counted_once_and_over_the_limit_nobody_is_looked_up(
    mailer: Mailer,
) -> None:
    app = create_app(mailer)
    client = TestClient(app, base_url="http://127.0.0.1:8025")
    first, made = key(mailer), {"newsletter": "none", "key": "2025-06"}
    app.state.calls = Calls(by_key=2, by_network=4)
    answers = [client.post(f"{V1}/editions", headers=first, json=made).status_code for _ in range(3)]
    assert answers == [404, 404, 429]
    guess = {"Authorization": "Bearer guess"}
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        asked.append(statement)

    event.listen(mailer.database.engine, "before_cursor_execute", note)
    try:
        answers = [client.post(f"{V1}/editions", headers=guess, json=made).status_code for _ in range(3)]
    finally:
        event.remove(mailer.database.engine, "before_cursor_execute", note)
    assert answers == [401, 429, 429]
    assert len([one for one in asked if "api_keys" in one]) == 1


def test_an_edition_is_begun_written_and_gone_back_from(mailer: Mailer, client: TestClient) -> None:
    given_draft(mailer)
    made = client.post(f"{V1}/editions", json={"newsletter": SLUG, "key": "2025-06"})
    assert made.status_code == 201, made.text
    path, etag = f"{V1}/editions/{SLUG}/2025-06", made.headers["ETag"]
    written = client.patch(path, json={"subject": "Tides and tolls"}, headers={"If-Match": etag})
    assert written.json()["changed"] is True
    assert written.headers["ETag"] == f'"{written.json()["revision"]}"'
    late = client.patch(path, json={"subject": "Mine"}, headers={"If-Match": etag})
    assert late.status_code == 409
    assert "was changed meanwhile by api:ann (newsroom): subject set" in late.json()["detail"]
    history = client.get(f"{path}/history").json()
    assert history[0]["what"] == "subject set"
    compared = client.get(f"{path}/diff").json()
    assert compared["from"] == history[1]["revision"]
    assert compared["differences"][0]["field"] == "subject"
    back = client.post(f"{path}/restore", json={"to": compared["from"]})
    assert back.status_code == 200
    assert client.get(path).json()["subject"] != "Tides and tolls"
    with mailer.database.reading() as database:
        actors = set(
            database.scalars(select(AuditRecord.actor).where(AuditRecord.action == "edition.changed"))
        )
    assert actors == {"api:ann (newsroom)"}
    assert client.get(f"{V1}/audit?text=edition.changed&limit=1").json()[0]["actor"] == "api:ann (newsroom)"


def test_items_are_added_said_moved_hidden_and_taken_out(mailer: Mailer, client: TestClient) -> None:
    edition = given_draft(mailer)
    section = edition.sections[0]
    where = f"{section.name}/{section.categories[0].name}".rstrip("/")
    added = client.post(f"{EDITION}/items", json={"title": "A bridge for bats", "place": {"to": where}})
    assert added.status_code == 201, added.text
    (number,) = added.json()["items"]
    said = client.patch(f"{EDITION}/items/{number}", json={"publisher": "Harbour Office"})
    assert said.json()["changed"] is True
    moved = client.post(f"{EDITION}/items/move", json={"items": [number], "place": {"first": True}})
    assert moved.status_code == 200, moved.text
    shown = client.get(EDITION).json()["sections"][0]["categories"][0]["items"][0]
    assert (shown["number"], shown["publisher"]) == (number, "Harbour Office")
    assert client.post(f"{EDITION}/items/hide", json={"items": [number]}).json()["changed"] is True
    assert client.post(f"{EDITION}/items/show", json={"items": [number]}).json()["changed"] is True
    assert client.post(f"{EDITION}/items/remove", json={"items": [number]}).json()["changed"] is True
    assert client.patch(f"{EDITION}/items/{number}", json={"title": "Gone"}).status_code == 404
    assert client.post(f"{EDITION}/sections", json={"name": "Harbour"}).status_code == 201
    renamed = client.patch(f"{EDITION}/sections", json={"which": "Harbour", "name": "Port", "is_news": True})
    assert renamed.json()["changed"] is True
    assert (
        client.post(f"{EDITION}/categories", json={"name": "Notes", "place": {"to": "Port"}}).status_code
        == 201
    )
    assert client.post(f"{EDITION}/categories/hide", json={"which": "Port/Notes"}).json()["changed"] is True
    assert client.post(
        f"{EDITION}/sections/move", json={"which": "Port", "place": {"first": True}}
    ).is_success
    gone = client.post(f"{EDITION}/sections/remove", json={"which": "Port", "with_items": True})
    assert gone.json()["changed"] is True


def test_an_edition_is_proofed_approved_and_sent_once(mailer: Mailer, client: TestClient) -> None:
    given_draft(mailer)
    given_readers(mailer)
    proofed = client.post(f"{EDITION}/proofs", json={"to": ["ann@example.org"], "last": 0})
    assert proofed.status_code == 201, proofed.text
    assert [(one["address"], one["sent"]) for one in proofed.json()] == [("ann@example.org", True)]
    again = client.post(f"{EDITION}/proofs", json={"to": ["ann@example.org"], "last": 0})
    assert again.status_code == 409
    assert len(client.get(f"{EDITION}/proofs").json()) == 1
    found = client.get(f"{EDITION}/check").json()
    codes = sorted({one["code"] for one in found if one["severity"] == "error"})
    count = client.get(f"{EDITION}/approval").json()["audience"]
    revision = client.get(EDITION).headers["ETag"]
    refused = client.post(f"{EDITION}/approve", json={"confirm_count": count + 1, "force": codes})
    assert refused.status_code == 409
    old = client.post(
        f"{EDITION}/approve", json={"confirm_count": count, "force": codes}, headers={"If-Match": '"99"'}
    )
    assert old.status_code == 409
    approved = client.post(
        f"{EDITION}/approve", json={"confirm_count": count, "force": codes}, headers={"If-Match": revision}
    )
    assert approved.json()["approval"]["holds"] is True, approved.text
    wish = {"confirm_count": count, "hold_minutes": 0}
    sent = client.post(f"{EDITION}/send", json=wish)
    assert sent.status_code == 202, sent.text
    assert (sent.json()["status"], sent.json()["audience"]) == ("sending", count)
    assert client.post(f"{EDITION}/send", json=wish).status_code == 409
    assert (
        client.post(f"{EDITION}/pause", json={"why": "a wrong date"}).json()["halt_reason"] == "a wrong date"
    )
    assert client.post(f"{EDITION}/resume", json={}).json()["status"] == "sending"
    assert client.post(f"{EDITION}/stop", json={"why": "enough"}).json()["by_state"]["cancelled"] == count
    assert client.patch(EDITION, json={"subject": "Too late"}).status_code == 409


def test_an_edition_is_scheduled_and_taken_back(mailer: Mailer, client: TestClient) -> None:
    given_draft(mailer)
    given_readers(mailer)
    codes = sorted(
        {one["code"] for one in client.get(f"{EDITION}/check").json() if one["severity"] == "error"}
    )
    count = client.get(f"{EDITION}/approval").json()["audience"]
    wish = {"confirm_count": count, "force": codes, "at": "2099-12-01 09:00", "zone": "Europe/London"}
    sent = client.post(f"{EDITION}/send", json=wish)
    assert sent.json()["starts_at"] == "2099-12-01T09:00:00Z", sent.text
    assert client.post(f"{EDITION}/take-back").json()["status"] == "draft"
    assert client.post(f"{EDITION}/send", json=wish | {"at": "2020-01-01 09:00"}).status_code == 400
    with mailer.database.reading() as database:
        assert reading.edition(database, f"{SLUG}/{KEY}").status is EditionStatus.DRAFT


def test_a_key_is_no_second_person_beside_who_made_it(mailer: Mailer, client: TestClient) -> None:
    given_draft(mailer)
    given_readers(mailer)
    with mailer.database.transaction() as database:
        reading.newsletter(database, SLUG).needs_second = True
    client.patch(EDITION, json={"subject": "Ann's own"})
    other = key(mailer, Right.APPROVE)
    answer = client.post(f"{EDITION}/approve", json={"confirm_count": 6}, headers=other)
    assert answer.status_code == 409
    assert "cannot be the second person" in answer.json()["detail"]


def test_deliveries_are_found_paged_shown_and_settled(mailer: Mailer, client: TestClient) -> None:
    given_sent(mailer)
    found = client.get(f"{V1}/deliveries/find", params={"address": "Reader-1@Example.org"}).json()
    assert found["answers"][0]["status"] == "sent"
    nobody = client.get(f"{V1}/deliveries/find", params={"address": "nobody@example.org"}).json()
    assert nobody["answers"] == []
    assert nobody["otherwise"]
    first = client.get(f"{V1}/deliveries", params={"limit": 4, "edition": f"{SLUG}/{KEY}"}).json()
    rest = client.get(f"{V1}/deliveries", params={"before": first[-1]["id"]}).json()
    ids = [one["id"] for one in (*first, *rest)]
    assert len(ids) == 6
    assert ids == sorted(ids, reverse=True)
    unsure = delivery_id(mailer, "unsure@example.org")
    shown = client.get(f"{V1}/deliveries/{unsure}").json()
    assert shown["tries"][0]["outcome"] == "uncertain"
    message = client.get(f"{V1}/deliveries/{unsure}/message")
    assert message.headers["Content-Type"] == "message/rfc822"
    assert b"\r\nTo: " in message.content
    settled = client.post(
        f"{V1}/deliveries/settle", json={"ids": [unsure], "sent": True, "why": "in the log"}
    )
    assert settled.json()["sent"] == 1
    assert client.get(f"{V1}/deliveries/{unsure}").json()["status"] == DeliveryStatus.SENT.value
    report = client.get(f"{EDITION}/report").json()
    assert report["adds_up"] is True
    assert "example.org" not in str(report["replies"])
    assert client.post(f"{EDITION}/retry", json={"codes": ["550"]}).json()["count"] == 1


def test_people_are_imported_added_shown_taken_off_and_erased(mailer: Mailer, client: TestClient) -> None:
    given_draft(mailer)
    path = f"{V1}/newsletters/{SLUG}/subscribers"
    csv = b"email,first_name\nann@example.org,Ann\nnot an address,Bo\n"
    client.headers["Content-Type"] = "text/csv"
    dry = client.post(f"{path}/import?dry_run=true", content=csv).json()
    assert (dry["joined_count"], dry["dry_run"], dry["refused"][0]["line"]) == (1, True, 3)
    assert client.get(path).json() == []
    assert client.post(f"{path}/import", content=csv).json()["joined_count"] == 1
    del client.headers["Content-Type"]
    assert client.post(path, json={"address": "bo@example.org"}).json()["result"] == "joined"
    newest = client.get(path, params={"limit": 1}).json()
    older = client.get(path, params={"before": newest[0]["id"]}).json()
    assert [one["address"] for one in (*newest, *older)] == ["bo@example.org", "ann@example.org"]
    assert "bo@example.org" in client.get(f"{path}/export").text
    assert client.get(f"{V1}/subscribers/bo@example.org").json()["subscriptions"][0]["status"] == "active"
    assert "bo@example.org" in client.get(f"{V1}/subscribers/bo@example.org/data").text
    assert client.post(f"{V1}/subscribers/unsubscribe", json={"address": "bo@example.org"}).json() == {
        "count": 1
    }
    added = client.post(f"{V1}/suppressions", json={"address": "cy@example.org", "note": "asked by letter"})
    assert added.json() == {"changed": True}
    assert client.get(f"{V1}/suppressions").json()[0]["note"] == "asked by letter"
    assert client.post(f"{V1}/suppressions/lift", json={"address": "cy@example.org"}).is_success
    gone = client.post(f"{V1}/subscribers/erase", json={"address": "ann@example.org"}).json()
    assert gone["subscription_count"] == 1
    assert client.post(f"{V1}/subscribers/erase", json={"address": "dee@example.org"}).status_code == 404


def test_a_report_names_no_reader(mailer: Mailer) -> None:
    given_sent(mailer)
    client = TestClient(create_app(mailer), base_url="http://127.0.0.1:8025")
    told = client.get(f"{EDITION}/report", headers=key(mailer, Right.READ))
    assert told.json()["uncertain_count"] == 1
    assert "unsure@example.org" not in told.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"[]", 422),
        (b'{"subject": 1}', 422),
        (b'{"subject": "\\u0000"}', 422),
        (b'{"subject": "\\ud800"}', 422),
        (b'{"subject": "a", "other": "b"}', 422),
        (b"{}", 400),
        (b'{"subject": "' + b"a" * 3_000 + b'"}', 422),
        (b'{"subject": "' + b"a" * 70_000 + b'"}', 413),
        (b"[" * 50_000, 400),
        (b"\xff\xfe", 422),
    ],
)
def test_hostile_bodies_are_refused_with_a_problem(
    mailer: Mailer, client: TestClient, body: bytes, status: int
) -> None:
    given_draft(mailer)
    answer = client.patch(EDITION, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    if status == 413:
        return  # what stands before every route says so, in plain text
    assert answer.headers["Content-Type"] == MEDIA_TYPE
    assert set(answer.json()) == {"type", "title", "status", "detail", "instance", "remedy", "errors"}
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("said", ["x", "-1", '"', '"99999999999999999999"', "*"])
def test_what_is_no_revision_is_refused(mailer: Mailer, client: TestClient, said: str) -> None:
    given_draft(mailer)
    answer = client.patch(EDITION, json={"subject": "a"}, headers={"If-Match": said})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == "header.if-match"


def test_an_error_of_ours_tells_nothing_of_it(mailer: Mailer, client: TestClient) -> None:
    mailer.database.downgrade("base")
    answer = client.get(f"{V1}/editions")
    mailer.database.upgrade()  # other tests meet the same database
    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == MEDIA_TYPE
    assert "SELECT" not in answer.text
    assert "sqlite" not in answer.text


def test_newsletters_and_their_inbox(mailer: Mailer, client: TestClient) -> None:
    given_draft(mailer)
    given_second_draft(mailer)
    assert [one["slug"] for one in client.get(f"{V1}/newsletters").json()] == [SLUG]
    changed = client.patch(f"{V1}/newsletters/{SLUG}", json={"from_name": "The Harbour"})
    assert changed.json()["from_name"] == "The Harbour", changed.text
    assert client.patch(f"{V1}/newsletters/{SLUG}", json={"slug": "other"}).status_code == 400
    assert client.get(f"{V1}/newsletters/{SLUG}/inbox").json() == []
    assert client.get(f"{V1}/newsletters/{SLUG}/feeds").json() == []
    refused = client.post(f"{V1}/newsletters/{SLUG}/feeds", json={"url": "http://127.0.0.1/feed"})
    assert refused.status_code == 422
    assert [one["key"] for one in client.get(f"{V1}/editions").json()] == ["2025-06", KEY]


def test_the_document_names_each_route_s_scope(client: TestClient) -> None:
    told = client.get(f"{V1}/openapi.json").json()
    assert told["openapi"].startswith("3.1")
    operations = [one for path in told["paths"].values() for one in path.values()]
    assert all(one["x-scope"] for one in operations)
    # What it does is said before its scope.
    assert [one["operationId"] for one in operations if one["description"].startswith("Scope")] == []
    assert told["paths"]["/api/v1/subscribers/erase"]["post"]["x-scope"] == "operate"
    assert told["paths"]["/api/v1/deliveries/{delivery_id}/retry"]["post"]["x-scope"] == "approve or operate"
    assert told["components"]["securitySchemes"] == {"key": {"type": "http", "scheme": "bearer"}}
