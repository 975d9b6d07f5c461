"""Delivery: one edition to one subscriber; Attempt: one try to hand it over."""

import datetime
import enum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from pulse_mailer.domain.base import Base, Id, one_of


class DeliveryStatus(enum.StrEnum):
    QUEUED = "queued"  #: in the frozen audience, waiting
    CLAIMED = "claimed"  #: a worker holds a lease on it and has not begun
    SENDING = "sending"  #: marked: from here on the mail may have left
    SENT = "sent"  #: the other side took it
    DEFERRED = "deferred"  #: the other side said: later
    UNCERTAIN = "uncertain"  #: no answer came; it may or may not have gone
    FAILED = "failed"  #: the other side said: never
    SKIPPED = "skipped"  #: the person left, or was suppressed, after the audience was frozen
    CANCELLED = "cancelled"  #: the edition was stopped first


BECOMES: dict[DeliveryStatus, frozenset[DeliveryStatus]] = {
    # Sent, when somebody had it sent again, and then a late answer says that it had gone.
    DeliveryStatus.QUEUED: frozenset({DeliveryStatus.CLAIMED, DeliveryStatus.CANCELLED, DeliveryStatus.SENT}),
    DeliveryStatus.CLAIMED: frozenset(
        {DeliveryStatus.SENDING, DeliveryStatus.QUEUED, DeliveryStatus.SKIPPED, DeliveryStatus.CANCELLED}
    ),
    DeliveryStatus.SENDING: frozenset(
        {
            DeliveryStatus.SENT,
            DeliveryStatus.DEFERRED,
            DeliveryStatus.FAILED,
            DeliveryStatus.QUEUED,
            DeliveryStatus.UNCERTAIN,
        }
    ),
    DeliveryStatus.DEFERRED: frozenset(
        {
            DeliveryStatus.CLAIMED,
            DeliveryStatus.QUEUED,
            DeliveryStatus.FAILED,
            DeliveryStatus.SKIPPED,
            DeliveryStatus.CANCELLED,
        }
    ),
    DeliveryStatus.UNCERTAIN: frozenset({DeliveryStatus.SENT, DeliveryStatus.QUEUED}),
    DeliveryStatus.FAILED: frozenset({DeliveryStatus.QUEUED}),
    DeliveryStatus.CANCELLED: frozenset({DeliveryStatus.QUEUED}),
    DeliveryStatus.SENT: frozenset(),
    DeliveryStatus.SKIPPED: frozenset(),
}

#: Nothing more happens to these by itself.
FINAL = frozenset(
    {
        DeliveryStatus.SENT,
        DeliveryStatus.UNCERTAIN,
        DeliveryStatus.FAILED,
        DeliveryStatus.SKIPPED,
        DeliveryStatus.CANCELLED,
    }
)


class Outcome(enum.StrEnum):
    """What an attempt came to."""

    SENT = "sent"
    DEFERRED = "deferred"  #: certain: not taken, the recipient may be tried again
    FAILED = "failed"  #: certain: not taken, and will not be
    RETURNED = "returned"  #: certain: not taken, and not the recipient's fault
    UNCERTAIN = "uncertain"


class Fault(enum.StrEnum):
    """Whose fault it is that a mail was not taken (RFC 3463; docs/backends.md has the table)."""

    ADDRESS = "address"  #: there is no such mailbox or domain, and there will not be
    RECIPIENT = "recipient"  #: this mailbox, at the moment or for this mail: full, disabled, greylisting
    MESSAGE = (
        "message"  #: policy, reputation, spam: about sender or content; never held against the recipient
    )
    ROUTE = "route"  #: too busy, too fast, gone: about the way there; it rests, and no recipient is to blame
    CONFIGURATION = "configuration"  #: sign-in or sender not accepted: only a person can mend it


class Stage(enum.StrEnum):
    """How far an attempt came; the wire is touched from MAIL on."""

    MARKED = "marked"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    DOT = "dot"


#: Of an index: the states that few deliveries are in, and that people ask for.
#: The states that people ask about, and that few deliveries are in.
IN_TROUBLE = (
    DeliveryStatus.DEFERRED,
    DeliveryStatus.UNCERTAIN,
    DeliveryStatus.FAILED,
    DeliveryStatus.SKIPPED,
    DeliveryStatus.CANCELLED,
)
_IN_TROUBLE = f"status IN ({', '.join(repr(state.value) for state in IN_TROUBLE)})"


class Delivery(Base):
    """
    One row of the ledger.

    Attributes:
        address, slots, dated_at, rendering_id: the snapshot that makes every attempt the same bytes.
        message_id: without angle brackets; the same on every attempt.
        next_attempt_at: from when on a worker may claim it; None unless it is queued or deferred.
        lease_owner, lease_epoch, lease_until: who works on it; a write of theirs carries owner and epoch.
        backend, relay, connection: who was asked last, and over which of the worker's connections.
        reason: why it was skipped, failed or is uncertain, as a sentence for people.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("edition_id", "address_hash"),
        UniqueConstraint("message_id"),
        # Both databases use these two for `next_attempt_at <= :now` and `lease_owner = :me`; a delivery that is
        # done is in neither, so that they stay small and a mark or a result writes to few indexes.
        Index(
            "ix_deliveries_due",
            "edition_id",
            "next_attempt_at",
            "id",
            sqlite_where=text("next_attempt_at IS NOT NULL"),
            postgresql_where=text("next_attempt_at IS NOT NULL"),
        ),
        Index(
            "ix_deliveries_leased",
            "lease_owner",
            "edition_id",
            sqlite_where=text("lease_owner IS NOT NULL"),
            postgresql_where=text("lease_owner IS NOT NULL"),
        ),
        # What people look for. Most deliveries are sent, and never in it on their way there.
        Index(
            "ix_deliveries_in_trouble",
            "status",
            "id",
            sqlite_where=text(_IN_TROUBLE),
            postgresql_where=text(_IN_TROUBLE),
        ),
        Index(None, "address_hash"),
        Index(None, "subscription_id"),
        CheckConstraint(
            "(status IN ('claimed', 'sending')) = (lease_owner IS NOT NULL)", name="leased_while_worked_on"
        ),
        CheckConstraint(
            "(status IN ('queued', 'deferred')) = (next_attempt_at IS NOT NULL)", name="due_while_it_waits"
        ),
        CheckConstraint("(lease_owner IS NULL) = (lease_until IS NULL)", name="lease_is_whole"),
        CheckConstraint("attempt_count >= 0", name="attempt_count_is_a_count"),
    )

    id: Mapped[Id]
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.id", ondelete="RESTRICT"))
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscriptions.id", ondelete="RESTRICT"))
    rendering_id: Mapped[int] = mapped_column(ForeignKey("renderings.id", ondelete="RESTRICT"))
    address: Mapped[str]
    address_hash: Mapped[str]
    slots: Mapped[dict[str, str]]
    dated_at: Mapped[datetime.datetime]
    message_id: Mapped[str]
    status: Mapped[DeliveryStatus] = mapped_column(one_of(DeliveryStatus), default=DeliveryStatus.QUEUED)
    reason: Mapped[str] = mapped_column(default="")
    attempt_count: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime.datetime | None]
    lease_owner: Mapped[str | None]
    lease_epoch: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime.datetime | None]
    backend: Mapped[str] = mapped_column(default="")
    relay: Mapped[str] = mapped_column(default="")
    connection: Mapped[int] = mapped_column(default=0)
    changed_at: Mapped[datetime.datetime]


class Attempt(Base):
    """
    One try, written when its answer is known, or when it is known that none will come.

    Attributes:
        number: counts the marks of its delivery, from 1.
        connection: which of the worker's connections, from 1.
        started_at, ended_at: when it was marked, and when the answer was there.
        stage: how far it came.
        fault: whose fault it is that it was not taken; None when it was, and when nobody knows.
        code, enhanced_code, reply: the other side's words (RFC 5321, RFC 3463).
        relay: who was asked, as host:port.
        provider_id: the other side's own name for the mail, where it gives one.
    """

    __tablename__ = "attempts"
    __table_args__ = (
        UniqueConstraint("delivery_id", "number"),
        # Refusals and doubts are few, and are what reports tell of.
        Index(
            "ix_attempts_not_sent",
            "delivery_id",
            sqlite_where=text("outcome <> 'sent'"),
            postgresql_where=text("outcome <> 'sent'"),
        ),
    )

    id: Mapped[Id]
    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"))
    number: Mapped[int]
    worker: Mapped[str]
    backend: Mapped[str] = mapped_column(default="")
    relay: Mapped[str]
    connection: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime.datetime]
    ended_at: Mapped[datetime.datetime]
    stage: Mapped[Stage] = mapped_column(one_of(Stage))
    outcome: Mapped[Outcome] = mapped_column(one_of(Outcome))
    fault: Mapped[Fault | None] = mapped_column(one_of(Fault))
    code: Mapped[int | None]
    enhanced_code: Mapped[str] = mapped_column(default="")
    reply: Mapped[str] = mapped_column(default="")
    provider_id: Mapped[str] = mapped_column(default="")
