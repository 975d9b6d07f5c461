"""What commands print."""

import pytest

from pulse_mailer.cli import output
from pulse_mailer.errors import NotFound

STEERING = "red \x1b[31m, title \x1b]0;x\x07, one byte \x9b31m, turned \u202eround, [bold]not bold[/bold]"
PLAIN = "red [31m, title ]0;x, one byte 31m, turned round, [bold]not bold[/bold]"


def test_nothing_that_is_printed_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    output.say(STEERING)
    output.error_line(NotFound(STEERING))
    output.print_table(["Words"], [[STEERING]])
    out, err = capsys.readouterr()
    assert " ".join(out.split()) == f"{PLAIN} Words {PLAIN}"
    assert " ".join(err.split()) == f"error: {PLAIN}"


def test_lines_and_tabs_stay(capsys: pytest.CaptureFixture[str]) -> None:
    output.say("one\n\ttwo")
    assert capsys.readouterr().out.expandtabs(8) == "one\n        two\n"
