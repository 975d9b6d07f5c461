"""Visit: what came of going to a link, kept for a while so that nobody is asked twice."""

import datetime

from sqlalchemy.orm import Mapped, mapped_column

from pulse_mailer.domain.base import Base


class Visit(Base):
    """
    Attributes:
        url: the link as it was visited.
        code: of the finding (link-broken, link-moved ...); empty when the page was there.
        words: what was found, as people read it.
    """

    __tablename__ = "visits"

    url: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime.datetime]
    code: Mapped[str] = mapped_column(default="")
    words: Mapped[str] = mapped_column(default="")
    remedy: Mapped[str] = mapped_column(default="")
