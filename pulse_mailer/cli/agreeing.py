"""Before an edition is sent: who gets it, when, for how long, and a person's yes to their number."""

import sys
from dataclasses import dataclass, field

import typer

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.cli import foretelling, output
from pulse_mailer.cli.holding import Wish, hold
from pulse_mailer.cli.variants import print_variants, rehearse
from pulse_mailer.delivery import approving, planning, scheduling, wallclock
from pulse_mailer.delivery.planning import Approval, Terms
from pulse_mailer.delivery.scheduling import Start
from pulse_mailer.delivery.variants import plan
from pulse_mailer.domain.edition import Edition
from pulse_mailer.editions import reading
from pulse_mailer.errors import BackendError, UsageError
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


def agree(mailer: Mailer, edition: Edition, options: Options) -> bool:
    """Show who gets a draft, ask for their number, and begin it or have it begin; whether to hand it over now."""
    start = options.wish.start(edition.newsletter, mailer.settings.hold_minutes)
    count, fingerprint = _show_audience(mailer, edition, options)
    if start is not None and start.zone:
        output.say(f"It begins by itself on {wallclock.said(start.at, start.zone)}.")
    if options.first is not None and options.first < count:
        output.say(f"It goes to {options.first:,} of them first, and then waits for your word.")
    if forecast := foretelling.before(mailer, edition, count, start.at if start else None):
        output.say(forecast)
    if options.dry_run:
        output.say("Nothing was sent: this was a dry run.")
        return False
    approval = Approval(output.actor(), _confirmed(count, options), options.forced, fingerprint)
    terms = Terms(options.first, options.lifetime_hours or mailer.settings.lifetime_hours)
    _check_ways(mailer, edition)
    # The person took their time to look: a hold begins now, and a named time may be over.
    start = options.wish.start(edition.newsletter, mailer.settings.hold_minutes)
    if start is None:
        return _begin_now(mailer, edition, approval, terms, no_wait=options.no_wait)
    return _begin_later(mailer, edition, approval, start, terms, no_wait=options.no_wait)


def _begin_now(mailer: Mailer, edition: Edition, approval: Approval, terms: Terms, *, no_wait: bool) -> bool:
    with mailer.database.transaction() as database:
        again = reading.edition(database, edition.name)
        wanted = plan(database, again).names
        checked = approving.approve(again, mailer.links, forced=approval.forced, variants=wanted)
        planning.freeze(database, again, checked, mailer.links, approval, terms)
    if no_wait:
        output.say("A running worker (pulse-mailer serve or worker) sends it.")
        output.say(f"Watch: pulse-mailer edition report {edition.name}")
    return not no_wait


def _begin_later(
    mailer: Mailer, edition: Edition, approval: Approval, start: Start, terms: Terms, *, no_wait: bool
) -> bool:
    with mailer.database.transaction() as database:
        again = reading.edition(database, edition.name)
        wanted = plan(database, again).names
        checked = approving.approve(again, mailer.links, forced=approval.forced, variants=wanted)
        scheduling.schedule(database, again, checked, approval, start, terms)
    if not (start.zone or no_wait):
        hold(mailer, edition, start.at)
        return True
    at = wallclock.said(start.at, start.zone or edition.newsletter.timezone)
    output.good(f"{edition.key} is scheduled: it begins on {at}.")
    output.say("A running worker (pulse-mailer serve or worker) begins and sends it.")
    output.say(f"Take it back until then: pulse-mailer edition take-back {edition.name}")
    return False


def _show_audience(mailer: Mailer, edition: Edition, options: Options) -> tuple[int, str]:
    """Say who gets it, and who is left out; gives their number, and the fingerprint of the mail."""
    with mailer.database.reading() as database:
        edition = reading.edition(database, edition.name)
        found = plan(database, edition)
        checked = approving.approve(edition, mailer.links, forced=options.forced, variants=found.names)
        newsletter, count = edition.newsletter, found.count
        rehearsal = rehearse(mailer, database, edition, found, checked.renderings)
        left_out = audience.left_out(database, newsletter.id)
    ways = ", or else ".join(backend.relay for backend in mailer.backends(newsletter.backends))
    output.say(
        f"{edition.subject!r} goes to {count:,} people who get {newsletter.name}, "
        f"from {newsletter.from_name} <{newsletter.from_address}>, through {ways}."
    )
    print_variants(found)
    if left_out:
        output.say(f"Left out: {len(left_out):,}")
        rows = [[person.address or "(erased)", person.reason] for person in left_out[:_LISTED]]
        output.print_table(["Address", "Why"], rows)
        if len(left_out) > _LISTED:
            output.say(f"... and {len(left_out) - _LISTED:,} more.")
    if options.forced:
        output.trouble(f"Overridden by name: {', '.join(options.forced)}")
    rehearsal.refuse(edition)
    output.say(rehearsal.sentence)
    return count, checked.rendering.fingerprint


def _confirmed(count: int, options: Options) -> int:
    if options.confirm_count is not None:
        return options.confirm_count
    if not sys.stdin.isatty():
        raise UsageError(
            "Sending wants the number of people confirmed.",
            remedy=f"Add --confirm-count {count}, or run it at a terminal.",
        )
    return int(typer.prompt(f"Type {count} to send it to {count} people", type=int))


def _check_ways(mailer: Mailer, edition: Edition) -> None:
    """
    A server that is away or a wrong password is better found before anything is fixed than after.

    Raises:
        BackendError: no way out can be used; the first one's words.
    """
    first: BackendError | None = None
    for backend in mailer.backends(edition.newsletter.backends):
        try:
            backend.check()
        except BackendError as error:
            first = first or error
        else:
            return
    if first is not None:
        raise first
