"""The steps of a worker, one function each; whoever runs them (a thread, a process) decides when."""

import threading
from collections.abc import Callable

from sqlalchemy import or_, select

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.clock import now
from pulse_mailer.delivery import ledger
from pulse_mailer.delivery.dispatch import Way, dispatch
from pulse_mailer.domain.delivery import Delivery, DeliveryStatus
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.message import Receipt
from pulse_mailer.domain.newsletter import Newsletter


def editions_to_send(mailer: Mailer) -> list[tuple[int, str]]:
    """Id and name (newsletter/key) of the editions that a worker has something to do for now."""
    busy = (DeliveryStatus.CLAIMED, DeliveryStatus.SENDING)
    ready = or_(ledger.due(), Delivery.status.in_(busy) & (Delivery.lease_until < now()))
    something = select(Delivery.id).where(Delivery.edition_id == Edition.id, ready).exists()
    nothing = (
        ~select(Delivery.id)
        .where(
            Delivery.edition_id == Edition.id,
            Delivery.status.in_((*busy, DeliveryStatus.QUEUED, DeliveryStatus.DEFERRED)),
        )
        .exists()
    )
    wanted = (
        select(Edition.id, Newsletter.slug, Edition.key)
        .join(Newsletter, Newsletter.id == Edition.newsletter_id)
        .where(Edition.status == EditionStatus.SENDING, or_(something, nothing))
        .order_by(Edition.id)
    )
    with mailer.database.reading() as database:
        return [(row[0], f"{row[1]}/{row[2]}") for row in database.execute(wanted)]


def send(mailer: Mailer, edition_id: int, *, stop: threading.Event, watch: Callable[[Receipt], None]) -> None:
    """
    Send what waits of an edition.

    Raises:
        BackendError, DatabaseError: it cannot go on now; what waits, waits.
    """
    way = Way(mailer.database, mailer.links, mailer.backend())
    dispatch(way, edition_id, stop=stop, watch=watch)
