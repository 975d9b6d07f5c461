"""Ways out: each hands finished mail over to somebody who delivers it."""

import importlib
from typing import cast

from pulse_mailer.backends._one_click import guarded
from pulse_mailer.backends.base import Backend
from pulse_mailer.errors import BadSetting
from pulse_mailer.settings import Settings

#: Name to "module:Class"; a backend is imported only when it is chosen.
BACKENDS: dict[str, str] = {
    "smtp": "pulse_mailer.backends.smtp:SmtpBackend",
    "ses": "pulse_mailer.backends.ses:SesBackend",
    "sendgrid": "pulse_mailer.backends.sendgrid:SendgridBackend",
    "mailgun": "pulse_mailer.backends.mailgun:MailgunBackend",
    "postmark": "pulse_mailer.backends.postmark:PostmarkBackend",
    "resend": "pulse_mailer.backends.resend:ResendBackend",
    "graph": "pulse_mailer.backends.graph:GraphBackend",
    "file": "pulse_mailer.backends.file:FileBackend",
    "console": "pulse_mailer.backends.console:ConsoleBackend",
    "memory": "pulse_mailer.backends.memory:MemoryBackend",
}


def make(name: str, settings: Settings) -> Backend:
    """
    The backend of that name, or of a third party's "module:Class", as the settings describe it.

    One that cannot carry one-click unsubscribe is made all the same, and refuses list mail.

    Raises:
        BadSetting: there is no such backend, or a setting that it needs is missing.
    """
    module_name, colon, class_name = BACKENDS.get(name, name).partition(":")
    if not colon:
        raise BadSetting(
            f"There is no backend “{name}”.", remedy=f"Choose one of: {', '.join(sorted(BACKENDS))}."
        )
    try:
        found = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError) as error:
        raise BadSetting(f"The backend “{name}” cannot be loaded: {error}.") from error
    return guarded(cast("type[Backend]", found).configured(settings))
