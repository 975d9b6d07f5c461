"""An edition before it is sent: what a person is shown before they agree, and what their yes begins."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from pulse_mailer.backends.base import Backend
from pulse_mailer.delivery import approvals, approving, consenting, planning, scheduling
from pulse_mailer.delivery.approving import Checked
from pulse_mailer.delivery.planning import Approval, Terms
from pulse_mailer.delivery.scheduling import Start
from pulse_mailer.delivery.variants import Plan, compile_missing, names, plan
from pulse_mailer.domain.approval import Approval as Signed
from pulse_mailer.domain.edition import Edition, EditionStatus, Rendering
from pulse_mailer.domain.variant import WHOLE
from pulse_mailer.editions import reading
from pulse_mailer.errors import BackendError, Conflict
from pulse_mailer.links import Links


@dataclass(frozen=True, slots=True)
class Ready:
    """
    An edition made into mail, and who gets which part.

    Attributes:
        renderings: all that go out.
        checked: a draft, checked just now; None: it was approved, and the mail that was kept goes out.
        signed: by whose approval; None: it is a draft.
    """

    edition: Edition
    plan: Plan
    renderings: tuple[Rendering, ...]
    checked: Checked | None = None
    signed: Signed | None = None

    @property
    def count(self) -> int:
        """How many people get it."""
        return self.plan.count

    @property
    def fingerprint(self) -> str:
        """Of the whole edition's mail."""
        return next(one.fingerprint for one in self.renderings if one.variant == WHOLE)

    @property
    def is_surprising(self) -> bool:
        """Whether it goes to so many more or fewer than were approved that a person must look again."""
        return self.signed is not None and planning.surprising(self.count, self.signed.audience_count)

    def refuse_nobody(self) -> None:
        """
        Raises:
            Refused: nobody would get it.
        """
        if not self.count:
            raise planning.nobody(self.edition, self.plan.passed_over)


def ready(
    database: Session, edition: Edition, links: Links, *, check: Callable[..., Checked] = approving.check
) -> Ready:
    """
    Make a draft into mail and check it, or take the mail that was approved; stores nothing.

    Args:
        check: `approving.look` for a page that only shows it.

    Raises:
        CompositionError: it cannot be made into mail.
        Conflict: it was approved, and no longer is what was.
    """
    found = plan(database, edition)
    if edition.status is EditionStatus.DRAFT:
        checked = check(edition, links, found.names)
        return Ready(edition, found, checked.renderings, checked)
    kept = reading.renderings(database, edition.id)
    made = (*kept, *compile_missing(edition, links, kept, found.names))
    return Ready(edition, found, made, signed=approvals.latest(database, edition.id))


def refuse_broken(database: Session, edition: Edition, *, by: str) -> Conflict | None:
    """
    Make an edition whose approval does not hold a draft again; gives the refusal, to be raised once that is kept.

    None: nobody approved it, or the approval holds.
    """
    broken = consenting.void_if_broken(database, edition, by=by)
    if not broken:
        return None
    return Conflict(
        f"The approval of {edition.key} does not hold: {broken}. Nothing was sent; it is a draft again.",
        remedy=f"See it: pulse-mailer edition approval {edition.name}",
    )


def approve(database: Session, name: str, links: Links, consent: Approval) -> Signed:
    """Keep a person's approval of a draft, which is checked once more. Raises as `approving` and `consenting` do."""
    edition = reading.edition(database, name)
    wanted = names(database, edition)
    checked = approving.approve(edition, links, forced=consent.forced, variants=wanted)
    return consenting.approve(database, edition, checked, consent)


def begin(
    database: Session,
    name: str,
    links: Links,
    approval: Approval,
    terms: Terms,
    start: Start | None,
    *,
    was_approved: bool,
) -> None:
    """
    Begin an edition at once, or have it begin by itself.

    Args:
        start: when; None: at once.
        was_approved: as the person saw it. A draft is checked once more; what was approved goes out as it was kept.

    Raises as `planning.freeze()` and `scheduling.schedule()`, and for a draft as `approving.approve()`.
    """
    edition = reading.edition(database, name)
    checked = None
    if not was_approved:
        if edition.status is not EditionStatus.DRAFT:
            raise planning.begun(edition)
        wanted = names(database, edition)
        checked = approving.approve(edition, links, forced=approval.forced, variants=wanted)
    if start is None:
        planning.freeze(database, edition, checked, links, approval, terms)
    else:
        scheduling.schedule(database, edition, checked, approval, start, terms)


def check_ways(backends: Iterable[Backend]) -> None:
    """
    A server that is away or a wrong password is better found before anything is fixed than after.

    Raises:
        BackendError: no way out can be used; the first one's words.
    """
    first: BackendError | None = None
    for backend in backends:
        try:
            backend.check()
        except BackendError as error:
            first = first or error
        else:
            return
    if first is not None:
        raise first
