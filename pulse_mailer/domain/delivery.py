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
    DeliveryStatus.QUEUED: frozenset({DeliveryStatus.CLAIMED, DeliveryStatus.CANCELLED}),
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


class Stage(enum.StrEnum):
    """How far an attempt came; the wire is touched from MAIL on."""

    MARKED = "marked"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    DOT = "dot"


class Delivery(Base):
    """
    One row of the ledger.

    Attributes:
        address, slots, dated_at, rendering_id: the snapshot that makes every attempt the same bytes.
        message_id: without angle brackets; the same on every attempt.
        lease_owner, lease_epoch, lease_until: who works on it; a write of theirs carries owner and epoch.
        reason: why it was skipped, failed or is uncertain, as a sentence for people.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("edition_id", "address_hash"),
        UniqueConstraint("message_id"),
        Index(None, "edition_id", "status", "next_attempt_at"),
        Index(None, "address_hash"),
        Index(None, "subscription_id"),
        Index(
            "ix_deliveries_leased", "lease_until", postgresql_where=text("status IN ('claimed', 'sending')")
        ),
        CheckConstraint(
            "(status IN ('claimed', 'sending')) = (lease_owner IS NOT NULL)", name="leased_while_worked_on"
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
    changed_at: Mapped[datetime.datetime]


class Attempt(Base):
    """
    Attributes:
        stage: how far it came.
        outcome: None while no answer is recorded.
        code, enhanced_code, reply: the other side's words (RFC 5321, RFC 3463).
        relay: who was asked, as host:port.
    """

    __tablename__ = "attempts"
    __table_args__ = (UniqueConstraint("delivery_id", "number"),)

    id: Mapped[Id]
    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"))
    number: Mapped[int]
    worker: Mapped[str]
    relay: Mapped[str]
    started_at: Mapped[datetime.datetime]
    ended_at: Mapped[datetime.datetime | None]
    stage: Mapped[Stage] = mapped_column(one_of(Stage), default=Stage.MARKED)
    outcome: Mapped[Outcome | None] = mapped_column(one_of(Outcome))
    code: Mapped[int | None]
    enhanced_code: Mapped[str] = mapped_column(default="")
    reply: Mapped[str] = mapped_column(default="")
