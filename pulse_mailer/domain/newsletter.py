"""Newsletter: what people subscribe to, and the programme that its editions follow."""

import datetime
import enum

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pulse_mailer.domain.base import Base, Id, one_of
from pulse_mailer.domain.picture import Picture


class UncertainPolicy(enum.StrEnum):
    """What becomes of a delivery of which nobody knows whether it went."""

    ASK = "ask"  #: it stays uncertain until a person settles it
    GAP = "gap"  #: rather none than two: it stays uncertain, and nobody is asked
    REPEAT = "repeat"  #: rather two than none: it is sent once more by itself, and that is recorded


class Newsletter(Base):
    """
    Attributes:
        slug: its short name in URLs, commands and the List-Id; never changes.
        contact_lines: how to reach the sender, as the footer says it: dicts of label, text, url.
        theme: design tokens that differ from the design's own, such as {"brand": "#0B5563"}.
        reason: why people get it, as the footer says it.
        needs_second: an edition is sent only after somebody else than its last editor has approved it.
        backends: ways out in the order they are tried; empty: those of the settings.
        uncertain_policy: what becomes of deliveries that may or may not have gone.
        told: addresses of the staff who are told of pauses and ends by mail.
    """

    __tablename__ = "newsletters"
    __table_args__ = (
        UniqueConstraint("slug"),
        CheckConstraint("slug <> '' AND slug = lower(slug)", name="slug_is_lower_case"),
        CheckConstraint("name <> ''", name="has_a_name"),
    )

    id: Mapped[Id]
    slug: Mapped[str]
    name: Mapped[str]
    from_name: Mapped[str]
    from_address: Mapped[str]
    reply_to: Mapped[str] = mapped_column(default="")
    postal_address: Mapped[str] = mapped_column(default="")
    contact_lines: Mapped[list[dict[str, str]]] = mapped_column(default=list)
    reason: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="en-GB")
    timezone: Mapped[str] = mapped_column(default="Europe/London")
    design: Mapped[str] = mapped_column(default="digest")
    theme: Mapped[dict[str, str]] = mapped_column(default=dict)
    needs_second: Mapped[bool] = mapped_column(default=False, server_default=false())
    backends: Mapped[list[str]] = mapped_column(default=list)
    uncertain_policy: Mapped[UncertainPolicy] = mapped_column(
        one_of(UncertainPolicy), default=UncertainPolicy.ASK
    )
    told: Mapped[list[str]] = mapped_column(default=list)
    created_at: Mapped[datetime.datetime]

    logo: Mapped["Logo | None"] = relationship(cascade="all, delete-orphan", lazy="raise")
    sections: Mapped[list["ProgrammeSection"]] = relationship(
        order_by="ProgrammeSection.position", cascade="all, delete-orphan", lazy="raise"
    )
    categories: Mapped[list["ProgrammeCategory"]] = relationship(
        order_by="ProgrammeCategory.position", cascade="all, delete-orphan", lazy="raise"
    )

    @property
    def choosable(self) -> list["ProgrammeSection"]:
        """The sections that readers choose among; the sender's own news goes along with whatever is chosen."""
        return [section for section in self.sections if not section.is_news]


class ProgrammeSection(Base):
    """
    A section that editions of a newsletter may have, in the order they follow.

    Attributes:
        colour: #RRGGBB, or empty for the design's own for this position.
        is_news: holds the sender's own news, whose items need no publisher.
    """

    __tablename__ = "programme_sections"
    __table_args__ = (UniqueConstraint("newsletter_id", "name"),)

    id: Mapped[Id]
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id", ondelete="CASCADE"))
    position: Mapped[int]
    name: Mapped[str]
    colour: Mapped[str] = mapped_column(default="")
    is_news: Mapped[bool] = mapped_column(default=False)


class ProgrammeCategory(Base):
    """A group that sections may have (Reports, Briefings), in the order they follow."""

    __tablename__ = "programme_categories"
    __table_args__ = (UniqueConstraint("newsletter_id", "name"),)

    id: Mapped[Id]
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id", ondelete="CASCADE"))
    position: Mapped[int]
    name: Mapped[str]


class Logo(Base):
    """A picture for a newsletter's masthead, which is complete without it."""

    __tablename__ = "logos"

    newsletter_id: Mapped[int] = mapped_column(
        ForeignKey("newsletters.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    picture_hash: Mapped[str] = mapped_column(ForeignKey("pictures.content_hash", ondelete="RESTRICT"))

    picture: Mapped[Picture] = relationship(lazy="raise")
