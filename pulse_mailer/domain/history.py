"""EditionVersion: what an edition said after each change."""

import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pulse_mailer.domain.base import Base, Id


class EditionVersion(Base):
    """
    Attributes:
        revision: the edition's, after the change.
        what: the change in words, such as "Item 12 moved to Reports".
        content: all that the edition said then, as JSON (domain/content.py), packed by zlib.
    """

    __tablename__ = "edition_versions"
    __table_args__ = (UniqueConstraint("edition_id", "revision"),)

    id: Mapped[Id]
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.id", ondelete="CASCADE"))
    revision: Mapped[int]
    at: Mapped[datetime.datetime]
    actor: Mapped[str]
    what: Mapped[str]
    content: Mapped[bytes] = mapped_column(deferred=True, deferred_raiseload=True)
