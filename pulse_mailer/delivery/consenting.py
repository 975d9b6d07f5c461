"""A person's yes to an edition before it is sent, and its taking back."""

from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.delivery import approvals, planning, seconding, variants
from pulse_mailer.delivery.approving import Checked
from pulse_mailer.delivery.changing import held_whole
from pulse_mailer.delivery.planning import Terms
from pulse_mailer.domain.approval import Approval
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.editions import changing
from pulse_mailer.errors import WrongState


def approve(database: Session, edition: Edition, checked: Checked, consent: planning.Approval) -> Approval:
    """
    Approve a draft: its mail is kept, and sealed with all that it is made of; it is sent, or scheduled, as it is.

    Raises:
        WrongState, Conflict: as `planning.keep()`.
        Refused: this person changed it, and a second one is wanted; or nobody would get it.
        SendingBlocked: the audience is not as large as was agreed to.
    """
    seconding.refuse_editor(edition, consent.actor, seconding.editors(database, edition.id))
    approval = planning.keep(database, edition, checked, consent, Terms())
    plan = variants.plan(database, edition)
    edition.passed_over_count = plan.passed_over
    settled = planning.Settled(checked.renderings, approval, was_approved=False)
    settled.refuse_surprise(edition, plan.count, consent)
    after = settled.agreed(consent)
    audit.record(
        database,
        consent.actor,
        "edition.approved",
        f"edition {edition.name}",
        after=after | {"revision": edition.revision, "seal": approval.seal},
    )
    return approval


def unapprove(database: Session, edition: Edition, *, by: str, why: str) -> None:
    """
    Make an approved edition a draft again.

    Raises:
        WrongState: it is not approved, or waits to begin already.
    """
    edition = held_whole(database, edition.id)
    if edition.status is not EditionStatus.APPROVED:
        waits = edition.status is EditionStatus.SCHEDULED
        raise WrongState(
            f"{edition.key} is {edition.status.words}, and no approval of it can be taken back.",
            remedy=f"Take the start back: pulse-mailer edition take-back {edition.name}" if waits else "",
        )
    changing.reopen(database, edition, actor=by, why=why or "approval taken back")


def void_if_broken(database: Session, edition: Edition, *, by: str) -> str:
    """
    Make an approved edition a draft again when what was signed is no longer so; gives why, or nothing.

    For whoever would send it or approve it: whatever no command changed, such as a design's files, is found here.
    """
    edition = held_whole(database, edition.id)
    if edition.status is not EditionStatus.APPROVED:
        return ""
    found = approvals.standing(database, edition)
    if found is not None and found.holds:
        return ""
    why = approvals.broken(found)
    changing.reopen(database, edition, actor=by, why=why)
    return why
