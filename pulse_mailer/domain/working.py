"""What is known of the workers: which of them live, and whether all of them were told to stand still."""

import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pulse_mailer.domain.base import Base


class Worker(Base):
    """
    A process that looks for work.

    Attributes:
        name: host and process, as people read them.
        seen_at: its last sign of life, by its own clock.
    """

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str]
    started_at: Mapped[datetime.datetime]
    seen_at: Mapped[datetime.datetime]


class Standstill(Base):
    """While its one row is there, no worker hands over any edition's mail: the marking statement reads it."""

    __tablename__ = "standstills"
    __table_args__ = (CheckConstraint("id = 1", name="is_the_only_one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime.datetime]
    actor: Mapped[str]
    why: Mapped[str]
