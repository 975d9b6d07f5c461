"""`pulse-mailer backend`: the ways out: what they may be given, whether they rest, whether they take our mail."""

import dataclasses
import datetime
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.cli import output
from pulse_mailer.clock import now
from pulse_mailer.delivery import routes
from pulse_mailer.delivery.limits import PRESETS, UNLIMITED
from pulse_mailer.delivery.quotas import quotas, used
from pulse_mailer.delivery.saying import moment
from pulse_mailer.editions.reading import newsletters
from pulse_mailer.errors import BadSetting, NotFound, PulseMailerError
from pulse_mailer.settings import variable

app = typer.Typer(
    help="Look at the ways out: limits, rests, and whether they take our mail.", no_args_is_help=True
)

TheName = Annotated[str, typer.Argument(metavar="NAME", help="Its name, such as smtp.")]


@dataclasses.dataclass(frozen=True, slots=True)
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


@app.command("list")
def list_(*, json: output.Json = False) -> None:
    """List the backends that settings and newsletters name, with their limits and what rests."""
    at = now()
    with output.mailer() as mailer, mailer.database.reading() as database:
        names = in_use(mailer, database)
        resting = routes.resting(database, names, at=at)
        lines = [_line(mailer, database, name, resting.get(name), at) for name in names]
    if json:
        output.print_json([dataclasses.asdict(line) for line in lines])
        return
    rows = [
        [
            line.name,
            line.relay or "a setting is missing",
            line.limits or "none",
            "not counted" if line.used_in_24_hours is None else f"{line.used_in_24_hours:,}",
            "resting" if line.rests_until else "ready" if line.relay else "",
        ]
        for line in lines
    ]
    output.print_table(["Name", "Asks", "Limits", "Used in 24 h", "State"], rows, ["Used in 24 h"])
    for line in lines:
        if line.missing:
            output.trouble(f"{line.name}: {line.missing}")
        if line.rests_until:
            output.trouble(f"{line.name} rests {moment(line.rests_until, at, 'until')} UTC: {line.why}")
            output.say(f"Have it asked at once: pulse-mailer backend wake {line.name}")


@app.command()
def check(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Only this one.")] = "",
) -> None:
    """Connect and sign in, as sending does; nothing is sent. Ends with 1 when one does not take our mail."""
    well = True
    with output.mailer() as mailer:
        with mailer.database.reading() as database:
            names = [_known(name, in_use(mailer, database))] if name else in_use(mailer, database)
        for each in names:
            try:
                (backend,) = mailer.backends([each])
                output.good(f"{each}: {backend.relay} answers: {backend.check()}")
            except PulseMailerError as error:
                well = False
                output.trouble(f"{each}: {error}")
    if not well:
        raise typer.Exit(1)


@app.command()
def wake(name: TheName) -> None:
    """End a backend's rest, so that it is asked at once."""
    with output.mailer() as mailer, mailer.database.transaction() as database:
        known = _known(name, in_use(mailer, database))
        woken = routes.wake(database, known, actor=output.actor())
    if woken:
        output.good(f"{name} is asked again, by the next worker that has mail.")
    else:
        output.say(f"{name} does not rest; nothing changed.")


@app.command()
def limits(*, json: output.Json = False) -> None:
    """Show what providers allow, as presets for the limits."""
    if json:
        output.print_json([{"name": name, **dataclasses.asdict(preset)} for name, preset in PRESETS.items()])
        return
    for name, preset in PRESETS.items():
        output.say(f"{name}: {preset.limits}", "bold")
        output.say(f"    {preset.note}")
        how = "as others quote it" if preset.quoted else "read"
        output.say(f"    {preset.source}, {how} on {preset.read_on}")
    output.say()
    output.say(f"Use one: {variable('rates')}=smtp=microsoft-365, or figures: smtp=30/minute,10000/day")


def in_use(mailer: Mailer, database: Session) -> list[str]:
    """The backends that anything names: first the settings' in their order, then newsletters', then limits'."""
    named = [*mailer.settings.backends]
    for newsletter in newsletters(database):
        named += newsletter.backends
    return list(dict.fromkeys([*named, *mailer.limits]))


def _known(name: str, names: list[str]) -> str:
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
