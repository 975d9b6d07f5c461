"""Route: what all workers know together of one backend: whether it rests, and how much of its limits is used."""

import datetime

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from pulse_mailer.domain.base import Base


class Route(Base):
    """
    Attributes:
        backend: its name in the registry.
        rests_until: nobody asks it before; None: it may be asked.
        trouble_count: how often in a row it had to rest.
        words: why it rests, in its own words where it said any.
        paced_until: when the next mail may go by the limits per second and minute; None: at once.
    """

    __tablename__ = "routes"
    __table_args__ = (CheckConstraint("trouble_count >= 0", name="trouble_count_is_a_count"),)

    backend: Mapped[str] = mapped_column(primary_key=True)
    rests_until: Mapped[datetime.datetime | None]
    trouble_count: Mapped[int] = mapped_column(default=0)
    words: Mapped[str] = mapped_column(default="")
    paced_until: Mapped[datetime.datetime | None]


class Usage(Base):
    """How many mails a backend was allowed in one quarter of an hour, for its limits per hour and day."""

    __tablename__ = "usages"
    __table_args__ = (Index(None, "begins_at"), CheckConstraint("mails >= 0", name="mails_is_a_count"))

    backend: Mapped[str] = mapped_column(primary_key=True)
    begins_at: Mapped[datetime.datetime] = mapped_column(primary_key=True)
    mails: Mapped[int] = mapped_column(default=0)
