"""Pages that were looked at, straight into an edition: by way of the inbox, which knows what was seen before."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from pulse_mailer.editions import changing, collecting, looking, picking
from pulse_mailer.editions.looking import Looked
from pulse_mailer.editions.picking import Place, Placed


def bring(database: Session, pages: Sequence[Looked], where: Place, *, actor: str) -> Placed:
    """
    Make items of pages, each at the end of its category; all of them, or none.

    Raises:
        PageUnreadable: one has no title.
        NotFound, Refused, UsageError, WrongState, Conflict: see `picking.place()`.
    """
    newsletter = changing.held(database, where.edition).newsletter
    known = collecting.opened(database, newsletter)
    added = [
        collecting.propose(database, newsletter, known, looking.proposal(page, {}), actor=actor)
        for page in pages
    ]
    placed = picking.place(database, [one.candidate.id for one in added], where, actor=actor)
    placed.notes += [note for page in pages for note in (page.facts.trouble, *page.notes) if note]
    return placed
