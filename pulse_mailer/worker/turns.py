"""
What one worker process holds while others give it work: its Mailer, and the turns that end when it is asked to go.

A turn is short, so that editions take turns where workers are few, and so that a broker which waits for the end of
a task (RabbitMQ: 30 minutes) never thinks it lost.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from pulse_mailer.bootstrap import Mailer, started
from pulse_mailer.errors import DatabaseError
from pulse_mailer.settings import load
from pulse_mailer.worker import alive

TURN_SECONDS = 30.0


class Turns:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = contextlib.ExitStack()
        self._mailer: Mailer | None = None
        self._stops: set[threading.Event] = set()
        self._leaving = False
        self._ends_after = False
        self._pulse = alive.Pulse()

    def mailer(self) -> Mailer:
        """
        The program, made when this process first needs it: its connections must not come from before a fork.

        Raises:
            PulseMailerError: it cannot work as things are; the next call tries again.
        """
        with self._lock:
            if self._mailer is None:
                self._mailer = self._open.enter_context(started(load()))
            return self._mailer

    @contextlib.contextmanager
    def turn(self, seconds: float = TURN_SECONDS) -> Iterator[threading.Event]:
        """Give the event that asks for the end of this turn: its time is over, or the process was asked to go."""
        stop = threading.Event()
        self._stops.add(stop)
        if self._leaving:
            stop.set()
        over = threading.Timer(seconds, stop.set)
        over.daemon = True
        over.start()
        try:
            yield stop
        finally:
            over.cancel()
            self._stops.discard(stop)
            if self._mailer:
                with contextlib.suppress(DatabaseError):  # the turn itself met it, and says so
                    self._pulse.beat(self._mailer)
            self._end_if_asked()

    def leave(self) -> threading.Thread:
        """
        End every turn soon: what is on the wire is finished and recorded.

        In a thread of its own, which it gives, since a signal may have interrupted one that holds the very lock that
        an event takes to be set.
        """
        self._leaving = True
        thread = threading.Thread(target=self._stop_all, name="leaving", daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        with self._lock:
            if self._mailer is not None:
                self._pulse.end(self._mailer)
            self._mailer = None
            self._open.close()

    def obey_signals(self) -> None:
        """
        SIGUSR2 asks for the end of all turns; SIGTERM likewise, and then ends the process.

        So a process does not die in the middle of a mail, though the signal came to the whole group of processes.
        """
        signal.signal(signal.SIGUSR2, self._asked)
        signal.signal(signal.SIGTERM, self._asked)

    def _asked(self, number: int, _frame: FrameType | None) -> None:
        self._ends_after = self._ends_after or number == signal.SIGTERM
        self.leave()
        self._end_if_asked()

    def _stop_all(self) -> None:
        for stop in list(self._stops):
            stop.set()

    def _end_if_asked(self) -> None:
        if self._ends_after and not self._stops:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTERM)
