"""Approval and Proof: who agreed to an edition, to what exactly, and who was shown it before."""

import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pulse_mailer.domain.base import Base, Id


class Approval(Base):
    """
    A person's agreement to an edition as it stood.

    Attributes:
        revision: the edition's, to be compared with when it was changed since.
        seal: SHA-256 of `facts`.
        facts: what was agreed to: hashes of source, design and mail; audience rule, sender, time, forced errors.
        audience_count: how many would have got it then.
        voided_at, voided_by, void_reason: when, by whom and why it no longer holds; None and empty while it does.
    """

    __tablename__ = "approvals"
    __table_args__ = (Index(None, "edition_id"),)

    id: Mapped[Id]
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.id", ondelete="CASCADE"))
    at: Mapped[datetime.datetime]
    actor: Mapped[str]
    revision: Mapped[int]
    seal: Mapped[str]
    facts: Mapped[dict[str, Any]]
    audience_count: Mapped[int]
    voided_at: Mapped[datetime.datetime | None]
    voided_by: Mapped[str] = mapped_column(default="")
    void_reason: Mapped[str] = mapped_column(default="")


class Proof(Base):
    """
    A copy that was sent to staff before approval; it stands in no count.

    Attributes:
        number: counts an edition's proofs, from 1; one that goes to several has a row for each.
        revision, variant, fingerprint: the edition's, and of the Rendering that it was made of.
        message_id: without angle brackets.
        is_sent: whether the other side took it; False while nobody has answered.
        reply: the server's words, or why none was asked.
    """

    __tablename__ = "proofs"
    __table_args__ = (UniqueConstraint("edition_id", "number", "address"),)

    id: Mapped[Id]
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.id", ondelete="CASCADE"))
    number: Mapped[int]
    at: Mapped[datetime.datetime]
    actor: Mapped[str]
    address: Mapped[str]
    revision: Mapped[int]
    variant: Mapped[str] = mapped_column(default="")
    fingerprint: Mapped[str]
    message_id: Mapped[str]
    is_sent: Mapped[bool]
    reply: Mapped[str] = mapped_column(default="")
