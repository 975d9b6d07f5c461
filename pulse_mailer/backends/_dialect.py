"""What one provider adds to the exchange that all of them share: its requests, and how to read its answers."""

import abc
import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pulse_mailer.backends._http import Answer, Patience, Request
from pulse_mailer.backends._meanings import Meaning, Told, by_status
from pulse_mailer.backends.replies import plain
from pulse_mailer.domain.message import Message


@dataclass(frozen=True, kw_only=True)
class Dialect(abc.ABC):
    """
    Attributes:
        name: in the registry; title: as people know the provider.
        key_setting: the setting to look at when the provider does not know us.
        largest_batch: how many mails it takes in one request, and request_bytes: of what size together.
        throttles_by_503: it documents 503 with Retry-After as "later", so that such an answer took nothing.
        endpoint: scheme and host, perhaps a path, without a slash at its end.
        replays: seconds before each repetition of a request whose answer was lost. Only for a provider that
            knows a repetition by its key and takes nothing twice.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    key_setting: ClassVar[str]
    largest_batch: ClassVar[int] = 1
    request_bytes: ClassVar[int] = 20_000_000
    throttles_by_503: ClassVar[bool] = False

    endpoint: str
    batch_size: int = 1
    patience: Patience = field(default_factory=Patience)
    replays: tuple[float, ...] = ()

    @property
    def window(self) -> int:
        return min(self.batch_size, self.largest_batch)

    @property
    def relay(self) -> str:
        parts = urlsplit(self.endpoint)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"

    @property
    @abc.abstractmethod
    def secrets(self) -> tuple[str, ...]:
        """What no error, log or page may show."""

    def prepare(self) -> None:  # noqa: B027 - most providers have a key and need nothing more
        """
        Have an access token ready.

        Raises:
            BackendError: none could be had.
        """

    @abc.abstractmethod
    def hello(self) -> Request:
        """A request that hands nothing over, to see whether somebody is there and knows us."""

    def knows_us(self, answer: Answer) -> bool | None:
        """Whether the answer to hello accepts our key; None when it does not say."""
        return {200: True, 401: False, 403: False}.get(answer.status)

    @abc.abstractmethod
    def parcel(self, message: Message) -> Any:
        """
        A mail as the provider wants it.

        Raises:
            CannotCarry: it has no place for what the mail holds.
        """

    @abc.abstractmethod
    def request(self, parcels: Sequence[Any]) -> Request: ...

    @abc.abstractmethod
    def read(self, answer: Answer, count: int) -> list[Told]:
        """What each of so many mails was told; another number of them leaves all in doubt."""

    def renewed(self, _answer: Answer) -> bool:
        """
        Whether our access had merely run out and we have it again, so that the same mails may be handed over anew.

        Raises:
            BackendError: no access token could be had.
        """
        return False

    def by_status(self, answer: Answer) -> Meaning:
        return by_status(answer, throttles_by_503=self.throttles_by_503)

    def clean(self, words: str) -> str:
        """A provider's words, safe to show: on one line, and without our keys should it repeat them."""
        for secret in filter(None, self.secrets):
            for form in (secret, base64.b64encode(secret.encode()).decode()):
                words = words.replace(form, "…")
        return plain(words)
