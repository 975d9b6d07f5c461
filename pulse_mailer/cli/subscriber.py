"""`pulse-mailer subscriber`: who gets a newsletter."""

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from pulse_mailer.cli import documents, forgetting, loading, output, progress
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.subscriber import SubscriptionStatus, Way
from pulse_mailer.editions.reading import newsletter as find_newsletter
from pulse_mailer.errors import UsageError
from pulse_mailer.subscribers import choosing, exporting, importing, joining, leaving, reading, searching
from pulse_mailer.subscribers.columns import mapping
from pulse_mailer.subscribers.person import Person

app = typer.Typer(help="Import, add, look up, take off and erase subscribers.", no_args_is_help=True)
app.command()(forgetting.erase)
app.command()(forgetting.data)

Newsletter = Annotated[
    str | None, typer.Option(help="Its short name; may be left out when there is only one.")
]
Wording = Annotated[
    str, typer.Option(help="What the people agreed to, and where; kept with the subscription.")
]
TheAddress = Annotated[str, typer.Argument(metavar="ADDRESS")]

PARTLY_DONE = 3


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV with a header; UTF-8, UTF-16 or Windows-1252.")],
    newsletter: Newsletter = None,
    columns: Annotated[
        list[str] | None, typer.Option("--map", metavar="FIELD=COLUMN", help="Name a column: email=Contact.")
    ] = None,
    wording: Wording = "",
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; store nothing.")] = False,
    json: output.Json = False,
) -> None:
    """
    Subscribe those in a file. Nobody who left or is suppressed is subscribed again.

    Exit status 3: some rows were refused; the others are stored.
    """
    chosen, data = mapping(columns or []), loading.read(file)
    with (
        output.mailer() as mailer,
        progress.watched("Reading", "rows", data.count(b"\n")) as read,
        loading.naming(file),
        mailer.database.transaction() as database,
    ):
        found = find_newsletter(database, newsletter)
        report = importing.import_csv(
            database,
            mailer.keys,
            found,
            data,
            mapping=chosen,
            dry_run=dry_run,
            actor=output.actor(),
            wording=wording,
            progress=read,
        )
    if json:
        output.print_json(report.as_json())
    else:
        loading.print_import(report, found.name)
    if report.refused:
        raise typer.Exit(PARTLY_DONE)


@app.command()
def add(
    address: TheAddress,
    newsletter: Newsletter = None,
    first_name: Annotated[str, typer.Option()] = "",
    last_name: Annotated[str, typer.Option()] = "",
    organisation: Annotated[str, typer.Option()] = "",
    wording: Wording = "",
) -> None:
    """Subscribe one person, who asked for it."""
    person = Person.parse(address, first_name, last_name, organisation)
    with output.mailer() as mailer, mailer.database.transaction() as database:
        found = find_newsletter(database, newsletter)
        joined = joining.join(
            database, mailer.keys, found, person, way=Way.STAFF, actor=output.actor(), wording=wording
        )
    if joined.result is joining.JoinResult.JOINED:
        output.good(f"{person.address} is subscribed to {found.name}.")
    elif joined.status is SubscriptionStatus.PENDING:
        output.trouble(f"{person.address} has yet to confirm that they want {found.name}; nothing changed.")
    elif joined.result is joining.JoinResult.UPDATED:
        output.good(f"{person.address} was subscribed to {found.name} already; empty names are filled in.")
    else:
        output.say(f"{person.address} was subscribed to {found.name} already; nothing changed.")


@app.command("list")
def list_(
    newsletter: Newsletter = None,
    status: Annotated[SubscriptionStatus | None, typer.Option(help="Only those.")] = None,
    *,
    json: output.Json = False,
) -> None:
    """List the subscribers of a newsletter, and why some are left out."""
    with output.mailer() as mailer, mailer.database.transaction() as database:
        found = find_newsletter(database, newsletter)
        lines = list(reading.subscribers(database, found, status=status))
    if json:
        output.print_json([dataclasses.asdict(line) for line in lines])
        return
    rows = [
        [
            line.address or "(erased)",
            f"{line.first_name} {line.last_name}".strip(),
            f"{line.since:%Y-%m-%d}",
            line.reason or line.status.value,
        ]
        for line in lines
    ]
    if rows:
        output.print_table(["Address", "Name", "Since", "Status"], rows)
    in_audience = sum(line.cause is None for line in lines)
    output.say(f"{found.name}: {len(lines):,} listed, {in_audience:,} of them get the next edition.")


@app.command()
def find(
    typed: Annotated[
        str, typer.Argument(metavar="TEXT", help="An address, or how an address or a name begins.")
    ],
    *,
    json: output.Json = False,
) -> None:
    """Find people by their address, or by how their address, first or last name begins; the first fifty."""
    with output.mailer() as mailer, mailer.database.reading() as database:
        found = searching.search(database, mailer.keys, typed)
    if json:
        output.print_json([dataclasses.asdict(line) for line in found.people])
        return
    rows = [
        [
            line.address or "(erased)",
            line.name,
            line.organisation,
            ", ".join(f"{tie.newsletter}: {tie.status.value}" for tie in line.ties)
            + (f", suppressed: {line.suppressed.value}" if line.suppressed else ""),
        ]
        for line in found.people
    ]
    if rows:
        output.print_table(["Address", "Name", "Organisation", "Stands"], rows)
    else:
        output.say("Nobody is found.")
    if found.after:
        output.say("There are more: type more of it.")


@app.command()
def show(address: TheAddress, *, json: output.Json = False) -> None:
    """Show all that is kept of an address: names, subscriptions, when and how they joined and left."""
    asked = Address.parse(address)
    with output.mailer() as mailer, mailer.database.transaction() as database:
        found = reading.subscriber(database, mailer.keys, asked)
    if json:
        output.print_json(dataclasses.asdict(found))
        return
    output.say(found.address or str(asked), "bold")
    if found.erased_at is not None:
        output.trouble(f"erased        {found.erased_at:%Y-%m-%d}: only a keyed hash of the address is kept")
    name = f"{found.first_name} {found.last_name}".strip()
    for label, value in (("name", name), ("organisation", found.organisation)):
        output.say(f"{label:14}{value or '-'}")
    if found.suppression is not None:
        what = found.suppression
        note = f" ({what.note})" if what.note else ""
        output.trouble(f"suppressed    {what.reason.value}, {what.since:%Y-%m-%d} by {what.actor}{note}")
    for subscription in found.subscriptions:
        _print_subscription(subscription)


@app.command()
def choose(
    address: TheAddress,
    sections: Annotated[
        list[str] | None, typer.Argument(metavar="SECTION", help="Names of sections.")
    ] = None,
    newsletter: Newsletter = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All sections again.")] = False,
) -> None:
    """Have a person get only some sections of a newsletter, from the next edition on; or all of them again."""
    if bool(sections) == every:
        raise UsageError(
            "Name sections, or say --all.", remedy="See their names: pulse-mailer newsletter show"
        )
    asked = Address.parse(address)
    with output.mailer() as mailer, mailer.database.transaction() as database:
        found = find_newsletter(database, newsletter)
        chosen = choosing.choose(database, mailer.keys, found, asked, sections or (), actor=output.actor())
    what = ", ".join(chosen.sections) or "every section"
    if chosen.changed:
        output.good(f"{asked} gets {what} of {found.name} from now on.")
    else:
        output.say(f"{asked} gets {what} of {found.name} already; nothing changed.")
    output.say("See who gets which part of an edition: pulse-mailer edition variants EDITION")


def _print_subscription(subscription: reading.SubscriptionShown) -> None:
    reason = f": left out, {subscription.reason}" if subscription.reason else ""
    output.say(f"\n{subscription.newsletter_name}: {subscription.status.value}{reason}")
    if subscription.sections:
        output.say(f"gets only: {', '.join(subscription.sections)}")
    rows = [
        [
            f"{event.at:%Y-%m-%d %H:%M}",
            event.kind.value,
            event.way.value,
            event.edition,
            event.actor,
            event.wording,
        ]
        for event in subscription.events
    ]
    output.print_table(["When (UTC)", "What", "How", "Edition", "By", "Wording"], rows)


@app.command()
def unsubscribe(
    address: TheAddress,
    newsletter: Newsletter = None,
    reason: Annotated[str, typer.Option(help="Why; kept with the subscription.")] = "",
) -> None:
    """Take an address off a newsletter, at once; without --newsletter, off every one."""
    asked = Address.parse(address)
    with output.mailer() as mailer, mailer.database.transaction() as database:
        found = find_newsletter(database, newsletter) if newsletter is not None else None
        ended = leaving.leave_address(database, mailer.keys, asked, found, output.actor(), reason=reason)
    what = found.name if found is not None else "every newsletter"
    if any(left.was_active for left in ended):
        output.good(f"{asked} is unsubscribed from {what}.")
    else:
        output.say(f"{asked} was unsubscribed from {what} already; nothing changed.")


@app.command()
def export(
    newsletter: Newsletter = None,
    file: Annotated[
        Path | None, typer.Option("--output", "-o", help="By default to standard output.")
    ] = None,
) -> None:
    """Write the subscribers of a newsletter as CSV, with their status."""
    with output.mailer() as mailer:
        with mailer.database.reading() as database:
            found = find_newsletter(database, newsletter)
        documents.write_csv(file, exporting.export(mailer.database, found, actor=output.actor()))
