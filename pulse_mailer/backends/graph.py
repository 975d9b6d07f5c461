"""
Microsoft 365 by Microsoft Graph, sendMail: the whole mail as it is, one in each request.

Graph reads the recipient from the mail's own To, answers without an id, and keeps a copy in Sent Items. It signs in
by an application's secret (OAuth 2.0 client credentials, RFC 6749 4.4). Errors: the Graph error codes, and its
guidance on throttling, which names 503 with Retry-After.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Self
from urllib.parse import quote

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
from pulse_mailer.backends._tokens import Client, Tokens
from pulse_mailer.backends.mime import goes_to
from pulse_mailer.domain.message import Message
from pulse_mailer.errors import CannotCarry
from pulse_mailer.settings import Settings

#: An error's code to what it means; the status decides where it is another.
ERRORS: dict[str, Meaning] = {
    "InvalidAuthenticationToken": SIGN_IN,
    "ErrorAccessDenied": SIGN_IN,
    "Authorization_RequestDenied": SIGN_IN,
    "ErrorInvalidRecipients": RECIPIENT,
    "ErrorSendAsDenied": REFUSED,  # the From is not the mailbox's
    "ErrorMessageSubmissionBlocked": REFUSED,
    "ErrorInvalidUser": REFUSED,
    "MailboxNotEnabledForRESTAPI": REFUSED,
    "ResourceNotFound": REFUSED,
    "Request_ResourceNotFound": REFUSED,
    "ErrorExceededMessageLimit": THROTTLED,  # the mailbox's recipients a day
    "ErrorQuotaExceeded": REFUSED,  # the mailbox is full
    "ApplicationThrottled": THROTTLED,
    "TooManyRequests": THROTTLED,
    "ErrorServerBusy": THROTTLED,
    "ErrorMailboxStoreUnavailable": BUSY,
    "ErrorMessageSizeExceeded": MESSAGE,
    "ErrorMimeContentInvalid": MESSAGE,
}


@dataclass(frozen=True, kw_only=True)
class GraphBackend(HttpBackend):
    name: ClassVar[str] = "graph"
    title: ClassVar[str] = "Microsoft Graph"
    key_setting: ClassVar[str] = "graph_client_secret"
    throttles_by_503: ClassVar[bool] = True

    mailbox: str
    tokens: Tokens = field(repr=False)

    @classmethod
    def configured(cls, settings: Settings) -> Self:
        found = endpoint(settings, "graph_endpoint", cls.name)
        login = endpoint(settings, "graph_login_endpoint", cls.name)
        tenant = quote(needed(settings, "graph_tenant", cls.name), safe="")
        client = Client(
            url=f"{login}/{tenant}/oauth2/v2.0/token",
            client_id=needed(settings, "graph_client_id", cls.name),
            secret=needed(settings, "graph_client_secret", cls.name),
            scope=f"{found}/.default",
            secret_setting=cls.key_setting,
        )
        return cls(endpoint=found, mailbox=needed(settings, "graph_mailbox", cls.name), tokens=Tokens(client))

    @property
    def secrets(self) -> tuple[str, ...]:
        return self.tokens.client.secret, self.tokens.held

    def prepare(self) -> None:
        self.tokens.have(self.patience)

    def hello(self) -> Request:
        # The right to send is not the right to look at the mailbox, so this may well be refused.
        return Request(f"{self._url}/mailFolders/sentitems?$select=id", headers=self._headers, method="GET")

    def knows_us(self, answer: Answer) -> bool | None:
        return {200: True, 401: False}.get(answer.status)

    def parcel(self, message: Message) -> Message:
        if goes_to(message) != [message.recipient]:
            raise CannotCarry(
                f"Microsoft Graph sends to whom the mail's own To names, and that is not {message.recipient} alone.",
                remedy="Send this edition by another backend, such as smtp.",
            )
        return message

    def request(self, parcels: Sequence[Message]) -> Request:
        (message,) = parcels
        headers = {**self._headers, "Content-Type": "text/plain"}
        return Request(f"{self._url}/sendMail", base64.b64encode(message.data), headers)

    def read(self, answer: Answer, count: int) -> list[Told]:
        if answer.status == 202:
            return [Told(TAKEN, "Taken.")] * count
        if 200 <= answer.status <= 299:
            return [Told(UNCERTAIN, f"An answer of {answer.status} that Graph does not document.")] * count
        said = answer.json()
        error = said.get("error") if isinstance(said, dict) else None
        code = str(error.get("code") or "") if isinstance(error, dict) else ""
        text = error.get("message") if isinstance(error, dict) else answer.body.decode("utf-8", "replace")
        meaning = ERRORS.get(code) if answer.status < 500 else None
        return [Told(meaning or self.by_status(answer), f"{code or answer.status}: {text}")] * count

    def renewed(self, answer: Answer) -> bool:
        return answer.status == 401 and self.tokens.renew(self.patience)

    @property
    def _url(self) -> str:
        return f"{self.endpoint}/v1.0/users/{quote(self.mailbox, safe='@')}"

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens.held}"}
