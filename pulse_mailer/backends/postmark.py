"""
Postmark by its API, email/batch: the mails' parts, up to 500 in each request, each with a result of its own.

Errors: the error codes of the Postmark API reference.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.utils import formataddr
from typing import Any, ClassVar, Self

from pulse_mailer.backends._http import Answer, Request
from pulse_mailer.backends._meanings import (
    BUSY,
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
from pulse_mailer.backends.mime import take_apart
from pulse_mailer.domain.message import Message
from pulse_mailer.settings import Settings

#: ErrorCode, of the whole answer or of one mail's, to what it means.
ERRORS: dict[int, Meaning] = {
    0: TAKEN,
    10: SIGN_IN,  # no token, or a wrong one
    100: BUSY,  # maintenance
    300: MESSAGE,  # a field is wrong; which one stands in the words
    400: REFUSED,  # the sender is not known
    401: REFUSED,  # the sender is not confirmed
    405: REFUSED,  # not allowed to send: out of credit
    406: RECIPIENT,  # inactive: it bounced or complained before
    412: REFUSED,  # the account waits for its approval
    413: REFUSED,  # the account may not send
    429: THROTTLED,
    1226: REFUSED,  # no such message stream
    1235: REFUSED,  # likewise
    1236: REFUSED,  # the stream is not for sending
}
_BAD_RECIPIENT = re.compile(r"^(invalid|error parsing) '?to'?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class PostmarkBackend(HttpBackend):
    name: ClassVar[str] = "postmark"
    title: ClassVar[str] = "Postmark"
    key_setting: ClassVar[str] = "postmark_server_token"
    largest_batch: ClassVar[int] = 500
    request_bytes: ClassVar[int] = 40_000_000  # of 50 MB; JSON writes some letters longer

    token: str = field(repr=False)
    stream: str = "broadcast"

    @classmethod
    def configured(cls, settings: Settings) -> Self:
        return cls(
            endpoint=endpoint(settings, "postmark_endpoint", cls.name),
            token=needed(settings, "postmark_server_token", cls.name),
            stream=needed(settings, "postmark_stream", cls.name),
            batch_size=settings.batch_size,
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.token,)

    def hello(self) -> Request:
        return Request(f"{self.endpoint}/server", headers=self._headers, method="GET")

    def parcel(self, message: Message) -> dict[str, Any]:
        parts = take_apart(message)
        # Postmark gives a Message-ID of its own unless it is told to keep ours.
        headers = [*parts.headers, ("Message-ID", f"<{message.message_id}>"), ("X-PM-KeepID", "true")]
        found: dict[str, Any] = {
            "From": formataddr((parts.from_name, parts.from_address)),
            "To": message.recipient,
            "Subject": parts.subject,
            "TextBody": parts.text,
            "HtmlBody": parts.html,
            "Headers": [{"Name": name, "Value": value} for name, value in headers],
            "Metadata": {"delivery": str(message.delivery_id), "message": message.message_id[:80]},
            "MessageStream": self.stream,
            "TrackOpens": False,
            "TrackLinks": "None",
        }
        if parts.reply_to:
            found["ReplyTo"] = parts.reply_to
        return found

    def request(self, parcels: Sequence[dict[str, Any]]) -> Request:
        body = json.dumps(parcels, ensure_ascii=False).encode()
        return Request(f"{self.endpoint}/email/batch", body, self._headers)

    def read(self, answer: Answer, count: int) -> list[Told]:
        said = answer.json()
        if answer.status == 200 and isinstance(said, list):
            return [_told(one) for one in said]
        if answer.status == 200:
            return []
        code = said.get("ErrorCode") if isinstance(said, dict) else None
        text = said.get("Message") if isinstance(said, dict) else answer.body.decode("utf-8", "replace")
        meaning = ERRORS.get(code) if isinstance(code, int) and code and answer.status < 500 else None
        return [Told(meaning or self.by_status(answer), f"{code or answer.status}: {text}")] * count

    @property
    def _headers(self) -> dict[str, str]:
        return {
            "X-Postmark-Server-Token": self.token,
            "Content-Type": "application/json",
            "Accept": "application/json",
        }


def _told(result: Any) -> Told:
    """One mail's result. A code that nobody told us of certainly took nothing; a result without one may have."""
    if not isinstance(result, dict):
        return Told(UNCERTAIN, "A result that cannot be read.")
    provider_id = str(result.get("MessageID") or "")
    # Postmark leaves the code out when it took a mail and is slow to deliver.
    code = result.get("ErrorCode", 0 if provider_id else None)
    if not isinstance(code, int):
        return Told(UNCERTAIN, "A result without a code.")
    text = str(result.get("Message") or "")
    meaning = ERRORS.get(code, MESSAGE)
    if code == 300 and _BAD_RECIPIENT.search(text):
        meaning = RECIPIENT
    return Told(meaning, text if meaning is TAKEN else f"{code}: {text}", provider_id)
