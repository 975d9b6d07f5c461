"""
Pulse Mailer: the worker's own step, with the full ledger, over an edition whose audience is frozen.

    python -m benchmarks.peers.by_us COUNT      (its settings come from the environment)

Ends with status 1 when not everybody got it.
"""

import sys
import threading

from sqlalchemy import func, select

from benchmarks.peers.measuring import measured
from pulse_mailer import settings
from pulse_mailer.bootstrap import started
from pulse_mailer.domain.delivery import Delivery, DeliveryStatus
from pulse_mailer.worker import steps


def main() -> None:
    count = int(sys.argv[1])
    with started(settings.load()) as mailer:
        ((edition_id, _name),) = steps.editions_to_send(mailer)
        with measured(count):
            steps.send(mailer, edition_id, stop=threading.Event(), watch=lambda _receipt: None)
        with mailer.database.reading() as database:
            sent = database.scalar(select(func.count()).where(Delivery.status == DeliveryStatus.SENT))
    if sent != count:
        sys.exit(f"{sent} of {count} were sent.")


if __name__ == "__main__":
    main()
