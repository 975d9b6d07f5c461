"""Subscriber, their tie to a newsletter, and the record of joining and leaving."""

import datetime
import enum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pulse_mailer.domain.base import Base, ByBytes, Id, one_of
from pulse_mailer.domain.names import fold


class SubscriptionStatus(enum.StrEnum):
    PENDING = "pending"  #: asked to join, has not confirmed yet
    ACTIVE = "active"  #: gets the newsletter
    UNSUBSCRIBED = "unsubscribed"  #: left; only the person can come back


class EventKind(enum.StrEnum):
    JOINED = "joined"
    LEFT = "left"


class Way(enum.StrEnum):
    """How somebody joined or left."""

    IMPORT = "import"  #: a file that staff loaded
    STAFF = "staff"  #: a person of the staff, by name
    PAGE = "page"  #: the page behind the link in a mail
    ONE_CLICK = "one-click"  #: the mail program's own button (RFC 8058)
    UNDO = "undo"  #: the Undo on the page, right after leaving


class Subscriber(Base):
    """
    A person, known by their address.

    Attributes:
        address: as they write it; empty once erased.
        address_hash: keyed hash of the comparable form; stays, so that nobody imports them again by mistake.
        address_key, name_key, surname_key: what staff search by the beginning of; see `search_keys()`.
        domain_key: the domain of the address, by which the deliveries to a small one are found.
    """

    __tablename__ = "subscribers"
    __table_args__ = (
        UniqueConstraint("address_hash"),
        Index(None, "address_key", "id"),
        Index(None, "name_key"),
        Index(None, "surname_key"),
        Index(None, "domain_key"),
    )

    id: Mapped[Id]
    address: Mapped[str]
    address_hash: Mapped[str]
    first_name: Mapped[str] = mapped_column(default="")
    last_name: Mapped[str] = mapped_column(default="")
    organisation: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime.datetime]
    erased_at: Mapped[datetime.datetime | None]
    address_key: Mapped[str] = mapped_column(ByBytes, default="", server_default="")
    name_key: Mapped[str] = mapped_column(ByBytes, default="", server_default="")
    surname_key: Mapped[str] = mapped_column(ByBytes, default="", server_default="")
    domain_key: Mapped[str] = mapped_column(ByBytes, default="", server_default="")


def search_keys(address: str, first_name: str, last_name: str) -> dict[str, str]:
    """
    The keys of a Subscriber: "ann.lee@example.org", "ann lee", "lee ann" and "example.org"; empty where there is
    nothing.
    """
    return {
        "address_key": address.lower(),
        "name_key": fold(f"{first_name} {last_name}"),
        "surname_key": fold(f"{last_name} {first_name}"),
        "domain_key": address.lower().rpartition("@")[2],
    }


class Subscription(Base):
    """
    Attributes:
        public_id: 16 letters and digits that stand for it in signed links; given once, for ever.
        choice: ids of the programme's sections that the person wants, ascending, as "3,7"; empty: all of them.
    """

    __tablename__ = "subscriptions"
    __table_args__ = (
        UniqueConstraint("newsletter_id", "subscriber_id"),
        UniqueConstraint("public_id"),
        Index(None, "subscriber_id"),
        Index(None, "newsletter_id", "status", "id"),
        Index(None, "newsletter_id", "status", "choice"),  # an audience is counted from it alone
        CheckConstraint("length(public_id) = 16", name="public_id_has_16_letters"),
    )

    id: Mapped[Id]
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id", ondelete="RESTRICT"))
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscribers.id", ondelete="RESTRICT"))
    public_id: Mapped[str]
    status: Mapped[SubscriptionStatus] = mapped_column(one_of(SubscriptionStatus))
    choice: Mapped[str] = mapped_column(default="", server_default="")
    created_at: Mapped[datetime.datetime]
    changed_at: Mapped[datetime.datetime]

    subscriber: Mapped[Subscriber] = relationship(lazy="raise")


class SubscriptionEvent(Base):
    """
    That somebody joined or left: when, how, by which wording, from which edition.

    Attributes:
        wording: what the person was told or agreed to, as far as it is known.
        actor: who did it: "subscriber", or the name of the staff member or command.
    """

    __tablename__ = "subscription_events"
    __table_args__ = (
        Index(None, "subscription_id", "at"),
        # Most events have none; asked for by `=`, which both databases know to be no NULL.
        Index(
            "ix_subscription_events_of_edition",
            "edition_id",
            sqlite_where=text("edition_id IS NOT NULL"),
            postgresql_where=text("edition_id IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscriptions.id", ondelete="CASCADE"))
    kind: Mapped[EventKind] = mapped_column(one_of(EventKind))
    at: Mapped[datetime.datetime]
    way: Mapped[Way] = mapped_column(one_of(Way))
    wording: Mapped[str] = mapped_column(default="")
    edition_id: Mapped[int | None] = mapped_column(ForeignKey("editions.id", ondelete="SET NULL"))
    actor: Mapped[str]
