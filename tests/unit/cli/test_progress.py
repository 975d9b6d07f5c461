"""How far work is: a bar at a terminal, elsewhere a plain line every ten seconds."""

import io

import pytest
from rich.console import Console

from pulse_mailer.cli import output, progress


class Clock:
    """The monotonic clock of the module under test, moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 0.0
        monkeypatch.setattr(progress, "monotonic", lambda: self.seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def console(monkeypatch: pytest.MonkeyPatch, *, terminal: bool, width: int = 80) -> io.StringIO:
    written = io.StringIO()
    made = Console(file=written, force_terminal=terminal, width=width, highlight=False, soft_wrap=True)
    monkeypatch.setattr(output, "errors", made)
    return written


def test_away_from_a_terminal_it_says_a_plain_line_every_ten_seconds(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = console(monkeypatch, terminal=False)
    with progress.watched("Sending", "mails", 2000) as done:
        for second in range(1, 26):
            clock.seconds = float(second)
            done(second * 40)
    assert written.getvalue().splitlines() == [
        "Sending: 400 of 2,000, 40 mails/s, about 40 s left",
        "Sending: 800 of 2,000, 40 mails/s, about 30 s left",
    ]


def test_what_is_known_of_the_end_goes_before_the_guess(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = console(monkeypatch, terminal=False)
    with progress.watched("Sending", "mails", 2000) as done:
        clock.seconds = 10.0
        done(400, "done tomorrow about 09:14")
    assert written.getvalue() == "Sending: 400 of 2,000, 40 mails/s, done tomorrow about 09:14\n"


def test_what_takes_long_is_not_told_in_seconds(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    written = console(monkeypatch, terminal=False)
    with progress.watched("Sending", "mails", 20_000) as done:
        clock.seconds = 100.0
        done(50)
    assert written.getvalue() == "Sending: 50 of 20,000, 30 mails/min, about 11 h left\n"


def test_what_is_quick_says_nothing_away_from_a_terminal(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = console(monkeypatch, terminal=False)
    with progress.watched("Sending", "mails", 3) as done:
        done(3)
    assert written.getvalue() == ""


def test_while_nothing_moves_it_does_not_guess_when_it_ends(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = console(monkeypatch, terminal=False)
    with progress.watched("Sending", "mails", 3) as done:
        clock.seconds = 11.0
        done(0)
    assert written.getvalue() == "Sending: 0 of 3\n"


@pytest.mark.parametrize("width", [40, 120])
def test_at_a_terminal_a_bar_is_shown_and_taken_away(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    written = console(monkeypatch, terminal=True, width=width)
    with progress.watched("Sending", "mails", 3) as done:
        done(2, "done about 17:40")
    shown = written.getvalue()
    assert "2/3" in shown
    assert width < 80 or "done about 17:40" in shown
    assert shown.endswith("\x1b[2K"), "the bar is left on the screen"
