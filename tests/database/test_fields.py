"""Readers' own values: kept when the audience is fixed, only those that the mail uses, and shown in a preview."""

from email import message_from_bytes, policy

import pytest
from sqlalchemy import select

from pulse_mailer.backends.memory import MemoryBackend
from pulse_mailer.database import Database
from pulse_mailer.delivery.previewing import preview
from pulse_mailer.domain.delivery import Delivery
from pulse_mailer.domain.subscriber import Subscriber
from pulse_mailer.editions import drafting, reading
from pulse_mailer.errors import UsageError
from pulse_mailer.keys import Keys
from pulse_mailer.links import Links
from tests.database.sending_given import draft, freeze, run
from tests.database.subscribers_given import given_newsletter, joined


@pytest.fixture
def drafted(database: Database, keys: Keys) -> None:
    """A draft whose subject and letter name the reader, for one who is known and one who is not."""
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        joined(session, keys, newsletter, "ann@example.org", first_name="Zoë Ann", organisation="Care & Co")
        joined(session, keys, newsletter, "who@example.org")
        edition = draft(session, newsletter)
        edition.subject = "{first_name|Dear reader}, here is March"
        edition.letter = "Dear {first_name|colleague},\n\nwelcome to March."


@pytest.mark.usefixtures("drafted")
def test_a_delivery_keeps_what_its_mail_uses_and_no_more(database: Database, links: Links) -> None:
    with database.transaction() as session:
        freeze(session, links, 2)
    with database.transaction() as session:
        kept = {row.address: row.slots for row in session.scalars(select(Delivery))}

    assert {address: slots["first_name"] for address, slots in kept.items()} == {
        "ann@example.org": "Zoë Ann",
        "who@example.org": "",
    }
    assert {name for slots in kept.values() for name in slots} == {"public_id", "kid", "first_name"}


@pytest.mark.usefixtures("drafted")
def test_a_name_that_is_changed_later_changes_no_mail(database: Database, links: Links) -> None:
    with database.transaction() as session:
        edition_id = freeze(session, links, 2).id
    with database.transaction() as session:
        for person in session.scalars(select(Subscriber)):
            person.first_name = "Other"
    backend = MemoryBackend()
    run(database, links, edition_id, backend)

    subjects = {
        message.recipient: str(message_from_bytes(message.data, policy=policy.default)["Subject"])
        for message in backend.kept
    }
    assert subjects == {
        "ann@example.org": "Zoë Ann, here is March",
        "who@example.org": "Dear reader, here is March",
    }


@pytest.mark.usefixtures("drafted")
@pytest.mark.parametrize(
    ("address", "greeting"),
    [("ann@example.org", "Dear Zoë Ann,"), ("who@example.org", "Dear colleague,"), ("", "Dear colleague,")],
)
def test_a_preview_shows_a_person_s_own_values(
    database: Database, keys: Keys, links: Links, address: str, greeting: str
) -> None:
    with database.reading() as session:
        edition = reading.edition(session, "2026-03")
        shown = preview(session, edition, keys, links, form="text", address=address)

    assert greeting in shown.decode()


@pytest.mark.usefixtures("drafted")
@pytest.mark.parametrize("subject", ["For {firstname|you}", "For {first_name}", "For {first_name|you"])
def test_a_subject_with_a_field_that_is_none_is_refused_and_nothing_is_changed(
    database: Database, subject: str
) -> None:
    with pytest.raises(UsageError, match="The subject holds"), database.transaction() as session:
        drafting.change(session, "2026-03", {"subject": subject}, actor="ann")
    with database.reading() as session:
        assert reading.edition(session, "2026-03").subject == "{first_name|Dear reader}, here is March"
