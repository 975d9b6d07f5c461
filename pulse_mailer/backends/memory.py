"""A way out that leads nowhere: it keeps what it is given and answers as it is told, for tests."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Self

from pulse_mailer.backends.base import MayFinish, Settled, settled_unseen
from pulse_mailer.domain.delivery import Fault, Outcome, Stage
from pulse_mailer.domain.message import Message, Receipt
from pulse_mailer.errors import BackendError
from pulse_mailer.settings import Settings


@dataclass(frozen=True, slots=True)
class Answer:
    """
    Attributes:
        kept: whether the other side has the mail, whatever it says; by default, when it says so.
        raises: raised after the Receipt, as a session raises what concerns every recipient.
        dies: called instead of answering, once the stage is reached; raise from it, or kill the process.
    """

    outcome: Outcome = Outcome.SENT
    stage: Stage = Stage.DOT
    code: int | None = 250
    enhanced_code: str = "2.0.0"
    reply: str = "Kept in memory"
    fault: Fault | None = None
    kept: bool | None = None
    raises: BackendError | None = None
    dies: Callable[[], None] | None = None

    @property
    def keeps(self) -> bool:
        return self.outcome is Outcome.SENT if self.kept is None else self.kept


@dataclass(slots=True)
class MemoryBackend:
    """
    Attributes:
        answers: what it says to a recipient; to all others it says yes.
        refuses: raised by `session()` and `check()`, as if the server were away.
        kept: what it took, in order; `sessions`: how often it was connected to.
        name: as which it stands in the registry of ways out.
        carries_one_click: see `backends.base.Backend`.
    """

    answers: dict[str, Answer] = field(default_factory=dict)
    refuses: BackendError | None = None
    kept: list[Message] = field(default_factory=list)
    sessions: int = 0
    name: str = "memory"
    carries_one_click: bool = True

    @classmethod
    def configured(cls, _settings: Settings) -> Self:
        return cls()

    @property
    def window(self) -> int:
        return 1

    @property
    def relay(self) -> str:
        return "memory:0"

    @contextlib.contextmanager
    def session(self) -> Iterator["MemorySession"]:
        self.check()
        self.sessions += 1
        yield MemorySession(self)

    def check(self) -> str:
        if self.refuses is not None:
            raise self.refuses
        return "memory at your service"


class MemorySession:
    def __init__(self, backend: MemoryBackend) -> None:
        self._backend = backend

    def exchange(
        self, messages: Iterable[Message], *, may_finish: MayFinish | None = None
    ) -> Iterator[Receipt]:
        for message in messages:
            settled = settled_unseen(message, self._backend.relay) or self._answer(message, may_finish)
            yield settled.receipt
            if settled.error is not None:
                raise settled.error

    def _answer(self, message: Message, may_finish: MayFinish | None) -> Settled:
        relay = self._backend.relay
        answer = self._backend.answers.get(message.recipient, Answer())
        if answer.keeps:
            if may_finish is not None and not may_finish(message):
                return Settled(Receipt(message, Outcome.RETURNED, Stage.BODY, relay, reply="Given up."))
            self._backend.kept.append(message)
        if answer.dies is not None:
            answer.dies()
        receipt = Receipt(
            message,
            answer.outcome,
            answer.stage,
            relay,
            answer.code,
            answer.enhanced_code,
            answer.reply,
            answer.fault,
        )
        return Settled(receipt, answer.raises)
