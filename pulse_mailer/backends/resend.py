"""
Resend by its API, emails/batch: the mails' parts, up to 100 in each request.

Resend knows a repeated request by its Idempotency-Key for 24 hours and gives the same answer without sending
again, so that a lost answer is asked for once more instead of leaving a doubt. Errors: its reference of errors.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

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
from pulse_mailer.backends.mime import Parts, take_apart
from pulse_mailer.domain.message import Message
from pulse_mailer.settings import Settings

#: The name of an error to what it means; the status decides where it is another.
ERRORS: dict[str, Meaning] = {
    "missing_api_key": SIGN_IN,
    "invalid_api_key": SIGN_IN,
    "restricted_api_key": SIGN_IN,
    "validation_error": MESSAGE,
    "missing_required_field": MESSAGE,
    "invalid_attachment": MESSAGE,
    "invalid_parameter": MESSAGE,
    "security_error": MESSAGE,
    "invalid_from_address": REFUSED,
    "invalid_access": REFUSED,
    "rate_limit_exceeded": THROTTLED,
    "daily_quota_exceeded": THROTTLED,
    "monthly_quota_exceeded": THROTTLED,
    "concurrent_idempotent_requests": UNCERTAIN,  # the first try is still at work
    "invalid_idempotent_request": UNCERTAIN,
    "application_error": UNCERTAIN,
    "internal_server_error": UNCERTAIN,
}
#: A validation_error that concerns every mail: the domain is not verified, or only tests are allowed.
_ABOUT_US = re.compile(r"domain is not verified|testing emails|verify a domain", re.IGNORECASE)
_BAD_RECIPIENT = re.compile(r"`?\bto\b`? field|recipient", re.IGNORECASE)
_NO_TAG = re.compile(r"[^A-Za-z0-9_-]")
_NOT_IN_NAME = re.compile(r'[<>",;\\]')


@dataclass(frozen=True, kw_only=True)
class ResendBackend(HttpBackend):
    name: ClassVar[str] = "resend"
    title: ClassVar[str] = "Resend"
    key_setting: ClassVar[str] = "resend_api_key"
    largest_batch: ClassVar[int] = 100

    api_key: str = field(repr=False)
    replays: tuple[float, ...] = (1.0, 4.0, 10.0)

    @classmethod
    def configured(cls, settings: Settings) -> Self:
        return cls(
            endpoint=endpoint(settings, "resend_endpoint", cls.name),
            api_key=needed(settings, "resend_api_key", cls.name),
            batch_size=settings.batch_size,
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.api_key,)

    def hello(self) -> Request:
        return Request(f"{self.endpoint}/domains", headers=self._headers, method="GET")

    def knows_us(self, answer: Answer) -> bool | None:
        if answer.status == 200 or _name(answer) == "restricted_api_key":  # a key for sending alone
            return True
        return False if answer.status in (401, 403) else None

    def parcel(self, message: Message) -> dict[str, Any]:
        parts = take_apart(message)
        tags = {"delivery": str(message.delivery_id), "message": message.message_id.partition("@")[0]}
        found: dict[str, Any] = {
            "from": _sender(parts),
            "to": [message.recipient],
            "subject": parts.subject,
            "headers": {**dict(parts.headers), "Message-ID": f"<{message.message_id}>"},
            "tags": [{"name": name, "value": _NO_TAG.sub("-", value)} for name, value in tags.items()],
        }
        found |= {name: text for name, text in (("text", parts.text), ("html", parts.html)) if text}
        if parts.reply_to:
            found["reply_to"] = parts.reply_to
        return found

    def request(self, parcels: Sequence[dict[str, Any]]) -> Request:
        body = json.dumps(parcels, ensure_ascii=False).encode()
        return Request(
            f"{self.endpoint}/emails/batch",
            body,
            {
                **self._headers,
                "Idempotency-Key": f"pulse-mailer/{hashlib.sha256(body).hexdigest()}",
                # One address that Resend does not like must not hold up the others.
                "x-batch-validation": "permissive",
            },
        )

    def read(self, answer: Answer, count: int) -> list[Told]:
        said = answer.json()
        if answer.status == 200:
            return _results(said, count) if isinstance(said, dict) else []
        text = said.get("message") if isinstance(said, dict) else answer.body.decode("utf-8", "replace")
        name = _name(answer)
        meaning = ERRORS.get(name, self.by_status(answer)) if answer.status < 500 else self.by_status(answer)
        if meaning is MESSAGE and _ABOUT_US.search(str(text)):
            meaning = REFUSED
        return [Told(meaning, f"{name or answer.status}: {text}")] * count

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.api_key}", "Content-Type": "application/json"}


def _results(said: dict[str, Any], count: int) -> list[Told]:
    """Ids, in order, of the mails that were taken; the others stand in `errors` by their place."""
    refused = {
        one["index"]: str(one.get("message"))
        for one in _dicts(said.get("errors"))
        if isinstance(one.get("index"), int)
    }
    taken = [str(one.get("id") or "") for one in _dicts(said.get("data"))]
    if not all(taken) or len(taken) + len(refused) != count or not set(refused) <= set(range(count)):
        return []
    ids = iter(taken)
    return [
        Told(RECIPIENT if _BAD_RECIPIENT.search(refused[place]) else MESSAGE, refused[place])
        if place in refused
        else Told(TAKEN, "Taken.", next(ids))
        for place in range(count)
    ]


def _dicts(found: Any) -> list[dict[str, Any]]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _name(answer: Answer) -> str:
    said = answer.json()
    return str(said.get("name") or "") if isinstance(said, dict) else ""


def _sender(parts: Parts) -> str:
    # Resend takes a name neither quoted nor as an encoded word, and so not every letter.
    name = " ".join(_NOT_IN_NAME.sub(" ", parts.from_name).split())
    return f"{name} <{parts.from_address}>" if name else parts.from_address
