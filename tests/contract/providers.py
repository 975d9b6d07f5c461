"""
Fakes of the providers' APIs, over real HTTP: what each wants of a request, and how it answers.

They are written after the providers' reference pages, and have never been held against the live services. A mail
whose recipient's local part names a fault gets that fault's answer; `faults` is what the contract's tests name.
"""

import base64
import email
import email.policy
import re
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qs

from tests.contract.http_server import Asked, Does, Says

KEY = "key-made-up-for-tests"


@dataclass
class Provider:
    """
    Attributes:
        kept: recipient and content of each mail that was taken: its bytes, or the parts of the request.
        faults: the local part of a recipient, to the answer.
    """

    kept: list[tuple[str, Any]] = field(default_factory=list)
    faults: dict[str, Says | Does] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Says | Does:
        self.asked.append(asked)
        return self.greet(asked) if asked.method == "GET" else self.take(asked)

    def greet(self, asked: Asked) -> Says:
        return Says(200, {})

    def take(self, asked: Asked) -> Says | Does:
        raise NotImplementedError

    def fault(self, recipient: str) -> Says | Does | None:
        return self.faults.get(recipient.partition("@")[0])

    @property
    def taken(self) -> list[str]:
        return [recipient for recipient, _ in self.kept]

    def subject_and_text(self, kept: Any) -> tuple[str, str]:
        """Of a mail that was kept in parts."""
        return kept["subject"], kept["text"]


@dataclass
class Ses(Provider):
    def greet(self, asked: Asked) -> Says:
        return Says(200, {"SendingEnabled": True}) if asked.path == "/v2/email/account" else Says(404)

    def take(self, asked: Asked) -> Says | Does:
        assert asked.path == "/v2/email/outbound-emails"
        assert asked.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
        said = asked.json()
        (recipient,) = said["Destination"]["ToAddresses"]
        if (fault := self.fault(recipient)) is not None:
            return fault
        self.kept.append((recipient, base64.b64decode(said["Content"]["Raw"]["Data"])))
        return Says(200, {"MessageId": f"ses-{len(self.kept)}"})


@dataclass
class Sendgrid(Provider):
    def subject_and_text(self, kept: Any) -> tuple[str, str]:
        (text,) = [one["value"] for one in kept["content"]]
        return kept["subject"], text

    def greet(self, asked: Asked) -> Says:
        return Says(200, {"scopes": ["mail.send"]}) if asked.path == "/v3/scopes" else Says(404)

    def take(self, asked: Asked) -> Says | Does:
        assert (asked.path, asked.headers["authorization"]) == ("/v3/mail/send", f"Bearer {KEY}")
        said = asked.json()
        ((to,),) = [one["to"] for one in said["personalizations"]]
        if (fault := self.fault(to["email"])) is not None:
            return fault
        self.kept.append((to["email"], said))
        return Says(202, b"", {"X-Message-Id": f"sendgrid-{len(self.kept)}"})


@dataclass
class Mailgun(Provider):
    def take(self, asked: Asked) -> Says | Does:
        assert asked.path == "/v3/mg.example.org/messages.mime"
        assert asked.headers["authorization"] == f"Basic {base64.b64encode(f'api:{KEY}'.encode()).decode()}"
        fields = form(asked)
        if "to" not in fields:
            return Says(400, {"message": "to parameter is missing"})
        recipient = fields["to"].decode()
        if (fault := self.fault(recipient)) is not None:
            return fault
        self.kept.append((recipient, fields["message"]))
        return Says(200, {"id": f"<mailgun-{len(self.kept)}>", "message": "Queued. Thank you."})


@dataclass
class Postmark(Provider):
    """A fault of 200 is a result for one mail; any other is the answer to the whole request."""

    def subject_and_text(self, kept: Any) -> tuple[str, str]:
        return kept["Subject"], kept["TextBody"]

    def greet(self, asked: Asked) -> Says:
        return Says(200, {"Name": "news"}) if asked.path == "/server" else Says(404)

    def take(self, asked: Asked) -> Says | Does:
        assert (asked.path, asked.headers["x-postmark-server-token"]) == ("/email/batch", KEY)
        results: list[Any] = []
        kept: list[tuple[str, Any]] = []
        for one in asked.json():
            fault = self.fault(one["To"])
            if isinstance(fault, Says) and fault.status == 200:
                results.append(fault.body)
            elif fault is not None:
                return fault
            else:
                kept.append((one["To"], one))
                number = len(self.kept) + len(kept)
                results.append({"ErrorCode": 0, "Message": "OK", "MessageID": f"postmark-{number}"})
        self.kept += kept
        return Says(200, results)


@dataclass
class Resend(Provider):
    """
    A fault of 200 is an entry among `errors` for one mail; any other is the answer to the whole request.

    Attributes:
        loses: how many answers are lost after the work was done.
        known: what was answered to each Idempotency-Key.
    """

    loses: int = 0
    known: dict[str, tuple[bytes, Says]] = field(default_factory=dict)

    def greet(self, asked: Asked) -> Says:
        name = {"name": "restricted_api_key", "statusCode": 401, "message": "only send emails"}
        return Says(401, name) if asked.path == "/domains" else Says(404)

    def take(self, asked: Asked) -> Says | Does:
        assert (asked.path, asked.headers["authorization"]) == ("/emails/batch", f"Bearer {KEY}")
        assert asked.headers["x-batch-validation"] == "permissive"
        key = asked.headers["idempotency-key"]
        assert len(key) <= 256
        if key in self.known:
            body, said = self.known[key]
            if body != asked.body:
                return Says(409, {"name": "invalid_idempotent_request", "message": "another body"})
        else:
            done = self.work(asked)
            if not isinstance(done, Says) or done.status != 200:
                return done
            said = done
            self.known[key] = (asked.body, said)
        if self.loses:
            self.loses -= 1
            return Does.CLOSE
        return said

    def work(self, asked: Asked) -> Says | Does:
        data: list[dict[str, str]] = []
        errors: list[dict[str, Any]] = []
        kept: list[tuple[str, Any]] = []
        for place, one in enumerate(asked.json()):
            (recipient,) = one["to"]
            fault = self.fault(recipient)
            if isinstance(fault, Says) and fault.status == 200:
                errors.append({"index": place, **fault.body})
            elif fault is not None:
                return fault
            else:
                kept.append((recipient, one))
                data.append({"id": f"resend-{len(self.kept) + len(kept)}"})
        self.kept += kept
        return Says(200, {"data": data, "errors": errors} if errors else {"data": data})


@dataclass
class Graph(Provider):
    """
    Attributes:
        tokens: how many were given; only the last is good.
    """

    tokens: int = 0

    def greet(self, asked: Asked) -> Says:
        return Says(403, {"error": {"code": "ErrorAccessDenied", "message": "Access is denied."}})

    def take(self, asked: Asked) -> Says | Does:
        if asked.path == "/tenant.example/oauth2/v2.0/token":
            return self.token(asked)
        assert asked.path == "/v1.0/users/news@sender.example/sendMail"
        assert asked.headers["content-type"] == "text/plain"
        if asked.headers["authorization"] != f"Bearer token-{self.tokens}":
            return Says(401, {"error": {"code": "InvalidAuthenticationToken", "message": "expired"}})
        data = base64.b64decode(asked.body, validate=True)
        recipient = str(email.message_from_bytes(data, policy=email.policy.default)["To"])
        if (fault := self.fault(recipient)) is not None:
            return fault
        self.kept.append((recipient, data))
        return Says(202)

    def token(self, asked: Asked) -> Says:
        given = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        assert given["grant_type"] == "client_credentials"
        assert given["scope"].endswith("/.default")
        if given["client_secret"] != KEY:
            words = f"AADSTS7000215: Invalid client secret provided: {given['client_secret']}"
            return Says(401, {"error": "invalid_client", "error_description": words})
        self.tokens += 1
        return Says(200, {"access_token": f"token-{self.tokens}", "expires_in": 3599, "token_type": "Bearer"})


def form(asked: Asked) -> dict[str, bytes]:
    """The fields of a multipart/form-data request, their bytes as they are."""
    found = re.fullmatch(r"multipart/form-data; boundary=(\S+)", asked.headers["content-type"])
    assert found
    border = b"--" + found[1].encode()
    assert asked.body.endswith(border + b"--\r\n")
    fields = {}
    for part in asked.body.split(border)[1:-1]:
        head, _, value = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        parsed = BytesParser(policy=email.policy.default).parsebytes(head)
        assert isinstance(parsed, EmailMessage)
        disposition = dict(parsed["Content-Disposition"].params)
        fields[disposition["name"]] = value.removesuffix(b"\r\n")
    return fields
