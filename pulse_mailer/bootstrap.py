"""The one place where settings become objects."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pulse_mailer import backends, keys, resources
from pulse_mailer.backends.base import Backend
from pulse_mailer.clock import now
from pulse_mailer.composing.signing import Signer
from pulse_mailer.database import Database
from pulse_mailer.delivery import limits
from pulse_mailer.delivery.dispatch import Way
from pulse_mailer.delivery.limits import Limits
from pulse_mailer.errors import BadSetting
from pulse_mailer.keys import Keys
from pulse_mailer.links import Links
from pulse_mailer.mailbox.store import Mailbox
from pulse_mailer.settings import Settings

if TYPE_CHECKING:
    from pulse_mailer.fetching import Fetcher


@dataclass(frozen=True, slots=True)
class Mailer:
    """Everything that the web app, the worker and the commands share."""

    settings: Settings
    database: Database
    keys: Keys
    links: Links
    mailbox: Mailbox
    limits: Mapping[str, Limits]  #: by backend; one that is not named has none (`limits.UNLIMITED`)

    def backends(self, names: Sequence[str] = ()) -> tuple[Backend, ...]:
        """
        The ways out in the order they are tried, by name; without names those of the settings. Connects to nothing.

        Raises:
            BadSetting: there is no such backend, or a setting that it needs is missing.
        """
        made = tuple(backends.make(name, self.settings) for name in names or self.settings.backends)
        if fault := self.settings.unsafe(names):
            raise BadSetting(f"{fault}. It would leave by {', '.join(names)}.")
        return made

    def way(self, names: Sequence[str] = ()) -> Way:
        """All that sending needs; `names` are a newsletter's own backends. Raises as `backends()`."""
        return Way(
            self.database,
            self.links,
            self.backends(names),
            connections=self.settings.connections,
            limits=self.limits,
            signer_for=self.signer_for,
        )

    def fetcher(self) -> "Fetcher":
        """What fetches strangers' pages: public ones, and those of the networks that the settings name."""
        from pulse_mailer.fetching import Fetcher  # noqa: PLC0415 - brings in what few commands need

        return Fetcher(self.settings.base_url, also=self.settings.fetch_networks)

    def signer_for(self, domain: str) -> Signer | None:
        """
        What signs mail from a domain by DKIM now; None where signing is off.

        Raises:
            BadSetting: signing is on, and the domain has no key that signs; names the command that makes one.
        """
        if not self.settings.dkim:
            return None
        from pulse_mailer import dkim_keys  # noqa: PLC0415 - brings cryptography in, which few need

        chosen = dkim_keys.signing(dkim_keys.DkimKeys(self.settings.keys_dir).of(domain), now())
        if not any(key.algorithm is dkim_keys.Algorithm.RSA for key in chosen):
            raise BadSetting(
                f"Mail from {domain} is to be signed by DKIM, and there is no RSA key that signs it now.",
                remedy=f"Make one: pulse-mailer dkim create {domain}",
            )
        return Signer(domain, chosen)


@contextlib.contextmanager
def started(settings: Settings, *, at_head: bool = True) -> Iterator[Mailer]:
    """
    Make the objects and close them at the end.

    Args:
        at_head: refuse a database that is behind, and keys that are not its own.

    Raises:
        BadSetting, DatabaseUnreachable, DatabaseBehind, KeysMismatch: it cannot work as things are.
    """
    agreed = limits.read(settings.rates)
    if settings.templates_dir is not None and not settings.templates_dir.is_dir():
        raise BadSetting(
            f"There is no folder {settings.templates_dir}.",
            remedy="Set PULSE_MAILER_TEMPLATES_DIR to the folder of your own templates, or leave it out.",
        )
    resources.prefer_templates(settings.templates_dir)
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
            limits=agreed,
        )
    finally:
        database.close()
