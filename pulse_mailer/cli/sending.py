"""`pulse-mailer edition send`: shown, confirmed, frozen, handed over, reported."""

import contextlib
import threading
from collections.abc import Iterator

import typer

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.cli import foretelling, output, progress
from pulse_mailer.cli.agreeing import Options, agree
from pulse_mailer.cli.holding import hold
from pulse_mailer.cli.stopping import stopping
from pulse_mailer.cli.trees import print_report
from pulse_mailer.clock import now
from pulse_mailer.delivery import (
    ledger,
    reporting,
    wallclock,
)
from pulse_mailer.delivery.dispatch import Ending, dispatch
from pulse_mailer.domain.delivery import DeliveryStatus
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.editions import reading
from pulse_mailer.errors import BackendError, DatabaseError, WrongState
from pulse_mailer.worker import steps

_LOOK_EVERY_SECONDS = 1.0


def send(mailer: Mailer, name: str, options: Options) -> None:
    """
    Raises:
        Refused: preflight, the count or the edition's state does not allow it; nothing was begun.
        UsageError: it cannot begin at such a time.
        BackendError: the mail server does not take our mail; what waits, waits.
        typer.Exit: 3 when not everybody got it, 130 when Ctrl-C took it back.
    """
    with mailer.database.reading() as database:
        edition = reading.edition(database, name)
    match edition.status:
        case EditionStatus.DRAFT | EditionStatus.APPROVED:
            goes_on = agree(mailer, edition, options)
        case EditionStatus.SCHEDULED:
            goes_on = _go_on_holding(mailer, edition, options)
        case EditionStatus.SENDING:
            output.say(f"{edition.key} is being sent already; it goes on.")
            goes_on = not options.no_wait
        case _:
            raise _not_to_be_sent(edition)
    if goes_on and not options.dry_run:
        _send(mailer, edition)
    elif edition.status is EditionStatus.SENDING:
        _report(mailer, edition)


def _send(mailer: Mailer, edition: Edition) -> None:
    try:
        ending = hand_over(mailer, edition.id)
    except BackendError:
        _tell_staff(mailer)
        _report(mailer, edition)
        raise
    _tell_staff(mailer)
    _close(mailer, edition, ending)


def hand_over(mailer: Mailer, edition_id: int) -> Ending:
    """Send what waits, and wait for what other workers have in hand; Ctrl-C ends it after the messages at hand."""
    way = steps.way_of(mailer, edition_id)
    with stopping() as stop, _shown(mailer, edition_id, stop):
        ending = dispatch(way, edition_id, stop=stop, early=True)
        while ending is Ending.UNDER_WAY and not stop.wait(_LOOK_EVERY_SECONDS):
            ending = dispatch(way, edition_id, stop=stop)
    return Ending.INTERRUPTED if ending is Ending.UNDER_WAY else ending


def _go_on_holding(mailer: Mailer, edition: Edition, options: Options) -> bool:
    """Begin an edition that is held, or whose time came while no worker ran; whether to hand it over now."""
    assert edition.starts_at is not None
    at = wallclock.said(edition.starts_at, edition.starts_zone or edition.newsletter.timezone)
    if options.dry_run or options.no_wait:
        output.say(f"{edition.key} is scheduled, and begins by itself on {at}.")
        return False
    if edition.starts_zone and edition.starts_at > now():
        raise WrongState(
            f"{edition.key} is scheduled, and begins by itself on {at}.",
            remedy=f"To send it now, first take it back: pulse-mailer edition take-back {edition.name}",
        )
    hold(mailer, edition, edition.starts_at)
    return True


def _not_to_be_sent(edition: Edition) -> WrongState:
    if edition.status is EditionStatus.PAUSED:
        return WrongState(
            f"{edition.key} is paused: {edition.halt_reason or 'no reason was given.'}",
            remedy=f"Let it go on: pulse-mailer edition resume {edition.name}",
        )
    return WrongState(
        f"{edition.key} is {edition.status.words}; it is not sent again.",
        remedy=f"See what came of it: pulse-mailer edition report {edition.name}",
    )


@contextlib.contextmanager
def _shown(mailer: Mailer, edition_id: int, stop: threading.Event) -> Iterator[None]:
    """Show how far the edition is, whichever worker sends it; and that Ctrl-C was heard, when it takes its time."""

    def left() -> int:
        with mailer.database.reading() as database:
            return ledger.waiting(database, edition_id)

    total, over = left(), threading.Event()

    def look(done: progress.Told) -> None:
        told, ends = False, foretelling.Ends(mailer, edition_id)
        while not over.wait(_LOOK_EVERY_SECONDS):
            if stop.is_set() and not told:
                told = True
                output.errors.print(
                    "Finishing the mail at hand; Ctrl-C again ends at once and leaves it uncertain."
                )
            with contextlib.suppress(DatabaseError):  # the sending itself says so, and decides what follows
                done(total - left(), ends.words())

    with progress.watched("Sending", "mails", total) as done:
        looking = threading.Thread(target=look, args=(done,), name="progress", daemon=True)
        looking.start()
        try:
            yield
        finally:
            over.set()
            looking.join()


def _tell_staff(mailer: Mailer) -> None:
    """Mail what the staff concerned are to be told now, as a worker would; what is not taken waits for one."""
    for notice_id, _subject in steps.notices_to_tell(mailer):
        if said := steps.tell(mailer, notice_id):
            output.trouble(said)


def _close(mailer: Mailer, edition: Edition, ending: Ending) -> None:
    found = _report(mailer, edition)
    if ending is Ending.STILL:
        output.trouble("All sending is paused; nothing more was handed over. Who did it, and why:")
        output.say("    pulse-mailer worker list")
    elif ending is Ending.INTERRUPTED:
        output.trouble(f"Interrupted; nobody is lost. Go on: pulse-mailer edition send {edition.name}")
    elif ending is Ending.WAITING and found.by_state[DeliveryStatus.QUEUED]:
        output.trouble(f"The limits hold the rest back. {_forecast(mailer, edition)}".rstrip())
        output.say(f"A running worker goes on then; or run: pulse-mailer edition send {edition.name}")
    elif ending is Ending.WAITING:
        output.trouble(
            f"Some wait for their server. Try them again: pulse-mailer edition send {edition.name}"
        )
    output.say("Did somebody get it? pulse-mailer delivery find ADDRESS")
    troubled = found.by_state[DeliveryStatus.FAILED] + found.by_state[DeliveryStatus.UNCERTAIN]
    if ending is not Ending.FINISHED or troubled:
        raise typer.Exit(3)


def _forecast(mailer: Mailer, edition: Edition) -> str:
    with mailer.database.reading() as database:
        found = foretelling.rest(mailer, database, edition)
    return found.sentence if found else ""


def _report(mailer: Mailer, edition: Edition) -> reporting.Report:
    with mailer.database.reading() as database:
        found = reporting.report(database, reading.edition(database, edition.name))
    print_report(found, json=False)
    return found
