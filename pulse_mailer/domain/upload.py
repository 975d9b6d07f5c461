"""Upload: a file of subscribers that somebody was shown, and has yet to confirm."""

import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pulse_mailer.domain.base import Base, Id


class Upload(Base):
    """
    Attributes:
        token_hash: of the token in the address of its page; whoever has that may import it.
        mapping: field to the name of its column, where somebody said so.
        wording: what the people agreed to.
        actor: who brought it; nobody else is shown it.
    """

    __tablename__ = "uploads"
    __table_args__ = (UniqueConstraint("token_hash"),)

    id: Mapped[Id]
    token_hash: Mapped[str]
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id", ondelete="CASCADE"))
    file_name: Mapped[str]
    data: Mapped[bytes]
    mapping: Mapped[dict[str, str]]
    wording: Mapped[str]
    actor: Mapped[str]
    created_at: Mapped[datetime.datetime]
