"""Total: how many deliveries of an edition there are of a kind, counted once it is over."""

import enum

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from pulse_mailer.domain.base import Base, one_of
from pulse_mailer.domain.delivery import DeliveryStatus


class Facet(enum.StrEnum):
    """By what deliveries are told apart, besides their state."""

    STATE = "state"  #: by nothing else
    DOMAIN = "domain"  #: by the receiving domain
    CODE = "code"  #: by the last answer's reply code: "550 5.1.1"


class Total(Base):
    """
    Attributes:
        name: which domain or code; empty where nobody answered, or told apart by state alone.
    """

    __tablename__ = "totals"
    __table_args__ = (CheckConstraint("count > 0", name="count_is_a_count"),)

    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.id", ondelete="CASCADE"), primary_key=True)
    facet: Mapped[Facet] = mapped_column(one_of(Facet), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[DeliveryStatus] = mapped_column(one_of(DeliveryStatus), primary_key=True)
    count: Mapped[int]
