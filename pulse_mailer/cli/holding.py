"""The time between a person's yes and the first mail, as a terminal shows it; Ctrl-C takes the edition back."""

import contextlib
import datetime
from collections.abc import Callable, Iterator

import typer

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.cli import output
from pulse_mailer.cli.stopping import stopping
from pulse_mailer.clock import now
from pulse_mailer.delivery import scheduling
from pulse_mailer.delivery.saying import lasting
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.editions import reading
from pulse_mailer.errors import SendingBlocked, WrongState

_LOOK_EVERY_SECONDS = 1.0


def hold(mailer: Mailer, edition: Edition, starts_at: datetime.datetime) -> None:
    """
    Wait until an edition's time has come, and begin it, unless a worker does.

    Raises:
        typer.Exit: 130 when Ctrl-C took it back.
        WrongState: somebody took it back or changed it meanwhile, or it began just before Ctrl-C.
        SendingBlocked: its audience is no longer what was agreed to; it is a draft again.
    """
    with stopping() as stop, _counted_down(edition, starts_at) as show:
        while not stop.is_set() and now() < starts_at and _is_scheduled(mailer, edition):
            show()
            stop.wait(min(_LOOK_EVERY_SECONDS, max((starts_at - now()).total_seconds(), 0.01)))
    if stop.is_set():
        with mailer.database.transaction() as database:
            again = reading.edition(database, edition.name)
            scheduling.take_back(database, again, by=output.actor(), why="Ctrl-C during the hold")
        output.good(f"{edition.key} was taken back: nothing was sent, and it is a draft again.")
        raise typer.Exit(130)
    _begin(mailer, edition)


def _begin(mailer: Mailer, edition: Edition) -> None:
    with mailer.database.transaction() as database:
        begun = scheduling.begin(database, edition.id, mailer.links)
    if begun is not None and not begun.count:
        raise SendingBlocked(
            begun.words,
            remedy=f"Look at who gets it, and agree anew: pulse-mailer edition send {edition.name}",
        )
    if begun is not None and begun.words:
        output.trouble(begun.words)
    if begun is None and _is_scheduled(mailer, edition):
        raise WrongState(
            f"{edition.key} was scheduled anew meanwhile, for another time.",
            remedy=f"See when: pulse-mailer edition report {edition.name}",
        )


def _is_scheduled(mailer: Mailer, edition: Edition) -> bool:
    """
    False when a worker began it.

    Raises:
        WrongState: it is neither; somebody else decided so.
    """
    with mailer.database.reading() as database:
        status = database.get_one(Edition, edition.id).status
    if status not in (EditionStatus.SCHEDULED, EditionStatus.SENDING):
        raise WrongState(
            f"{edition.key} is {status.words} now: somebody else changed it or took it back.",
            remedy=f"See how it stands: pulse-mailer edition report {edition.name}",
        )
    return status is EditionStatus.SCHEDULED


@contextlib.contextmanager
def _counted_down(edition: Edition, starts_at: datetime.datetime) -> Iterator[Callable[[], None]]:
    """A clock that runs backwards at a terminal; elsewhere one line."""
    left = starts_at - now()
    if left <= datetime.timedelta(0):
        yield lambda: None
        return
    output.errors.print(
        f"Held for {lasting(left)}. Ctrl-C takes it back; so does: pulse-mailer edition take-back {edition.name}"
    )
    if not output.errors.is_terminal:
        yield lambda: None
        return
    with output.errors.status("") as status:

        def show() -> None:
            seconds = max(round((starts_at - now()).total_seconds()), 0)
            status.update(f"Begins in {seconds // 60}:{seconds % 60:02d}. Ctrl-C takes it back.")

        yield show
