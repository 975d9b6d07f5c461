"""What the archive holds of an edition that went out, beside its page: for feeds, for printing and for searching."""

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pulse_mailer.domain.base import Base, Id


class Publication(Base):
    """
    An edition as anybody may have it elsewhere; made when its sending begins, and anew by each correction.

    Attributes:
        subject, preheader: as anybody reads them.
        html: all that it says, as plain HTML without styles: what feeds carry.
        text: the same as a page to print, 72 columns wide, with no links of anybody's own.
    """

    __tablename__ = "publications"

    edition_id: Mapped[int] = mapped_column(
        ForeignKey("editions.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    subject: Mapped[str]
    preheader: Mapped[str]
    html: Mapped[str]
    text: Mapped[str]


class ArchiveEntry(Base):
    """
    One thing that a search finds: a visible item, or what the edition says before its first one.

    Attributes:
        number: the item's; 0 for the edition's subject and letter.
        place: in reading order, from 0.
        text: its words without their Markdown.
        words: publisher, title and text as they are compared: see `editions/folding.py`.
    """

    __tablename__ = "archive_entries"
    __table_args__ = (UniqueConstraint("edition_id", "number"),)

    id: Mapped[Id]
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.id", ondelete="CASCADE"))
    number: Mapped[int]
    place: Mapped[int]
    publisher: Mapped[str]
    title: Mapped[str]
    text: Mapped[str]
    words: Mapped[str]
