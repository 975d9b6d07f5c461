"""The inbox of a newsletter: candidate items, and the feeds that bring some of them."""

import datetime
import enum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pulse_mailer.domain.base import Base, Id, one_of
from pulse_mailer.domain.picture import Picture


class CandidateStatus(enum.StrEnum):
    WAITING = "waiting"  #: nobody has decided yet
    PLACED = "placed"  #: it is an item of an edition now
    DROPPED = "dropped"  #: not wanted; stays, so that a feed does not bring it again


class Feed(Base):
    """
    A feed (RSS or Atom) whose entries become candidates of a newsletter.

    Attributes:
        section, category: where its entries are meant to go, by names of the programme; may be empty.
        publisher: who its entries are by; empty: what the feed says itself.
        etag, modified: what the server said last, to be asked only for what is new (RFC 9110 section 13).
        fetched_at: when it was asked last, and answered; None before.
        trouble: why that did not work the last time, as people read it; empty when it did.
    """

    __tablename__ = "feeds"
    __table_args__ = (
        UniqueConstraint("newsletter_id", "url"),
        CheckConstraint("url <> ''", name="has_a_url"),
    )

    id: Mapped[Id]
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id", ondelete="CASCADE"))
    url: Mapped[str]
    title: Mapped[str] = mapped_column(default="")
    section: Mapped[str] = mapped_column(default="")
    category: Mapped[str] = mapped_column(default="")
    publisher: Mapped[str] = mapped_column(default="")
    etag: Mapped[str] = mapped_column(default="")
    modified: Mapped[str] = mapped_column(default="")
    fetched_at: Mapped[datetime.datetime | None]
    trouble: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime.datetime]


class Candidate(Base):
    """
    An item that may come into an edition.

    Attributes:
        url: canonical (domain/web_address.py); empty for one that has none yet.
        published_on: the day that its page names.
        summary: in our Markdown.
        section, category: where it is meant to go, by names of the programme; may be empty.
        source: where it came from: "page", "feed" or "document".
        trouble: why its page could not be read, as people read it; empty when it was.
        edition_id, item_number: where it went, while it is placed.
    """

    __tablename__ = "candidates"
    __table_args__ = (
        Index(None, "newsletter_id", "status"),
        Index(None, "newsletter_id", "url"),
        Index(None, "edition_id"),
        CheckConstraint("title <> ''", name="has_a_title"),
        CheckConstraint("source IN ('page', 'feed', 'document')", name="has_a_source"),
    )

    id: Mapped[Id]
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id", ondelete="CASCADE"))
    feed_id: Mapped[int | None] = mapped_column(ForeignKey("feeds.id", ondelete="SET NULL"))
    status: Mapped[CandidateStatus] = mapped_column(one_of(CandidateStatus), default=CandidateStatus.WAITING)
    source: Mapped[str] = mapped_column(default="page")
    url: Mapped[str] = mapped_column(default="")
    publisher: Mapped[str] = mapped_column(default="")
    title: Mapped[str]
    summary: Mapped[str] = mapped_column(default="")
    published_on: Mapped[datetime.date | None]
    section: Mapped[str] = mapped_column(default="")
    category: Mapped[str] = mapped_column(default="")
    picture_hash: Mapped[str | None] = mapped_column(ForeignKey("pictures.content_hash", ondelete="RESTRICT"))
    picture_alt: Mapped[str] = mapped_column(default="")
    trouble: Mapped[str] = mapped_column(default="")
    added_by: Mapped[str]
    added_at: Mapped[datetime.datetime]
    edition_id: Mapped[int | None] = mapped_column(ForeignKey("editions.id", ondelete="SET NULL"))
    item_number: Mapped[int | None]

    picture: Mapped[Picture | None] = relationship(lazy="raise")
