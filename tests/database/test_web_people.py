"""Subscribers as staff see them in the app, over HTTP; what is typed there is never trusted."""

import csv
import io

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.newsletter import ProgrammeSection
from pulse_mailer.domain.staff import Role
from pulse_mailer.domain.subscriber import Subscriber, SubscriptionEvent
from pulse_mailer.domain.suppression import Suppression
from pulse_mailer.subscribers import exporting
from pulse_mailer.web.app import create_app
from tests.database.subscribers_given import everything, given_newsletter, joined
from tests.pages_given import given_sent
from tests.staff_given import COOKIE, address, csrf, given_staff, token

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a\r\nBcc: everybody@example.org",
    "=cmd|' /C calc'!A0",
    "{{ 7 * 7 }}",
    "'; DROP TABLE subscribers; --",
    "\u202eetik",
    "x" * 9_999,
)


@pytest.fixture
def client(mailer: Mailer) -> TestClient:
    return client_of(mailer, Role.OPERATOR)


def client_of(mailer: Mailer, role: Role) -> TestClient:
    given_staff(mailer, role)
    found = TestClient(create_app(mailer), base_url="http://127.0.0.1:8025", follow_redirects=False)
    found.headers.update(csrf(role) | {"Cookie": f"{COOKIE}={token(role)}"})
    return found


@pytest.fixture
def ann(mailer: Mailer) -> str:
    """The path of her page."""
    with mailer.database.transaction() as database:
        made = given_newsletter(database)
        for place, name in enumerate(("Care", "Housing & <b>Homes</b>"), 1):
            database.add(ProgrammeSection(newsletter_id=made.id, position=place, name=name))
        found = joined(
            database, mailer.keys, made, "ann.lee@example.org", first_name="Ann <i>", last_name="Lee"
        )
        joined(database, mailer.keys, made, "bob@example.org", organisation="=Bob Ltd")
    return f"/subscribers/{found.subscriber_id}"


def test_nothing_there_teaches_the_next_step(client: TestClient, mailer: Mailer) -> None:
    assert "There is no newsletter yet" in client.get("/subscribers").text
    with mailer.database.transaction() as database:
        given_newsletter(database)
    assert "Nobody is subscribed yet" in client.get("/subscribers").text


@pytest.mark.usefixtures("ann")
def test_people_are_listed_by_state_and_found(client: TestClient) -> None:
    page = client.get("/subscribers").text
    assert "ann.lee@example.org" in page
    assert "Subscribed 2" in page
    assert "Ann &lt;i&gt; Lee" in page
    assert "ann.lee@example.org" not in client.get("/subscribers?state=unsubscribed").text
    found = client.get("/subscribers", params={"q": "lee"}).text
    assert "ann.lee@example.org" in found
    assert "bob@example.org" not in found


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize("typed", HOSTILE)
def test_a_hostile_search_finds_nobody_and_stands_as_text(client: TestClient, typed: str) -> None:
    answer = client.get("/subscribers", params={"q": typed[:400]})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "<img src=x" not in answer.text
    assert "49" not in answer.text.split("<main")[1]
    assert client.get("/subscribers", params={"q": "x" * 401}).status_code == 422
    assert client.get("/subscribers", params={"after": 2**70}).status_code == 422


def test_a_person_shows_all_that_is_kept(client: TestClient, mailer: Mailer) -> None:
    given_sent(mailer, 1)
    with mailer.database.reading() as database:
        wanted = select(Subscriber.id).where(Subscriber.address == "full@example.org")
        page = client.get(f"/subscribers/{database.scalars(wanted).one()}").text
    assert "full@example.org" in page
    assert "asked by telephone" in page
    assert "To be tried again" in page
    assert "452 4.2.2 Mailbox full" in page


def test_who_is_not_there_is_not_found(client: TestClient) -> None:
    assert client.get("/subscribers/4711").status_code == 404
    assert client.get(f"/subscribers/{2**80}").status_code == 404
    assert client.get("/subscribers/x").status_code == 422


def test_staff_take_somebody_off_and_say_why(client: TestClient, mailer: Mailer, ann: str) -> None:
    done = client.post(f"{ann}/unsubscribe", data={"newsletter": "pulse", "reason": "a letter\r\nfrom her"})
    assert done.status_code == 303
    page = client.get(done.headers["Location"]).text
    assert "They are unsubscribed" in page
    assert "a letter from her" in page
    with mailer.database.reading() as database:
        event = database.scalars(select(SubscriptionEvent).order_by(SubscriptionEvent.id.desc())).first()
        assert event is not None
        assert event.wording == "a letter from her"
        assert event.actor == "operator@example.org"


def test_a_reason_that_is_too_long_is_refused_and_kept_in_the_form(
    client: TestClient, mailer: Mailer, ann: str
) -> None:
    for path, name in (("unsubscribe", "reason"), ("suppress", "note")):
        answer = client.post(f"{ann}/{path}", data={"newsletter": "pulse", name: "y" * 600})
        assert answer.status_code == 422
        assert "longer than 500 letters" in answer.text
        assert "y" * 600 in answer.text
    with mailer.database.reading() as database:
        assert database.scalars(select(Suppression.id)).all() == []


@pytest.mark.parametrize("typed", HOSTILE[:-1])
def test_hostile_reasons_stand_as_text(client: TestClient, ann: str, typed: str) -> None:
    client.post(f"{ann}/unsubscribe", data={"newsletter": "pulse", "reason": typed})
    client.post(f"{ann}/suppress", data={"note": typed})
    page = client.get(ann)
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text


def test_sections_are_chosen_for_somebody(client: TestClient, ann: str) -> None:
    named = "Housing & <b>Homes</b>"
    done = client.post(f"{ann}/choose", data={"newsletter": "pulse", "section": [named]})
    assert "Gets only: Housing &amp; &lt;b&gt;Homes" in client.get(done.headers["Location"]).text
    client.post(f"{ann}/choose", data={"newsletter": "pulse", "every": "yes", "section": [named]})
    assert "Gets every section." in client.get(ann).text
    for wrong in ({}, {"section": ["Gardens"]}):
        assert client.post(f"{ann}/choose", data={"newsletter": "pulse", **wrong}).status_code == 422
    assert client.post(f"{ann}/choose", data={"newsletter": "none", "every": "y"}).status_code == 404


def test_an_address_is_suppressed_and_allowed_again(client: TestClient, mailer: Mailer, ann: str) -> None:
    page = client.get(client.post(f"{ann}/suppress", data={"note": "a lawyer's letter"}).headers["Location"])
    assert "staff decided it" in page.text
    assert "a lawyer&#39;s letter" in page.text
    assert "Allow writing to it again" in page.text
    client.post(f"{ann}/lift")
    with mailer.database.reading() as database:
        assert database.scalars(select(Suppression.id)).all() == []


def test_everything_held_is_downloaded(client: TestClient, ann: str) -> None:
    answer = client.get(f"{ann}/data")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.json()["subscriber"]["last_name"] == "Lee"


def test_erasing_wants_the_address_typed(client: TestClient, mailer: Mailer, ann: str) -> None:
    assert "Type ann.lee@example.org" in client.get(f"{ann}/erase").text
    before = everything(mailer.database)
    for typed in ("", "bob@example.org", *HOSTILE):
        answer = client.post(f"{ann}/erase", data={"address": typed})
        assert answer.status_code == 422
        assert "This is not their address" in answer.text
    assert everything(mailer.database) == before
    done = client.post(f"{ann}/erase", data={"address": " Ann.Lee@EXAMPLE.org "})
    page = client.get(done.headers["Location"]).text
    assert "They are forgotten" in page
    assert "ann.lee" not in page.lower()
    assert client.get("/subscribers", params={"q": "ann.lee"}).text.count("ann.lee") <= 5  # as it was typed
    for path in ("erase", "data"):
        assert client.get(f"{ann}/{path}").status_code == 404
    assert client.post(f"{ann}/lift").status_code == 404


def test_an_approver_may_look_and_unsubscribe_and_not_erase(mailer: Mailer, ann: str) -> None:
    client = client_of(mailer, Role.APPROVER)
    page = client.get(ann).text
    assert "Erase them" not in page
    assert "Never write to this address" not in page
    assert client.get(f"{ann}/erase").status_code == 403
    assert client.post(f"{ann}/suppress").status_code == 403
    assert client.post(f"{ann}/unsubscribe", data={"newsletter": ""}).status_code == 303


def test_without_the_token_of_the_session_nothing_is_changed(
    client: TestClient, mailer: Mailer, ann: str
) -> None:
    before = everything(mailer.database)["subscriptions"]
    del client.headers["X-CSRF-Token"]
    for path in ("unsubscribe", "choose", "suppress", "lift", "erase"):
        assert client.post(f"{ann}/{path}", data={"address": "ann.lee@example.org"}).status_code == 403
    assert everything(mailer.database)["subscriptions"] == before


def test_one_person_is_added_and_shown(client: TestClient, mailer: Mailer, ann: str) -> None:
    assert ann
    form = {
        "newsletter": "pulse",
        "address": "New@example.org",
        "first_name": "Zoë",
        "wording": "by telephone",
    }
    page = client.get(client.post("/subscribers/new", data=form).headers["Location"]).text
    assert "They are subscribed now." in page
    assert "by telephone" in page
    again = client.post("/subscribers/new", data=form)
    assert "subscribed already; nothing changed" in client.get(again.headers["Location"]).text


@pytest.mark.parametrize("address", ["", "nonsense", *HOSTILE])
def test_who_has_no_address_is_not_added_and_nothing_typed_is_lost(
    client: TestClient, mailer: Mailer, ann: str, address: str
) -> None:
    assert ann
    before = everything(mailer.database)["subscribers"]
    answer = client.post("/subscribers/new", data={"address": address[:900], "first_name": "Typed before"})
    assert answer.status_code == 422
    assert "Typed before" in answer.text
    assert "<script>alert" not in answer.text
    assert everything(mailer.database)["subscribers"] == before


def test_who_left_is_not_added(client: TestClient, ann: str) -> None:
    client.post(f"{ann}/unsubscribe", data={"newsletter": "pulse"})
    answer = client.post("/subscribers/new", data={"newsletter": "pulse", "address": "ann.lee@example.org"})
    assert answer.status_code == 422
    assert "unsubscribed on" in answer.text


def test_a_file_of_all_holds_no_formula(client: TestClient, ann: str) -> None:
    assert ann
    answer = client.get("/subscribers/export?newsletter=pulse")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="pulse-subscribers.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row["Email"] for row in rows] == ["bob@example.org", "ann.lee@example.org"]
    assert rows[0]["Organisation"] == "'=Bob Ltd"


@pytest.mark.usefixtures("ann")
def test_who_takes_the_list_out_is_on_record_with_how_many_they_took(
    mailer: Mailer, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "CHUNK", 1)
    assert client.head("/subscribers/export?newsletter=pulse").content == b""
    assert client.get("/subscribers/export?newsletter=pulse").text.count("@example.org") == 2
    with mailer.database.reading() as database:
        kept = database.scalars(select(AuditRecord).where(AuditRecord.action == "subscribers.exported")).all()
    assert [(one.actor, one.subject, one.after) for one in kept] == [
        (address(Role.OPERATOR), "newsletter pulse", {"rows": 2})
    ]


def test_a_body_that_is_too_large_is_refused(client: TestClient, ann: str) -> None:
    answer = client.post(f"{ann}/unsubscribe", data={"reason": "z" * 5_000_000})
    assert answer.status_code == 413
