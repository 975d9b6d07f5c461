"""How staff come in: sessions of browsers, one-time links, recovery codes, keys of programs; no secret itself."""

import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from pulse_mailer.domain.base import Base, Id


class StaffSession(Base):
    """
    One browser that somebody signed in with.

    Attributes:
        token_hash: SHA-256 of what the browser's cookie holds.
        network: where it came from when it was signed in.
        is_whole: False while only the password was given, and the second factor is still to come.
        by_link: it began with a one-time link: who came so may choose a password without knowing the one before.
    """

    __tablename__ = "staff_sessions"
    __table_args__ = (UniqueConstraint("token_hash"), Index(None, "staff_id"))

    id: Mapped[Id]
    staff_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff.id", ondelete="CASCADE"))
    token_hash: Mapped[str]
    is_whole: Mapped[bool]
    by_link: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime.datetime]
    seen_at: Mapped[datetime.datetime]
    network: Mapped[str]
    user_agent: Mapped[str]


class SignInLink(Base):
    """A link that signs somebody in once."""

    __tablename__ = "sign_in_links"
    __table_args__ = (UniqueConstraint("token_hash"), Index(None, "staff_id"))

    id: Mapped[Id]
    staff_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff.id", ondelete="CASCADE"))
    token_hash: Mapped[str]
    created_at: Mapped[datetime.datetime]
    expires_at: Mapped[datetime.datetime]
    used_at: Mapped[datetime.datetime | None]


class RecoveryCode(Base):
    """One of the codes that stand in, once each, for the second factor."""

    __tablename__ = "recovery_codes"
    __table_args__ = (UniqueConstraint("staff_id", "code_hash"),)

    id: Mapped[Id]
    staff_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff.id", ondelete="CASCADE"))
    code_hash: Mapped[str]
    used_at: Mapped[datetime.datetime | None]


class Tries(Base):
    """
    How often somebody has tried to show that they are a certain person, since the first time.

    Attributes:
        what_hash: of what is tried; strangers may have typed it.
    """

    __tablename__ = "tries"
    __table_args__ = (Index(None, "began_at"),)

    what_hash: Mapped[str] = mapped_column(primary_key=True)
    began_at: Mapped[datetime.datetime]
    count: Mapped[int]


class ApiKey(Base):
    """
    What a program signs in with.

    Attributes:
        prefix: the key's first letters, by which people tell keys apart.
        scopes: the rights it has.
        expires_at: None: it does not.
    """

    __tablename__ = "api_keys"
    __table_args__ = (UniqueConstraint("key_hash"),)

    id: Mapped[Id]
    name: Mapped[str]
    prefix: Mapped[str]
    key_hash: Mapped[str]
    scopes: Mapped[list[str]]
    created_by: Mapped[str]
    created_at: Mapped[datetime.datetime]
    expires_at: Mapped[datetime.datetime | None]
    last_used_at: Mapped[datetime.datetime | None]
    revoked_at: Mapped[datetime.datetime | None]
