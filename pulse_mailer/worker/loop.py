"""The worker in one process: looks for something to send, sends it, until it is asked to stop."""

import contextlib
import threading
from collections.abc import Callable, Iterator

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.domain.message import Receipt
from pulse_mailer.errors import PulseMailerError
from pulse_mailer.worker import steps

#: After trouble that is not about one recipient (no server, wrong password) a worker rests this long.
REST_SECONDS = 30.0


def run(mailer: Mailer, stop: threading.Event, say: Callable[[str], None]) -> None:
    """
    Work until `stop` is set; a message under way is finished first.

    Args:
        say: told, in a sentence, of what begins and what goes wrong; the same trouble is told once.
    """
    last_trouble = ""
    while not stop.is_set():
        rest = mailer.settings.worker_poll_seconds
        try:
            for edition_id, key in steps.editions_to_send(mailer):
                sent = _Count()
                steps.send(mailer, edition_id, stop=stop, watch=sent)
                if sent.count:
                    say(f"{key}: {sent.count} handed over.")
            last_trouble = ""
        except PulseMailerError as error:
            rest = REST_SECONDS
            if str(error) != last_trouble:
                last_trouble = str(error)
                say(f"{last_trouble} Trying again every {REST_SECONDS:.0f} s.")
        stop.wait(rest)


@contextlib.contextmanager
def in_background(mailer: Mailer, say: Callable[[str], None]) -> Iterator[None]:
    """Run the worker in a thread of this process until the block ends."""
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(mailer, stop, say), name="worker")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class _Count:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self, _receipt: Receipt) -> None:
        self.count += 1
