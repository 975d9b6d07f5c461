"""The caller's messages, of which one may be pulled before its turn."""

from collections.abc import Iterable

from pulse_mailer.domain.message import Message


class Queue:
    """
    Attributes:
        ahead: pulled and not yet taken; it needs its Receipt like every pulled message.
    """

    def __init__(self, messages: Iterable[Message]) -> None:
        self._messages = iter(messages)
        self._error: Exception | None = None
        self.ahead: Message | None = None

    def take(self) -> Message | None:
        """The next message; None at the end. Raises what pulling it raises, or has raised before."""
        if self._error is not None:
            raise self._error
        message, self.ahead = self.ahead, None
        return message or next(self._messages, None)

    def pull_ahead(self) -> Message | None:
        """The message that `take()` will give; what pulling it raises is kept until then."""
        if self.ahead is None and self._error is None:
            try:
                self.ahead = next(self._messages, None)
            except Exception as error:  # noqa: BLE001 - the message at hand gets its answer first
                self._error = error
        return self.ahead
