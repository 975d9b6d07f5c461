"""The one way to change an edition: held, counted, kept, and never over what somebody else did."""

import pytest

from pulse_mailer.database import Database
from pulse_mailer.domain.content import content_of
from pulse_mailer.editions import drafting, history, reading
from pulse_mailer.editions.changing import changing
from pulse_mailer.errors import Conflict, NotFound
from tests.database.sending_given import draft
from tests.database.subscribers_given import given_newsletter


@pytest.fixture(autouse=True)
def drafted(database: Database) -> None:
    with database.transaction() as session:
        draft(session, given_newsletter(session))


def test_a_change_is_the_next_revision_and_is_kept_with_who_and_what(database: Database) -> None:
    with database.transaction() as session:
        drafting.change(session, "2026-03", {"subject": "Rents are up"}, actor="ann")
    with database.transaction() as session:
        edition = reading.edition(session, "2026-03")
        version, before = history.versions(session, edition.id)
        assert (before.revision, before.what) == (1, "as it was before")
        assert history.content_at(session, edition, 1)["fields"]["subject"] == "Pulse, March 2026"
        assert (edition.revision, version.revision, version.actor, version.what) == (
            2,
            2,
            "ann",
            "subject set",
        )
        assert history.content_at(session, edition, 2) == content_of(edition)
        with pytest.raises(NotFound, match="no revision 7"):
            history.content_at(session, edition, 7)


def test_a_change_of_nothing_makes_no_revision(database: Database) -> None:
    with database.transaction() as session, changing(session, "2026-03", actor="ann", what="looked"):
        pass
    with database.transaction() as session:
        edition = reading.edition(session, "2026-03")
        assert (edition.revision, history.versions(session, edition.id)) == (1, [])


def test_who_looked_at_an_older_revision_overwrites_nothing(database: Database) -> None:
    with database.transaction() as session:
        drafting.change(session, "2026-03", {"subject": "Ann's"}, actor="ann", expected=1)
    with database.transaction() as session, pytest.raises(Conflict, match="by ann: subject set"):
        drafting.change(session, "2026-03", {"subject": "Bob's"}, actor="bob", expected=1)
    with database.transaction() as session:
        assert reading.edition(session, "2026-03").subject == "Ann's"
