"""`pulse-mailer worker`: sends what is to be sent, in a process of its own."""

import signal
import threading

from pulse_mailer.cli import output


def run() -> None:
    """
    Send whatever edition is being sent, until it is stopped (Ctrl-C or SIGTERM).

    Several may run beside each other on PostgreSQL; `pulse-mailer serve` holds one by itself.
    """
    from pulse_mailer.worker import loop

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with output.mailer() as mailer:
        output.say(f"Working: looks every {mailer.settings.worker_poll_seconds:g} s for an edition to send.")
        loop.run(mailer, stop, output.say)
    output.say("Stopped; nothing was left half-done.")
