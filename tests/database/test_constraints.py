"""What the database itself refuses, whatever the code above it may think."""

import datetime
import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Column, Enum, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.orm import Session

from pulse_mailer.audit import record
from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.delivery import Delivery, DeliveryStatus
from pulse_mailer.domain.edition import Edition, Item, Rendering, Section
from pulse_mailer.domain.metadata import metadata
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.subscriber import Subscriber, Subscription, SubscriptionStatus

STATUS_COLUMNS = [
    column
    for table in metadata.tables.values()
    for column in table.columns
    # SQLite can add no constraint to a column that a migration adds.
    if isinstance(column.type, Enum) and column.type.create_constraint
]


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as opened:
        yield opened
        opened.rollback()


def newsletter(**changed: Any) -> Newsletter:
    values = {"slug": "pulse", "name": "Pulse", "from_name": "Pulse", "from_address": "pulse@example.org"}
    return Newsletter(**values | {"created_at": now()} | changed)


def delivery(session: Session, address_hash: str = "a" * 64) -> Delivery:
    """A delivery and all that it leans on, stored."""
    news = newsletter()
    person = Subscriber(address="ann@example.org", address_hash=address_hash, created_at=now())
    session.add_all([news, person])
    session.flush()
    edition = Edition(newsletter_id=news.id, key="2026-04", created_at=now(), changed_at=now())
    tie = Subscription(
        newsletter_id=news.id,
        subscriber_id=person.id,
        public_id="abcdefghijklmnop",
        status=SubscriptionStatus.ACTIVE,
        created_at=now(),
        changed_at=now(),
    )
    session.add_all([edition, tie])
    session.flush()
    words = {
        "design": "digest",
        "subject": "",
        "mjml": "",
        "html": "",
        "text": "",
        "web_html": "",
        "fingerprint": "",
    }
    rendering = Rendering(edition_id=edition.id, segments=["x"], created_at=now(), **words)
    session.add(rendering)
    session.flush()
    row = Delivery(
        edition_id=edition.id,
        subscription_id=tie.id,
        rendering_id=rendering.id,
        address="ann@example.org",
        address_hash=address_hash,
        slots={},
        dated_at=now(),
        message_id="one@example.org",
        next_attempt_at=now(),
        changed_at=now(),
    )
    session.add(row)
    session.flush()
    return row


def again(row: Delivery, **changed: Any) -> dict[str, Any]:
    """The values of a delivery, as another row would have them."""
    values = {column.name: getattr(row, column.name) for column in Delivery.__table__.columns}
    del values["id"]
    return values | changed


def test_edition_has_one_delivery_for_an_address(session: Session) -> None:
    row = delivery(session)
    with pytest.raises(IntegrityError, match=r"(?i)unique"):
        session.execute(insert(Delivery).values(again(row, message_id="two@example.org")))


def test_two_deliveries_never_share_a_message_id(session: Session) -> None:
    row = delivery(session)
    with pytest.raises(IntegrityError, match=r"(?i)unique"):
        session.execute(insert(Delivery).values(again(row, address_hash="b" * 64)))


def test_another_address_gets_its_own_delivery(session: Session) -> None:
    row = delivery(session)
    session.execute(insert(Delivery).values(again(row, address_hash="b" * 64, message_id="two@example.org")))
    assert len(session.scalars(select(Delivery)).all()) == 2


def test_claimed_delivery_must_name_its_worker(session: Session) -> None:
    row = delivery(session)
    with pytest.raises(IntegrityError, match="leased_while_worked_on"):
        session.execute(
            update(Delivery)
            .where(Delivery.id == row.id)
            .values(status=DeliveryStatus.CLAIMED, next_attempt_at=None)
        )


def test_delivery_that_rests_must_not_name_a_worker(session: Session) -> None:
    row = delivery(session)
    with pytest.raises(IntegrityError, match="leased_while_worked_on"):
        session.execute(
            update(Delivery).where(Delivery.id == row.id).values(lease_owner="w", lease_until=now())
        )


def test_lease_has_an_end(session: Session) -> None:
    row = delivery(session)
    with pytest.raises(IntegrityError, match="lease_is_whole"):
        session.execute(
            update(Delivery)
            .where(Delivery.id == row.id)
            .values(status=DeliveryStatus.SENDING, next_attempt_at=None, lease_owner="w", lease_until=None)
        )


def test_what_waits_has_a_time_and_nothing_else_has(session: Session) -> None:
    row = delivery(session)
    with pytest.raises(IntegrityError, match="due_while_it_waits"):
        session.execute(update(Delivery).where(Delivery.id == row.id).values(status=DeliveryStatus.SENT))


@pytest.mark.parametrize("column", STATUS_COLUMNS, ids=str)
def test_status_column_holds_its_words_and_no_other(database: Database, column: Column[Any]) -> None:
    assert isinstance(column.type, Enum)
    sqlite = "SELECT sql FROM sqlite_master WHERE name = :table"
    postgresql = (
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = CAST(:table AS regclass)"
    )
    with database.transaction() as session:
        said = session.scalars(
            text(sqlite if database.is_sqlite else postgresql), {"table": column.table.name}
        ).all()
    lines = [line for line in "\n".join(said).splitlines() if "CHECK" in line]
    words = {f"'{word}'" for word in column.type.enums}
    assert any(column.name in line and set(re.findall(r"'[^']+'", line)) == words for line in lines)


def test_unknown_delivery_status_is_refused(session: Session) -> None:
    row = delivery(session)
    unknown = "UPDATE deliveries SET status = 'posted', next_attempt_at = NULL WHERE id = :id"
    with pytest.raises(IntegrityError, match="ck_deliveries_delivery_status"):
        session.execute(text(unknown), {"id": row.id})


def test_unknown_status_never_reaches_the_database(session: Session) -> None:
    row = delivery(session)
    with pytest.raises(StatementError, match="posted"):
        session.execute(update(Delivery).where(Delivery.id == row.id).values(status="posted"))


def test_row_that_others_lean_on_is_not_deleted(session: Session) -> None:
    row = delivery(session)
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        session.execute(delete(Edition).where(Edition.id == row.edition_id))


def test_section_of_no_edition_is_refused(session: Session) -> None:
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        session.execute(
            insert(Section).values(edition_id=404, position=1, name="Nowhere", colour="", is_news=False)
        )


def test_deleting_a_section_takes_what_is_in_it(session: Session) -> None:
    row = delivery(session)
    values = {"position": 1, "colour": "", "is_news": False}
    section = session.execute(
        insert(Section).values(edition_id=row.edition_id, name="Health", **values).returning(Section.id)
    ).scalar_one()
    session.execute(
        text(f"INSERT INTO categories (section_id, position, name) VALUES ({section}, 1, 'Reports')")
    )
    session.execute(delete(Section).where(Section.id == section))
    assert session.execute(text("SELECT count(*) FROM categories")).scalar_one() == 0


@pytest.mark.parametrize("changed", [{"slug": ""}, {"slug": "Pulse"}, {"name": ""}])
def test_newsletter_needs_a_name_and_a_lower_case_slug(session: Session, changed: dict[str, str]) -> None:
    session.add(newsletter(**changed))
    with pytest.raises(IntegrityError, match="ck_newsletters"):
        session.flush()


def test_item_needs_a_title(session: Session) -> None:
    with pytest.raises(IntegrityError, match="ck_items_has_a_title"):
        session.execute(
            insert(Item).values(
                category_id=1, position=1, publisher="", title="", url="", summary="", picture_alt=""
            )
        )


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_records SET actor = 'somebody else'", "DELETE FROM audit_records"]
)
def test_audit_record_stays_as_it_was_written(database: Database, statement: str) -> None:
    with database.transaction() as session:
        record(session, "ann", "edition.sent", "edition 2026-04", after={"count": 3})
    with pytest.raises(DBAPIError, match="append-only"), database.transaction() as session:
        session.execute(text(statement))
    with database.transaction() as session:
        kept = session.scalars(select(AuditRecord)).one()
    assert (kept.actor, kept.after) == ("ann", {"count": 3})


@pytest.mark.postgres
def test_audit_trail_cannot_be_truncated(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    with pytest.raises(DBAPIError, match="append-only"), database.transaction() as session:
        session.execute(text("TRUNCATE audit_records"))
    database.close()


def test_time_comes_back_as_it_went_in_aware_and_in_utc(database: Database) -> None:
    summer = datetime.datetime(2026, 7, 1, 9, 30, 15, 123456, datetime.timezone(datetime.timedelta(hours=1)))
    with database.transaction() as session:
        session.add(newsletter(created_at=summer))
    with database.transaction() as session:
        found = session.scalars(select(Newsletter.created_at)).one()
    assert found == summer
    assert found.tzinfo is datetime.UTC


def test_time_without_a_zone_is_refused(session: Session) -> None:
    session.add(newsletter(created_at=datetime.datetime(2026, 7, 1)))  # noqa: DTZ001 - that is the mistake
    with pytest.raises(StatementError, match="without a zone"):
        session.flush()


def test_failed_transaction_changes_nothing(database: Database) -> None:
    with pytest.raises(IntegrityError), database.transaction() as session:  # noqa: PT012 - the last line
        session.add(newsletter())
        session.flush()
        session.execute(insert(Newsletter).values(slug="other"))
    with database.transaction() as session:
        assert session.scalars(select(Newsletter)).all() == []
