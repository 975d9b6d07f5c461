"""Rehearsal: how far the making of everybody's mail is, and which readers' mails are known to be well."""

import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from pulse_mailer.clock import now
from pulse_mailer.domain.base import Base

#: Who rehearses says so often how far it is that one who is silent for so long is gone.
SILENT_AFTER = datetime.timedelta(seconds=15)


class Rehearsal(Base):
    """
    The last rehearsal of an edition; there is one row for each.

    Attributes:
        run: names who writes this row; whoever begins anew takes it over.
        mails: a hash of the mails that are filled; see `rehearsals.mails_of()`.
        seen_at: when who rehearses last said how far it is.
        ended_at: None: it goes on, or who did it is gone.
        halted: why it ended before everybody's mail was made, for people; empty: it did not.
        total_count, done_count, failed_count: of mails.
        pages: what is known of whose mail can be made: for each run of readers their last subscription, a digest of
            them and their mail, and the largest mail's bytes. Nothing of a person stands in it.
    """

    __tablename__ = "rehearsals"

    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.id", ondelete="CASCADE"), primary_key=True)
    run: Mapped[str]
    mails: Mapped[str]
    begun_at: Mapped[datetime.datetime]
    seen_at: Mapped[datetime.datetime]
    ended_at: Mapped[datetime.datetime | None]
    halted: Mapped[str] = mapped_column(default="")
    total_count: Mapped[int]
    done_count: Mapped[int] = mapped_column(default=0)
    failed_count: Mapped[int] = mapped_column(default=0)
    pages: Mapped[list[Any]] = mapped_column(default=list)

    @property
    def goes_on(self) -> bool:
        return self.ended_at is None and now() - self.seen_at < SILENT_AFTER

    def ended_since(self, moment: datetime.datetime) -> bool:
        return self.ended_at is not None and self.ended_at >= moment

    @property
    def rate(self) -> float:
        """Mails a second, so far."""
        return self.done_count / max((self.seen_at - self.begun_at).total_seconds(), 0.001)

    @property
    def left(self) -> datetime.timedelta | None:
        """How much longer it takes; None: nothing tells yet."""
        waits = self.total_count - self.done_count
        return datetime.timedelta(seconds=waits / self.rate) if self.done_count and waits > 0 else None
