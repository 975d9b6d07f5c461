"""The clock that the demo sets back."""

import datetime
import threading

from pulse_mailer import clock

HOUR = datetime.timedelta(hours=1)


def test_it_is_earlier_in_every_thread_and_then_as_it_was() -> None:
    begun, seen = clock.now(), []
    with clock.set_back(HOUR):
        thread = threading.Thread(target=lambda: seen.append(clock.now()))
        thread.start()
        thread.join()
    assert begun - HOUR <= seen[0] < begun
    assert clock.now() >= begun
