"""Correction: what an edition's web copy says since it was put right, after the mail had gone out."""

import datetime
from dataclasses import dataclass

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from pulse_mailer.domain.base import Base, Id
from pulse_mailer.domain.content import FIELDS

#: What can be put right of an item, and of the edition itself.
ITEM_FIELDS = ("publisher", "title", "url", "summary", "picture_alt")
EDITION_FIELDS = FIELDS


@dataclass(frozen=True, slots=True)
class Fix:
    """
    One thing to put right.

    Attributes:
        number: the item's; None for the edition itself.
        field: one of ITEM_FIELDS or EDITION_FIELDS; or is_hidden, of an item.
        value: what it shall say; for is_hidden whether readers no longer see it.
    """

    number: int | None
    field: str
    value: str | bool


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
