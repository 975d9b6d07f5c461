"""One session with a provider: mails in batches, doubt kept small, and what concerns everybody said once."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pulse_mailer.backends._dialect import Dialect
from pulse_mailer.backends._http import Answer, Line, Silence
from pulse_mailer.backends._meanings import BUSY, UNCERTAIN, Meaning, Then, Told, wait_seconds
from pulse_mailer.backends.base import MayFinish, Settled, settled_unseen
from pulse_mailer.backends.replies import plain
from pulse_mailer.domain.delivery import Fault, Outcome, Stage
from pulse_mailer.domain.message import Message, Receipt
from pulse_mailer.errors import (
    BackendError,
    CannotCarry,
    ConnectionFailed,
    PulseMailerError,
    RouteRefused,
    SignInRefused,
    Throttled,
)
from pulse_mailer.settings import variable

FAILURES_IN_A_ROW = 3
LONGEST_REPLAY_WAIT_SECONDS = 30.0
GIVEN_UP = "Given up before it was handed over: somebody else may be at work on this delivery."


class HttpSession:
    """See `backends.base.Session`."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._line = Line(dialect.patience)
        self._failures = 0  # in a row

    def open(self) -> str:
        """Say hello; what came of it, for people. Raises as `Backend.session()`."""
        dialect = self._dialect
        place = f"{dialect.title} at {dialect.relay}"
        dialect.prepare()
        answer = self._line.ask(dialect.hello())
        if isinstance(answer, Silence):
            what = f"{place} cannot be reached: {answer.words}"
            raise ConnectionFailed(what, remedy="Check the network, the firewall and the endpoint.")
        if answer.status >= 500:
            raise ConnectionFailed(f"{place} answers with {answer.status}.", remedy="Try again later.")
        if 300 <= answer.status <= 399:
            raise _refused(f"{place} sends us elsewhere ({answer.status}); Pulse Mailer does not follow.")
        known = dialect.knows_us(answer)
        if known is False:
            told = dialect.read(answer, 1)
            raise self._sign_in_refused(dialect.clean(told[0].words) if told else str(answer.status))
        said = "takes our key" if known else "is there, and does not say whether it takes our key"
        return f"{dialect.title} {said}"

    def close(self) -> None:
        self._line.close()

    def exchange(
        self, messages: Iterable[Message], *, may_finish: MayFinish | None = None
    ) -> Iterator[Receipt]:
        pulled = _Pulled(iter(messages))
        # After trouble one mail goes alone until there is an answer: no second batch is risked.
        while batch := pulled.pull(1 if self._failures else self._dialect.window):
            error: PulseMailerError | None = None
            for settled in self._settle(batch, may_finish or _always):
                yield settled.receipt
                error = error or settled.error
            if error is not None:
                raise error
        if pulled.trouble is not None:
            raise pulled.trouble

    def _settle(self, batch: list[Message], may_finish: MayFinish) -> list[Settled]:
        """What came of each message of a batch, in order."""
        if self._failures:
            try:
                self.open()  # before another mail is risked
            except BackendError as error:
                return [self._withheld(message, error) for message in batch]
        found: dict[int, Settled] = {}
        loads = [_Load()]
        for place, message in enumerate(batch):
            if (settled := settled_unseen(message, self._dialect.relay)) is not None:
                found[place] = settled
                continue
            try:
                parcel = self._dialect.parcel(message)
            except CannotCarry as refused:
                found[place] = self._withheld(message, refused)
                continue
            if loads[-1].size_bytes + message.size_bytes > self._dialect.request_bytes:
                loads.append(_Load())
            loads[-1].add(place, message, parcel)
        trouble = ""
        for load in filter(None, loads):
            if trouble:
                found.update(
                    (place, self._unsent(message, trouble, Fault.ROUTE)) for place, message, _ in load.items
                )
                continue
            found.update(self._hand_over(load, may_finish))
            trouble = next(
                (found[place].receipt.reply for place, _, _ in load.items if _stops(found[place])), ""
            )
        return [found[place] for place in range(len(batch))]

    def _hand_over(self, load: "_Load", may_finish: MayFinish) -> dict[int, Settled]:
        """What came of each mail of one request, by its place."""
        try:
            self._dialect.prepare()
            going = _Load([item for item in load.items if may_finish(item[1])])
            reply = self._ask(going, may_finish) if going else _Reply([])
        except BackendError as error:
            return {place: self._withheld(message, error) for place, message, _ in load.items}
        concerning_all = self._concerning_all(reply)
        found = {place: self._unsent(message, GIVEN_UP, None) for place, message, _ in load.items}
        for (place, message, _), told in zip(going.items, reply.told, strict=True):
            found[place] = Settled(self._receipt(message, told, reply), concerning_all)
        return found

    def _ask(self, load: "_Load", may_finish: MayFinish) -> "_Reply":
        """
        Make the request, and where the provider knows a repetition by its key, repeat it until it is answered.

        Raises:
            BackendError: our access ran out, and could not be renewed; nothing was handed over.
        """
        parcels = [parcel for _, _, parcel in load.items]
        request = self._dialect.request(parcels)
        reply = self._reply(self._line.ask(request), len(parcels))
        if reply.answer is not None and self._dialect.renewed(reply.answer):
            if not load.may_finish(may_finish):
                return _Reply([Told(Meaning(Outcome.RETURNED), GIVEN_UP)] * len(parcels), stage=Stage.MARKED)
            request = self._dialect.request(parcels)
            reply = self._reply(self._line.ask(request), len(parcels))
        again = reply
        for seconds in self._dialect.replays if reply.doubtful else ():
            asked = wait_seconds(again.answer.headers) if again.answer else None
            time.sleep(min(max(seconds, asked or 0), LONGEST_REPLAY_WAIT_SECONDS))
            if not load.may_finish(may_finish):
                break
            again = self._reply(self._line.ask(request), len(parcels))
            if again.settles:
                return again
        return reply

    def _reply(self, answer: Answer | Silence, count: int) -> "_Reply":
        if isinstance(answer, Silence):
            return _Reply(
                [Told(BUSY if answer.certain else UNCERTAIN, answer.words)] * count, stage=answer.stage
            )
        told = self._dialect.read(answer, count)
        if len(told) != count:
            words = f"The answer ({answer.status}) has {len(told)} results for {count} mails."
            told = [Told(UNCERTAIN, words)] * count
        return _Reply(told, answer)

    def _receipt(self, message: Message, told: Told, reply: "_Reply") -> Receipt:
        return Receipt(
            message,
            told.meaning.outcome,
            reply.stage or told.meaning.stage,
            self._dialect.relay,
            code=reply.answer.status if reply.answer else None,
            reply=self._dialect.clean(told.words),
            fault=told.meaning.fault,
            provider_id=self._dialect.clean(told.provider_id),
        )

    def _unsent(self, message: Message, words: str, fault: Fault | None) -> Settled:
        relay = self._dialect.relay
        return Settled(Receipt(message, Outcome.RETURNED, Stage.MARKED, relay, reply=words, fault=fault))

    def _withheld(self, message: Message, error: BackendError) -> Settled:
        relay, fault = self._dialect.relay, Fault.ROUTE if error.again else Fault.CONFIGURATION
        receipt = Receipt(
            message, Outcome.RETURNED, Stage.MARKED, relay, reply=plain(error.what), fault=fault
        )
        return Settled(receipt, error)

    def _concerning_all(self, reply: "_Reply") -> BackendError | None:
        """What must be said to the caller besides the receipts; counts the failures."""
        if not reply.told:
            return None
        told = next((told for told in reply.told if told.meaning.then is not Then.GO_ON), None)
        if told is None or told.meaning.then is not Then.LINE_FAILED:
            self._failures = 0
        if told is None:
            return None
        words = self._dialect.clean(told.words)
        place = f"{self._dialect.title} at {self._dialect.relay}"
        match told.meaning.then:
            case Then.THROTTLED:
                seconds = wait_seconds(reply.answer.headers) if reply.answer else None
                return Throttled(f"{place} wants less from us: “{words}”.", retry_after_seconds=seconds)
            case Then.SIGN_IN_REFUSED:
                return self._sign_in_refused(words)
            case Then.REFUSED:
                return _refused(f"{place} takes nothing from us: “{words}”.")
            case _:
                self._failures += 1
                if self._failures < FAILURES_IN_A_ROW:
                    return None
                what = f"{self._failures} requests to {place} in a row failed. The last: {words.rstrip('.')}."
                return ConnectionFailed(
                    what, remedy="Look whether the provider has trouble; try again later."
                )

    def _sign_in_refused(self, words: str) -> SignInRefused:
        what = f"{self._dialect.title} at {self._dialect.relay} does not take our key: “{words}”."
        return SignInRefused(
            what, remedy=f"Check {variable(self._dialect.key_setting)}, and what the key may do."
        )


@dataclass(slots=True)
class _Pulled:
    """Messages in order. An error of theirs is kept until those before it are settled."""

    messages: Iterator[Message]
    trouble: Exception | None = None

    def pull(self, count: int) -> list[Message]:
        batch: list[Message] = []
        try:
            while self.trouble is None and len(batch) < count:
                batch.append(next(self.messages))
        except StopIteration:
            pass
        except Exception as error:  # noqa: BLE001 - exchange() raises it once what was pulled has its receipts
            self.trouble = error
        return batch


@dataclass(slots=True)
class _Load:
    """The mails of one request, each with its place in the batch."""

    items: list[tuple[int, Message, Any]] = field(default_factory=list)
    size_bytes: int = 0

    def add(self, place: int, message: Message, parcel: Any) -> None:
        self.items.append((place, message, parcel))
        self.size_bytes += message.size_bytes

    def __bool__(self) -> bool:
        return bool(self.items)

    def may_finish(self, asked: MayFinish) -> bool:
        return all(asked(message) for _, message, _ in self.items)


@dataclass(frozen=True, slots=True)
class _Reply:
    """
    What came of one request.

    Attributes:
        told: for each of its mails.
        stage: how far it came, when there is no answer.
    """

    told: list[Told]
    answer: Answer | None = None
    stage: Stage | None = None

    @property
    def doubtful(self) -> bool:
        return any(told.meaning.outcome is Outcome.UNCERTAIN for told in self.told)

    @property
    def settles(self) -> bool:
        """Whether a repetition says what became of the request before it."""
        return all(told.meaning.then is Then.GO_ON for told in self.told)


def _always(_message: Message) -> bool:
    return True


def _stops(settled: Settled) -> bool:
    """Whether the rest of the batch must not be tried."""
    receipt = settled.receipt
    return settled.error is not None or receipt.fault is Fault.ROUTE or receipt.outcome is Outcome.UNCERTAIN


def _refused(what: str) -> RouteRefused:
    error = RouteRefused(
        what, remedy="Correct it with the provider or in the settings; waiting does not help."
    )
    error.again = False
    return error
