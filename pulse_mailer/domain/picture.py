"""Picture: an image that mail may show, known by the hash of its bytes."""

import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pulse_mailer.domain.base import Base


class Picture(Base):
    """
    Attributes:
        content_hash: SHA-256 of `data`, hexadecimal; also its name in URLs.
        media_type: image/png, image/jpeg or image/gif.
        width, height: pixels.
    """

    __tablename__ = "pictures"
    __table_args__ = (
        CheckConstraint("media_type IN ('image/png', 'image/jpeg', 'image/gif')", name="mail_can_show_it"),
        CheckConstraint("width > 0 AND height > 0", name="has_a_size"),
    )

    content_hash: Mapped[str] = mapped_column(primary_key=True)
    media_type: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    data: Mapped[bytes] = mapped_column(deferred=True, deferred_raiseload=True)
    created_at: Mapped[datetime.datetime]

    @property
    def file_name(self) -> str:
        return f"{self.content_hash}.{self.media_type.removeprefix('image/').replace('jpeg', 'jpg')}"
