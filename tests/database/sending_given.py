"""What tests about sending start from: an edition whose audience is frozen."""

import datetime
import threading
from collections.abc import Callable

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pulse_mailer.backends.memory import MemoryBackend
from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.delivery import approving, ledger, planning
from pulse_mailer.delivery.dispatch import Ending, Way, dispatch
from pulse_mailer.delivery.groups import Claimed, Group, Line, Marked, Result
from pulse_mailer.delivery.sealing import seal_of
from pulse_mailer.domain.approval import Approval
from pulse_mailer.domain.delivery import Attempt, Delivery, DeliveryStatus, Fault, Outcome, Stage
from pulse_mailer.domain.edition import Category, Edition, EditionStatus, Item, Section
from pulse_mailer.domain.message import Message, Receipt
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.editions import reading
from pulse_mailer.keys import Keys
from pulse_mailer.links import Links
from tests.database.subscribers_given import given_newsletter, joined

_NEVER = datetime.datetime.max.replace(tzinfo=datetime.UTC)


def draft(database: Session, newsletter: Newsletter, key: str = "2026-03") -> Edition:
    """A small edition that preflight lets through."""
    newsletter.postal_address = "1 High Street, Anytown"
    newsletter.reason = "You get this because you asked for it."
    item = Item(
        position=1,
        number=1,
        publisher="Institute for Local Care",
        title="What good care looks like",
        url="https://example.org/care",
        summary="A study of twelve councils.",
    )
    category = Category(position=1, name="Reports", items=[item])
    edition = Edition(
        newsletter_id=newsletter.id,
        key=key,
        period="March 2026",
        subject="Pulse, March 2026",
        preheader="One report this month, on what good care looks like in twelve councils.",
        letter="Welcome to March.",
        signed_by="Ann Marlowe",
        last_number=1,
        status=EditionStatus.DRAFT,
        sections=[Section(position=1, name="Care", categories=[category])],
        created_at=now(),
        changed_at=now(),
    )
    database.add(edition)
    database.flush()
    return edition


def drafted(database: Database, keys: Keys, people: int = 3) -> None:
    """The draft, and reader-1@example.org and so on who would get it."""
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        for number in range(1, people + 1):
            joined(session, keys, newsletter, f"reader-{number}@example.org")
        draft(session, newsletter)


def freeze(database: Session, links: Links, count: int, name: str = "2026-03") -> Edition:
    edition = reading.edition(database, name)
    checked = approving.approve(edition, links, forced=())
    planning.freeze(database, edition, checked, links, planning.Approval("ann", count))
    return edition


def frozen(database: Database, keys: Keys, links: Links, people: int = 3) -> int:
    """An edition being sent to reader-1@example.org and so on; gives its id."""
    drafted(database, keys, people)
    with database.transaction() as session:
        return freeze(session, links, people).id


def time_comes(session: Session, ago: datetime.timedelta = datetime.timedelta(seconds=1)) -> None:
    """What is scheduled was agreed to for a time that is over."""
    at = now() - ago
    session.execute(update(Edition).where(Edition.starts_at.is_not(None)).values(starts_at=at))
    for approval in session.scalars(select(Approval).where(Approval.voided_at.is_(None))):
        if approval.facts["starts_at"]:
            approval.facts = approval.facts | {"starts_at": at.astimezone(datetime.UTC).isoformat()}
            approval.seal = seal_of(approval.facts)


def run(
    database: Database,
    links: Links,
    edition_id: int,
    backend: MemoryBackend,
    watch: Callable[[Receipt], None] = lambda _receipt: None,
    stop: threading.Event | None = None,
    *,
    early: bool = False,
) -> Ending:
    way = Way(database, links, [backend], connections=1)
    return dispatch(way, edition_id, stop=stop or threading.Event(), watch=watch, early=early)


def claim(session: Session, edition_id: int, owner: str, limit: int) -> list[Claimed]:
    """Claim as a worker's writer does."""
    return Group(session.connection(), owner, _NEVER, now()).claim(edition_id, limit)


def mark(session: Session, claimed: Claimed, owner: str) -> Marked | None:
    """Mark one delivery as a worker's writer does, leaving out whoever must not get it."""
    group = Group(session.connection(), owner, _NEVER, now())
    (marked,) = group.mark([(claimed, Line("memory", "relay:25", 1))])
    if marked is None:
        ledger.skip(session, claimed, owner)
    return marked


def record(session: Session, marked: Marked, owner: str, receipt: Receipt | None) -> None:
    """Keep what came of it as a worker's writer does."""
    Group(session.connection(), owner, _NEVER, now()).record([Result(marked, receipt)])


def receipt(claimed: Claimed, outcome: Outcome, fault: Fault | None = None) -> Receipt:
    """An answer of relay:25 to the whole mail."""
    message = Message(claimed.id, "editor@example.org", claimed.address, claimed.message_id, ())
    return Receipt(message, outcome, Stage.DOT, "relay:25", 250, fault=fault)


def states(database: Database) -> dict[str, str]:
    """Address to state of every delivery."""
    with database.transaction() as session:
        return {row.address: row.status.value for row in session.scalars(select(Delivery))}


def count(database: Database, status: DeliveryStatus) -> int:
    return list(states(database).values()).count(status.value)


def attempts(database: Database, address: str) -> list[Attempt]:
    query = (
        select(Attempt)
        .join(Delivery, Delivery.id == Attempt.delivery_id)
        .where(Delivery.address == address)
        .order_by(Attempt.number)
    )
    with database.transaction() as session:
        return list(session.scalars(query))
