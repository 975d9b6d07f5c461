"""
Twilio SendGrid by its API v3, mail/send: the mail's parts, one mail in each request.

A request may go to a thousand people, but only with one body, and ours differ. Errors: the Mail Send errors of the
SendGrid API reference.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from pulse_mailer.backends._http import Answer, Request
from pulse_mailer.backends._meanings import RECIPIENT, REFUSED, TAKEN, THROTTLED, UNCERTAIN, Meaning, Told
from pulse_mailer.backends._provider import HttpBackend, endpoint, needed
from pulse_mailer.backends.mime import take_apart
from pulse_mailer.domain.message import Message
from pulse_mailer.settings import Settings

#: (status, what the field's name and the words hold) to what it means; the status decides where none fits.
ERRORS: dict[tuple[int, str], Meaning] = {
    (400, r"^personalizations\.\d+\.to\b"): RECIPIENT,
    (401, r"maximum credits exceeded"): THROTTLED,
    (403, r"verified sender identity"): REFUSED,
    (403, r"^from\b"): REFUSED,
}
_OFF = {"enable": False}


@dataclass(frozen=True, kw_only=True)
class SendgridBackend(HttpBackend):
    name: ClassVar[str] = "sendgrid"
    title: ClassVar[str] = "SendGrid"
    key_setting: ClassVar[str] = "sendgrid_api_key"

    api_key: str = field(repr=False)

    @classmethod
    def configured(cls, settings: Settings) -> Self:
        return cls(
            endpoint=endpoint(settings, "sendgrid_endpoint", cls.name),
            api_key=needed(settings, "sendgrid_api_key", cls.name),
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.api_key,)

    def hello(self) -> Request:
        return Request(f"{self.endpoint}/v3/scopes", headers=self._headers, method="GET")

    def knows_us(self, answer: Answer) -> bool | None:
        said = answer.json()
        if answer.status == 200 and isinstance(said, dict) and isinstance(said.get("scopes"), list):
            return "mail.send" in said["scopes"]
        return False if answer.status == 401 else None

    def parcel(self, message: Message) -> dict[str, Any]:
        parts = take_apart(message)
        sender = {"email": parts.from_address, **({"name": parts.from_name} if parts.from_name else {})}
        ours = {"delivery": str(message.delivery_id), "message": message.message_id}
        texts = (("text/plain", parts.text), ("text/html", parts.html))
        found: dict[str, Any] = {
            "personalizations": [{"to": [{"email": message.recipient}], "custom_args": ours}],
            "from": sender,
            "subject": parts.subject,
            "content": [{"type": kind, "value": text} for kind, text in texts if text],
            "headers": {**dict(parts.headers), "Message-ID": f"<{message.message_id}>"},
            "tracking_settings": {
                "click_tracking": {**_OFF, "enable_text": False},
                "open_tracking": _OFF,
                "subscription_tracking": _OFF,
            },
        }
        if parts.reply_to:
            found["reply_to"] = {"email": parts.reply_to}
        return found

    def request(self, parcels: Sequence[dict[str, Any]]) -> Request:
        (parcel,) = parcels
        return Request(f"{self.endpoint}/v3/mail/send", json.dumps(parcel).encode(), self._headers)

    def read(self, answer: Answer, count: int) -> list[Told]:
        if answer.status == 202:
            return [Told(TAKEN, "Taken.", answer.headers.get("X-Message-Id", ""))] * count
        if 200 <= answer.status <= 299:
            return [Told(UNCERTAIN, f"An answer of {answer.status} that SendGrid does not document.")] * count
        words = _words(answer)
        meaning = next(
            (
                meaning
                for (status, pattern), meaning in ERRORS.items()
                if answer.status == status and re.search(pattern, words, re.IGNORECASE)
            ),
            self.by_status(answer),
        )
        return [Told(meaning, words or f"{answer.status}, without a word.")] * count

    @property
    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.api_key}",
            "Content-Type": "application/json",
            "Accept": "application/json",
        }


def _words(answer: Answer) -> str:
    """The errors, each as "field: message"."""
    said = answer.json()
    errors = said.get("errors") if isinstance(said, dict) else None
    if not isinstance(errors, list):
        return answer.body.decode("utf-8", "replace")
    return "; ".join(
        f"{error.get('field') or 'error'}: {error.get('message')}"
        for error in errors
        if isinstance(error, dict)
    )
