"""Signing in by SMTP (RFC 4954): by password as PLAIN, LOGIN or CRAM-MD5, or by an access token as XOAUTH2."""

import base64
import contextlib
import smtplib

from pulse_mailer.backends.replies import Reply, plain, read_reply
from pulse_mailer.backends.route import SmtpRoute
from pulse_mailer.errors import BackendError, RouteRefused, SignInRefused


def sign_in(smtp: smtplib.SMTP, route: SmtpRoute) -> None:
    """
    Raises:
        SignInRefused: the server does not accept who we are, or does not offer the way to say so.
        RouteRefused: it cannot check that at the moment.
        ConnectionFailed, Throttled: there is no access token to be had now.
    """
    if not smtp.has_extn("auth"):
        raise SignInRefused(
            f"{route.relay} does not offer to sign in on this connection.",
            remedy="Most servers do so only under security “starttls” or “tls”.",
        )
    try:
        if route.auth == "xoauth2":
            _by_token(smtp, route)
        else:
            _by_password(smtp, route)
    except smtplib.SMTPResponseException as error:
        # The cause is not chained: a server may repeat the password that it was given.
        raise _refused(route, reply_of(error)) from None
    except smtplib.SMTPServerDisconnected:
        raise
    except (smtplib.SMTPException, ValueError) as error:
        raise SignInRefused(f"{route.relay} and Pulse Mailer share no way to sign in: {error}") from None


def reply_of(error: smtplib.SMTPResponseException) -> Reply:
    """What the server said, read as every other reply."""
    words = error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode()
    try:
        return read_reply([b"%03d %s" % (error.smtp_code, line) for line in words.split(b"\n")])
    except ValueError:
        return Reply(500, "", plain(words))  # a code that SMTP does not have


def without_secrets(route: SmtpRoute, words: str) -> str:
    """A server's words, which may repeat what it was told."""
    secrets = [_plain_token(route), base64.b64encode(route.password.encode()).decode(), route.password]
    if route.tokens is not None:
        secrets += [_bearer(route, route.tokens.held), route.tokens.held]
    for secret in filter(None, secrets):
        words = words.replace(secret, "…")
    return words


def _by_password(smtp: smtplib.SMTP, route: SmtpRoute) -> None:
    wanted = route.auth.upper()
    if wanted != "AUTO" and wanted not in _offered(smtp):
        raise ValueError(f"the server offers {', '.join(_offered(smtp))}, and {wanted} is asked for.")
    if not f"{route.username}{route.password}".isascii():
        _by_plain_utf8(smtp, route)
        return
    if wanted == "AUTO":
        smtp.login(route.username, route.password)
        return
    smtp.user, smtp.password = route.username, route.password
    if wanted == "PLAIN":
        smtp.auth(wanted, smtp.auth_plain)
    elif wanted == "LOGIN":
        smtp.auth(wanted, smtp.auth_login)
    else:
        smtp.auth(wanted, smtp.auth_cram_md5)


def _by_plain_utf8(smtp: smtplib.SMTP, route: SmtpRoute) -> None:
    # smtplib signs in with ASCII alone; RFC 4616 asks for UTF-8.
    if route.auth not in ("auto", "plain") or "PLAIN" not in _offered(smtp):
        raise ValueError("the name or password is not ASCII, and PLAIN, which could carry it, is not in use.")
    code, words = smtp.docmd("AUTH", f"PLAIN {_plain_token(route)}")
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, words)


def _by_token(smtp: smtplib.SMTP, route: SmtpRoute) -> None:
    """As Google and Microsoft describe it; a token that was withdrawn is replaced once."""
    from pulse_mailer.backends._http import Patience  # noqa: PLC0415 - few sign in so, and requests is slow to import

    assert route.tokens is not None
    if "XOAUTH2" not in _offered(smtp):
        raise ValueError(f"the server offers {', '.join(_offered(smtp))}, and XOAUTH2 is asked for.")
    patience = Patience(connect=10.0, read=30.0)
    route.tokens.have(patience)
    shown = route.tokens.held
    code, words = _show(smtp, route, shown)
    if code // 100 == 5:
        route.tokens.renew(patience)
        if route.tokens.held != shown:
            code, words = _show(smtp, route, route.tokens.held)
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, words)


def _show(smtp: smtplib.SMTP, route: SmtpRoute, token: str) -> tuple[int, bytes]:
    code, words = smtp.docmd("AUTH", f"XOAUTH2 {_bearer(route, token)}")
    if code != 334:
        return code, words
    # A challenge says as JSON what is wrong; an empty line fetches the reply that ends it.
    challenge = words
    code, words = smtp.docmd("")
    with contextlib.suppress(ValueError):  # not base64, so not what Google and Microsoft say
        words += b" " + plain(base64.b64decode(challenge, validate=True)).encode()
    return code, words


def _offered(smtp: smtplib.SMTP) -> list[str]:
    return smtp.esmtp_features["auth"].upper().split()


def _refused(route: SmtpRoute, reply: Reply) -> BackendError:
    words = without_secrets(route, reply.words)
    shown = "password" if route.tokens is None else "access token"
    if reply.code // 100 == 4:
        return RouteRefused(
            f"{route.relay} cannot check our {shown} now: “{words}”.", remedy="Try again later."
        )
    return SignInRefused(
        f"{route.relay} does not accept the user name and {shown}: “{words}”.",
        remedy="Check both; some providers want a password made for programs."
        if route.tokens is None
        else "Check the user name, and that the client may send mail for it.",
    )


def _bearer(route: SmtpRoute, token: str) -> str:
    return base64.b64encode(f"user={route.username}\x01auth=Bearer {token}\x01\x01".encode()).decode()


def _plain_token(route: SmtpRoute) -> str:
    return base64.b64encode(f"\0{route.username}\0{route.password}".encode()).decode()
