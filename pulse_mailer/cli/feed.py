"""`pulse-mailer feed`: RSS and Atom feeds that fill the inbox."""

from typing import Annotated

import typer

from pulse_mailer.cli import output, progress
from pulse_mailer.domain.counting import counted
from pulse_mailer.domain.inbox import Feed
from pulse_mailer.editions import calling, feeding, reading
from pulse_mailer.editions.feeding import Brought

app = typer.Typer(help="Feeds whose new entries come into the inbox.", no_args_is_help=True)

Newsletter = Annotated[
    str | None, typer.Option(help="Its short name; may be left out when there is only one.")
]


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="Of the feed, or of a page that names its feed.")],
    newsletter: Newsletter = None,
    section: Annotated[str, typer.Option(help="The section that its entries are meant for.")] = "",
    category: Annotated[str, typer.Option(help="The category; likewise.")] = "",
    publisher: Annotated[str, typer.Option(help="Who its entries are by; by default the feed's title.")] = "",
) -> None:
    """Keep a feed, after a look whether it is one; `feed fetch` brings its entries."""
    said = {"section": section, "category": category, "publisher": publisher}
    with output.mailer() as mailer:
        with mailer.database.reading() as database:
            slug = reading.newsletter(database, newsletter).slug
        found = feeding.find(url, mailer.fetcher())
        with mailer.database.transaction() as database:
            chosen = reading.newsletter(database, slug)
            made = feeding.add(database, chosen, found, said=said, actor=output.actor())
    entries = counted(len(found.feed.entries), "entry", "entries")
    output.good(f"{made.id}: {made.title or made.url} is kept, with {entries} to look at.")
    output.say("Next: pulse-mailer feed fetch")


@app.command("list")
def list_(newsletter: Newsletter = None, *, json: output.Json = False) -> None:
    """List the feeds, when each was read last, and which are in trouble."""
    with output.mailer() as mailer, mailer.database.reading() as database:
        found = feeding.feeds(database, reading.newsletter(database, newsletter).id)
    if json:
        output.print_json([feeding.as_json(one) for one in found])
    elif found:
        output.print_table(["No.", "Feed", "Meant for", "State"], [_row(one) for one in found], ["No."])
    else:
        output.say("There is no feed yet. Add one: pulse-mailer feed add URL")


@app.command()
def remove(number: Annotated[int, typer.Argument(metavar="ID", help="As `feed list` shows it.")]) -> None:
    """Forget a feed; what it brought stays in the inbox."""
    with output.mailer() as mailer, mailer.database.transaction() as database:
        found = feeding.remove(database, number, actor=output.actor())
    output.good(f"{found.title or found.url} is removed. What it brought stays.")


@app.command()
def fetch(
    numbers: Annotated[
        list[int] | None, typer.Argument(metavar="ID...", help="Only these; by default all.")
    ] = None,
    newsletter: Newsletter = None,
    *,
    json: output.Json = False,
) -> None:
    """
    Bring what is new in the feeds into the inbox.

    Ends with status 3 when some feed was in trouble, 1 when all were; what came stays.
    """
    with output.mailer() as mailer:
        with mailer.database.reading() as database:
            if numbers:
                wanted = [feeding.feed(database, one) for one in dict.fromkeys(numbers)]
            else:
                wanted = feeding.feeds(database, reading.newsletter(database, newsletter).id)
        fetcher = mailer.fetcher()
        brought: list[Brought] = []
        with progress.watched("Fetching feeds", "feeds", len(wanted)) as told:
            fetched = calling.called(
                wanted, lambda feed: feeding.fetch(feed, fetcher), url_of=lambda feed: feed.url
            )
            for feed, found in fetched:
                with mailer.database.transaction() as database:
                    came = feeding.store(database, feed.id, found, actor=output.actor())
                brought.append(came)
                told(len(brought))
                if not json:
                    _say(came)
    _close(brought, json=json)


def _say(came: Brought) -> None:
    name = f"{came.feed.id:4} {came.feed.title or came.feed.url}"
    if came.feed.trouble:
        output.trouble(f"{name}: {came.feed.trouble}")
        return
    old = f", {came.old_count} too old" if came.old_count else ""
    output.say(f"{name}: {len(came.new)} new, {came.known_count} known{old}")


def _close(brought: list[Brought], *, json: bool) -> None:
    broken = [came for came in brought if came.feed.trouble]
    count = sum(len(came.new) for came in brought)
    if json:
        output.print_json([feeding.told(came) for came in brought])
    elif not brought:
        output.say("There is no feed yet. Add one: pulse-mailer feed add URL")
    else:
        line = f"{count} new from {counted(len(brought), 'feed')}"
        in_trouble = f", {len(broken)} in trouble" if broken else ""
        (output.trouble if broken else output.good)(f"{line}{in_trouble}.")
        output.say("Next: pulse-mailer item list")
    if broken:
        raise typer.Exit(3 if len(broken) < len(brought) else 1)


def _row(feed: Feed) -> list[object]:
    meant = " / ".join(part for part in (feed.section, feed.category) if part) or "-"
    read = f"read {feed.fetched_at:%Y-%m-%d %H:%M}" if feed.fetched_at else "not read yet"
    return [feed.id, f"{feed.title}\n{feed.url}", meant, feed.trouble or read]
