"""`pulse-mailer edition`: from the staff's document to mail in inboxes."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from pulse_mailer.cli import (
    approval,
    composing_history,
    composing_items,
    composing_parts,
    composing_words,
    correcting,
    documents,
    importing,
    output,
    proofing,
    reviewing,
    sizing,
    steering,
    variants,
)
from pulse_mailer.cli.findings import print_findings
from pulse_mailer.cli.steering import Name
from pulse_mailer.cli.trees import print_edition, print_report
from pulse_mailer.domain.edition import EditionStatus
from pulse_mailer.editions import reading, shapes

app = typer.Typer(help="Import, look at, check and send editions.", no_args_is_help=True)

Force = Annotated[
    list[str] | None, typer.Option(metavar="CODE", help="Override a preflight error by its code.")
]


app.command("import")(importing.import_)
app.command()(reviewing.review)


@app.command("list")
def list_(
    newsletter: Annotated[str | None, typer.Option(help="Only those of this newsletter.")] = None,
    *,
    json: output.Json = False,
) -> None:
    """List the editions, the newest first."""
    with output.mailer() as mailer, mailer.database.reading() as database:
        wanted = None if newsletter is None else reading.newsletter(database, newsletter).id
        lines = reading.editions(database, wanted)
    if json:
        output.print_json([shapes.line(line) for line in lines])
    elif lines:
        rows = [
            [line.slug, line.key, line.period, line.state, line.item_count, line.subject] for line in lines
        ]
        output.print_table(["Newsletter", "Edition", "Period", "State", "Items", "Subject"], rows, ["Items"])
    else:
        output.say("There is no edition yet. Make one: pulse-mailer edition new KEY, or edition import FILE")


@app.command()
def show(name: Name, *, json: output.Json = False) -> None:
    """Show an edition as a tree, and the lines of its document that want a person's eye."""
    with output.mailer() as mailer, mailer.database.reading() as database:
        edition = reading.edition(database, name)
    if json:
        output.print_json(reading.as_json(edition))
    else:
        print_edition(edition)


@app.command()
def check(
    name: Name,
    force: Force = None,
    *,
    links: Annotated[
        bool, typer.Option("--links", help="Also visit every link, which takes up to two minutes.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Likewise, and also those that were visited lately.")
    ] = False,
    everyone: Annotated[
        bool,
        typer.Option(
            "--everyone", help="Also make the mail of everybody who would get it, and throw it away."
        ),
    ] = False,
    json: output.Json = False,
) -> None:
    """
    Run preflight: errors block sending, warnings do not. Ends with status 4 when sending is blocked.

    --force CODE shows what sending with the same option would overlook.
    """
    from pulse_mailer.cli import asking
    from pulse_mailer.delivery import approving
    from pulse_mailer.delivery.readying import Ready
    from pulse_mailer.delivery.variants import plan

    with output.mailer() as mailer:
        with mailer.database.reading() as database:
            edition = reading.edition(database, name)
            found_variants = plan(database, edition)
            checked = approving.look(edition, mailer.links, found_variants.names)
        if everyone:
            made = variants.rehearse(mailer, Ready(edition, found_variants, checked.renderings, checked))
            checked = replace(checked, findings=(*checked.findings, *made.findings))
        checked = asking.asked(mailer, edition, checked, links=links or again, again=again)
    forced = force or []
    approving.refuse_unknown(edition, checked, forced)
    print_findings(edition, checked, forced, json=json)
    if checked.blocking(forced):
        raise typer.Exit(4)


@app.command()
def render(
    name: Name,
    format_: Annotated[
        str, typer.Option("--format", metavar="html|text|mjml|eml", help="Which form.")
    ] = "html",
    as_: Annotated[str, typer.Option("--as", metavar="ADDRESS", help="As this person would get it.")] = "",
    file: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write it there instead of printing it.")
    ] = None,
) -> None:
    """Make the mail and write it out, in one of its forms."""
    from pulse_mailer.delivery import previewing

    with output.mailer() as mailer:
        made = previewing.take_out(
            mailer.database,
            name,
            mailer.keys,
            mailer.links,
            form=format_,
            address=as_,
            actor=output.actor(),
        )
    documents.write(file, made)


@app.command()
def send(
    name: Name,
    confirm_count: Annotated[
        int | None, typer.Option(help="How many people it goes to; asked for at a terminal when left out.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show who would get it; send nothing.")] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Leave it to a running worker, which begins after the hold.")
    ] = False,
    hold: Annotated[
        float | None,
        typer.Option(
            min=0, max=30, metavar="MINUTES", help="Hold it so long before it begins; 0: begin at once."
        ),
    ] = None,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help='Begin then, by the clock: "2026-12-01 09:00".')
    ] = None,
    zone: Annotated[
        str | None, typer.Option(help="The time zone of --at; by default the newsletter's.")
    ] = None,
    fold: Annotated[
        str | None, typer.Option(metavar="first|second", help="Which, when the clock shows --at twice.")
    ] = None,
    first: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="To so many first; then wait for your word.")
    ] = None,
    lifetime: Annotated[
        int | None,
        typer.Option(
            min=1, max=240, metavar="HOURS", help="How long those who were put off are tried again."
        ),
    ] = None,
    force: Force = None,
) -> None:
    """
    Send an edition, or go on with one that was interrupted.

    Shows who gets it and who is left out, asks for the number, holds it for some minutes (Ctrl-C takes it back),
    fixes the audience, and hands the mail over. Run it again after an interruption: it goes on, and nobody gets two.
    """
    from pulse_mailer.cli import sending
    from pulse_mailer.cli.agreeing import Options
    from pulse_mailer.delivery.wishing import Wish

    options = Options(
        confirm_count,
        dry_run=dry_run,
        no_wait=no_wait,
        forced=tuple(force or ()),
        wish=Wish(hold, at, zone, fold),
        first=first,
        lifetime_hours=lifetime,
    )
    with output.mailer() as mailer:
        sending.send(mailer, name, options)


app.command()(composing_words.new)
app.command("set")(composing_words.set_)
app.command()(composing_words.write)
app.command("history")(composing_history.history_)
app.command()(composing_history.diff)
app.command()(composing_history.restore)
app.add_typer(composing_items.app, name="item")
app.add_typer(composing_parts.sections, name="section")
app.add_typer(composing_parts.categories, name="category")
app.command()(proofing.proof)
app.command()(proofing.proofs)
app.command()(variants.variants)
app.command()(sizing.size)
app.command()(sizing.shorten)
app.command()(approval.approve)
app.command()(approval.unapprove)
app.command()(approval.approval)
app.command()(steering.pause)
app.command()(steering.resume)
app.command()(steering.stop)
app.command("take-back")(steering.take_back)
app.command()(steering.retry)
app.command()(correcting.correct)
app.command()(correcting.corrections)


@app.command()
def report(name: Name, *, json: output.Json = False) -> None:
    """Show what came of sending an edition: a count for each state, which add up to the audience."""
    from pulse_mailer.cli import foretelling
    from pulse_mailer.delivery import reporting

    with output.mailer() as mailer, mailer.database.reading() as database:
        edition = reading.edition(database, name)
        found = reporting.report(database, edition)
        sends = edition.status is EditionStatus.SENDING
        rest = foretelling.rest(mailer, database, edition) if sends else None
    print_report(found, json=json)
    if rest is not None and not json:
        output.say(rest.sentence)
