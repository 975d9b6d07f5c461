"""What the rooms of the ledger share when they change it: whoever holds an edition decides, and rows are counted."""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import CursorResult, Update, select
from sqlalchemy.orm import Session, selectinload

from pulse_mailer.domain.edition import Edition
from pulse_mailer.editions.reading import whole_edition


def held(database: Session, edition_ids: Sequence[int]) -> list[Edition]:
    """
    Editions as they are now, by id, with their newsletters; nobody else changes them until this transaction ends.

    Whoever changes deliveries of an edition takes hold of the edition first, so that nobody waits in a circle.
    """
    wanted = select(Edition).where(Edition.id.in_(edition_ids)).options(selectinload(Edition.newsletter))
    ordered = wanted.order_by(Edition.id).with_for_update(of=Edition)
    return list(database.scalars(ordered, execution_options={"populate_existing": True}))


def held_whole(database: Session, edition_id: int) -> Edition:
    """The same of one edition, with everything in it."""
    wanted = whole_edition().where(Edition.id == edition_id).with_for_update(of=Edition)
    return database.scalars(wanted, execution_options={"populate_existing": True}).one()


def changed(database: Session, statement: Update) -> int:
    """Run a statement, and give how many rows it changed."""
    # Session.execute() is typed for reading; an UPDATE gives a cursor's result, with its count.
    found = database.execute(statement, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", found).rowcount
