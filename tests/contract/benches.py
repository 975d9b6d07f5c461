"""A bench for each backend: the backend, and what its other side has and says."""

import contextlib
import email
import email.policy
import io
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Protocol

from pulse_mailer.backends._http import Patience
from pulse_mailer.backends._tokens import Client, Tokens
from pulse_mailer.backends.base import Backend
from pulse_mailer.backends.console import ConsoleBackend
from pulse_mailer.backends.file import FileBackend
from pulse_mailer.backends.graph import GraphBackend
from pulse_mailer.backends.mailgun import MailgunBackend
from pulse_mailer.backends.memory import Answer, MemoryBackend
from pulse_mailer.backends.postmark import PostmarkBackend
from pulse_mailer.backends.resend import ResendBackend
from pulse_mailer.backends.route import Pipelining, Security
from pulse_mailer.backends.sendgrid import SendgridBackend
from pulse_mailer.backends.ses import SesBackend
from pulse_mailer.backends.sigv4 import Credentials
from pulse_mailer.backends.smtp import SmtpBackend, SmtpRoute, Timeouts
from pulse_mailer.domain.delivery import Outcome, Stage
from pulse_mailer.domain.message import Message
from pulse_mailer.errors import ConnectionFailed, RouteRefused, SignInRefused
from tests.contract import providers
from tests.contract.certificates import self_signed
from tests.contract.faulty import Does as SmtpDoes
from tests.contract.faulty import Fault, FaultyServer
from tests.contract.http_server import Does, HttpServer, Says

CALM = Patience(connect=5, read=5)
DATA = b"Subject: April\r\n\r\nGood morning.\r\n"
SENDER = "news@sender.example"


def mail(name: str, data: bytes = DATA) -> Message:
    """A mail whose sender and recipient begin with that name, with all the headers that a provider looks for."""
    recipient = f"{name}@reader.example"
    head = f"From: News <news@sender.example>\r\nTo: {recipient}\r\n".encode()
    return Message(7, f"{name}@sender.example", recipient, f"{name}.1@sender.example", (head + data,))


@dataclass(frozen=True)
class Told:
    """What a receipt must say."""

    outcome: Outcome
    stage: Stage
    code: int | None


class Bench(Protocol):
    """
    Attributes:
        greeting: a part of what the check says.
        accepts: what a mail that is taken is told.
        refuses: what becomes of those whose recipients are named so; empty where the other side never refuses.
            Its keys are among "failed", "deferred", "uncertain" and "returned", which leave the session at work,
            and "route_refused" and "sign_in_refused", which stop it.
    """

    @property
    def backend(self) -> Backend: ...

    @property
    def greeting(self) -> str: ...

    @property
    def accepts(self) -> Told: ...

    @property
    def refuses(self) -> Mapping[str, Told]: ...

    @property
    def taken(self) -> list[str]:
        """The recipients of what the other side took, in order."""
        ...

    def has(self, message: Message) -> bool:
        """Whether the other side has that mail alone, as it was."""
        ...

    def go_away(self) -> None: ...


@dataclass
class MemoryBench:
    backend: MemoryBackend
    refuses: Mapping[str, Told]
    greeting: str = "at your service"
    accepts: Told = Told(Outcome.SENT, Stage.DOT, 250)

    @property
    def taken(self) -> list[str]:
        return [kept.recipient for kept in self.backend.kept]

    def has(self, message: Message) -> bool:
        return self.backend.kept == [message]

    def go_away(self) -> None:
        self.backend.refuses = ConnectionFailed("nobody is there")


@contextlib.contextmanager
def memory_bench() -> Iterator[MemoryBench]:
    answers = {
        "failed": Answer(Outcome.FAILED, Stage.RCPT, 550, "5.1.1", "Who?"),
        "deferred": Answer(Outcome.DEFERRED, Stage.RCPT, 450, "4.2.0", "Later"),
        "uncertain": Answer(Outcome.UNCERTAIN, Stage.DOT, None, "", "", kept=True),
        "returned": Answer(Outcome.RETURNED, Stage.DATA, 421, "", "Closing"),
        "route_refused": Answer(
            Outcome.RETURNED, Stage.MAIL, 550, "5.1.8", "Not you", raises=RouteRefused("Not you")
        ),
        "sign_in_refused": Answer(
            Outcome.RETURNED, Stage.MAIL, 530, "5.7.0", "Sign in", raises=SignInRefused("Sign in")
        ),
    }
    backend = MemoryBackend({mail(name).recipient: answer for name, answer in answers.items()})
    refuses = {name: Told(answer.outcome, answer.stage, answer.code) for name, answer in answers.items()}
    yield MemoryBench(backend, refuses)


@dataclass
class SmtpBench:
    backend: SmtpBackend
    server: FaultyServer
    stack: contextlib.ExitStack
    refuses: Mapping[str, Told]
    greeting: str = "at your service"
    accepts: Told = Told(Outcome.SENT, Stage.DOT, 250)

    @property
    def taken(self) -> list[str]:
        return [recipient for _, recipient, _ in self.server.kept]

    def has(self, message: Message) -> bool:
        return self.server.kept == [(message.sender, message.recipient, message.data)]

    def go_away(self) -> None:
        self.stack.close()


@contextlib.contextmanager
def smtp_bench(mode: Pipelining, *features: str, tls: bool = False) -> Iterator[SmtpBench]:
    faults: dict[tuple[str, str], Fault] = {
        ("failed", "RCPT"): b"550 5.1.1 Who?",
        ("deferred", "RCPT"): b"450 4.2.0 Later",
        ("uncertain", "DOT"): SmtpDoes.KEEP_AND_HANG_UP,
        ("returned", "DATA"): b"421 Closing",
        ("route_refused", "MAIL"): b"550 5.1.8 Not you",
        ("sign_in_refused", "MAIL"): b"530 5.7.0 Sign in",
    }
    refuses = {
        "failed": Told(Outcome.FAILED, Stage.RCPT, 550),
        "deferred": Told(Outcome.DEFERRED, Stage.RCPT, 450),
        "uncertain": Told(Outcome.UNCERTAIN, Stage.DOT, None),
        "returned": Told(Outcome.RETURNED, Stage.DATA, 421),
        "route_refused": Told(Outcome.RETURNED, Stage.MAIL, 550),
        "sign_in_refused": Told(Outcome.RETURNED, Stage.MAIL, 530),
    }
    with contextlib.ExitStack() as stack:
        security: Security = "none"
        server = FaultyServer(faults, features=features)
        ca_file = None
        if tls:
            made = self_signed(Path(stack.enter_context(tempfile.TemporaryDirectory())))
            security, server.tls, ca_file = "tls", made.for_server(), made.certificate
        stack.enter_context(server)
        route = SmtpRoute("127.0.0.1", server.port, security, ca_file=ca_file, pipelining=mode)
        yield SmtpBench(SmtpBackend(route, Timeouts(connect=5, greeting=5)), server, stack, refuses)


@dataclass
class FileBench:
    backend: FileBackend
    greeting: str = "at your service"
    accepts: Told = Told(Outcome.SENT, Stage.DOT, 250)
    refuses: Mapping[str, Told] = field(default_factory=dict)

    @property
    def mails(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted((self.backend.folder / "new").glob("*"))]

    @property
    def taken(self) -> list[str]:
        return [str(email.message_from_bytes(data)["Delivered-To"]) for data in self.mails]

    def has(self, message: Message) -> bool:
        envelope = f"Return-Path: <{message.sender}>\r\nDelivered-To: {message.recipient}\r\n"
        return self.mails == [envelope.encode() + message.data]

    def go_away(self) -> None:
        self.backend.folder.write_text("a file where a folder should be")


@contextlib.contextmanager
def file_bench() -> Iterator[FileBench]:
    with tempfile.TemporaryDirectory() as folder:
        yield FileBench(FileBackend(Path(folder) / "outgoing"))


@dataclass
class ConsoleBench:
    """Its other side is somebody who reads a stream; one that is closed is nobody."""

    backend: ConsoleBackend
    stream: io.StringIO
    greeting: str = "at your service"
    accepts: Told = Told(Outcome.SENT, Stage.DOT, 250)
    refuses: Mapping[str, Told] = field(default_factory=dict)

    @property
    def taken(self) -> list[str]:
        lines = self.stream.getvalue().splitlines()
        return [line.split()[1] for line in lines if line.startswith("To: ")]

    def has(self, message: Message) -> bool:
        said = self.stream.getvalue()
        subject = str(email.message_from_bytes(message.data, policy=email.policy.default)["Subject"])
        return self.taken == [message.recipient] and subject in said and f"{len(message.data)} bytes" in said

    def go_away(self) -> None:
        self.stream.close()


@contextlib.contextmanager
def console_bench() -> Iterator[ConsoleBench]:
    stream = io.StringIO()
    yield ConsoleBench(ConsoleBackend(stream), stream)


@dataclass
class ApiBench:
    """
    Attributes:
        as_bytes: whether the provider is given the mail's bytes, and not its parts.
    """

    backend: Backend
    provider: providers.Provider
    stack: contextlib.ExitStack
    accepts: Told
    refuses: Mapping[str, Told]
    as_bytes: bool
    greeting: str

    @property
    def taken(self) -> list[str]:
        return self.provider.taken

    def has(self, message: Message) -> bool:
        ((recipient, content),) = self.provider.kept
        if self.as_bytes:
            return (recipient, content) == (message.recipient, message.data)
        parsed = email.message_from_bytes(message.data, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        wanted = (str(parsed["Subject"]), str(parsed.get_content()).replace("\r\n", "\n"))
        return (recipient, self.provider.subject_and_text(content)) == (message.recipient, wanted)

    def go_away(self) -> None:
        self.stack.close()


@contextlib.contextmanager
def api_bench(
    provider: providers.Provider,
    make: Callable[[str], Backend],
    faults: Mapping[str, Says],
    *,
    accepts: int = 200,
    as_bytes: bool = False,
    greeting: str = "takes our key",
) -> Iterator[ApiBench]:
    """A provider that answers so; what is uncertain is lost on the way, whoever the provider is."""
    provider.faults = {**faults, "uncertain": Does.CLOSE}
    stages = dict.fromkeys(faults, Stage.DATA)
    outcomes = {"failed": Outcome.FAILED, "deferred": Outcome.DEFERRED}
    refuses = {
        name: Told(outcomes.get(name, Outcome.RETURNED), stages[name], said.status)
        for name, said in faults.items()
    }
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(HttpServer(provider))
        yield ApiBench(
            make(server.url),
            provider,
            stack,
            Told(Outcome.SENT, Stage.DOT, accepts),
            {**refuses, "uncertain": Told(Outcome.UNCERTAIN, Stage.DOT, None)},
            as_bytes,
            greeting,
        )


def ses(url: str) -> SesBackend:
    credentials = Credentials("AKIDEXAMPLE", providers.KEY)
    return SesBackend(endpoint=url, patience=CALM, region="us-east-1", credentials=credentials)


def ses_bench() -> AbstractContextManager[ApiBench]:
    def error(name: str, words: str, status: int = 400) -> Says:
        return Says(status, {"message": words}, {"x-amzn-ErrorType": f"{name}:http://internal.example/"})

    return api_bench(
        providers.Ses(),
        ses,
        {
            "failed": error("BadRequestException", "Illegal address"),
            "deferred": error("MessageRejected", "Bad content"),
            "returned": Says(408, b"too slow"),
            "route_refused": error("SendingPausedException", "Paused"),
            "sign_in_refused": error("SignatureDoesNotMatchException", "No", 403),
        },
        as_bytes=True,
    )


def sendgrid(url: str) -> SendgridBackend:
    return SendgridBackend(endpoint=url, patience=CALM, api_key=providers.KEY)


def sendgrid_bench() -> AbstractContextManager[ApiBench]:
    def error(status: int, field: str | None, words: str) -> Says:
        return Says(status, {"errors": [{"field": field, "message": words, "help": None}]})

    return api_bench(
        providers.Sendgrid(),
        sendgrid,
        {
            "failed": error(400, "personalizations.0.to.0.email", "Does not contain a valid address."),
            "deferred": error(400, "content", "Bad content"),
            "returned": Says(408, b"too slow"),
            "route_refused": error(
                403, "from", "The from address does not match a verified Sender Identity."
            ),
            "sign_in_refused": error(401, None, "The provided authorization grant is invalid"),
        },
        accepts=202,
    )


def mailgun(url: str) -> MailgunBackend:
    return MailgunBackend(endpoint=url, patience=CALM, domain="mg.example.org", api_key=providers.KEY)


def mailgun_bench() -> AbstractContextManager[ApiBench]:
    return api_bench(
        providers.Mailgun(),
        mailgun,
        {
            "failed": Says(
                400, {"message": "'to' parameter is not a valid address. please check documentation"}
            ),
            "deferred": Says(400, {"message": "message contains bad content"}),
            "returned": Says(408, b"too slow"),
            "route_refused": Says(403, {"message": "Domain mg.example.org is not allowed to send: disabled"}),
            "sign_in_refused": Says(401, b"Forbidden"),
        },
        as_bytes=True,
    )


def postmark(url: str, batch_size: int = 1) -> PostmarkBackend:
    return PostmarkBackend(endpoint=url, patience=CALM, batch_size=batch_size, token=providers.KEY)


def postmark_bench() -> AbstractContextManager[ApiBench]:
    def error(status: int, code: int, words: str) -> Says:
        return Says(status, {"ErrorCode": code, "Message": words})

    return api_bench(
        providers.Postmark(),
        postmark,
        {
            "failed": error(200, 406, "You tried to send to a recipient that has been marked as inactive."),
            "deferred": error(200, 300, "Invalid metadata content."),
            "returned": Says(408, b"too slow"),
            "route_refused": error(200, 413, "Your account may not send."),
            "sign_in_refused": error(401, 10, "Bad or missing server token."),
        },
    )


def resend(url: str, batch_size: int = 1, replays: tuple[float, ...] = ()) -> ResendBackend:
    return ResendBackend(
        endpoint=url, patience=CALM, batch_size=batch_size, api_key=providers.KEY, replays=replays
    )


def resend_bench() -> AbstractContextManager[ApiBench]:
    def error(status: int, name: str, words: str) -> Says:
        return Says(status, {"statusCode": status, "name": name, "message": words})

    return api_bench(
        providers.Resend(),
        resend,
        {
            "failed": Says(200, {"message": "Invalid `to` field."}),
            "deferred": error(422, "validation_error", "The `html` field is bad."),
            "returned": Says(408, b"too slow"),
            "route_refused": error(403, "validation_error", "The sender.example domain is not verified."),
            "sign_in_refused": error(403, "invalid_api_key", "API key is invalid"),
        },
    )


def graph(url: str, secret: str = providers.KEY) -> GraphBackend:
    client = Client(
        url=f"{url}/tenant.example/oauth2/v2.0/token",
        client_id="client",
        secret=secret,
        scope=f"{url}/.default",
        secret_setting="graph_client_secret",
    )
    return GraphBackend(endpoint=url, patience=CALM, mailbox=SENDER, tokens=Tokens(client))


def graph_bench() -> AbstractContextManager[ApiBench]:
    def error(status: int, code: str, words: str) -> Says:
        return Says(status, {"error": {"code": code, "message": words}})

    return api_bench(
        providers.Graph(),
        graph,
        {
            "failed": error(400, "ErrorInvalidRecipients", "At least one recipient is not valid."),
            "deferred": error(413, "ErrorMessageSizeExceeded", "Too large"),
            "returned": Says(408, b"too slow"),
            "route_refused": error(403, "ErrorSendAsDenied", "Not that sender"),
            "sign_in_refused": error(403, "ErrorAccessDenied", "Access is denied."),
        },
        accepts=202,
        as_bytes=True,
        greeting="does not say whether it takes our key",
    )


BENCHES: dict[str, Callable[[], AbstractContextManager[Bench]]] = {
    "memory": memory_bench,
    "smtp in lockstep": partial(smtp_bench, "chained", "SIZE 1000000"),
    "smtp with pipelining off": partial(smtp_bench, "off", "PIPELINING"),
    "smtp pipelined": partial(smtp_bench, "pipelined", "PIPELINING"),
    "smtp chained": partial(smtp_bench, "chained", "PIPELINING"),
    "smtp chained over TLS": partial(smtp_bench, "chained", "PIPELINING", tls=True),
    "file": file_bench,
    "console": console_bench,
    "ses": ses_bench,
    "sendgrid": sendgrid_bench,
    "mailgun": mailgun_bench,
    "postmark": postmark_bench,
    "resend": resend_bench,
    "graph": graph_bench,
}
