"""The one place where settings become objects."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from pulse_mailer import backends, keys
from pulse_mailer.backends.base import Backend
from pulse_mailer.backends.smtp import SmtpRoute
from pulse_mailer.database import Database
from pulse_mailer.errors import BadSetting
from pulse_mailer.keys import Keys
from pulse_mailer.links import Links
from pulse_mailer.mailbox.store import Mailbox
from pulse_mailer.settings import Settings


@dataclass(frozen=True, slots=True)
class Mailer:
    """Everything that the web app, the worker and the commands share."""

    settings: Settings
    database: Database
    keys: Keys
    links: Links
    mailbox: Mailbox

    def backend(self) -> Backend:
        """The way out that the settings name; nothing is connected yet."""
        settings = self.settings
        return backends.make(
            settings.backend,
            SmtpRoute(
                host=settings.smtp_host,
                port=settings.smtp_port,
                security=settings.smtp_security,
                username=settings.smtp_username,
                password=settings.smtp_password.get_secret_value(),
                ca_file=settings.smtp_ca_file,
                messages_per_connection=settings.smtp_messages_per_connection,
            ),
        )


@contextlib.contextmanager
def started(settings: Settings, *, at_head: bool = True) -> Iterator[Mailer]:
    """
    Make the objects and close them at the end.

    Args:
        at_head: refuse a database that is behind, and keys that are not its own.

    Raises:
        BadSetting, DatabaseUnreachable, DatabaseBehind, KeysMismatch: it cannot work as things are.
    """
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadSetting(
            f"The data folder {settings.data_dir} cannot be made: {error.strerror}.",
            remedy="Set PULSE_MAILER_DATA_DIR to a folder that you may write.",
        ) from error
    loaded = keys.load_or_create(settings.keys_dir)
    database = Database(settings.database)
    try:
        if at_head:
            database.check_revision()
            database.check_keys(loaded)
        yield Mailer(
            settings=settings,
            database=database,
            keys=loaded,
            links=Links(settings.base_url, loaded, settings.unsubscribe_inbox, settings.bounce_inbox),
            mailbox=Mailbox(settings.mailbox_dir),
        )
    finally:
        database.close()
