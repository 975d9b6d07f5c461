"""The audit: what a record is about is named as people call it, and found by a reader's address."""

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from pulse_mailer import audit
from pulse_mailer.bootstrap import Mailer
from pulse_mailer.clock import now
from pulse_mailer.domain.subscriber import Subscriber, Subscription
from pulse_mailer.web.app import create_app
from tests.databases import BOTH_DATABASES
from tests.pages_given import KEY, SLUG, given_sent
from tests.staff_given import cookies, given_staff

DATABASES = BOTH_DATABASES
READER = "reader-1@example.org"
EDITION = f'<a href="/staff/editions/{SLUG}/{KEY}">'


@pytest.fixture
def client(mailer: Mailer) -> TestClient:
    given_staff(mailer)
    return TestClient(create_app(mailer), base_url="http://127.0.0.1:8025", cookies=cookies())


@pytest.fixture
def number(mailer: Mailer) -> int:
    """The reader's; of them, and of others, there are records."""
    given_sent(mailer)
    with mailer.database.transaction() as database:
        found = select(Subscriber.id, Subscription.public_id).join(Subscription)
        number, public_id = database.execute(found.where(Subscriber.address == READER)).one()
        for action, subject in [
            ("suppression.removed", audit.about(mailer.keys.hash_address(READER))),
            ("subscription.sections-chosen", f"subscription {public_id}"),
            ("suppression.added", audit.about(mailer.keys.hash_address("nobody@example.org"))),
            ("edition.sending-again", f"edition {SLUG}/{KEY}"),
            ("edition.changed", "edition gone/2020-01"),
            ("newsletter.changed", f"newsletter {SLUG}"),
        ]:
            audit.record(database, "ann", action, subject, after={"actor": "ann", "n": 1})
    return number


def test_what_a_record_is_about_is_named_and_led_to(mailer: Mailer, client: TestClient, number: int) -> None:
    page = client.get("/audit").text
    assert page.count(f'<a href="/subscribers/{number}">{READER}</a>') == 2
    assert EDITION in page
    assert f'<a href="/newsletters/{SLUG}">' in page
    assert ">edition gone/2020-01<" in page
    assert f">{audit.about(mailer.keys.hash_address('nobody@example.org'))}<" in page
    assert '<span class="quiet">actor</span> ann' not in page  # it stands beside


def test_who_was_erased_is_named_no_more(mailer: Mailer, client: TestClient, number: int) -> None:
    with mailer.database.transaction() as database:
        database.get_one(Subscriber, number).erased_at = now()
    page = client.get("/audit").text
    assert READER not in page
    assert f">{audit.about(mailer.keys.hash_address(READER))}<" in page


@pytest.mark.usefixtures("number")
def test_records_are_found_by_the_readers_address_and_by_the_words_shown(client: TestClient) -> None:
    theirs = client.get("/audit", params={"text": READER.upper()}).text
    assert "Suppression: removed" in theirs
    assert "Subscription: sections chosen" in theirs
    assert "Suppression: added" not in theirs
    assert EDITION not in theirs
    assert EDITION in client.get("/audit", params={"text": "sending again"}).text
    assert EDITION in client.get("/audit", params={"text": "edition.sending-again"}).text
