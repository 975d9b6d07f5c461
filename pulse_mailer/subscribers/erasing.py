"""
Forgetting a person: what is theirs goes, and a keyed hash of their address stays, so that nobody writes to them.

Rows stay that the sums of editions are made of, and the public id that links in old mails stand for. Who has the
address can still ask by it; nobody else can tell whose those rows were.
"""

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import CursorResult, String, Update, delete, exists, func, or_, select, text, update
from sqlalchemy import cast as as_sql
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.clock import now
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.approval import Proof
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.counting import counted
from pulse_mailer.domain.delivery import Attempt, Delivery
from pulse_mailer.domain.edition import Edition, Rendering
from pulse_mailer.domain.notice import Notice
from pulse_mailer.domain.route import Route
from pulse_mailer.domain.subscriber import Subscriber, Subscription, SubscriptionEvent, SubscriptionStatus
from pulse_mailer.domain.suppression import Suppression, SuppressionReason
from pulse_mailer.domain.upload import Upload
from pulse_mailer.domain.variant import WHOLE
from pulse_mailer.errors import NotFound
from pulse_mailer.keys import Keys
from pulse_mailer.subscribers.importing import one_at_a_time

#: What is not ours to erase, for people.
ELSEWHERE = (
    "Backups, exported files, sent mail in mailboxes and the logs of mail servers are not touched by this."
)

_GONE = "(erased)"
_TELLING = 3  #: letters from which on a name, or what stands before the @, says who is meant
#: Where servers' words may have been kept that name somebody.
_FREE_TEXT: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (Notice, ("subject", "body", "words")),
    (Edition, ("halt_reason",)),
    (Route, ("words",)),
)


@dataclass(frozen=True, slots=True)
class Erased:
    """
    What was blanked.

    Attributes:
        audit_count: records that name the person still, in words that staff typed; none of them can be changed.
    """

    subscription_count: int
    delivery_count: int
    proof_count: int
    audit_count: int


def still_named(count: int) -> str:
    """For people: that some records cannot be changed."""
    return (
        f"{counted(count, 'audit record')} may name them still, in words that somebody typed; "
        "the database lets nobody change those."
    )


def erase(database: Session, keys: Keys, address: Address, *, actor: str) -> Erased:
    """
    Forget an address and whoever has it; once more changes nothing but what was kept of it since.

    A mail that is being handed over at this moment goes out; what comes of it is kept without words.

    Raises:
        NotFound: nothing is kept of this address.
    """
    address_hash = keys.hash_address(address.key)
    with _overwritten(database):
        _alone(database)
        person = database.scalar(
            select(Subscriber).where(Subscriber.address_hash == address_hash).with_for_update()
        )
        kept = exists().where(Delivery.address_hash == address_hash)
        stopped = exists().where(Suppression.address_hash == address_hash)
        shown = exists().where(func.lower(Proof.address) == address.key)
        if person is None and not database.scalar(select(kept | stopped | shown)):
            raise NotFound(
                f"Nothing is kept of {address}.",
                remedy="Suppress it, to have nobody ever write to it: pulse-mailer suppression add ADDRESS",
            )
        words = _words(database, address, address_hash, person)
        deliveries = _blank_deliveries(database, address_hash)
        proofs = _blank_proofs(database, address)
        _scrub(database, words)
        subscriptions = _blank_person(database, person) if person else 0
        _suppress(database, address_hash, actor)
        database.execute(
            delete(Upload)
        )  # which may hold them, in any encoding; others choose their file again
        after = {"subscriptions": subscriptions, "deliveries": deliveries, "proofs": proofs}
        audit.record(database, actor, "subscriber.erased", audit.about(address_hash), after=after)
        database.flush()
    return Erased(subscriptions, deliveries, proofs, _still_named(database, words))


@contextlib.contextmanager
def _overwritten(database: Session) -> Iterator[None]:
    """Have SQLite write zeros over what is deleted, in the pages of its file; PostgreSQL's VACUUM sees to its own."""
    is_sqlite = database.get_bind().dialect.name == "sqlite"
    before = database.scalar(text("PRAGMA secure_delete")) if is_sqlite else 0
    if is_sqlite:
        database.execute(text("PRAGMA secure_delete = ON"))
    try:
        yield
    finally:
        if is_sqlite:
            database.execute(text(f"PRAGMA secure_delete = {int(before or 0)}"))


def _alone(database: Session) -> None:
    """Wait for an import, and for audiences that are being fixed: either could put down once more what goes here."""
    one_at_a_time(database)
    unsent = select(Edition.id).where(Edition.frozen_at.is_(None)).order_by(Edition.id)
    database.execute(unsent.with_for_update()).all()


def _words(
    database: Session, address: Address, address_hash: str, person: Subscriber | None
) -> tuple[str, ...]:
    """What names the person, where it stands in sentences; the longest first, as one may be part of another."""
    names = (person.address, f"{person.first_name} {person.last_name}".strip()) if person else ()
    whole = {str(address), address.key, *(name for name in names if len(name) >= _TELLING)}
    telling = [*whole, *([address.local] if len(address.local) >= _TELLING else [])]
    asked = (
        select(Attempt.reply)
        .join(Delivery, Delivery.id == Attempt.delivery_id)
        .where(Delivery.address_hash == address_hash, Attempt.reply != "")
    )
    said = {reply for reply in database.scalars(asked) if any(w.lower() in reply.lower() for w in telling)}
    return tuple(sorted(whole | said, key=len, reverse=True))


def _blank_deliveries(database: Session, address_hash: str) -> int:
    """States, times and codes stay, which sums are made of; whether a part was chosen, and all words, do not."""
    its = Delivery.address_hash == address_hash
    mine = select(Delivery.id).where(its)
    # Totals by domain would keep one that is a person's own; they are counted anew.
    counted = Edition.id.in_(select(Delivery.edition_id).where(its)) & Edition.counted_at.is_not(None)
    database.execute(update(Edition).where(counted).values(counted_at=None))
    database.execute(
        update(Attempt).where(Attempt.delivery_id.in_(mine)).values(reply="", provider_id=""),
        execution_options={"synchronize_session": False},
    )
    whole = select(Rendering.id).where(
        Rendering.edition_id == Delivery.edition_id, Rendering.variant == WHOLE
    )
    rows = select(Delivery).where(its).order_by(Delivery.id).with_for_update()
    found = database.scalars(rows, execution_options={"populate_existing": True}).all()
    for delivery in found:
        delivery.address = delivery.reason = ""
        delivery.slots = {name: delivery.slots[name] for name in ("public_id", "kid")}
    database.flush()
    database.execute(
        update(Delivery)
        .where(its)
        .values(rendering_id=func.coalesce(whole.scalar_subquery(), Delivery.rendering_id)),
        execution_options={"synchronize_session": False},
    )
    return len(found)


def _blank_proofs(database: Session, address: Address) -> int:
    # One proof may have gone to several who were erased since, and names each of its readers once.
    number = as_sql(Proof.id, String)
    blanked = update(Proof).where(func.lower(Proof.address) == address.key)
    return _changed(database, blanked.values(address="(erased " + number + ")", reply=""))


def _blank_person(database: Session, person: Subscriber) -> int:
    person.address = person.first_name = person.last_name = person.organisation = ""
    person.address_key = person.name_key = person.surname_key = person.domain_key = ""
    person.erased_at = person.erased_at or now()
    its = Subscription.subscriber_id == person.id
    database.execute(
        update(SubscriptionEvent)
        .where(SubscriptionEvent.subscription_id.in_(select(Subscription.id).where(its)))
        .values(wording=""),
        execution_options={"synchronize_session": False},
    )
    ended = update(Subscription).where(its).values(status=SubscriptionStatus.UNSUBSCRIBED, choice="")
    return _changed(database, ended)


def _suppress(database: Session, address_hash: str, actor: str) -> None:
    """In place of what was there before, so that no note stays and staff cannot lift it."""
    database.execute(delete(Suppression).where(Suppression.address_hash == address_hash))
    database.add(
        Suppression(address_hash=address_hash, reason=SuppressionReason.ERASED, created_at=now(), actor=actor)
    )


def _scrub(database: Session, words: Sequence[str]) -> None:
    pattern = re.compile("|".join(map(re.escape, words)), re.IGNORECASE)
    for table, names in _FREE_TEXT:
        columns = [getattr(table, name) for name in names]
        mentions = or_(
            *(func.lower(each).contains(word.lower(), autoescape=True) for each in columns for word in words)
        )
        for row in database.scalars(select(table).where(mentions)):
            for name in names:
                setattr(row, name, pattern.sub(_GONE, getattr(row, name)))


def _still_named(database: Session, words: Sequence[str]) -> int:
    told = [func.lower(as_sql(each, String)) for each in (AuditRecord.before, AuditRecord.after)]
    naming = or_(*(each.contains(word.lower(), autoescape=True) for each in told for word in words))
    return database.scalar(select(func.count(AuditRecord.id)).where(naming)) or 0


def _changed(database: Session, statement: Update) -> int:
    # Session.execute() is typed for reading; an UPDATE gives a cursor's result, with its count.
    quietly = {"synchronize_session": False}
    return cast("CursorResult[Any]", database.execute(statement, execution_options=quietly)).rowcount
