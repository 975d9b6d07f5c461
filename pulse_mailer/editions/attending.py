"""Who has an edition open to write in it, so that nobody is surprised by anybody."""

import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pulse_mailer.clock import now
from pulse_mailer.domain.presence import Presence

#: A page that was not heard of for so long is closed: three of its signs of life are missing.
GONE_AFTER = datetime.timedelta(seconds=65)


def attend(database: Session, edition_id: int, page: str, actor: str) -> list[str]:
    """Note that a page of an edition is open, and give who else has one open; the same person may."""
    gone = (Presence.page == page) | (Presence.seen_at < now() - GONE_AFTER)
    database.execute(delete(Presence).where(Presence.edition_id == edition_id, gone))
    others = (
        select(Presence.actor).where(Presence.edition_id == edition_id).distinct().order_by(Presence.actor)
    )
    found = list(database.scalars(others))
    database.add(Presence(edition_id=edition_id, page=page, actor=actor, seen_at=now()))
    return found
