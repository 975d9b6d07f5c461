"""Presence: a page of the composer that somebody has open."""

import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pulse_mailer.domain.base import Base, Id


class Presence(Base):
    """
    Attributes:
        page: a word that the page made up when it was opened.
        seen_at: when it was heard of last.
    """

    __tablename__ = "presences"
    __table_args__ = (UniqueConstraint("edition_id", "page"),)

    id: Mapped[Id]
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.id", ondelete="CASCADE"))
    page: Mapped[str]
    actor: Mapped[str]
    seen_at: Mapped[datetime.datetime]
