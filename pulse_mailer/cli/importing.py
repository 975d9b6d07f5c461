"""`pulse-mailer edition import`: a staff document into a draft edition."""

from pathlib import Path
from typing import Annotated

import typer

from pulse_mailer.cli import documents, output, steering
from pulse_mailer.cli.trees import print_edition
from pulse_mailer.domain.counting import counted
from pulse_mailer.domain.edition import Edition
from pulse_mailer.editions import importing, reading, shapes


def import_(
    file: Annotated[Path, typer.Argument(help="The document: .md, .txt or .docx, at most 20 MB.")],
    newsletter: Annotated[
        str | None, typer.Option(help="Short name; by default the document's masthead.")
    ] = None,
    new_newsletter: Annotated[
        bool,
        typer.Option("--new-newsletter", help="Make the newsletter from what the document says of itself."),
    ] = False,
    from_address: Annotated[str, typer.Option(help="The sender of a newsletter made so.")] = "",
    key: Annotated[str, typer.Option(help="The edition's short name; by default the document's month.")] = "",
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would come of it; store nothing.")
    ] = False,
    json: output.Json = False,
) -> None:
    """
    Read a document into a draft edition, and show what was understood.

    Doubtful lines are listed with their numbers. A document that comes again is put in item by item: what was
    changed in the edition since stays, and the same document again changes nothing.
    """
    wish = importing.Wish(newsletter=newsletter, found=new_newsletter, from_address=from_address, key=key)
    name, data = documents.read(file)
    with output.mailer() as mailer, mailer.database.transaction() as database:
        imported = importing.import_document(
            database, name, data, documents.pictures_beside(file), wish=wish, actor=output.actor()
        )
        edition = reading.edition(database, imported.edition.name)
        if json:
            output.print_json(shapes.imported(imported, stored=not dry_run))
        else:
            print_edition(edition)
            _say(imported, edition, is_stored=not dry_run)
        if dry_run:
            database.rollback()


def _say(imported: importing.Imported, edition: Edition, *, is_stored: bool) -> None:
    """What came of it, and what to type next."""
    tally = imported.tally
    if imported.founded:
        output.say(f"The newsletter {edition.newsletter.slug} was made from the document.")
    elif imported.new_names:
        output.say(f"New in the newsletter's programme: {', '.join(imported.new_names)}")
    if tally.fields and imported.what == "changed":
        output.say(f"Brought up to date: {', '.join(name.replace('_', ' ') for name in tally.fields)}.")
    if tally.gone:
        output.trouble("What the document no longer has was kept; each is on the list above.")
    name = f"{edition.newsletter.name} {edition.key}"
    if imported.what == "new":
        output.good(f"{name} is a new draft of {counted(tally.new, 'item')}.")
    else:
        what = "was brought up to date" if imported.what == "changed" else "is as it was"
        output.good(f"{name} {what}: {tally.sentence}.")
    if imported.reopened:
        output.trouble(steering.REOPENED.format(edition.key))
    if not is_stored:
        output.trouble("This was a dry run: nothing was stored.")
    elif edition.open_review:
        output.say(f"Next: pulse-mailer edition review {edition.name}")
    else:
        output.say(f"Next: pulse-mailer edition check {edition.name}")
