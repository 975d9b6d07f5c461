"""What tests about subscribers start from."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.metadata import metadata
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.subscriber import Subscriber, Subscription, SubscriptionEvent, Way
from pulse_mailer.keys import Keys
from pulse_mailer.subscribers.joining import Joined, join
from pulse_mailer.subscribers.person import Person


def given_newsletter(database: Session, slug: str = "pulse") -> Newsletter:
    newsletter = Newsletter(
        slug=slug,
        name=slug.title(),
        from_name="The Editor",
        from_address="editor@example.org",
        timezone="Europe/London",
        created_at=now(),
    )
    database.add(newsletter)
    database.flush()
    return newsletter


def given_edition(database: Session, newsletter: Newsletter, period: str = "March 2026") -> Edition:
    edition = Edition(
        newsletter_id=newsletter.id, key="2026-03", period=period, created_at=now(), changed_at=now()
    )
    database.add(edition)
    database.flush()
    return edition


def joined(database: Session, keys: Keys, newsletter: Newsletter, address: str, **names: str) -> Joined:
    person = Person.parse(address, **names)
    return join(database, keys, newsletter, person, way=Way.STAFF, actor="ann", wording="asked by telephone")


def public_id(database: Session, address: str, newsletter: Newsletter | None = None) -> str:
    query = (
        select(Subscription.public_id)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscriber.address == address)
    )
    if newsletter is not None:
        query = query.where(Subscription.newsletter_id == newsletter.id)
    return database.scalars(query).one()


def events(database: Session) -> list[tuple[str, str]]:
    """Kind and way of every event, in the order they happened."""
    query = select(SubscriptionEvent).order_by(SubscriptionEvent.id)
    return [(event.kind.value, event.way.value) for event in database.scalars(query)]


def everything(database: Database) -> Mapping[str, list[Row[Any]]]:
    """Every row of every table."""
    with database.transaction() as session:
        return {
            table.name: sorted(session.execute(text(f"SELECT * FROM {table.name}")).all(), key=str)
            for table in metadata.sorted_tables
        }
