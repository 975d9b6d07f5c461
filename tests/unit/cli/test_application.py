"""One word of a command line brings in what it names, and no more."""

import subprocess
import sys
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from pulse_mailer.cli import application


def commands(word: str = "") -> dict[str, Any]:
    found: Any = typer.main.get_command(application(word))
    return dict(found.commands)


@pytest.mark.parametrize("word", commands())
def test_a_word_that_names_a_command_gives_that_one_as_it_is_among_all(word: str) -> None:
    assert list(commands(word)) == [word]
    alone, among = (CliRunner().invoke(application(given), [word, "--help"]) for given in (word, ""))
    assert (alone.exit_code, alone.output) == (0, among.output)


@pytest.mark.parametrize("word", ["", "-h", "--help", "nonsense", "database"])
def test_any_other_word_gives_all(word: str) -> None:
    assert commands(word).keys() == commands().keys() > {"db", "demo"}


@pytest.mark.parametrize(
    ("word", "heavy"), [("--version", "sqlalchemy"), ("worker", "sqlalchemy"), ("edition", "premailer")]
)
def test_what_a_command_does_not_need_to_begin_is_not_brought_in(word: str, heavy: str) -> None:
    script = (
        "import sys; from pulse_mailer.cli import application; "
        f"application({word!r}); sys.exit({heavy!r} in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
