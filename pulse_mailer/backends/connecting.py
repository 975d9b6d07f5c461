"""From nothing to a line that takes mail: connection, greeting and TLS, all by smtplib, and the sign-in."""

import contextlib
import functools
import smtplib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

from pulse_mailer.backends.replies import Reply, plain
from pulse_mailer.backends.route import SmtpRoute, Timeouts
from pulse_mailer.backends.signing_in import reply_of, sign_in, without_secrets
from pulse_mailer.errors import BackendError, BadSetting, ConnectionFailed, RouteRefused


@dataclass(frozen=True, slots=True)
class Connected:
    """
    Attributes:
        line: the socket, wrapped in TLS where the route says so.
        greeting: the server's first words.
        size_limit: the largest mail in bytes; 0 when the server names none; None when it has no SIZE.
        pipelining: whether it takes several commands at once.
    """

    line: socket.socket
    greeting: str
    size_limit: int | None
    pipelining: bool


def connect(route: SmtpRoute, timeouts: Timeouts) -> Connected:
    """
    Raises:
        ConnectionFailed: nobody answers, the certificate is not trusted, TLS is not offered.
        SignInRefused: the name and password are not accepted, or there is no access token.
        RouteRefused: the server greets us with "no", or cannot check passwords at the moment.
        Throttled: so says the server that gives access tokens.
    """
    with _our_errors(route):
        smtp = _Smtp(route, timeouts)
        try:
            smtp.open()
            if route.security == "starttls":
                smtp.secure()
            if route.username:
                sign_in(smtp, route)
            return Connected(smtp.line, smtp.greeting, smtp.size_limit, smtp.has_extn("pipelining"))
        except BaseException:
            smtp.close()
            raise


class _Smtp(smtplib.SMTP):
    """smtplib's connection with a time for each step, the greeting kept, and replies read as ours."""

    def __init__(self, route: SmtpRoute, timeouts: Timeouts) -> None:
        self.route = route
        self.timeouts = timeouts
        self.greeting = ""
        super().__init__(local_hostname=_own_name())
        # Only the constructor's host, which would connect at once, names the certificate to ask for.
        self._host = route.host

    def open(self) -> None:
        code, words = self.connect(self.route.host, self.route.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, words)
        self.greeting = plain(words)
        self._hello()

    def secure(self) -> None:
        if not self.has_extn("starttls"):
            raise ConnectionFailed(
                f"{self.route.relay} does not offer STARTTLS, so nothing was sent to it unprotected.",
                remedy="Ask its administrators, or use security “tls” (usually port 465).",
            )
        code, words = self.starttls(context=_tls(self.route))
        if code != 220:
            raise smtplib.SMTPResponseException(code, words)
        self._hello()

    def getreply(self) -> tuple[int, bytes]:
        code, words = super().getreply()
        if code == -1:  # smtplib's word for what is no reply; it drops the first four letters
            said = without_secrets(self.route, plain(words))
            raise ConnectionFailed(
                f"{self.route.relay} does not speak SMTP: “…{said}”.", remedy="Check its host and port."
            )
        return code, words

    @property
    def line(self) -> socket.socket:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("The server closed the connection.")
        return self.sock

    @property
    def size_limit(self) -> int | None:
        if not self.has_extn("size"):
            return None
        limit = self.esmtp_features["size"].split()
        return int(limit[0]) if limit and limit[0].isdecimal() else 0

    def _hello(self) -> None:
        code, words = self.ehlo()
        if not 200 <= code <= 299:
            raise smtplib.SMTPHeloError(code, words)

    def _get_socket(self, host: str, port: int, timeout: object) -> socket.socket:  # noqa: ARG002 - smtplib's
        line = socket.create_connection((host, port), self.timeouts.connect)
        try:
            if self.route.security == "tls":
                line = _tls(self.route).wrap_socket(line, server_hostname=host)
            line.settimeout(self.timeouts.greeting)
        except BaseException:
            line.close()
            raise
        return line


@functools.cache
def _own_name() -> str:
    # Asked once: on a machine with a slow resolver, each question costs seconds.
    name = socket.getfqdn()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


def _tls(route: SmtpRoute) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(route.ca_file) if route.ca_file else None)
    except (ssl.SSLError, OSError) as error:
        raise BadSetting(
            f"The certificates to trust, {route.ca_file}, cannot be read: {plain(str(error))}.",
            remedy="Name a file of certificates in PEM form.",
        ) from error


@contextlib.contextmanager
def _our_errors(route: SmtpRoute) -> Iterator[None]:
    """Say in our words what smtplib, ssl and the socket say in theirs."""
    try:
        yield
    except smtplib.SMTPResponseException as error:
        raise _refused_line(route, reply_of(error)) from error
    except ssl.SSLCertVerificationError as error:
        raise ConnectionFailed(
            f"The certificate of {route.relay} is not to be trusted: {error.verify_message}.",
            remedy="Check the host name, or name the certificate authority's file.",
        ) from error
    except ssl.SSLError as error:
        raise ConnectionFailed(
            f"No TLS with {route.relay}: {plain(error.reason or str(error))}.",
            remedy="Port 587 usually wants security “starttls”, port 465 “tls”.",
        ) from error
    except TimeoutError as error:
        raise ConnectionFailed(
            f"{route.relay} does not answer in time.", remedy="Check host, port, firewall."
        ) from error
    except (OSError, UnicodeError) as error:  # UnicodeError: a host name that no resolver may be asked for
        words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConnectionFailed(
            f"No connection to {route.relay}: {plain(words)}.",
            remedy="Check that the server runs, its host and port.",
        ) from error


def _refused_line(route: SmtpRoute, reply: Reply) -> BackendError:
    if reply.code // 100 == 4:
        return ConnectionFailed(f"{route.relay} says: “{reply.words}”.", remedy="Try again later.")
    return RouteRefused(
        f"{route.relay} does not talk to us: “{reply.words}”.", remedy="Ask its administrators why."
    )
