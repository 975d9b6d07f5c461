"""`pulse-mailer edition send`: shown, confirmed, frozen, handed over, reported."""

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import typer

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.cli import output, progress
from pulse_mailer.cli.stopping import stopping
from pulse_mailer.cli.trees import print_report
from pulse_mailer.delivery import approving, ledger, planning
from pulse_mailer.delivery import reading as reports
from pulse_mailer.delivery.dispatch import Ending, Way, dispatch
from pulse_mailer.domain.delivery import DeliveryStatus
from pulse_mailer.domain.edition import EditionStatus
from pulse_mailer.editions import reading
from pulse_mailer.errors import BackendError, DatabaseError, UsageError, WrongState
from pulse_mailer.subscribers import audience

_LISTED = 20
_LOOK_EVERY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Options:
    confirm_count: int | None = None
    dry_run: bool = False
    no_wait: bool = False
    forced: tuple[str, ...] = ()


def send(mailer: Mailer, name: str, options: Options) -> None:
    """
    Raises:
        Refused: preflight, the count or the edition's state does not allow it; nothing was begun.
        BackendError: the mail server does not take our mail; what waits, waits.
        typer.Exit: 3 when not everybody got it.
    """
    with mailer.database.reading() as database:
        edition = reading.edition(database, name)
    if edition.status not in (EditionStatus.DRAFT, EditionStatus.SENDING):
        raise WrongState(
            f"{edition.key} is {edition.status.value}; it is not sent again.",
            remedy=f"See what came of it: pulse-mailer edition report {edition.name}",
        )
    if edition.status is EditionStatus.DRAFT:
        count, fingerprint = _show_audience(mailer, name, options)
        if options.dry_run:
            output.say("Nothing was sent: this was a dry run.")
            return
        agreed = _confirmed(count, options)
        _begin(mailer, name, planning.Approval(output.actor(), agreed, options.forced, fingerprint))
    elif options.dry_run:
        _report(mailer, name)
        return
    else:
        output.say(f"{edition.key} is being sent already; it goes on.")
    if options.no_wait:
        output.say(
            f"A running worker (pulse-mailer serve or worker) sends it. Watch: pulse-mailer edition report {name}"
        )
        return
    try:
        ending = hand_over(mailer, edition.id)
    except BackendError:
        _report(mailer, name)
        raise
    _close(mailer, name, ending)


def hand_over(mailer: Mailer, edition_id: int) -> Ending:
    """Send what waits, and wait for what other workers have in hand; Ctrl-C ends it after the message at hand."""
    way = Way(mailer.database, mailer.links, mailer.backend())
    with stopping() as stop, _shown(mailer, edition_id, stop):
        ending = dispatch(way, edition_id, stop=stop, early=True)
        while ending is Ending.UNDER_WAY and not stop.wait(_LOOK_EVERY_SECONDS):
            ending = dispatch(way, edition_id, stop=stop)
    return Ending.INTERRUPTED if ending is Ending.UNDER_WAY else ending


@contextlib.contextmanager
def _shown(mailer: Mailer, edition_id: int, stop: threading.Event) -> Iterator[None]:
    """Show how far the edition is, whichever worker sends it; and that Ctrl-C was heard, when it takes its time."""

    def left() -> int:
        with mailer.database.reading() as database:
            return ledger.waiting(database, edition_id)

    total, over = left(), threading.Event()

    def look(done: Callable[[int], None]) -> None:
        told = False
        while not over.wait(_LOOK_EVERY_SECONDS):
            if stop.is_set() and not told:
                told = True
                output.errors.print(
                    "Finishing the mail at hand; Ctrl-C again ends at once and leaves it uncertain."
                )
            with contextlib.suppress(DatabaseError):  # the sending itself says so, and decides what follows
                done(total - left())

    with progress.watched("Sending", "mails", total) as done:
        looking = threading.Thread(target=look, args=(done,), name="progress", daemon=True)
        looking.start()
        try:
            yield
        finally:
            over.set()
            looking.join()


def _show_audience(mailer: Mailer, name: str, options: Options) -> tuple[int, str]:
    """Say who gets it, and who is left out; gives their number, and the fingerprint of the mail."""
    with mailer.database.reading() as database:
        edition = reading.edition(database, name)
        checked = approving.approve(edition, mailer.links, forced=options.forced)
        newsletter = edition.newsletter
        count = audience.audience_count(database, newsletter.id)
        left_out = audience.left_out(database, newsletter.id)
    output.say(
        f"{edition.subject!r} goes to {count:,} people who get {newsletter.name}, "
        f"from {newsletter.from_name} <{newsletter.from_address}>, through {mailer.backend().relay}."
    )
    if left_out:
        output.say(f"Left out: {len(left_out):,}")
        rows = [[person.address or "(erased)", person.reason] for person in left_out[:_LISTED]]
        output.print_table(["Address", "Why"], rows)
        if len(left_out) > _LISTED:
            output.say(f"... and {len(left_out) - _LISTED:,} more.")
    if options.forced:
        output.trouble(f"Overridden by name: {', '.join(options.forced)}")
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


def _begin(mailer: Mailer, name: str, approval: planning.Approval) -> None:
    # A server that is away or a wrong password is better found before anything is fixed than after.
    mailer.backend().check()
    with mailer.database.transaction() as database:
        edition = reading.edition(database, name)
        checked = approving.approve(edition, mailer.links, forced=approval.forced)
        planning.freeze(database, edition, checked, mailer.links, approval)


def _close(mailer: Mailer, name: str, ending: Ending) -> None:
    found = _report(mailer, name)
    if ending is Ending.INTERRUPTED:
        output.trouble(f"Interrupted; nobody is lost. Go on: pulse-mailer edition send {name}")
    elif ending is Ending.WAITING:
        output.trouble(f"Some wait for their server. Try them again: pulse-mailer edition send {name}")
    output.say("Did somebody get it? pulse-mailer delivery find ADDRESS")
    troubled = found.by_state[DeliveryStatus.FAILED] + found.by_state[DeliveryStatus.UNCERTAIN]
    if ending is not Ending.FINISHED or troubled:
        raise typer.Exit(3)


def _report(mailer: Mailer, name: str) -> reports.Report:
    with mailer.database.reading() as database:
        found = reports.report(database, reading.edition(database, name))
    print_report(found, json=False)
    return found
