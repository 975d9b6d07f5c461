"""Words from a person's editor, which are never lost."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from pulse_mailer.cli import output
from pulse_mailer.errors import PulseMailerError, UsageError


def edited(text: str) -> str:
    """
    Give what a person makes of a text in their editor ($VISUAL, $EDITOR, or the machine's own).

    Raises:
        UsageError: the editor cannot be started, ended with an error, or nothing was saved in it.
    """
    try:
        found = click.edit(text, extension=".md")
    except click.ClickException as error:
        raise UsageError(
            f"Your editor did not work: {error.message}", remedy="Set EDITOR, or give a --file."
        ) from error
    if found is None:
        raise UsageError("Nothing was saved in the editor, so nothing was changed.")
    return found


@contextlib.contextmanager
def saved(text: str) -> Iterator[None]:
    """When what is done with a text fails, keep it in a file, and say where."""
    try:
        yield
    except PulseMailerError:
        with tempfile.NamedTemporaryFile(
            "w", prefix="pulse-mailer-", suffix=".md", encoding="utf-8", delete=False
        ) as kept:
            kept.write(text)
        output.errors.print(f"What you wrote lies in {output.plain(str(Path(kept.name)))}")
        raise
