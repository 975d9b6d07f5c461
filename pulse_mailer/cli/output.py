"""What commands print: Rich for people at a terminal, plain lines elsewhere, JSON when asked."""

import contextlib
import getpass
import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pulse_mailer.acting_settings import actor_fault
from pulse_mailer.errors import PulseMailerError, UsageError
from pulse_mailer.settings import load

if TYPE_CHECKING:
    from pulse_mailer.bootstrap import Mailer

console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)

# Controls, and marks that turn text around: what came from elsewhere must not steer the terminal.
_STEERING = dict.fromkeys(
    [*range(9), *range(11, 32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


@contextlib.contextmanager
def mailer() -> Iterator["Mailer"]:
    """The program, ready to work: settings read, database at its newest migration, keys its own."""
    from pulse_mailer.bootstrap import started  # it brings every room in

    with started(load()) as ready:
        yield ready


def actor(by: str = "") -> str:
    """
    Who runs the command, as audit records and events name them: "cli:root", or "cli:ann (root)" where somebody says
    who they are, by `by` or the setting `actor`. At a shell that is a word, and no proof.

    Raises:
        BadSetting: a setting is wrong.
        UsageError: `by` is no name.
    """
    name = named(by) if by else load().actor
    return f"cli:{name} ({_account()})" if name else f"cli:{_account()}"


def named(name: str) -> str:
    """
    Raises:
        UsageError: it is no name that a record can hold.
    """
    if fault := actor_fault(name):
        raise UsageError(f"{name!r} cannot name a person: {fault}.")
    return name.strip()


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"  # a container may run under a number that no name belongs to


def say(text: str = "", style: str = "") -> None:
    """Print a line; what stands in it is text, never markup."""
    console.print(plain(text), style=style or None)


def good(text: str) -> None:
    say(text, "green")


def trouble(text: str) -> None:
    say(text, "yellow")


def error_line(error: PulseMailerError) -> None:
    errors.print(f"[bold red]error:[/] {plain(str(error))}")


def print_json(found: Any) -> None:
    whole = (sys.stdout.encoding or "").lower().startswith("utf")
    typer.echo(json.dumps(found, ensure_ascii=not whole, indent=2, default=str))


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], numbers: Sequence[str] = ()
) -> None:
    """A table that fits the terminal; columns named in `numbers` are set to the right."""
    table = Table(box=None, pad_edge=False, header_style="bold", expand=False)
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(plain("" if cell is None else str(cell)) for cell in row))
    console.print(table, soft_wrap=False)


def plain(text: str) -> str:
    """The text so that neither Rich nor the terminal takes anything in it for a command."""
    return escape(steady(text))


def steady(text: str) -> str:
    """The text so that the terminal takes nothing in it for a command."""
    return text.translate(_STEERING)
