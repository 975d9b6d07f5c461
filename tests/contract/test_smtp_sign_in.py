"""Connecting by SMTP: TLS that fails closed, signing in, and the words when it does not work."""

import contextlib
import hmac
import logging
import socket
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from pulse_mailer.backends.route import Auth
from pulse_mailer.backends.smtp import SmtpBackend, SmtpRoute, Timeouts
from pulse_mailer.domain.delivery import Outcome
from pulse_mailer.errors import BackendError, BadSetting, ConnectionFailed, RouteRefused, SignInRefused
from tests.contract.certificates import Certificate, self_signed
from tests.contract.faulty import Does, FaultyServer
from tests.contract.messages import message

NAME, PASSWORD = "news", "correct horse"
QUICK = Timeouts(connect=5, greeting=5)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return self_signed(tmp_path_factory.mktemp("tls"))


class Inbox:
    """Keeps who signed in and what came."""

    def __init__(self) -> None:
        self.signed_in: list[str] = []
        self.kept: list[str] = []

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        right = (data.login, data.password) == (NAME.encode(), PASSWORD.encode())
        self.signed_in += [mechanism] if right else []
        return AuthResult(success=right, handled=False)

    async def auth_CRAM__MD5(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802 - aiosmtpd's
        challenge = b"<1896.697170952@harbour.example>"
        answer = await server.challenge_auth(challenge)
        right = f"{NAME} {hmac.new(PASSWORD.encode(), challenge, 'md5').hexdigest()}".encode()
        self.signed_in += ["CRAM-MD5"] if answer == right else []
        return AuthResult(success=answer == right, handled=False)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        self.kept += envelope.rcpt_tos
        return "250 2.0.0 Ok"


@contextlib.contextmanager
def real_server(inbox: Inbox, certificate: Certificate, *, implicit: bool = False) -> Iterator[int]:
    """aiosmtpd, which wants TLS and a name before it takes mail; its port."""
    context = certificate.for_server()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    controller = Controller(
        inbox,
        hostname="127.0.0.1",
        port=port,
        ssl_context=context if implicit else None,
        tls_context=None if implicit else context,
        require_starttls=not implicit,
        auth_required=True,
        # Over implicit TLS aiosmtpd does not know that the line is protected.
        auth_require_tls=not implicit,
        authenticator=inbox.authenticate,
    )
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def deliver(route: SmtpRoute) -> list[Outcome]:
    with SmtpBackend(route, QUICK).session() as session:
        return [receipt.outcome for receipt in session.exchange([message("ann"), message("bob")])]


def refusal(route: SmtpRoute) -> BackendError:
    with pytest.raises(BackendError) as caught:
        SmtpBackend(route, QUICK).check()
    return caught.value


def test_mail_goes_over_starttls_with_a_name_and_password(certificate: Certificate) -> None:
    inbox = Inbox()
    with real_server(inbox, certificate) as port:
        route = SmtpRoute("localhost", port, "starttls", NAME, PASSWORD, certificate.certificate)
        assert deliver(route) == [Outcome.SENT, Outcome.SENT]
    assert inbox.kept == [message("ann").recipient, message("bob").recipient]
    assert len(inbox.signed_in) == 1


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
def test_mail_goes_over_tls_from_the_first_byte(certificate: Certificate) -> None:
    inbox = Inbox()
    with real_server(inbox, certificate, implicit=True) as port:
        route = SmtpRoute("127.0.0.1", port, "tls", NAME, PASSWORD, certificate.certificate)
        assert deliver(route) == [Outcome.SENT, Outcome.SENT]
    assert inbox.signed_in == ["CRAM-MD5"]  # the best of those on offer


@pytest.mark.parametrize("auth", ["plain", "login", "cram-md5"])
def test_the_way_to_sign_in_can_be_chosen(certificate: Certificate, auth: Auth) -> None:
    inbox = Inbox()
    with real_server(inbox, certificate) as port:
        route = SmtpRoute("localhost", port, "starttls", NAME, PASSWORD, certificate.certificate, auth)
        assert deliver(route) == [Outcome.SENT, Outcome.SENT]
    assert inbox.signed_in == [auth.upper()]


@pytest.mark.parametrize("auth", ["plain", "login", "cram-md5"])
def test_a_wrong_password_is_refused_in_every_way(certificate: Certificate, auth: Auth) -> None:
    inbox = Inbox()
    with real_server(inbox, certificate) as port:
        error = refusal(SmtpRoute("localhost", port, "starttls", NAME, "no", certificate.certificate, auth))
    assert isinstance(error, SignInRefused)
    assert "535 5.7.8" in error.what
    assert inbox.signed_in == []


def test_a_way_that_the_server_does_not_offer_is_not_tried() -> None:
    with FaultyServer(features=("AUTH LOGIN PLAIN",)) as server:
        route = SmtpRoute("127.0.0.1", server.port, username=NAME, password=PASSWORD, auth="cram-md5")
        assert "offers LOGIN, PLAIN, and CRAM-MD5 is asked for" in refusal(route).what
    assert [command.partition(" ")[0].upper() for command in server.said[0]] == ["EHLO"]


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Certificate, implicit: bool) -> None:
    inbox = Inbox()
    with real_server(inbox, certificate, implicit=implicit) as port:
        error = refusal(SmtpRoute("localhost", port, "tls" if implicit else "starttls", NAME, PASSWORD))
    assert isinstance(error, ConnectionFailed)
    assert "self-signed certificate" in error.what
    assert inbox.signed_in == []


def test_a_file_of_certificates_that_is_none_is_a_bad_setting(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("this is no certificate")
    with FaultyServer(features=("STARTTLS",)) as server:
        for ca_file in (wrong, tmp_path / "missing.pem"):
            with pytest.raises(BadSetting, match=ca_file.name):
                SmtpBackend(SmtpRoute("127.0.0.1", server.port, "starttls", ca_file=ca_file), QUICK).check()


def test_without_starttls_on_offer_nothing_is_sent(certificate: Certificate) -> None:
    with FaultyServer(features=("AUTH PLAIN",)) as server:
        error = refusal(SmtpRoute("127.0.0.1", server.port, "starttls", NAME, PASSWORD))
    assert isinstance(error, ConnectionFailed)
    assert "STARTTLS" in error.what
    assert [command.partition(" ")[0].upper() for command in server.said[0]] == ["EHLO"]


def test_tls_to_a_server_that_speaks_plainly_says_what_to_try(certificate: Certificate) -> None:
    with FaultyServer() as server:
        error = refusal(SmtpRoute("127.0.0.1", server.port, "tls"))
    assert isinstance(error, ConnectionFailed)
    assert "starttls" in error.remedy


def test_a_wrong_password_is_refused_with_the_servers_words(certificate: Certificate) -> None:
    with real_server(Inbox(), certificate) as port:
        error = refusal(
            SmtpRoute("localhost", port, "starttls", NAME, "wrong staple", certificate.certificate)
        )
    assert isinstance(error, SignInRefused)
    assert "535 5.7.8 Authentication credentials invalid" in error.what
    assert not error.again


@pytest.mark.parametrize("password", ["s3cret-word", "pässword"])
def test_the_password_is_in_no_error_no_repr_and_no_log(
    password: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with FaultyServer(features=("AUTH PLAIN LOGIN",)) as server:
        route = SmtpRoute("127.0.0.1", server.port, username=NAME, password=password)
        server.faults["1", "AUTH"] = Does.ECHO
        with pytest.raises(SignInRefused) as caught:
            SmtpBackend(route, QUICK).check()
    told = "".join(traceback.format_exception(caught.value)) + repr(route) + caplog.text
    token = server.said[0][1].rpartition(" ")[2]
    assert "does not accept" in told
    assert password not in told
    assert token not in told


def test_a_password_beyond_ascii_is_sent_as_utf8() -> None:
    with FaultyServer({("1", "AUTH"): b"235 2.7.0 Welcome"}, features=("AUTH PLAIN",)) as server:
        SmtpBackend(SmtpRoute("127.0.0.1", server.port, username="news", password="£10"), QUICK).check()
    assert server.said[0][1] == "AUTH PLAIN AG5ld3MAwqMxMA=="


@pytest.mark.parametrize(
    ("features", "fault", "error", "words"),
    [
        ((), None, SignInRefused, "does not offer to sign in"),
        (("AUTH GSSAPI",), None, SignInRefused, "share no way to sign in"),
        (("AUTH PLAIN",), b"535 5.7.8 Wrong", SignInRefused, "535 5.7.8 Wrong"),
        (("AUTH PLAIN",), b"454 4.7.0 Directory is down", RouteRefused, "454 4.7.0 Directory is down"),
        (("AUTH PLAIN",), Does.HANG_UP, ConnectionFailed, "closed"),
        (("AUTH PLAIN",), b"nonsense", ConnectionFailed, "does not speak SMTP"),
    ],
)
def test_signing_in_fails_in_our_words(
    features: tuple[str, ...], fault: bytes | Does | None, error: type[BackendError], words: str
) -> None:
    with FaultyServer(features=features) as server:
        if fault is not None:
            server.faults["1", "AUTH"] = fault
        raised = refusal(SmtpRoute("127.0.0.1", server.port, username=NAME, password=PASSWORD))
    assert isinstance(raised, error)
    assert words in raised.what
    assert raised.remedy or isinstance(raised, SignInRefused)


@pytest.mark.parametrize(
    ("step", "fault", "error", "words"),
    [
        ("CONNECT", Does.HANG_UP, ConnectionFailed, "closed"),
        ("CONNECT", b"421 4.3.2 Too busy", ConnectionFailed, "421 4.3.2 Too busy"),
        ("CONNECT", b"554 5.7.1 Your address is listed", RouteRefused, "554 5.7.1 Your address is listed"),
        ("CONNECT", b"SSH-2.0-OpenSSH_9.2", ConnectionFailed, "does not speak SMTP: “…2.0-OpenSSH_9.2”"),
        ("EHLO", Does.HANG_UP, ConnectionFailed, "closed"),
        ("EHLO", b"502 5.5.1 What?", RouteRefused, "502 5.5.1 What?"),
        ("CONNECT", Does.SAY_NOTHING, ConnectionFailed, "timed out"),
    ],
)
def test_a_server_that_does_not_receive_us_is_named_with_its_words(
    step: str, fault: bytes | Does, error: type[BackendError], words: str
) -> None:
    with FaultyServer({("1", step): fault}) as server:
        route = SmtpRoute("127.0.0.1", server.port)
        with pytest.raises(BackendError) as caught:
            SmtpBackend(route, Timeouts(connect=5, greeting=0.3)).check()
    assert isinstance(caught.value, error)
    assert words in caught.value.what
    assert f"127.0.0.1:{server.port}" in caught.value.what


def test_a_port_where_nobody_listens_is_a_failed_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    error = refusal(SmtpRoute("127.0.0.1", port))
    assert isinstance(error, ConnectionFailed)
    assert error.what == f"No connection to 127.0.0.1:{port}: Connection refused."
    assert error.remedy


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example"])
def test_a_host_that_is_no_name_is_a_failed_connection(host: str) -> None:
    assert isinstance(refusal(SmtpRoute(host, 25)), ConnectionFailed)
