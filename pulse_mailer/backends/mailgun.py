"""
Mailgun by its API v3, messages.mime: the whole mail as it is, one in each request.

Errors: the response codes of the Mailgun API reference; it has no names for them, so the words decide.
"""

import base64
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Self

from pulse_mailer.backends._http import Answer, Request
from pulse_mailer.backends._meanings import (
    MESSAGE,
    RECIPIENT,
    REFUSED,
    SIGN_IN,
    TAKEN,
    THROTTLED,
    UNCERTAIN,
    Meaning,
    Told,
)
from pulse_mailer.backends._provider import HttpBackend, endpoint, needed
from pulse_mailer.domain.message import Message
from pulse_mailer.settings import Settings

#: (status, what the words hold) to what it means; the status decides where none fits.
ERRORS: dict[tuple[int, str], Meaning] = {
    (400, r"'?\bto\b'? parameter is not a valid address"): RECIPIENT,
    (400, r"'?\bfrom\b'? parameter"): REFUSED,
    (402, r""): REFUSED,  # the plan does not allow it, or is not paid for
    (403, r"limit exceeded|try again"): THROTTLED,
    (403, r"authorized recipients"): MESSAGE,  # a sandbox domain, which sends to few
    (403, r"not allowed to send|disabled|suspended|unverified"): REFUSED,
    (403, r""): SIGN_IN,
    (420, r""): THROTTLED,
}


@dataclass(frozen=True, kw_only=True)
class MailgunBackend(HttpBackend):
    name: ClassVar[str] = "mailgun"
    title: ClassVar[str] = "Mailgun"
    key_setting: ClassVar[str] = "mailgun_api_key"

    domain: str
    api_key: str = field(repr=False)

    @classmethod
    def configured(cls, settings: Settings) -> Self:
        return cls(
            endpoint=endpoint(settings, "mailgun_endpoint", cls.name),
            domain=needed(settings, "mailgun_domain", cls.name),
            api_key=needed(settings, "mailgun_api_key", cls.name),
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        return self.api_key, f"api:{self.api_key}"

    def hello(self) -> Request:
        # A sending key may do nothing but send, so a mail without recipient and content asks: 400 is a welcome.
        return self._request([('name="o:testmode"', b"yes")])

    def knows_us(self, answer: Answer) -> bool | None:
        return {400: True, 401: False}.get(answer.status)

    def parcel(self, message: Message) -> Message:
        return message

    def request(self, parcels: Sequence[Message]) -> Request:
        (message,) = parcels
        fields = {
            "to": message.recipient,
            "o:tracking": "no",
            "v:delivery": str(message.delivery_id),
            "v:message": message.message_id,
        }
        parts = [(f'name="{name}"', value.encode()) for name, value in fields.items()]
        return self._request([*parts, ('name="message"; filename="message.eml"', message.data)])

    def read(self, answer: Answer, count: int) -> list[Told]:
        said = answer.json()
        text = said.get("message", "") if isinstance(said, dict) else answer.body.decode("utf-8", "replace")
        words = str(text) or f"{answer.status}, without a word."
        if answer.status == 200:
            provider_id = str(said.get("id") or "") if isinstance(said, dict) else ""
            return [Told(TAKEN if provider_id else UNCERTAIN, words, provider_id.strip("<>"))] * count
        meaning = next(
            (
                meaning
                for (status, pattern), meaning in ERRORS.items()
                if answer.status == status and re.search(pattern, words, re.IGNORECASE)
            ),
            self.by_status(answer),
        )
        return [Told(meaning, words)] * count

    def _request(self, parts: list[tuple[str, bytes]]) -> Request:
        border = secrets.token_hex(16)
        lines = [
            b"--%s\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n"
            % (border.encode(), head.encode(), value)
            for head, value in parts
        ]
        account = base64.b64encode(f"api:{self.api_key}".encode()).decode()
        headers = {
            "Authorization": f"Basic {account}",
            "Content-Type": f"multipart/form-data; boundary={border}",
        }
        body = b"".join([*lines, b"--%s--\r\n" % border.encode()])
        return Request(f"{self.endpoint}/v3/{self.domain}/messages.mime", body, headers)
