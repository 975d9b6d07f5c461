"""Signing in by an access token, at a real SMTP server and a token server beside it."""

import base64
import contextlib
import json
import logging
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from pydantic import SecretStr

from pulse_mailer import settings as settings_module
from pulse_mailer.backends import _tokens
from pulse_mailer.backends.smtp import SmtpBackend
from pulse_mailer.domain.delivery import Outcome
from pulse_mailer.errors import BadSetting, ConnectionFailed, SignInRefused, Throttled
from pulse_mailer.settings import Settings
from tests.contract.certificates import Certificate
from tests.contract.http_server import Asked, Does, HttpServer, Says
from tests.contract.messages import message
from tests.contract.test_smtp_sign_in import Inbox, certificate, real_server

__all__ = ["certificate"]

NAME, SECRET, REFRESH = "news@harbour.example", "client-secret-4711", "refresh-token-0815"


@dataclass
class Tokens:
    """A token server: each token that it gives is a new one; `good` is what the mail server takes."""

    good: list[str] = field(default_factory=list)
    given: int = 0
    gives_good_ones: bool = True
    instead: Says | Does | None = None
    forms: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Says | Does:
        self.forms.append({name: values[0] for name, values in parse_qs(asked.body.decode()).items()})
        if self.instead is not None:
            return self.instead
        self.given += 1
        token = f"access-token-{self.given}"
        if self.gives_good_ones:
            self.good.append(token)
        return Says(body={"access_token": token, "token_type": "Bearer", "expires_in": 3600})


class TokenInbox(Inbox):
    """A mail server that takes tokens, and says as Google does what is wrong with one."""

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self.tokens = tokens
        self.shown: list[str] = []

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802 - aiosmtpd's
        user, token, *_ = base64.b64decode(args[1]).decode().split("\x01")
        self.shown.append(token.removeprefix("auth=Bearer "))
        if user == f"user={NAME}" and self.shown[-1] in self.tokens.good:
            return AuthResult(success=True, auth_data=None)
        wrong = {"status": "401", "schemes": "bearer", "scope": "https://mail.harbour.example/"}
        answer = await server.challenge_auth(json.dumps(wrong))
        assert answer == b""
        return AuthResult(success=False, handled=False)


@dataclass
class Place:
    """A mail server and a token server, and settings for both."""

    inbox: TokenInbox
    tokens: Tokens
    settings: Settings

    def deliver(self) -> list[Outcome]:
        with SmtpBackend.configured(self.settings).session() as session:
            return [receipt.outcome for receipt in session.exchange([message("ann"), message("bob")])]


@pytest.fixture
def place(certificate: Certificate) -> Iterator[Place]:
    tokens = Tokens()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(HttpServer(tokens))
        inbox = TokenInbox(tokens)
        port = stack.enter_context(real_server(inbox, certificate))
        yield Place(inbox, tokens, told(port, server.url, ca_file=certificate.certificate))


def told(port: int = 25, url: str = "https://login.example", **others: object) -> Settings:
    return settings_module.load(
        smtp_host="localhost",
        smtp_port=port,
        smtp_security="starttls",
        smtp_ca_file=others.pop("ca_file", None),
        smtp_auth="xoauth2",
        **{
            "smtp_username": NAME,
            "smtp_oauth_token_url": f"{url}/token",
            "smtp_oauth_client_id": "pulse",
            "smtp_oauth_client_secret": SecretStr(SECRET),
            **others,
        },
    )


def test_mail_goes_with_a_token_for_the_clients_own_credentials(place: Place) -> None:
    assert place.deliver() == [Outcome.SENT, Outcome.SENT]
    assert place.inbox.kept == [message("ann").recipient, message("bob").recipient]
    assert place.tokens.forms == [
        {"grant_type": "client_credentials", "client_id": "pulse", "client_secret": SECRET}
    ]


def test_mail_goes_with_a_token_for_a_refresh_token(place: Place) -> None:
    place.settings = place.settings.model_copy(
        update={"smtp_oauth_refresh_token": SecretStr(REFRESH), "smtp_oauth_scope": "mail.send offline"}
    )
    assert place.deliver() == [Outcome.SENT, Outcome.SENT]
    assert place.tokens.forms == [
        {
            "grant_type": "refresh_token",
            "client_id": "pulse",
            "client_secret": SECRET,
            "refresh_token": REFRESH,
            "scope": "mail.send offline",
        }
    ]


def test_all_connections_share_one_token(place: Place) -> None:
    backend = SmtpBackend.configured(place.settings)
    with ThreadPoolExecutor(4) as threads:
        greetings = list(threads.map(lambda _: backend.check(), range(4)))
    assert len(greetings) == len(place.inbox.shown) == 4
    assert place.tokens.given == 1


def test_a_token_that_was_withdrawn_is_replaced_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_tokens, "YOUNG_SECONDS", -1.0)
    backend = SmtpBackend.configured(place.settings)
    backend.check()
    place.tokens.good.clear()
    backend.check()
    assert place.inbox.shown == ["access-token-1", "access-token-1", "access-token-2"]


def test_a_token_that_is_never_taken_is_given_up_with_the_servers_words(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_tokens, "YOUNG_SECONDS", -1.0)
    place.tokens.gives_good_ones = False
    with pytest.raises(SignInRefused) as caught:
        SmtpBackend.configured(place.settings).check()
    assert place.inbox.shown == ["access-token-1", "access-token-2"]
    assert "535 5.7.8" in caught.value.what
    assert '"status": "401"' in caught.value.what
    assert not caught.value.again


@pytest.mark.parametrize(
    ("instead", "error", "words"),
    [
        (
            Says(400, {"error": "invalid_grant", "error_description": f"{REFRESH} has expired"}),
            SignInRefused,
            "… has expired",
        ),
        (Says(401, {"error": f"not {SECRET}"}), SignInRefused, "not …"),
        (Says(200, {"token_type": "Bearer"}), SignInRefused, "an answer of 200"),
        (Says(500, b"oops"), ConnectionFailed, "an answer of 500"),
        (Says(429, {"error": "slow down"}, {"Retry-After": "7"}), Throttled, "slow down"),
        (Does.CLOSE, ConnectionFailed, "gives no access token"),
    ],
)
def test_no_token_is_said_in_the_words_of_who_refused_it(
    place: Place, instead: Says | Does, error: type[Exception], words: str
) -> None:
    place.tokens.instead = instead
    place.settings = place.settings.model_copy(update={"smtp_oauth_refresh_token": SecretStr(REFRESH)})
    with pytest.raises(error) as caught:
        SmtpBackend.configured(place.settings).check()
    assert words in str(caught.value)
    assert place.inbox.shown == []


def test_no_secret_is_in_an_error_a_repr_or_a_log(
    place: Place, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG, logger="pulse_mailer")
    monkeypatch.setattr(_tokens, "YOUNG_SECONDS", -1.0)
    place.tokens.gives_good_ones = False
    place.settings = place.settings.model_copy(update={"smtp_oauth_refresh_token": SecretStr(REFRESH)})
    backend = SmtpBackend.configured(place.settings)
    with pytest.raises(SignInRefused) as caught:
        backend.check()
    shown = "".join(traceback.format_exception(caught.value)) + repr(backend) + caplog.text
    assert not any(secret in shown for secret in (SECRET, REFRESH, "access-token"))


def test_a_server_without_xoauth2_is_not_shown_the_token(certificate: Certificate) -> None:
    tokens = Tokens()
    with (
        HttpServer(tokens) as server,
        real_server(Inbox(), certificate) as port,
        pytest.raises(SignInRefused, match="offers CRAM-MD5, LOGIN, PLAIN, and XOAUTH2 is asked for"),
    ):
        SmtpBackend.configured(told(port, server.url, ca_file=certificate.certificate)).check()
    assert tokens.forms == []


@pytest.mark.parametrize(
    ("others", "variable"),
    [
        ({"smtp_username": ""}, "PULSE_MAILER_SMTP_USERNAME"),
        ({"smtp_oauth_token_url": ""}, "PULSE_MAILER_SMTP_OAUTH_TOKEN_URL"),
        ({"smtp_oauth_token_url": "http://login.example/token"}, "PULSE_MAILER_SMTP_OAUTH_TOKEN_URL"),
        ({"smtp_oauth_client_id": ""}, "PULSE_MAILER_SMTP_OAUTH_CLIENT_ID"),
        ({"smtp_oauth_client_secret": SecretStr("")}, "PULSE_MAILER_SMTP_OAUTH_CLIENT_SECRET"),
    ],
)
def test_a_setting_that_is_missing_is_named(others: dict[str, object], variable: str) -> None:
    with pytest.raises(BadSetting, match=variable):
        SmtpBackend.configured(told(**others))  # type: ignore[arg-type]  # a table of mixed values
