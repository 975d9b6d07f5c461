"""Turns end when their time is over, and when the process is asked to go; a process does not die in one."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pulse_mailer.errors import DatabaseBehind
from pulse_mailer.worker.turns import Turns

AN_HOUR = 3600.0

#: A process in a turn: says so, waits to be asked, says that it finished, and would go on after that.
IN_A_TURN = """
import sys, time
from pulse_mailer.worker.turns import Turns
turns = Turns()
turns.obey_signals()
with turns.turn() as stop:
    print("in a turn", flush=True)
    assert stop.wait(20)
    print("finished", flush=True)
print("goes on", flush=True)
"""


def asked(number: signal.Signals, script: str = IN_A_TURN) -> tuple[int, list[str]]:
    """Exit status and lines of a process that gets a signal once it said something."""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(number)
        rest = process.stdout.read()
        return process.wait(20), [first.strip(), *rest.split("\n")[:-1]]


def test_a_turn_ends_when_its_time_is_over() -> None:
    with Turns().turn(seconds=0.01) as stop:
        assert stop.wait(20)


def test_a_turn_begins_without_being_asked_to_end() -> None:
    with Turns().turn(AN_HOUR) as stop:
        assert not stop.is_set()


def test_who_is_asked_to_go_ends_every_turn_and_begins_no_other() -> None:
    turns = Turns()
    with turns.turn(AN_HOUR) as one, turns.turn(AN_HOUR) as other:
        turns.leave().join()
        assert (one.is_set(), other.is_set()) == (True, True)
    with turns.turn(AN_HOUR) as late:
        assert late.is_set()


def test_a_turn_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())  # another test's thread may still be ending
    with Turns().turn(AN_HOUR):
        pass
    begun = set(threading.enumerate()) - before
    for thread in begun:
        thread.join(20)
    assert not [thread for thread in begun if thread.is_alive()]


def test_sigusr2_ends_the_turn_and_not_the_process() -> None:
    assert asked(signal.SIGUSR2) == (0, ["in a turn", "finished", "goes on"])


def test_sigterm_ends_the_process_after_the_turn() -> None:
    assert asked(signal.SIGTERM) == (-signal.SIGTERM, ["in a turn", "finished"])


def test_sigterm_between_turns_ends_the_process_at_once() -> None:
    idle = IN_A_TURN.replace(
        "with turns.turn() as stop:", "import threading; stop = threading.Event()\nif True:"
    )
    assert asked(signal.SIGTERM, idle) == (-signal.SIGTERM, ["in a turn"])


def test_the_mailer_is_made_once_and_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_url: str
) -> None:
    monkeypatch.setenv("PULSE_MAILER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PULSE_MAILER_DATABASE_URL", sqlite_url)
    turns = Turns()
    first = turns.mailer()
    assert turns.mailer() is first
    turns.close()
    assert turns.mailer() is not first
    turns.close()


def test_a_mailer_that_cannot_be_made_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_url: str
) -> None:
    monkeypatch.setenv("PULSE_MAILER_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "empty.db").touch()
    monkeypatch.setenv("PULSE_MAILER_DATABASE_URL", f"sqlite:///{tmp_path / 'empty.db'}")
    turns = Turns()
    with pytest.raises(DatabaseBehind):
        turns.mailer()
    monkeypatch.setenv("PULSE_MAILER_DATABASE_URL", sqlite_url)
    assert turns.mailer().settings.database == sqlite_url
    turns.close()
