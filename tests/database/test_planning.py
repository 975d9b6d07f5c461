"""Beginning to send: of two who want it one does, and nothing goes out that nobody looked at."""

import concurrent.futures
import threading

import pytest
from sqlalchemy import func, select

from pulse_mailer.database import Database
from pulse_mailer.delivery import approving, planning
from pulse_mailer.domain.delivery import Delivery
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.editions import drafting, reading
from pulse_mailer.errors import Conflict, PulseMailerError, WrongState
from pulse_mailer.keys import Keys
from pulse_mailer.links import Links
from tests.database.sending_given import draft
from tests.database.subscribers_given import given_newsletter, joined


@pytest.fixture
def edition_id(database: Database, keys: Keys) -> int:
    """A draft for three people."""
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        for number in (1, 2, 3):
            joined(session, keys, newsletter, f"reader-{number}@example.org")
        return draft(session, newsletter).id


def begin(
    database: Database, links: Links, meanwhile: threading.Barrier | None = None, fingerprint: str = ""
) -> None:
    with database.transaction() as session:
        edition = reading.edition(session, "2026-03")
        checked = approving.approve(edition, links, forced=())
        if meanwhile is not None:
            meanwhile.wait(10)
        approval = planning.Approval("ann", 3, fingerprint=fingerprint)
        planning.freeze(session, edition, checked, links, approval)


def counted(database: Database) -> int:
    with database.transaction() as session:
        return session.scalars(select(func.count(Delivery.id))).one()


def status(database: Database, edition_id: int) -> EditionStatus:
    with database.transaction() as session:
        return session.get_one(Edition, edition_id).status


def test_of_two_who_begin_at_once_one_is_told_so(database: Database, links: Links, edition_id: int) -> None:
    # On SQLite a transaction waits for the other at its very beginning, so both cannot have read the draft.
    meanwhile = None if database.is_sqlite else threading.Barrier(2)

    def attempt(_who: int) -> str:
        try:
            begin(database, links, meanwhile)
        except PulseMailerError as error:
            return type(error).__name__
        return "began"

    with concurrent.futures.ThreadPoolExecutor(2) as both:
        assert sorted(both.map(attempt, (1, 2))) == [WrongState.__name__, "began"]
    assert counted(database) == 3


@pytest.mark.postgres
@pytest.mark.parametrize(
    "database_url", ["postgresql"], indirect=True
)  # on SQLite nobody can come in between
def test_what_was_changed_after_it_was_composed_is_not_sent(
    database: Database, links: Links, edition_id: int
) -> None:
    with database.transaction() as session:
        edition = reading.edition(session, "2026-03")
        checked = approving.approve(edition, links, forced=())
        with database.transaction() as other:
            drafting.change(other, "2026-03", {"subject": "Other"}, actor="bob")
        with pytest.raises(Conflict, match="changed meanwhile"):
            planning.freeze(session, edition, checked, links, planning.Approval("ann", 3))
    assert counted(database) == 0
    assert status(database, edition_id) is EditionStatus.DRAFT


def test_what_was_changed_after_somebody_agreed_to_it_is_not_sent(
    database: Database, links: Links, edition_id: int
) -> None:
    with database.transaction() as session:
        shown = approving.approve(reading.edition(session, "2026-03"), links, forced=())
    with database.transaction() as session:
        reading.newsletter(session, None).from_name = "Somebody else"
    with pytest.raises(Conflict, match="changed meanwhile"):
        begin(database, links, fingerprint=shown.rendering.fingerprint)
    assert counted(database) == 0


def test_what_was_not_changed_is_the_same_mail_when_it_is_composed_again(
    database: Database, links: Links, edition_id: int
) -> None:
    with database.transaction() as session:
        shown = approving.approve(reading.edition(session, "2026-03"), links, forced=())
    begin(database, links, fingerprint=shown.rendering.fingerprint)
    assert counted(database) == 3
