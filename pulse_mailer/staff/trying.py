"""How often anybody may try to show that they are a certain person: counted for all processes together."""

import datetime

from sqlalchemy import case, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from pulse_mailer.clock import now
from pulse_mailer.domain.access import Tries
from pulse_mailer.staff.tokens import hashed

MOST = 10
WITHIN = datetime.timedelta(minutes=15)


def allowed(database: Session, what: str) -> bool:
    """
    Count one more try; False when it is one too many of the quarter of an hour that began with the first.

    Args:
        what: whom somebody says that they are, such as an address, whether there is such a person or not.
    """
    at = now()
    insert = sqlite.insert if database.get_bind().dialect.name == "sqlite" else postgresql.insert
    first = insert(Tries).values(what_hash=hashed(what), began_at=at, count=1)
    is_over = Tries.began_at <= at - WITHIN
    again = {
        "began_at": case((is_over, first.excluded.began_at), else_=Tries.began_at),
        "count": case((is_over, 1), else_=Tries.count + 1),
    }
    counted = first.on_conflict_do_update(index_elements=["what_hash"], set_=again).returning(Tries.count)
    count = database.scalars(counted).one()
    if count == 1:
        _forget(database, at - WITHIN)
    return count <= MOST


def _forget(database: Session, before: datetime.datetime) -> None:
    # Those that somebody counts on at this moment are left alone: two who waited for each other would be stuck.
    over = select(Tries.what_hash).where(Tries.began_at <= before).with_for_update(skip_locked=True)
    database.execute(delete(Tries).where(Tries.what_hash.in_(over)))
