"""
Putting right what an edition says, after its sending has begun.

The web copy, the feeds and the search say it right from then on, and say that it was put right. The mail does not
change: what people were sent, and what others still get, is the Rendering that was approved.
"""

import hashlib
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.clock import now
from pulse_mailer.composing.rendering import web_page
from pulse_mailer.domain.content import content_of
from pulse_mailer.domain.correction import EDITION_FIELDS, ITEM_FIELDS, Correction, Fix
from pulse_mailer.domain.edition import Edition
from pulse_mailer.editions import history, places
from pulse_mailer.editions.archive import PUBLIC
from pulse_mailer.editions.changing import held
from pulse_mailer.editions.items import right_value
from pulse_mailer.editions.publishing import publish
from pulse_mailer.editions.wording import checked, checked_text, refuse_unknown
from pulse_mailer.errors import Conflict, Refused, UsageError, WrongState
from pulse_mailer.links import Links


def correct(
    database: Session,
    links: Links,
    name: str,
    fixes: Sequence[Fix],
    *,
    note: str,
    actor: str,
    expected: int | None = None,
) -> Correction:
    """
    Put an edition's web copy right, and tell its readers.

    Args:
        name: its key, or newsletter and key, as `reading.edition()` takes it.
        note: what was wrong and what is right, for readers of the page.
        expected: the revision that the person looked at; None: whatever it is now.

    Raises:
        NotFound: there is no such edition or item.
        UsageError: no note, no such field, or a value that no page can carry.
        WrongState: its sending has not begun: it is to be edited.
        Conflict: it is at another revision than was expected.
        Refused: it says so already.
        CompositionError: the page cannot be made of it.
    """
    note = checked("note", note)
    if not note:
        raise UsageError(
            "A correction needs a note, which readers of the page see.", remedy='Say it: --note "..."'
        )
    edition = held(database, name)
    _refuse_unready(edition, expected)
    was = content_of(edition)
    before = {_label(fix): _put(edition, fix) for fix in fixes}
    if content_of(edition) == was:
        raise Refused(f"The edition {edition.key} says so already; nothing was changed.")
    after = {_label(fix): fix.value for fix in fixes}
    edition.revision += 1
    edition.changed_at = now()
    database.flush()
    history.keep(database, edition, actor=actor, what=f"corrected: {note}")
    correction = _kept(database, edition, links, note, actor)
    publish(database, edition.id, links)
    told = after | {"note": note, "revision": edition.revision}
    audit.record(database, actor, "edition.corrected", f"edition {edition.name}", before=before, after=told)
    return correction


def corrections(database: Session, edition_id: int) -> list[Correction]:
    """All of an edition's, the newest first."""
    wanted = select(Correction).where(Correction.edition_id == edition_id)
    return list(database.scalars(wanted.order_by(Correction.id.desc())))


def _refuse_unready(edition: Edition, expected: int | None) -> None:
    if edition.status not in PUBLIC:
        raise WrongState(
            f"The edition {edition.key} is {edition.status.words}; nobody has it yet.",
            remedy=f"Edit it instead: pulse-mailer edition set {edition.name} --help",
        )
    if expected is not None and edition.revision != expected:
        raise Conflict(
            f"The edition {edition.key} was corrected meanwhile. It is at revision {edition.revision}, "
            f"and you looked at {expected}; nothing of yours was stored.",
            remedy=f"See what was: pulse-mailer edition corrections {edition.name}",
        )


def _put(edition: Edition, fix: Fix) -> str | bool:
    """Give what stood there before."""
    is_item = fix.number is not None
    known = (*ITEM_FIELDS, "is_hidden") if is_item else EDITION_FIELDS
    refuse_unknown([fix.field], known, "An item" if is_item else "An edition")
    if isinstance(fix.value, bool) != (fix.field == "is_hidden"):
        raise UsageError(f"{fix.value!r} is nothing that {fix.field!r} can be.")
    found = edition if fix.number is None else places.item(edition, fix.number).item
    before: str | bool = getattr(found, fix.field)
    setattr(found, fix.field, _right(fix))
    return before


def _right(fix: Fix) -> str | bool:
    if isinstance(fix.value, bool) is not (fix.field == "is_hidden"):
        raise UsageError("An item is hidden or shown; everything else is words.")
    if isinstance(fix.value, bool):
        return fix.value
    if fix.number is not None:
        return right_value(fix.field, fix.value)
    return checked_text(fix.field, fix.value) if fix.field == "letter" else checked(fix.field, fix.value)


def _label(fix: Fix) -> str:
    return fix.field if fix.number is None else f"item {fix.number}, {fix.field}"


def _kept(database: Session, edition: Edition, links: Links, note: str, actor: str) -> Correction:
    html = web_page(edition, links)
    made = Correction(
        edition_id=edition.id,
        at=now(),
        actor=actor,
        note=note,
        web_html=html,
        fingerprint=hashlib.sha256(html.encode()).hexdigest(),
    )
    database.add(made)
    database.flush()
    return made
