"""`pulse-mailer worker`: sends what is to be sent, in a process of its own."""

from typing import Annotated

import typer

from pulse_mailer.cli import output
from pulse_mailer.cli.stopping import stopping
from pulse_mailer.errors import PulseMailerError
from pulse_mailer.settings import load


def run(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Start none; say whether one of this machine lives (exit status).")
    ] = False,
) -> None:
    """
    Send whatever edition is being sent, until it is stopped (Ctrl-C or SIGTERM); the message at hand is finished.

    Several may run beside each other on PostgreSQL; `pulse-mailer serve` holds one by itself.
    """
    if check:
        from pulse_mailer.worker import alive

        output.say(f"A worker of this machine looked for work {alive.age_seconds(load()):.0f} s ago.")
        return
    from pulse_mailer.worker import loop

    with output.mailer() as mailer, stopping() as stop:
        output.say(f"Working: looks every {mailer.settings.worker_poll_seconds:g} s for an edition to send.")
        loop.run(mailer, stop, output.say)
        if not stop.is_set():
            raise PulseMailerError("A part of the worker ended by itself.", remedy="Start it again.")
    output.say("Stopped; nothing was left half-done.")
