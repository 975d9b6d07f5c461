"""Mail handed over by SMTP (RFC 5321)."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from pulse_mailer.backends.handing import SmtpSession
from pulse_mailer.backends.route import SmtpRoute, Timeouts
from pulse_mailer.settings import Settings

if TYPE_CHECKING:
    from pulse_mailer.backends._tokens import Tokens

__all__ = ["SmtpBackend", "SmtpRoute", "Timeouts"]

CHECK_SECONDS = 30.0  # somebody sits and waits


@dataclass(frozen=True, slots=True)
class SmtpBackend:
    route: SmtpRoute
    timeouts: Timeouts = field(default_factory=Timeouts)

    @property
    def name(self) -> str:
        return "smtp"

    @property
    def carries_one_click(self) -> bool:
        return True

    @classmethod
    def configured(cls, settings: Settings) -> Self:
        return cls(
            SmtpRoute(
                host=settings.smtp_host,
                port=settings.smtp_port,
                security=settings.smtp_security,
                username=settings.smtp_username,
                password=settings.smtp_password.get_secret_value(),
                ca_file=settings.smtp_ca_file,
                auth=settings.smtp_auth,
                tokens=_tokens(settings) if settings.smtp_auth == "xoauth2" else None,
                pipelining=settings.smtp_pipelining,
                messages_per_connection=settings.smtp_messages_per_connection,
            )
        )

    @property
    def window(self) -> int:
        return 2 if self.route.pipelining == "chained" else 1

    @property
    def relay(self) -> str:
        return self.route.relay

    @contextlib.contextmanager
    def session(self) -> Iterator[SmtpSession]:
        session = SmtpSession(self.route, self.timeouts)
        session.open()
        try:
            yield session
        finally:
            session.close()

    def check(self) -> str:
        patience = replace(self.timeouts, greeting=min(self.timeouts.greeting, CHECK_SECONDS))
        session = SmtpSession(self.route, patience)
        greeting = session.open()
        session.close()
        return greeting


def _tokens(settings: Settings) -> "Tokens":
    # Few sign in so, and requests is slow to import.
    from pulse_mailer.backends._provider import endpoint, needed  # noqa: PLC0415 - see above
    from pulse_mailer.backends._tokens import Client, Tokens  # noqa: PLC0415 - see above

    needed(settings, "smtp_username", "smtp")
    refresh_token = settings.smtp_oauth_refresh_token.get_secret_value()
    secret_setting = "smtp_oauth_refresh_token" if refresh_token else "smtp_oauth_client_secret"
    needed(settings, secret_setting, "smtp")
    return Tokens(
        Client(
            url=endpoint(settings, "smtp_oauth_token_url", "smtp"),
            client_id=needed(settings, "smtp_oauth_client_id", "smtp"),
            secret=settings.smtp_oauth_client_secret.get_secret_value(),
            scope=settings.smtp_oauth_scope,
            secret_setting=secret_setting,
            refresh_token=refresh_token,
        )
    )
