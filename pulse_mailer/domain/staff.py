"""Staff: the people who make, approve and send editions."""

import datetime
import enum

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pulse_mailer.domain.base import Base, Id, one_of


class Role(enum.StrEnum):
    VIEWER = "viewer"
    COMPOSER = "composer"
    APPROVER = "approver"
    OPERATOR = "operator"
    ADMIN = "admin"


class Staff(Base):
    __tablename__ = "staff"
    __table_args__ = (UniqueConstraint("address"),)

    id: Mapped[Id]
    address: Mapped[str]
    name: Mapped[str]
    role: Mapped[Role] = mapped_column(one_of(Role))
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime.datetime]
