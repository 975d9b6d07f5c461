"""Before an edition is sent: who gets it, when, for how long, and a person's yes to their number."""

import sys
from dataclasses import dataclass, field

import typer
from sqlalchemy.orm import Session

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.cli import foretelling, output
from pulse_mailer.cli.holding import hold
from pulse_mailer.cli.variants import print_variants, rehearse
from pulse_mailer.delivery import approvals, approving, consenting, planning, readying, seconding, wallclock
from pulse_mailer.delivery.planning import Approval, Terms
from pulse_mailer.delivery.readying import Ready
from pulse_mailer.delivery.scheduling import Start
from pulse_mailer.delivery.variants import Plan, compile_missing, plan
from pulse_mailer.delivery.wishing import Wish
from pulse_mailer.domain import merge_fields
from pulse_mailer.domain.approval import Approval as Signed
from pulse_mailer.domain.counting import people
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.editions import reading
from pulse_mailer.errors import UsageError
from pulse_mailer.subscribers import audience

_LISTED = 20


@dataclass(frozen=True, slots=True)
class Options:
    """
    Attributes:
        first: to so many first, and then wait for a person.
        lifetime_hours: None: as the settings say.
    """

    confirm_count: int | None = None
    dry_run: bool = False
    no_wait: bool = False
    forced: tuple[str, ...] = ()
    wish: Wish = field(default_factory=Wish)
    first: int | None = None
    lifetime_hours: int | None = None


@dataclass(frozen=True, slots=True)
class _Shown:
    """
    What a person was shown before they agree.

    Attributes:
        count: how many get it.
        fingerprint: of the mail.
        approved_count: how many would have got it when it was approved; None: nobody has approved it.
    """

    count: int
    fingerprint: str
    approved_count: int | None = None


def approve(mailer: Mailer, name: str, options: Options, actor: str) -> Signed:
    """
    Show who gets a draft, ask for their number, and keep this person's approval.

    Raises:
        Refused: preflight, the count, the edition's state or who this is does not allow it; nothing was kept.
    """
    with mailer.database.transaction() as database:
        edition = reading.edition(database, name)
        broken = consenting.void_if_broken(database, edition, by=actor)
        if edition.status is not EditionStatus.DRAFT:
            raise planning.begun(edition)
        seconding.refuse_editor(edition, actor, seconding.editors(database, edition.id))
    if broken:
        output.trouble(f"It was approved before, and that does not hold: {broken}.")
    shown = _show_draft(mailer, edition, options)
    consent = Approval(actor, _confirmed(shown, options, "approve"), options.forced, shown.fingerprint)
    with mailer.database.transaction() as database:
        return readying.approve(database, edition.name, mailer.links, consent)


def agree(mailer: Mailer, edition: Edition, options: Options) -> bool:
    """Show who gets an edition, ask for their number, and begin it or have it begin; whether to hand it over now."""
    start = options.wish.start(edition.newsletter, mailer.settings.hold_minutes)
    approved = edition.status is EditionStatus.APPROVED
    shown = (_show_approved if approved else _show_draft)(mailer, edition, options)
    count = shown.count
    if start is not None and start.zone:
        output.say(f"It begins by itself on {wallclock.said(start.at, start.zone)}.")
    if options.first is not None and options.first < count:
        output.say(f"It goes to {options.first:,} of them first, and then waits for your word.")
    if forecast := foretelling.before(mailer, edition, count, start.at if start else None):
        output.say(forecast)
    if options.dry_run:
        output.say("Nothing was sent: this was a dry run.")
        return False
    if not approved:
        with mailer.database.reading() as database:
            seconding.refuse_alone(database, edition)
    approval = Approval(output.actor(), _confirmed(shown, options), options.forced, shown.fingerprint)
    terms = Terms(options.first, options.lifetime_hours or mailer.settings.lifetime_hours)
    readying.check_ways(mailer.backends(edition.newsletter.backends))
    # The person took their time to look: a hold begins now, and a named time may be over.
    start = options.wish.start(edition.newsletter, mailer.settings.hold_minutes)
    with mailer.database.transaction() as database:
        readying.begin(database, edition.name, mailer.links, approval, terms, start, was_approved=approved)
    if start is None:
        return _begun(edition, no_wait=options.no_wait)
    return _held(mailer, edition, start, no_wait=options.no_wait)


def _begun(edition: Edition, *, no_wait: bool) -> bool:
    if no_wait:
        output.say("A running worker (pulse-mailer serve or worker) sends it.")
        output.say(f"Watch: pulse-mailer edition report {edition.name}")
    return not no_wait


def _held(mailer: Mailer, edition: Edition, start: Start, *, no_wait: bool) -> bool:
    if not (start.zone or no_wait):
        hold(mailer, edition, start.at)
        return True
    at = wallclock.said(start.at, start.zone or edition.newsletter.timezone)
    output.good(f"{edition.key} is scheduled: it begins on {at}.")
    output.say("A running worker (pulse-mailer serve or worker) begins and sends it.")
    output.say(f"Take it back until then: pulse-mailer edition take-back {edition.name}")
    return False


def _show_draft(mailer: Mailer, edition: Edition, options: Options) -> _Shown:
    with mailer.database.reading() as database:
        edition = reading.edition(database, edition.name)
        found = _somebody(database, edition)
        checked = approving.approve(edition, mailer.links, forced=options.forced, variants=found.names)
    rehearsal = rehearse(mailer, Ready(edition, found, checked.renderings, checked))
    _show_audience(mailer, edition, found)
    if options.forced:
        output.trouble(f"Overridden by name: {', '.join(options.forced)}")
    rehearsal.refuse(edition)
    output.say(rehearsal.sentence)
    return _Shown(found.count, checked.rendering.fingerprint)


def _show_approved(mailer: Mailer, edition: Edition, options: Options) -> _Shown:
    """
    Raises:
        Conflict: the approval does not hold; the edition is a draft again.
    """
    if options.forced:
        raise UsageError(
            "It was approved already, and what was overridden with it.", remedy="Leave --force out."
        )
    with mailer.database.transaction() as database:
        broken = readying.refuse_broken(database, edition, by=output.actor())
    if broken is not None:
        raise broken
    with mailer.database.reading() as database:
        edition = reading.edition(database, edition.name)
        signed, kept = approvals.latest(database, edition.id), reading.renderings(database, edition.id)
        found = _somebody(database, edition)
        made = (*kept, *compile_missing(edition, mailer.links, kept, found.names))
    rehearsal = rehearse(mailer, Ready(edition, found, made, signed=signed))
    assert signed is not None
    _show_audience(mailer, edition, found)
    rehearsal.refuse(edition)
    output.say(rehearsal.sentence)
    at = wallclock.said(signed.at, edition.newsletter.timezone)
    output.say(
        f"{signed.actor} approved it on {at}, revision {signed.revision}, for {people(signed.audience_count)}."
    )
    whole = next(rendering for rendering in kept if not rendering.variant)
    return _Shown(found.count, whole.fingerprint, signed.audience_count)


def _somebody(database: Session, edition: Edition) -> Plan:
    """
    Who gets which part.

    Raises:
        Refused: nobody does; so it is said before anything is made and shown.
    """
    found = plan(database, edition)
    if not found.count:
        raise planning.nobody(edition, found.passed_over)
    return found


def _show_audience(mailer: Mailer, edition: Edition, found: Plan) -> None:
    """Say who gets it, and who is left out."""
    newsletter, count = edition.newsletter, found.count
    with mailer.database.reading() as database:
        left_out = audience.left_out(database, newsletter.id, limit=_LISTED)
    ways = ", or else ".join(backend.relay for backend in mailer.backends(newsletter.backends))
    readers = f"{people(count)} who {'gets' if count == 1 else 'get'} {newsletter.name}"
    output.say(
        f"“{merge_fields.with_defaults(edition.subject)}” goes to {readers}, "
        f"from {newsletter.from_name} <{newsletter.from_address}>, through {ways}."
    )
    print_variants(found)
    if left_out:
        left_out_count = sum(found.left_out.values())
        output.say(f"Left out: {left_out_count:,}")
        rows = [[person.address or "(erased)", person.reason] for person in left_out]
        output.print_table(["Address", "Why"], rows)
        if left_out_count > len(left_out):
            output.say(f"... and {left_out_count - len(left_out):,} more.")


def _confirmed(shown: _Shown, options: Options, verb: str = "send") -> int:
    count, before = shown.count, shown.approved_count
    if options.confirm_count is not None:
        return options.confirm_count
    if before is not None and not planning.surprising(count, before):
        return count  # whoever approved it confirmed as many
    if not sys.stdin.isatty():
        raise UsageError(
            f"To {verb} it wants the number of people confirmed.",
            remedy=f"Add --confirm-count {count}, or run it at a terminal.",
        )
    return int(typer.prompt(f"Type {count} to {verb} it for {people(count)}", type=int))
