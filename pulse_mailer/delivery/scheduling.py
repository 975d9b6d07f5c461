"""The time between a person's yes and the first mail: a hold of some minutes, or a start in a week."""

import datetime
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.clock import now
from pulse_mailer.delivery import approvals, planning, seconding, telling, variants
from pulse_mailer.delivery.approving import Checked
from pulse_mailer.delivery.changing import held_whole
from pulse_mailer.delivery.planning import Approval, Terms
from pulse_mailer.delivery.reporting import PROGRAM
from pulse_mailer.domain.counting import people
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.notice import NoticeKind
from pulse_mailer.editions import changing
from pulse_mailer.editions.reading import renderings
from pulse_mailer.errors import Conflict, UsageError, WrongState
from pulse_mailer.links import Links


@dataclass(frozen=True, slots=True)
class Start:
    """
    When an edition begins by itself.

    Attributes:
        zone: the time zone that a person named; empty for a hold, which is so many minutes from now.
    """

    at: datetime.datetime
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Begun:
    """
    What became of an edition whose time had come.

    Attributes:
        name: newsletter and key.
        count: how many get it; 0: it did not begin.
        words: what a person should know of it: why it did not begin, or how its audience changed; may be empty.
    """

    name: str
    count: int
    words: str


def schedule(
    database: Session,
    edition: Edition,
    checked: Checked | None,
    approval: Approval,
    start: Start,
    terms: Terms,
) -> None:
    """
    Have a draft begin by itself at a time, with the very mail that was agreed to; or, without `checked`, an edition
    that was approved.

    Raises:
        UsageError: the time is over.
        WrongState, Conflict: as `planning.freeze()`.
        Refused: nobody would get it, or a second person must approve it first.
        SendingBlocked: the audience is not as large as was agreed to.
    """
    if start.zone and start.at <= now():
        raise UsageError("That time is over.", remedy="Name a later one, or leave --at out to send it now.")
    made = planning.settle(database, edition, checked, approval, terms, start.at)
    plan = variants.plan(database, edition)
    edition.passed_over_count = plan.passed_over
    made.refuse_surprise(edition, plan.count, approval)
    edition.become(EditionStatus.SCHEDULED)
    edition.agreed = made.agreed(approval)
    edition.starts_at, edition.starts_zone = start.at, start.zone
    after = edition.agreed | {
        "starts_at": start.at.isoformat(),
        "zone": start.zone,
        "revision": edition.revision,
        "first": terms.first_count,
    }
    audit.record(database, approval.actor, "edition.scheduled", f"edition {edition.name}", after=after)


def take_back(database: Session, edition: Edition, *, by: str, why: str = "taken back") -> None:
    """
    Make an edition that was to begin by itself a draft again.

    Raises:
        WrongState: it is not waiting to begin; it may have begun just now.
    """
    database.refresh(edition, ["status", "starts_at", "agreed"], with_for_update=True)
    if changing.reopen(database, edition, actor=by, why=why):
        return
    begun = edition.status in (EditionStatus.SENDING, EditionStatus.PAUSED)
    raise WrongState(
        f"{edition.key} is {edition.status.words}, and cannot be taken back.",
        remedy=f"End it: pulse-mailer edition stop {edition.name}" if begun else "",
    )


def due(database: Session) -> list[tuple[int, str]]:
    """Id and name (newsletter/key) of the editions whose time has come."""
    wanted = (
        select(Edition.id, Newsletter.slug, Edition.key)
        .join(Newsletter, Newsletter.id == Edition.newsletter_id)
        .where(Edition.status == EditionStatus.SCHEDULED, Edition.starts_at <= now())
        .order_by(Edition.starts_at, Edition.id)
    )
    return [(row[0], f"{row[1]}/{row[2]}") for row in database.execute(wanted)]


def begin(database: Session, edition_id: int, links: Links) -> Begun | None:
    """
    Begin an edition whose time has come: fix its audience, for the Rendering that was kept when it was agreed to.

    None when there is nothing to begin: another worker was first, or it was taken back. When the audience is no
    longer what was agreed to, or anything that was signed, or a part that readers chose since cannot be composed of
    it, it becomes a draft again, and staff are told.
    """
    edition = held_whole(database, edition_id)
    kept = renderings(database, edition_id)
    too_early = edition.starts_at is None or edition.starts_at > now()
    if edition.status is not EditionStatus.SCHEDULED or too_early or not kept:
        return None
    agreed = edition.agreed or {}
    plan, wanted = variants.plan(database, edition), int(agreed.get("count", 0))
    count = plan.count
    if not count or planning.surprising(count, wanted):
        words = f"It would go to {people(count)}, and {wanted:,} were agreed to."
        return _refuse(database, edition, words, "Look at who gets it, and agree anew")
    standing = approvals.standing(database, edition)
    if standing is None or not standing.holds:
        return _refuse(
            database, edition, f"Its approval does not hold: {approvals.broken(standing)}.", "Look at it"
        )
    signed = standing.approval
    if seconding.is_alone(edition, signed.actor, signed.facts["edited_by"]):
        words = f"It needs a second person now, and {signed.actor}, who approved it, had changed it."
        return _refuse(database, edition, words, "Have another approve it")
    try:
        late = variants.compile_missing(edition, links, kept, plan.names)
    except Conflict as error:  # no worker could ever begin it, and no person would be told
        return _refuse(database, edition, error.what, "Look at it, and agree anew")
    edition.become(EditionStatus.SENDING)
    edition.starts_at = None
    count = planning.fix_audience(database, edition, [*kept, *late], links)
    after = agreed | {"audience": count, "revision": edition.revision}
    audit.record(database, PROGRAM, "edition.sending-began", f"edition {edition.name}", after=after)
    words = "" if count == wanted else f"It goes to {count:,}; {wanted:,} were agreed to."
    return Begun(edition.name, count, words)


def _refuse(database: Session, edition: Edition, why: str, next_step: str) -> Begun:
    words = f"{why} Nothing was sent; it is a draft again."
    title = edition.period or edition.key
    changing.reopen(database, edition, actor=PROGRAM, why=words)
    next_step = f"{next_step}: pulse-mailer edition send {edition.name}"
    subject = f"{edition.newsletter.name}: {title} did not begin"
    telling.tell(database, edition.id, NoticeKind.NOT_BEGUN, subject, f"{words}\n\n{next_step}\n")
    return Begun(edition.name, 0, words)
