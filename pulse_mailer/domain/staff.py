"""Staff: the people who make, approve and send editions."""

import datetime
import enum

from sqlalchemy import BigInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pulse_mailer.domain.base import Base, Id, one_of


class Role(enum.StrEnum):
    VIEWER = "viewer"
    COMPOSER = "composer"
    APPROVER = "approver"
    OPERATOR = "operator"
    ADMIN = "admin"


class Staff(Base):
    """
    Attributes:
        address: who they are; in the form to compare by (Address.key).
        password_hash: argon2's; None: they come in by one-time links only.
        second_factor: the secret of their one-time codes, sealed; None: it is off.
        last_step: the time step of the last code that was taken, so that none is taken twice.
    """

    __tablename__ = "staff"
    __table_args__ = (UniqueConstraint("address"),)

    id: Mapped[Id]
    address: Mapped[str]
    name: Mapped[str]
    role: Mapped[Role] = mapped_column(one_of(Role))
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime.datetime]
    password_hash: Mapped[str | None]
    second_factor: Mapped[str | None]
    last_step: Mapped[int | None] = mapped_column(BigInteger)
