"""Suppression: an address we never mail, and why."""

import datetime
import enum

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pulse_mailer.domain.base import Base, Id, one_of


class SuppressionReason(enum.StrEnum):
    BOUNCED = "bounced"  #: the mailbox or its domain does not exist
    COMPLAINED = "complained"  #: reported our mail as spam
    ERASED = "erased"  #: asked to be forgotten
    STAFF = "staff"  #: a person of the staff decided it


class Suppression(Base):
    """
    Attributes:
        address_hash: keyed hash of the comparable form; the address itself need not be kept.
        note: what a person should know about it.
    """

    __tablename__ = "suppressions"
    __table_args__ = (UniqueConstraint("address_hash"),)

    id: Mapped[Id]
    address_hash: Mapped[str]
    reason: Mapped[SuppressionReason] = mapped_column(one_of(SuppressionReason))
    note: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime.datetime]
    actor: Mapped[str]
