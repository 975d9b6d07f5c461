"""Correction: what an edition's web copy says since it was put right, after the mail had gone out."""

import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from pulse_mailer.domain.base import Base, Id


class Correction(Base):
    """
    Attributes:
        note: what was put right, as readers of the page are told.
        web_html: the whole page with it; the newest correction's is what the archive shows.
        fingerprint: SHA-256 of the page.
    """

    __tablename__ = "corrections"
    __table_args__ = (Index(None, "edition_id"),)

    id: Mapped[Id]
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.id", ondelete="CASCADE"))
    at: Mapped[datetime.datetime]
    actor: Mapped[str]
    note: Mapped[str]
    web_html: Mapped[str]
    fingerprint: Mapped[str]
