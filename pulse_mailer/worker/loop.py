"""The worker in one process: looks for something to do, does it, until it is asked to stop."""

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.domain.delivery import Outcome
from pulse_mailer.domain.message import Receipt
from pulse_mailer.errors import PulseMailerError
from pulse_mailer.worker import alive, steps

#: What met trouble (an edition, the database) is left alone for so long.
REST_SECONDS = 30.0
#: Asked to stop, it may take so long without a word.
QUICK_SECONDS = 2.0
_LOOKING = "Looking for something to send"

log = logging.getLogger(__name__)

Say = Callable[[str], None]


def run(mailer: Mailer, stop: threading.Event, say: Say) -> None:
    """
    Work until `stop` is set, or a part of it ended by itself; a message under way is finished first.

    What is quickly done (beginning what is due, telling staff) has a thread of its own, since a sending may take
    hours.

    Args:
        say: told, in a sentence, of what was done and what goes wrong; the same trouble is told once.
    """
    ended = threading.Event()
    beside = threading.Thread(target=_run_short, args=(mailer, stop, ended, say), name="steps", daemon=True)
    beside.start()
    try:
        _run_sending(mailer, stop, ended, say)
    finally:
        ended.set()
        beside.join(QUICK_SECONDS)


def _run_sending(mailer: Mailer, stop: threading.Event, ended: threading.Event, say: Say) -> None:
    troubles = Troubles(say)
    while not (stop.is_set() or ended.is_set()):
        with troubles.of(_LOOKING):
            for edition_id, name in steps.editions_to_send(mailer):
                if stop.is_set() or troubles.rests(name):
                    continue
                with troubles.of(name), counted(name, say) as watch:
                    steps.send(mailer, edition_id, stop=stop, watch=watch)
        stop.wait(REST_SECONDS if troubles.rests(_LOOKING) else mailer.settings.worker_poll_seconds)


def _run_short(mailer: Mailer, stop: threading.Event, ended: threading.Event, say: Say) -> None:
    troubles = Troubles(say)
    looking = Troubles(lambda _words: None)  # the sending looks into the same database, and says so
    pulse = alive.Pulse()
    try:
        while not (stop.is_set() or ended.is_set()):
            with looking.of(_LOOKING):
                for step in steps.SHORT.values():
                    for one, name in step.find(mailer):
                        if not (stop.is_set() or troubles.rests(name)):
                            with troubles.of(name):
                                _do(step, mailer, one, name, say)
                pulse.beat(mailer)
            ended.wait(REST_SECONDS if looking.rests(_LOOKING) else mailer.settings.worker_poll_seconds)
    finally:
        pulse.end(mailer)
        ended.set()


def _do(step: steps.Step, mailer: Mailer, one: int, name: str, say: Say) -> None:
    said = step.do(mailer, one)
    if said:
        say(f"{name}: {said}")


@contextlib.contextmanager
def in_background(mailer: Mailer, say: Say) -> Iterator[None]:
    """
    Run the worker in a thread of this process until the block ends.

    A worker that ends before it was asked to takes the process with it (SIGTERM): better a program that is seen to
    have stopped than one that serves pages and sends nothing.
    """
    stop, ended_early = threading.Event(), threading.Event()

    def work() -> None:
        try:
            run(mailer, stop, say)
        finally:
            if not stop.is_set():
                ended_early.set()
                os.kill(os.getpid(), signal.SIGTERM)

    # A daemon, so that who is tired of waiting for a mail server that says nothing can end the program.
    thread = threading.Thread(target=work, name="worker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(QUICK_SECONDS)
        if thread.is_alive():
            say("Waiting for the mail server's answer to the mail at hand (Ctrl-C leaves it uncertain).")
            thread.join()
    if ended_early.is_set():
        raise PulseMailerError(
            "The worker ended by itself, so everything was stopped.", remedy="Start it again."
        )


class Troubles:
    """What goes wrong, by what it goes wrong with: told once, and then that is left alone for a while."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._told: dict[str, str] = {}
        self._resting_until: dict[str, float] = {}

    def rests(self, about: str) -> bool:
        return time.monotonic() < self._resting_until.get(about, 0.0)

    @contextlib.contextmanager
    def of(self, about: str) -> Iterator[None]:
        """Go on after the block, whatever goes wrong in it."""
        try:
            yield
        except PulseMailerError as error:
            self._tell(about, str(error))
        except Exception as error:  # one edition's fault must not keep the others from their readers
            log.exception("A fault of the program")
            self._tell(about, f"A fault of the program, described in its log ({type(error).__name__}).")
        else:
            self._told.pop(about, None)

    def _tell(self, about: str, what: str) -> None:
        self._resting_until[about] = time.monotonic() + REST_SECONDS
        if self._told.get(about) != what:
            self._told[about] = what
            self._say(f"{about}: {what} Trying again every {REST_SECONDS:.0f} s.")


@contextlib.contextmanager
def counted(name: str, say: Say) -> Iterator[Callable[[Receipt], None]]:
    """Count what the server took, and say how much it was, trouble or not."""
    count = 0

    def watch(receipt: Receipt) -> None:
        nonlocal count
        count += receipt.outcome is Outcome.SENT

    try:
        yield watch
    finally:
        if count:
            say(f"{name}: {count:,} handed over.")
