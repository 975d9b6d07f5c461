"""`pulse-mailer worker`: sends what is to be sent, in a process of its own."""

from pulse_mailer.cli import output
from pulse_mailer.cli.stopping import stopping


def run() -> None:
    """
    Send whatever edition is being sent, until it is stopped (Ctrl-C or SIGTERM); the message at hand is finished.

    Several may run beside each other on PostgreSQL; `pulse-mailer serve` holds one by itself.
    """
    from pulse_mailer.worker import loop

    with output.mailer() as mailer, stopping() as stop:
        output.say(f"Working: looks every {mailer.settings.worker_poll_seconds:g} s for an edition to send.")
        loop.run(mailer, stop, output.say)
    output.say("Stopped; nothing was left half-done.")
