"""Edition, its sections, categories and items, and the Rendering that goes out."""

import datetime
import enum
from collections.abc import Iterator
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pulse_mailer.domain.base import Base, Id, one_of
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.picture import Picture
from pulse_mailer.errors import WrongState


class EditionStatus(enum.StrEnum):
    DRAFT = "draft"  #: being written; staff may change it
    APPROVED = "approved"  #: signed: content, design, audience rule, sender and time
    SCHEDULED = "scheduled"  #: will start by itself
    SENDING = "sending"  #: its audience is frozen and mail goes out
    PAUSED = "paused"  #: mail was going out and is to go on later
    SENT = "sent"  #: every delivery is final, or uncertain and listed
    STOPPED = "stopped"  #: ended by a person; the rest will not be sent

    @property
    def words(self) -> str:
        """What an edition is, as the end of a sentence: "a draft", "being sent"."""
        said = {EditionStatus.DRAFT: "a draft", EditionStatus.SENDING: "being sent"}
        return said.get(self, self.value)

    @property
    def is_over(self) -> bool:
        """Whether nothing more of it is sent, unless a person has some of it sent again."""
        return self in (EditionStatus.SENT, EditionStatus.STOPPED)


BECOMES: dict[EditionStatus, frozenset[EditionStatus]] = {
    EditionStatus.DRAFT: frozenset({EditionStatus.APPROVED}),
    EditionStatus.APPROVED: frozenset({EditionStatus.DRAFT, EditionStatus.SCHEDULED, EditionStatus.SENDING}),
    EditionStatus.SCHEDULED: frozenset({EditionStatus.DRAFT, EditionStatus.SENDING}),  # back: taken back
    EditionStatus.SENDING: frozenset({EditionStatus.PAUSED, EditionStatus.SENT, EditionStatus.STOPPED}),
    EditionStatus.PAUSED: frozenset({EditionStatus.SENDING, EditionStatus.STOPPED}),
    EditionStatus.SENT: frozenset({EditionStatus.SENDING}),  # a person has some of it sent again
    EditionStatus.STOPPED: frozenset({EditionStatus.SENDING}),  # likewise
}


class Confidence(enum.StrEnum):
    """How surely an import understood an item."""

    SURE = "sure"  #: nothing in it could have been meant otherwise
    LIKELY = "likely"  #: it follows the usual form, with something left open
    DOUBTFUL = "doubtful"  #: a person should compare it with the document


class Edition(Base):
    """
    One number of a newsletter.

    Attributes:
        key: its short name within the newsletter, such as 2022-04.
        period: the time it covers, as people read it: "April 2022".
        letter: the editor's letter, in our Markdown.
        closing, signed_by, signed_role: "Best wishes,", who signs, and as what.
        source_hash: SHA-256 of the document it was imported from, or empty.
        source: what that document said last, in hashes: fields, items with their places; see editions/sources.py.
        review: its doubtful lines: dicts of line, doubt, text, why, item (its number, or None), done.
        revision: counts changes of the content.
        to_write: fields that still say what an earlier edition said, or nothing; sending waits for them.
        begun_from: the key of the earlier edition whose words it began with; empty: none.
        last_number: the highest number that an item of it was ever given.
        agreed: what a person agreed to when it was scheduled: dict of actor, count, fingerprint, forced.
        starts_at, starts_zone: when sending begins by itself, and the time zone that the person named.
        lifetime_hours: how long after the freezing what was put off is tried again; then it fails.
        first_count: send to so many first, and then wait for a person; None: to all.
        stage_until_id: the last delivery of that first stage; None: there is none, or it is over.
        first_delivery_id, last_delivery_id: its deliveries are these and all between them, once its audience is
            fixed; None: they do not lie together.
        counted_at: when its totals were stored; None: what they say may have changed since.
        passed_over_count: how many chose only sections that it does not have, when its audience was fixed.
        halt_reason, halted_by: why it is paused or stopped, as people read it, and who did it.
        brake_on: whether a share of failures pauses it.
    """

    __tablename__ = "editions"
    __table_args__ = (
        UniqueConstraint("newsletter_id", "key"),
        CheckConstraint("key <> ''", name="has_a_key"),
        CheckConstraint("lifetime_hours > 0", name="lifetime_is_a_time"),
        CheckConstraint("first_count > 0", name="first_count_is_a_count"),
        CheckConstraint("(status = 'scheduled') = (starts_at IS NOT NULL)", name="starts_while_scheduled"),
    )

    id: Mapped[Id]
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id", ondelete="RESTRICT"))
    key: Mapped[str]
    period: Mapped[str] = mapped_column(default="")
    subject: Mapped[str] = mapped_column(default="")
    preheader: Mapped[str] = mapped_column(default="")
    letter: Mapped[str] = mapped_column(default="")
    closing: Mapped[str] = mapped_column(default="")
    signed_by: Mapped[str] = mapped_column(default="")
    signed_role: Mapped[str] = mapped_column(default="")
    status: Mapped[EditionStatus] = mapped_column(one_of(EditionStatus), default=EditionStatus.DRAFT)
    source_name: Mapped[str] = mapped_column(default="")
    source_hash: Mapped[str] = mapped_column(default="")
    source: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    review: Mapped[list[Any]] = mapped_column(default=list)
    revision: Mapped[int] = mapped_column(default=1)
    to_write: Mapped[list[str]] = mapped_column(default=list, server_default=text("'[]'"))
    begun_from: Mapped[str] = mapped_column(default="", server_default="")
    last_number: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    created_at: Mapped[datetime.datetime]
    changed_at: Mapped[datetime.datetime]
    agreed: Mapped[dict[str, Any] | None]
    starts_at: Mapped[datetime.datetime | None]
    starts_zone: Mapped[str] = mapped_column(default="")
    lifetime_hours: Mapped[int] = mapped_column(default=48)
    first_count: Mapped[int | None]
    stage_until_id: Mapped[int | None] = mapped_column(BigInteger().with_variant(Integer, "sqlite"))
    first_delivery_id: Mapped[int | None] = mapped_column(BigInteger().with_variant(Integer, "sqlite"))
    last_delivery_id: Mapped[int | None] = mapped_column(BigInteger().with_variant(Integer, "sqlite"))
    counted_at: Mapped[datetime.datetime | None]
    passed_over_count: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    halt_reason: Mapped[str] = mapped_column(default="")
    halted_by: Mapped[str] = mapped_column(default="")
    brake_on: Mapped[bool] = mapped_column(default=True)
    frozen_at: Mapped[datetime.datetime | None]
    finished_at: Mapped[datetime.datetime | None]

    newsletter: Mapped[Newsletter] = relationship(lazy="raise")
    sections: Mapped[list["Section"]] = relationship(
        order_by="Section.position", cascade="all, delete-orphan", lazy="raise"
    )

    @property
    def name(self) -> str:
        """What commands know it by, even where another newsletter has an edition of the same key."""
        return f"{self.newsletter.slug}/{self.key}"

    @property
    def open_review(self) -> list[dict[str, Any]]:
        """The lines of its document that nobody has looked at yet."""
        return [entry for entry in self.review if not entry.get("done")]

    @property
    def gives_up_at(self) -> datetime.datetime:
        """Until when what was put off is tried again; only of an edition whose audience is frozen."""
        assert self.frozen_at is not None
        return self.frozen_at + datetime.timedelta(hours=self.lifetime_hours)

    def become(self, status: EditionStatus) -> None:
        """
        Raises:
            WrongState: what it is now does not lead there.
        """
        if status not in BECOMES[self.status]:
            raise WrongState(
                f"The edition {self.key} is {self.status.words} and cannot become {status.value}."
            )
        self.status = status
        self.counted_at = None

    def next_number(self) -> int:
        """A number that no item of it has or had."""
        self.last_number = (self.last_number or 0) + 1
        return self.last_number

    def items(self) -> Iterator["Item"]:
        """All items in reading order, hidden ones too."""
        for section in self.sections:
            for category in section.categories:
                yield from category.items


class Section(Base):
    """
    A headed part of an edition.

    Attributes:
        colour: #RRGGBB, or empty for the design's own for this position.
        is_news: holds the sender's own news, whose items need no publisher.
        is_hidden: kept, and not shown to readers.
    """

    __tablename__ = "sections"
    __table_args__ = (Index(None, "edition_id"),)

    id: Mapped[Id]
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.id", ondelete="CASCADE"))
    position: Mapped[int]
    name: Mapped[str]
    colour: Mapped[str] = mapped_column(default="")
    is_news: Mapped[bool] = mapped_column(default=False)
    is_hidden: Mapped[bool] = mapped_column(default=False, server_default=false())

    categories: Mapped[list["Category"]] = relationship(
        order_by="Category.position", cascade="all, delete-orphan", lazy="raise"
    )

    @property
    def item_count(self) -> int:
        return sum(len(category.items) for category in self.categories)


class Category(Base):
    """A group within a section; without a name when the section's items stand directly under it."""

    __tablename__ = "categories"
    __table_args__ = (Index(None, "section_id"),)

    id: Mapped[Id]
    section_id: Mapped[int] = mapped_column(ForeignKey("sections.id", ondelete="CASCADE"))
    position: Mapped[int]
    name: Mapped[str] = mapped_column(default="")
    is_hidden: Mapped[bool] = mapped_column(default=False, server_default=false())

    items: Mapped[list["Item"]] = relationship(
        order_by="Item.position", cascade="all, delete-orphan", lazy="raise"
    )


class Item(Base):
    """
    One entry.

    Attributes:
        number: its handle within the edition, also in web addresses; given once, kept by move and restore.
        publisher: who says it; empty for the sender's own news.
        url: where to read it; empty while nobody has found the link.
        summary: in our Markdown.
        is_hidden: kept, and not shown to readers.
        is_short: the mail shows only how its summary begins; the rest is read on the web.
        source_line: the line of the imported document that it began on; None when written by hand.
        source_key: what an import knows it by, when the document comes again; empty when written by hand.
        source_hash: SHA-256 of what the document said of it, to tell a change there from one made here.
        confidence: how surely an import understood it; None when written by hand.
    """

    __tablename__ = "items"
    __table_args__ = (Index(None, "category_id"), CheckConstraint("title <> ''", name="has_a_title"))

    id: Mapped[Id]
    category_id: Mapped[int] = mapped_column(ForeignKey("categories.id", ondelete="CASCADE"))
    position: Mapped[int]
    number: Mapped[int] = mapped_column(server_default=text("0"))
    publisher: Mapped[str] = mapped_column(default="")
    title: Mapped[str]
    url: Mapped[str] = mapped_column(default="")
    summary: Mapped[str] = mapped_column(default="")
    picture_hash: Mapped[str | None] = mapped_column(ForeignKey("pictures.content_hash", ondelete="RESTRICT"))
    picture_alt: Mapped[str] = mapped_column(default="")
    is_hidden: Mapped[bool] = mapped_column(default=False, server_default=false())
    is_short: Mapped[bool] = mapped_column(default=False, server_default=false())
    source_line: Mapped[int | None]
    source_key: Mapped[str] = mapped_column(default="", server_default="")
    source_hash: Mapped[str] = mapped_column(default="", server_default="")
    confidence: Mapped[Confidence | None] = mapped_column(one_of(Confidence, constrained=False))

    picture: Mapped[Picture | None] = relationship(lazy="raise")


class Rendering(Base):
    """
    An edition made into mail, with open fields; what was approved, byte for byte.

    Attributes:
        variant: the positions of the sections that it holds, as "1,3"; empty for the whole edition.
        segments: the message on the wire, ASCII, cut at its open fields: texts at even places, names of
            slots at odd ones.
        html, text, mjml: the parts before encoding, with slots written as [[name]].
        web_html: the page of the web archive: no open fields, no personal links.
        fingerprint: SHA-256 of the segments.
    """

    __tablename__ = "renderings"
    __table_args__ = (UniqueConstraint("edition_id", "variant"),)

    id: Mapped[Id]
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.id", ondelete="CASCADE"))
    variant: Mapped[str] = mapped_column(default="")
    design: Mapped[str]
    subject: Mapped[str]
    segments: Mapped[list[str]]
    mjml: Mapped[str]
    html: Mapped[str]
    text: Mapped[str]
    web_html: Mapped[str]
    fingerprint: Mapped[str]
    created_at: Mapped[datetime.datetime]
