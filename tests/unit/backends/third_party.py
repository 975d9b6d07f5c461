"""Backends as somebody else might write them: one that carries no one-click unsubscribe, and one that does."""

import contextlib
from collections.abc import Iterable, Iterator
from typing import Self

from pulse_mailer.backends.base import MayFinish
from pulse_mailer.domain.delivery import Outcome, Stage
from pulse_mailer.domain.message import Message, Receipt
from pulse_mailer.errors import ConnectionFailed
from pulse_mailer.settings import Settings


class PigeonBackend:
    """Says nothing of one-click unsubscribe; `flown`: the mails that went; `tires_after`: then the line breaks."""

    name = "pigeon"
    relay = "loft:0"
    window = 1
    tires_after = 1000

    def __init__(self) -> None:
        self.flown: list[Message] = []

    @classmethod
    def configured(cls, _settings: Settings) -> Self:
        return cls()

    @contextlib.contextmanager
    def session(self) -> Iterator["PigeonBackend"]:
        yield self

    def check(self) -> str:
        return "coo"

    def exchange(
        self, messages: Iterable[Message], *, may_finish: MayFinish | None = None
    ) -> Iterator[Receipt]:
        for message in messages:
            if may_finish is None or may_finish(message):
                self.flown.append(message)
            yield Receipt(message, Outcome.SENT, Stage.DOT, self.relay)
            if len(self.flown) >= self.tires_after:
                raise ConnectionFailed("The pigeon is tired.")


class OwlBackend(PigeonBackend):
    name = "owl"
    carries_one_click = True
