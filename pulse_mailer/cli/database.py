"""`pulse-mailer db`: the database's migrations."""

import typer

from pulse_mailer.bootstrap import Mailer, started
from pulse_mailer.cli import output
from pulse_mailer.settings import load

app = typer.Typer(help="Make the database, and bring it up to date.", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Bring the database to the newest migration; make it where there is none."""
    with started(load(), at_head=False) as mailer:
        before = upgraded(mailer)
        now, _head = mailer.database.revisions()
    if before == now:
        output.good(f"The database {mailer.database.shown} is at migration {now}, the newest.")
    else:
        output.good(f"The database {mailer.database.shown} was brought from {before or 'nothing'} to {now}.")


@app.command()
def current(*, json: output.Json = False) -> None:
    """Show the database's migration and the newest there is; exit status 1 when they differ."""
    with started(load(), at_head=False) as mailer:
        now, head = mailer.database.revisions()
    if json:
        output.print_json({"database": mailer.database.shown, "current": now, "head": head})
    elif now == head:
        output.good(f"The database {mailer.database.shown} is at migration {now}, the newest.")
    else:
        output.trouble(
            f"The database {mailer.database.shown} is at {now or 'nothing'}; the newest is {head}."
        )
        output.say("Next: pulse-mailer db upgrade")
    raise typer.Exit(0 if now == head else 1)


def upgraded(mailer: Mailer) -> str | None:
    """
    Bring the database to the newest migration, and let it keep the fingerprints of these keys.

    Editions that an earlier release sent come into the archive's feeds and search.

    Returns:
        The migration that it was at before; None where it was empty.

    Raises:
        DatabaseUnreachable, KeysMismatch: nothing works with it as it is.
    """
    from pulse_mailer.editions.publishing import catch_up

    before, _head = mailer.database.revisions()
    mailer.database.upgrade()
    mailer.database.check_keys(mailer.keys)
    with mailer.database.transaction() as database:
        catch_up(database, mailer.links)
    return before
