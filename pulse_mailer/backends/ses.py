"""
Amazon SES by its API v2: the whole mail as it is, one in each request.

SES writes Message-ID and Date anew, and the envelope sender too, so that its answer's MessageId and our tags are
what a later event is known by. Errors: the SendEmail action of the SES API v2 reference.
"""

import base64
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
from pulse_mailer.backends.sigv4 import Credentials, Scope, signed_headers
from pulse_mailer.clock import now
from pulse_mailer.domain.message import Message
from pulse_mailer.settings import Settings

#: The name of an error, without "Exception" at its end, to what it means.
ERRORS: dict[str, Meaning] = {
    "MessageRejected": MESSAGE,
    "BadRequest": MESSAGE,
    "TooManyRequests": THROTTLED,
    "Throttling": THROTTLED,
    "RequestLimitExceeded": THROTTLED,
    "LimitExceeded": THROTTLED,  # also the daily quota
    "AccountSuspended": REFUSED,
    "SendingPaused": REFUSED,
    "MailFromDomainNotVerified": REFUSED,
    "NotFound": REFUSED,  # the configuration set
    "ConfigurationSetDoesNotExist": REFUSED,
    "AccessDenied": SIGN_IN,
    "ExpiredToken": SIGN_IN,
    "IncompleteSignature": SIGN_IN,
    "InvalidAccessKeyId": SIGN_IN,
    "InvalidClientTokenId": SIGN_IN,
    "InvalidSignature": SIGN_IN,  # also when our clock is wrong
    "MissingAuthenticationToken": SIGN_IN,
    "NotAuthorized": SIGN_IN,
    "OptInRequired": SIGN_IN,
    "RequestExpired": SIGN_IN,
    "SignatureDoesNotMatch": SIGN_IN,
    "UnrecognizedClient": SIGN_IN,
}
#: What it says of an address that it cannot read, under the name BadRequest.
_BAD_ADDRESS = re.compile(
    r"illegal address|invalid (email|to) address|local address contains|domain contains", re.IGNORECASE
)
_NO_TAG = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(frozen=True, kw_only=True)
class SesBackend(HttpBackend):
    name: ClassVar[str] = "ses"
    title: ClassVar[str] = "Amazon SES"
    key_setting: ClassVar[str] = "ses_access_key_id"

    region: str
    credentials: Credentials = field(repr=False)
    configuration_set: str = ""

    @classmethod
    def configured(cls, settings: Settings) -> Self:
        region = needed(settings, "ses_region", cls.name)
        domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        own = f"https://email.{region}.{domain}"
        return cls(
            endpoint=endpoint(settings, "ses_endpoint", cls.name) if settings.ses_endpoint else own,
            region=region,
            credentials=Credentials(
                needed(settings, "ses_access_key_id", cls.name),
                needed(settings, "ses_secret_access_key", cls.name),
                settings.ses_session_token.get_secret_value(),
            ),
            configuration_set=settings.ses_configuration_set,
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        return self.credentials.secret_access_key, self.credentials.session_token

    def hello(self) -> Request:
        return self._signed("GET", "/v2/email/account", b"")

    def knows_us(self, answer: Answer) -> bool | None:
        if answer.status == 200:
            return True
        error = _error(answer)
        # A key that may send, and may not look at the account, is a good key.
        return (
            False if ERRORS.get(error) is SIGN_IN and error not in ("AccessDenied", "NotAuthorized") else None
        )

    def parcel(self, message: Message) -> dict[str, Any]:
        tags = {
            "pulse-delivery": str(message.delivery_id),
            "pulse-message": message.message_id.partition("@")[0],
        }
        found: dict[str, Any] = {
            "Content": {"Raw": {"Data": base64.b64encode(message.data).decode()}},
            "Destination": {"ToAddresses": [message.recipient]},
            "EmailTags": [{"Name": name, "Value": _NO_TAG.sub("-", value)} for name, value in tags.items()],
        }
        if message.sender:
            found["FeedbackForwardingEmailAddress"] = message.sender
        if self.configuration_set:
            found["ConfigurationSetName"] = self.configuration_set
        return found

    def request(self, parcels: Sequence[dict[str, Any]]) -> Request:
        (parcel,) = parcels
        return self._signed("POST", "/v2/email/outbound-emails", json.dumps(parcel).encode())

    def read(self, answer: Answer, count: int) -> list[Told]:
        said = answer.json()
        if answer.status == 200:
            provider_id = str(said.get("MessageId") or "") if isinstance(said, dict) else ""
            return [
                Told(TAKEN, "Taken.", provider_id) if provider_id else Told(UNCERTAIN, _words(answer))
            ] * count
        if answer.status >= 500:
            return [Told(self.by_status(answer), _words(answer))] * count
        meaning = ERRORS.get(_error(answer)) or self.by_status(answer)
        words = _words(answer)
        if meaning is MESSAGE and _BAD_ADDRESS.search(words):
            meaning = RECIPIENT
        return [Told(meaning, words)] * count

    def _signed(self, method: str, path: str, body: bytes) -> Request:
        url = f"{self.endpoint}{path}"
        headers = {"Content-Type": "application/json"} if body else {}
        scope = Scope(self.region, "ses")
        signed = signed_headers(self.credentials, scope, method, url, body, headers=headers, at=now())
        return Request(url, body, signed, method)


def _error(answer: Answer) -> str:
    """The error's bare name: of "TooManyRequestsException:http://…" it is TooManyRequests."""
    said = answer.json()
    name = answer.headers.get("x-amzn-ErrorType") or (
        said.get("__type", "") if isinstance(said, dict) else ""
    )
    if not name and (found := re.search(rb"<Code>([A-Za-z]+)</Code>", answer.body)):
        name = found[1].decode()
    return str(name).partition(":")[0].rpartition("#")[2].removesuffix("Exception")


def _words(answer: Answer) -> str:
    said = answer.json()
    if isinstance(said, dict):
        text = said.get("message") or said.get("Message") or ""
    else:
        found = re.search(rb"<Message>(.*?)</Message>", answer.body, re.DOTALL)
        text = (found[1] if found else answer.body).decode("utf-8", "replace")
    return f"{_error(answer) or answer.status}: {text}"
