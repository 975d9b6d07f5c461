"""`pulse-mailer doctor`: every setting with its source, and whether all that Pulse Mailer needs is there."""

import dataclasses
import datetime
import enum
import functools
import platform
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from sqlalchemy.engine import make_url

from pulse_mailer import __version__, settings
from pulse_mailer.bootstrap import Mailer, started
from pulse_mailer.cli import output
from pulse_mailer.cli.backend import in_use
from pulse_mailer.clock import now
from pulse_mailer.delivery import routes
from pulse_mailer.delivery.saying import moment
from pulse_mailer.domain.address import Address
from pulse_mailer.editions.reading import newsletters
from pulse_mailer.errors import ConnectionFailed, PulseMailerError
from pulse_mailer.settings import Settings

Offline = Annotated[bool, typer.Option("--offline", help="Do not connect to any mail server.")]


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


def run(*, offline: Offline = False, json: output.Json = False) -> None:
    """Show every setting and where it came from; check database, keys, templates, backends, base URL."""
    loaded = settings.load()
    shown = effective(loaded)
    checks = list(examine(loaded, offline=offline))
    well = all(check.state is not State.FAILED for check in checks)
    if json:
        plain = [dataclasses.asdict(check) for check in checks]
        output.print_json({"well": well, "settings": shown, "checks": plain})
    else:
        output.print_table(
            ["Setting", "Value", "From"], [[row["name"], row["value"], row["source"]] for row in shown]
        )
        output.say(f"The variable of each is {settings.PREFIX} and its name in capitals.")
        output.say()
        _print(checks)
    raise typer.Exit(0 if well else 1)


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


def examine(loaded: Settings, *, offline: bool) -> Iterator[Check]:
    """All checks, in the order in which one leans on the other."""
    yield Check("program", State.GOOD, f"Pulse Mailer {__version__} on Python {platform.python_version()}.")
    yield _checked("data folder", lambda: _data_folder(loaded))
    yield _checked("templates", lambda: _templates(loaded))
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


def _templates(loaded: Settings) -> Check:
    from pulse_mailer.composing import designs, environment
    from pulse_mailer.composing.compiling import compile_mjml
    from pulse_mailer.resources import prefer_templates, templates_dir
    from pulse_mailer.web.pages import Pages

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
    Pages(loaded.base_url, ())  # reads the public pages
    compile_mjml(
        "<mjml><mj-body><mj-section><mj-column><mj-text>x</mj-text></mj-column></mj-section></mj-body></mjml>"
    )
    replaced = sum(path.is_file() for path in own.rglob("*")) if own else 0
    ours = f" {own} has {replaced} file{'' if replaced == 1 else 's'} of your own." if own else ""
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
            yield Check(f"backend {name}", State.GOOD, f"Not asked (--offline). {_limits(mailer, name)}")
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


def _print(checks: list[Check]) -> None:
    styles = {State.GOOD: "green", State.WARNING: "yellow", State.FAILED: "red"}
    for check in checks:
        output.say(f"{check.state.value:8} {check.name}: {check.what}", styles[check.state])
        if check.remedy:
            output.say(f"{'':8} {check.remedy}")
    wrong = sum(check.state is State.FAILED for check in checks)
    warned = sum(check.state is State.WARNING for check in checks)
    output.say()
    if wrong:
        output.say(f"{wrong} of {len(checks)} checks failed.", "red")
    else:
        output.good(f"All is well{f', with {warned} to look at' if warned else ''}.")
