"""What the backends share that hand nothing to anybody else: one mail after the other, kept or shown at once."""

from collections.abc import Callable, Iterable, Iterator

from pulse_mailer.backends.base import MayFinish, Settled, settled_unseen
from pulse_mailer.domain.delivery import Fault, Outcome, Stage
from pulse_mailer.domain.message import Message, Receipt
from pulse_mailer.errors import RouteRefused


class LocalSession:
    """
    See `backends.base.Session`.

    Args:
        keep: keeps a mail and says where, for people; raises OSError when it did not.
    """

    def __init__(self, relay: str, keep: Callable[[Message], str]) -> None:
        self._relay = relay
        self._keep = keep

    def exchange(
        self, messages: Iterable[Message], *, may_finish: MayFinish | None = None
    ) -> Iterator[Receipt]:
        for message in messages:
            settled = settled_unseen(message, self._relay) or self._settle(message, may_finish)
            yield settled.receipt
            if settled.error is not None:
                raise settled.error

    def _settle(self, message: Message, may_finish: MayFinish | None) -> Settled:
        if may_finish is not None and not may_finish(message):
            return Settled(Receipt(message, Outcome.RETURNED, Stage.BODY, self._relay, reply="Given up."))
        try:
            words = self._keep(message)
        except OSError as error:
            what = f"The mail could not be kept: {error.strerror or error}."
            receipt = Receipt(
                message, Outcome.RETURNED, Stage.BODY, self._relay, reply=what, fault=Fault.ROUTE
            )
            return Settled(
                receipt, RouteRefused(what, remedy="Look for space on the disk and the folder's rights.")
            )
        return Settled(Receipt(message, Outcome.SENT, Stage.DOT, self._relay, 250, "2.0.0", words))
