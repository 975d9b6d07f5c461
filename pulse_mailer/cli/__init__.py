"""
The command `pulse-mailer`: one module a noun, each command one transaction and one closing line.

Exit status: 0 done, 1 failed, 2 wrong usage, 3 partly done, 4 refused by checks.
"""

import importlib
import io
import sys
from collections.abc import Sequence
from types import ModuleType

import typer

from pulse_mailer import __version__
from pulse_mailer.cli.output import error_line
from pulse_mailer.errors import PulseMailerError, UsageError

#: Commands by their module's name, and nouns with the module that holds their commands; in the order of the help.
_COMMANDS = ("demo", "serve", "mailbox", "doctor", "audit")
_NOUNS = {
    "worker": "worker",
    "newsletter": "newsletter",
    "design": "design",
    "edition": "edition",
    "item": "item",
    "feed": "feed",
    "subscriber": "subscriber",
    "suppression": "suppression",
    "delivery": "delivery",
    "staff": "staff",
    "api-key": "api_key",
    "dkim": "dkim",
    "backend": "backend",
    "db": "database",
}


def application(word: str = "") -> typer.Typer:
    """
    The commands: all of them, or only the one that the first word of a command line names.

    Each brings much in, so that to know the others would take longer than many a command does.
    """
    app = typer.Typer(
        name="pulse-mailer",
        help="Compose a curated edition, send it, and say who got what.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    if word == "--version":
        return app
    known = word in _COMMANDS or word in _NOUNS
    for name in _COMMANDS:
        if not known or name == word:
            app.command(name)(_module(name).run)
    for name, module in _NOUNS.items():
        if not known or name == word:
            app.add_typer(_module(module).app, name=name)
    return app


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"pulse_mailer.cli.{name}")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"pulse-mailer {__version__}")
        raise typer.Exit


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
        application(sys.argv[1] if len(sys.argv) > 1 else "")()
    except PulseMailerError as error:
        error_line(error)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader went away (`| head`); Python would complain again when it flushes at exit.
        sys.stderr.close()
        sys.exit(1)
