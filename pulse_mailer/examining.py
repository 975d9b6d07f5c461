"""Every setting with its source, and whether all that Pulse Mailer needs is there; the backends as they stand."""

import datetime
import enum
import functools
import platform
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from pulse_mailer import __version__, settings
from pulse_mailer.bootstrap import Mailer, started
from pulse_mailer.clock import now
from pulse_mailer.composing import designs, environment
from pulse_mailer.composing.compiling import compile_mjml
from pulse_mailer.delivery import routes
from pulse_mailer.delivery.limits import UNLIMITED
from pulse_mailer.delivery.quotas import quotas, used
from pulse_mailer.delivery.saying import moment
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.counting import counted
from pulse_mailer.editions.reading import newsletters
from pulse_mailer.errors import BadSetting, ConnectionFailed, NotFound, PulseMailerError
from pulse_mailer.resources import prefer_templates, templates_dir
from pulse_mailer.settings import Settings

ReadPages = Callable[[Settings], object]


class State(enum.StrEnum):
    GOOD = "good"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, how it is, and what to do when it is not good."""

    name: str
    state: State
    what: str
    remedy: str = ""


def effective(loaded: Settings) -> list[dict[str, str]]:
    """Each setting's name, variable, value for people (secrets masked) and source."""
    return [
        {"name": name, "variable": settings.variable(name), "value": _shown(loaded, name), "source": source}
        for name, source in settings.sources().items()
    ]


def _shown(loaded: Settings, name: str) -> str:
    if name == "database_url":
        return make_url(loaded.database).render_as_string(hide_password=True)
    value = getattr(loaded, name)
    return str("" if value is None else value)  # a SecretStr shows itself as stars


def examine(loaded: Settings, *, offline: bool, read_pages: ReadPages) -> Iterator[Check]:
    """
    All checks, in the order in which one leans on the other.

    Args:
        offline: connect to no mail server.
        read_pages: reads the public pages' templates, and raises where one is malformed.
    """
    yield Check("program", State.GOOD, f"Pulse Mailer {__version__} on Python {platform.python_version()}.")
    yield _checked("data folder", lambda: _data_folder(loaded))
    yield _checked("templates", lambda: _templates(loaded, read_pages))
    yield _checked("base URL", lambda: _base_url(loaded))
    yield _fetching(loaded)
    try:
        with started(loaded, at_head=False) as mailer:
            yield (database := _checked("database", lambda: _database(mailer)))
            yield _checked("keys", lambda: _keys(mailer))
            if database.state is State.GOOD:  # it knows who mail is from
                yield _checked("DKIM", lambda: _dkim(mailer))
            yield from _backends(mailer, usable=database.state is State.GOOD, offline=offline)
    except PulseMailerError as error:
        yield Check("start", State.FAILED, error.what, error.remedy)


def _checked(name: str, look: Callable[[], Check]) -> Check:
    try:
        return look()
    except PulseMailerError as error:
        return Check(name, State.FAILED, error.what, error.remedy)


def _data_folder(loaded: Settings) -> Check:
    try:
        loaded.data_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=loaded.data_dir):
            pass
    except OSError as error:
        return Check(
            "data folder",
            State.FAILED,
            f"{loaded.data_dir} cannot be written: {error.strerror}.",
            f"Give this user the right to, or set {settings.variable('data_dir')}.",
        )
    return Check("data folder", State.GOOD, f"{loaded.data_dir} can be written.")


def _templates(loaded: Settings, read_pages: ReadPages) -> Check:
    own = loaded.templates_dir
    if own is not None and not own.is_dir():
        what = f"There is no folder {own}."
        return Check(
            "templates", State.FAILED, what, f"Make it, or leave {settings.variable('templates_dir')} out."
        )
    prefer_templates(own)
    found = designs.names()
    if not found:
        return Check(
            "templates", State.FAILED, f"{templates_dir()} holds no design.", "Install Pulse Mailer again."
        )
    for name in found:
        environment.check(designs.load(name).shelves)
    read_pages(loaded)
    compile_mjml(
        "<mjml><mj-body><mj-section><mj-column><mj-text>x</mj-text></mj-column></mj-section></mj-body></mjml>"
    )
    replaced = sum(path.is_file() for path in own.rglob("*")) if own else 0
    ours = f" {own} has {counted(replaced, 'file')} of your own." if own else ""
    return Check("templates", State.GOOD, f"Designs: {', '.join(found)}. MJML compiles.{ours}")


def _base_url(loaded: Settings) -> Check:
    parts = urlsplit(loaded.base_url)
    if parts.hostname not in settings.LOOPBACK:
        return Check("base URL", State.GOOD, f"Links in mail begin with {loaded.base_url}.")
    if parts.port != loaded.web_port:
        return Check(
            "base URL",
            State.WARNING,
            f"Links in mail lead to {loaded.base_url}, while `serve` listens on port {loaded.web_port}.",
            f"Set {settings.variable('base_url')} to match.",
        )
    return Check(
        "base URL", State.GOOD, f"Links in mail begin with {loaded.base_url}: they work on this machine only."
    )


def _fetching(loaded: Settings) -> Check:
    if not loaded.fetch_networks:
        return Check("fetching", State.GOOD, "Pages, feeds and links are fetched from public addresses only.")
    named = ", ".join(map(str, loaded.fetch_networks))
    return Check(
        "fetching",
        State.WARNING,
        f"Pages are fetched from {named} too: whoever adds an item or a feed can read through us what is there.",
        f"Empty {settings.variable('fetch_also')} unless your newsletter links to your own network.",
    )


def _database(mailer: Mailer) -> Check:
    database = mailer.database
    if database.is_sqlite and not Path(database.url.database or "").exists():
        # To ask would be to make an empty one.
        return Check(
            "database", State.FAILED, f"There is no {database.shown} yet.", "pulse-mailer db upgrade"
        )
    database.check_revision()
    database.check_keys(mailer.keys)
    return Check(
        "database", State.GOOD, f"{database.shown} is at its newest migration; the keys are its own."
    )


def _keys(mailer: Mailer) -> Check:
    folder = mailer.settings.keys_dir
    exposed = [path for path in sorted(folder.rglob("*")) if path.stat().st_mode & 0o077]
    if exposed:
        mode = "700" if exposed[0].is_dir() else "600"
        return Check("keys", State.WARNING, f"Others may read {exposed[0]}.", f"chmod {mode} {exposed[0]}")
    return Check(
        "keys", State.GOOD, f"{folder}: {len(mailer.keys.links)} for links, one for addresses. Back them up."
    )


def _dkim(mailer: Mailer) -> Check:
    if not mailer.settings.dkim:
        variable = settings.variable("dkim")
        return Check("DKIM", State.GOOD, f"Off ({variable}): the mail server signs, or nobody.")
    with mailer.database.reading() as database:
        senders = {Address.parse(found.from_address).domain for found in newsletters(database)}
    signers = [signer for domain in sorted(senders) if (signer := mailer.signer_for(domain))]
    if not signers:
        return Check("DKIM", State.GOOD, "On; there is no newsletter yet whose mail it would sign.")
    shown = "; ".join(f"{signer.domain} by {' and '.join(signer.selectors)}" for signer in signers)
    return Check("DKIM", State.GOOD, f"Signs mail from {shown}.")


def _backends(mailer: Mailer, *, usable: bool, offline: bool) -> Iterator[Check]:
    """One check for each backend; a database that can be asked knows of more than the settings, and which rest."""
    names: Sequence[str] = mailer.settings.backends
    resting: dict[str, tuple[datetime.datetime, str]] = {}
    if usable:
        with mailer.database.reading() as database:
            names = in_use(mailer, database)
            resting = routes.resting(database, names)
    for name in names:
        if offline:
            yield Check(f"backend {name}", State.GOOD, f"Not asked. {_limits(mailer, name)}")
        else:
            yield _checked(f"backend {name}", functools.partial(_backend, mailer, name))
        if name in resting:
            until, why = resting[name]
            what = f"It rests {moment(until, now(), 'until')} UTC: {why}"
            yield Check(f"backend {name} rests", State.WARNING, what, f"pulse-mailer backend wake {name}")


def _backend(mailer: Mailer, name: str) -> Check:
    (backend,) = mailer.backends([name])
    try:
        greeting = backend.check()
    except ConnectionFailed as error:
        if mailer.settings.mails_outside:
            raise
        remedy = "Start the catcher: pulse-mailer serve, or mailbox"
        return Check(f"backend {name}", State.WARNING, error.what, remedy)
    answers = f"{backend.relay} answers: {greeting.rstrip('.')}."
    return Check(f"backend {name}", State.GOOD, f"{answers} {_limits(mailer, name)}")


def _limits(mailer: Mailer, name: str) -> str:
    agreed = mailer.limits.get(name)
    return f"Limits: {agreed}." if agreed else "No limits."


def in_use(mailer: Mailer, database: Session) -> list[str]:
    """The backends that anything names: first the settings' in their order, then newsletters', then limits'."""
    named = [*mailer.settings.backends]
    for newsletter in newsletters(database):
        named += newsletter.backends
    return list(dict.fromkeys([*named, *mailer.limits]))


@dataclass(frozen=True, slots=True)
class BackendLine:
    """
    One backend in the list.

    Attributes:
        relay: who is asked; empty when a setting is missing, which `missing` says.
        limits: as the setting writes them; empty: none.
        used_in_24_hours: how many mails it was allowed; None: nothing counts them, since there is no limit.
        left_today: how many more by the limits per hour and day; None: no such limit.
        rests_until, why: when it is asked again, and what it said.
    """

    name: str
    relay: str
    missing: str
    limits: str
    used_in_24_hours: int | None
    left_today: int | None
    rests_until: datetime.datetime | None
    why: str


def backend_lines(mailer: Mailer, database: Session, at: datetime.datetime) -> list[BackendLine]:
    """The backends that anything names, with their limits and what rests."""
    names = in_use(mailer, database)
    resting = routes.resting(database, names, at=at)
    return [_line(mailer, database, name, resting.get(name), at) for name in names]


def known_backend(mailer: Mailer, database: Session, name: str) -> str:
    """
    Raises:
        NotFound: nothing names a backend so.
    """
    names = in_use(mailer, database)
    if name not in names:
        raise NotFound(
            f"No setting and no newsletter names the backend “{name}”.",
            remedy=f"There is: {', '.join(names)}.",
        )
    return name


def _line(
    mailer: Mailer,
    database: Session,
    name: str,
    rest: tuple[datetime.datetime, str] | None,
    at: datetime.datetime,
) -> BackendLine:
    relay = missing = ""
    try:
        (backend,) = mailer.backends([name])
        relay = backend.relay
    except BadSetting as error:
        missing = error.what
    agreed = mailer.limits.get(name, UNLIMITED)
    counts = used(database, name, at)
    return BackendLine(
        name=name,
        relay=relay,
        missing=missing,
        limits=str(agreed),
        used_in_24_hours=sum(counts.values()) if agreed.counts else None,
        left_today=min((quota.left(counts, at) for quota in quotas(agreed)), default=None),
        rests_until=rest[0] if rest else None,
        why=rest[1] if rest else "",
    )
