"""Pages look with sessions that cannot change anything."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pulse_mailer.database import Database
from pulse_mailer.errors import DatabaseUnreachable

CHANGE = text("UPDATE subscriptions SET status = 'unsubscribed'")


def test_who_reads_cannot_write(database: Database) -> None:
    with (
        pytest.raises((DatabaseUnreachable, DBAPIError), match=r"(?i)read-?only"),
        database.reading() as session,
    ):
        session.execute(CHANGE)


def test_a_connection_that_was_read_with_can_be_written_with_again(database: Database) -> None:
    for _ in range(3):
        with database.reading() as session:
            session.execute(text("SELECT 1"))
        with database.transaction() as session:
            session.execute(CHANGE)


def test_who_reads_waits_for_no_writer(database: Database) -> None:
    with database.transaction() as writer:
        writer.execute(CHANGE)
        with database.reading() as reader:
            assert reader.scalar(text("SELECT count(*) FROM subscriptions")) == 0
