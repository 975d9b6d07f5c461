"""List mail goes only where its one-click unsubscribe goes with it (RFC 8058)."""

import contextlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, cast

from pulse_mailer.backends.base import Backend, MayFinish, Session
from pulse_mailer.domain.delivery import Fault, Outcome, Stage
from pulse_mailer.domain.message import Message, Receipt
from pulse_mailer.errors import CannotCarry, PulseMailerError

_LIST_MAIL = re.compile(rb"^List-Unsubscribe:", re.IGNORECASE | re.MULTILINE)


def guarded(backend: Backend) -> Backend:
    """
    The backend itself where its `carries_one_click` is true, else one that refuses list mail in its place.

    A backend that says nothing about it is one that cannot: many providers drop List-Unsubscribe silently.
    """
    if getattr(backend, "carries_one_click", False):
        return backend
    return cast("Backend", OneClickGuard(backend))  # all but `configured`, which makes the one behind it


def is_list_mail(message: Message) -> bool:
    return _LIST_MAIL.search(message.data.partition(b"\r\n\r\n")[0]) is not None


@dataclass(frozen=True, slots=True)
class OneClickGuard:
    """Stands before a backend that cannot carry one-click unsubscribe; mail that is no list mail passes."""

    carries_one_click: ClassVar[bool] = False

    behind: Backend

    @property
    def name(self) -> str:
        return self.behind.name

    @property
    def window(self) -> int:
        return self.behind.window

    @property
    def relay(self) -> str:
        return self.behind.relay

    def check(self) -> str:
        return self.behind.check()

    @contextlib.contextmanager
    def session(self) -> Iterator["_GuardedSession"]:
        with self.behind.session() as session:
            yield _GuardedSession(session, self.behind)


@dataclass(frozen=True, slots=True)
class _GuardedSession:
    session: Session
    backend: Backend

    def exchange(
        self, messages: Iterable[Message], *, may_finish: MayFinish | None = None
    ) -> Iterator[Receipt]:
        stopped: list[Message] = []
        error: PulseMailerError | None = None
        try:
            yield from self.session.exchange(_until_list_mail(messages, stopped), may_finish=may_finish)
        except PulseMailerError as raised:
            error = raised
        what = f"The backend {self.backend.name} cannot carry one-click unsubscribe, so it gets no list mail."
        for message in stopped:
            yield Receipt(
                message,
                Outcome.RETURNED,
                Stage.MARKED,
                self.backend.relay,
                reply=what,
                fault=Fault.CONFIGURATION,
            )
            error = error or CannotCarry(what, remedy="Choose another backend for newsletters, such as smtp.")
        if error is not None:
            raise error


def _until_list_mail(messages: Iterable[Message], stopped: list[Message]) -> Iterator[Message]:
    for message in messages:
        if is_list_mail(message):
            stopped.append(message)
            return
        yield message
