"""Notice: what the program tells staff by mail, kept until it is handed over."""

import datetime
import enum

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from pulse_mailer.domain.base import Base, Id, one_of


class NoticeKind(enum.StrEnum):
    PAUSED = "paused"  #: the program paused an edition, and a person must look
    FINISHED = "finished"  #: an edition is out; what came of it
    STAGE_SENT = "stage-sent"  #: the first stage is out, and the rest waits for a person
    NOT_BEGUN = "not-begun"  #: a scheduled edition could not begin


class Notice(Base):
    """
    One mail to one person of the staff.

    Attributes:
        next_attempt_at: when it is tried (again); None: it went, or was given up.
        sent_at: when it was handed over; None: not yet, or given up after `attempt_count` tries.
        words: the last refusal.
    """

    __tablename__ = "notices"
    __table_args__ = (
        Index(None, "edition_id"),
        Index(
            "ix_notices_due",
            "next_attempt_at",
            sqlite_where=text("next_attempt_at IS NOT NULL"),
            postgresql_where=text("next_attempt_at IS NOT NULL"),
        ),
        CheckConstraint("attempt_count >= 0", name="attempt_count_is_a_count"),
    )

    id: Mapped[Id]
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.id", ondelete="CASCADE"))
    kind: Mapped[NoticeKind] = mapped_column(one_of(NoticeKind))
    address: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    created_at: Mapped[datetime.datetime]
    next_attempt_at: Mapped[datetime.datetime | None]
    attempt_count: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime.datetime | None]
    words: Mapped[str] = mapped_column(default="")
