"""
The command `pulse-mailer`: one module a noun, each command one transaction and one closing line.

Exit status: 0 done, 1 failed, 2 wrong usage, 3 partly done, 4 refused by checks.
"""

import io
import sys
from collections.abc import Sequence

import typer

from pulse_mailer import __version__
from pulse_mailer.cli import (
    backend,
    database,
    delivery,
    demo,
    dkim,
    doctor,
    edition,
    mailbox,
    newsletter,
    serve,
    subscriber,
    suppression,
    worker,
)
from pulse_mailer.cli.output import error_line
from pulse_mailer.errors import PulseMailerError, UsageError

app = typer.Typer(
    name="pulse-mailer",
    help="Compose a curated edition, send it, and say who got what.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(newsletter.app, name="newsletter")
app.add_typer(edition.app, name="edition")
app.add_typer(subscriber.app, name="subscriber")
app.add_typer(suppression.app, name="suppression")
app.add_typer(delivery.app, name="delivery")
app.add_typer(dkim.app, name="dkim")
app.add_typer(backend.app, name="backend")
app.add_typer(database.app, name="db")
app.command("demo")(demo.run)
app.command("serve")(serve.run)
app.command("worker")(worker.run)
app.command("mailbox")(mailbox.run)
app.command("doctor")(doctor.run)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"pulse-mailer {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version."
    ),
) -> None:
    pass


def _check_letters(arguments: Sequence[str]) -> None:
    # Python hands on bytes that are no text as halves of characters, which no database and no file takes.
    for argument in arguments:
        if any("\ud800" <= letter <= "\udfff" for letter in argument):
            raise UsageError(
                f"{argument!r} is not text in the encoding of this terminal.",
                remedy="Write it anew; a file whose name it is wants another name.",
            )


def main() -> None:
    """Run the command line; what goes wrong ends with one clear line and its exit status, never a traceback."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal or pipe that is not UTF-8 gets "\\u201c" for a letter it lacks, and no traceback.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        _check_letters(sys.argv[1:])
        app()
    except PulseMailerError as error:
        error_line(error)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader went away (`| head`); Python would complain again when it flushes at exit.
        sys.stderr.close()
        sys.exit(1)
