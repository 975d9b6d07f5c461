"""A yes that a program brings along: what it was given for is made and rehearsed, and then approved or begun."""

from dataclasses import replace

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.delivery import planning, readying, rehearsals, seconding
from pulse_mailer.delivery.planning import Approval, Terms
from pulse_mailer.delivery.readying import Ready
from pulse_mailer.delivery.wishing import Wish
from pulse_mailer.domain.edition import EditionStatus
from pulse_mailer.editions import reading
from pulse_mailer.errors import Conflict, UsageError


def approve(mailer: Mailer, name: str, consent: Approval, expected: int | None) -> None:
    """
    Raises:
        Refused: preflight, the count, the edition's state or revision, or who this is does not allow it.
    """
    with mailer.database.reading() as database:
        edition = reading.edition(database, name)
        if edition.status is not EditionStatus.DRAFT:
            raise planning.begun(edition)
        seconding.refuse_editor(edition, consent.actor, seconding.editors(database, edition.id))
    made = _rehearsed(mailer, name, expected)
    with mailer.database.transaction() as database:
        readying.approve(database, name, mailer.links, replace(consent, fingerprint=made.fingerprint))


def send(
    mailer: Mailer, name: str, consent: Approval, expected: int | None, wish: Wish, terms: Terms
) -> None:
    """
    Raises:
        Refused: preflight, the count, the edition's state or revision does not allow it; nothing was begun.
        UsageError: it cannot begin then, or was approved and codes are overridden once more.
        BackendError: no way out can be used.
    """
    with mailer.database.transaction() as database:
        broken = readying.refuse_broken(database, reading.edition(database, name), by=consent.actor)
    if broken:
        raise broken
    with mailer.database.reading() as database:
        edition = reading.edition(database, name)
        if edition.status is EditionStatus.DRAFT:
            seconding.refuse_alone(database, edition)
        elif edition.status is not EditionStatus.APPROVED:
            raise planning.begun(edition)
        elif consent.forced:
            raise UsageError(
                "It was approved already, and what was overridden with it.", remedy="Override nothing."
            )
    start = wish.start(edition.newsletter, mailer.settings.hold_minutes)
    made = _rehearsed(mailer, name, expected)
    readying.check_ways(mailer.backends(edition.newsletter.backends))
    consent = replace(consent, fingerprint=made.fingerprint)
    with mailer.database.transaction() as database:
        readying.begin(
            database, name, mailer.links, consent, terms, start, was_approved=made.signed is not None
        )


def _rehearsed(mailer: Mailer, name: str, expected: int | None) -> Ready:
    with mailer.database.reading() as database:
        edition = reading.edition(database, name)
        if expected not in (None, edition.revision):
            raise Conflict(
                f"The edition {edition.key} is at revision {edition.revision}, and you looked at {expected}; "
                "nothing was done.",
                remedy=f"Look at it again: pulse-mailer edition history {edition.name}",
            )
        made = readying.ready(database, edition, mailer.links)
    made.refuse_nobody()
    rehearsals.rehearse(mailer.database, made, mailer.links).refuse(edition)
    return made
