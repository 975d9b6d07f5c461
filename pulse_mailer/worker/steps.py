"""
The steps of a worker, one function each; whoever runs them (a thread, a process, Celery) decides when.

Each kind of step is a pair: what there is to do now, as ids with names, and the doing of one of them. Whoever does
one takes hold of it in the database first, so that two workers who see the same do it once.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.clock import now
from pulse_mailer.composing.notices import notice_mail
from pulse_mailer.delivery import ledger, scheduling, steering, telling, totals
from pulse_mailer.delivery.dispatch import Way, dispatch
from pulse_mailer.delivery.reporting import PROGRAM
from pulse_mailer.domain.counting import people
from pulse_mailer.domain.delivery import Delivery
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.message import Receipt
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.working import Standstill
from pulse_mailer.errors import BadSetting, PulseMailerError

_ITS = Delivery.edition_id == Edition.id

Found = list[tuple[int, str]]


def editions_to_begin(mailer: Mailer) -> Found:
    """Id and name (newsletter/key) of the scheduled editions whose time has come."""
    with mailer.database.reading() as database:
        return scheduling.due(database)


def begin(mailer: Mailer, edition_id: int) -> str:
    """Begin a scheduled edition; gives a sentence for people: how many get it, or why it did not begin."""
    with mailer.database.transaction() as database:
        begun = scheduling.begin(database, edition_id, mailer.links)
    if begun is None:
        return ""  # another worker was first, or somebody took it back
    said = f"It begins, for {people(begun.count)}." if begun.count else "It did not begin."
    return f"{said} {begun.words}".rstrip()


def editions_to_send(mailer: Mailer) -> Found:
    """Id and name of the editions that a worker has something to send for now."""
    nothing = ~_some(or_(Delivery.next_attempt_at.is_not(None), Delivery.lease_owner.is_not(None)))
    due = _some(Delivery.next_attempt_at <= now()) & ~select(Standstill.id).exists()
    sending = (Edition.status == EditionStatus.SENDING) & or_(due, _some(_lost(mailer)), nothing)
    # It was over when a worker that had been frozen brought some back that surely did not go.
    return _editions(mailer, or_(sending, (Edition.status == EditionStatus.SENT) & due))


def send(mailer: Mailer, edition_id: int, *, stop: threading.Event, watch: Callable[[Receipt], None]) -> None:
    """
    Send what waits of an edition. One that the settings do not let go is paused, and the staff concerned are told.

    Raises:
        BackendError, DatabaseError, BadSetting: it cannot go on now; what waits, waits.
    """
    try:
        dispatch(way_of(mailer, edition_id), edition_id, stop=stop, watch=watch)
    except BadSetting as error:  # only a person can help, and nobody may be reading this worker's log
        with mailer.database.transaction() as database:
            steering.pause(database, edition_id, by=PROGRAM, why=str(error))
        raise


def way_of(mailer: Mailer, edition_id: int) -> Way:
    """
    All that sending an edition needs, with its newsletter's own ways out.

    Raises:
        BadSetting: there is no such backend, or a setting that it needs is missing.
    """
    wanted = select(Newsletter.backends).join(Edition, Edition.newsletter_id == Newsletter.id)
    with mailer.database.reading() as database:
        names = database.scalars(wanted.where(Edition.id == edition_id)).one()
    return mailer.way(names)


def editions_to_tidy(mailer: Mailer) -> Found:
    """Id and name of paused or stopped editions of which something came back from a worker, or never will."""
    stopped = Edition.status == EditionStatus.STOPPED
    halted = or_(stopped, Edition.status == EditionStatus.PAUSED)
    came_back = stopped & _some(Delivery.next_attempt_at.is_not(None))
    return _editions(mailer, halted, or_(came_back, _some(_lost(mailer))))


def tidy(mailer: Mailer, edition_id: int) -> str:
    """End the leases that ran out, and cancel what waits of a stopped edition; gives a sentence for people, or ""."""
    with mailer.database.transaction() as database:
        uncertain = ledger.expire(database, edition_id)
        cancelled = steering.sweep(database, edition_id)
        if uncertain or cancelled:
            totals.outdate(database, [edition_id])
    said = [f"{uncertain:,} became uncertain."] if uncertain else []
    return " ".join([*said, *([f"{cancelled:,} more were cancelled."] if cancelled else [])])


def editions_to_count(mailer: Mailer) -> Found:
    """Id and name of the editions that are over and whose totals are not stored, or may have changed since."""
    with mailer.database.reading() as database:
        return totals.due(database)


def count(mailer: Mailer, edition_id: int) -> str:
    """Store an edition's totals, for the pages; there is nothing to say of it."""
    with mailer.database.transaction() as database:
        totals.keep(database, edition_id)
    return ""


def notices_to_tell(mailer: Mailer) -> Found:
    """Id and subject of the notices that are to be mailed to staff now."""
    with mailer.database.reading() as database:
        return telling.due(database)


def tell(mailer: Mailer, notice_id: int) -> str:
    """Mail a notice to whom it is for; gives a sentence for people when it was not taken."""
    with mailer.database.transaction() as database:
        notice = telling.take(database, notice_id)
        if notice is None:
            return ""
        newsletter = database.scalars(
            select(Newsletter)
            .join(Edition, Edition.newsletter_id == Newsletter.id)
            .where(Edition.id == notice.edition_id)
        ).one()
    try:
        words = telling.carry(notice_mail(notice, newsletter), mailer.backends(newsletter.backends))
    except PulseMailerError as error:  # a setting of the backend, or a subject that cannot be mailed
        words = error.what
    with mailer.database.transaction() as database:
        if not words:
            telling.told(database, notice_id)
            return ""
        again = telling.refused(database, notice_id, words)
    return f"{notice.address} was not told: {words}" + ("" if again else " It was given up after a day.")


@dataclass(frozen=True, slots=True)
class Step:
    """
    A kind of work that never takes long, and must not wait behind a sending that takes hours.

    Attributes:
        find: what there is to do now: ids, each with a name for people.
        do: does one of them; gives a sentence for people, or "".
    """

    find: Callable[[Mailer], Found]
    do: Callable[[Mailer, int], str]


SHORT = {
    "begin": Step(editions_to_begin, begin),
    "tidy": Step(editions_to_tidy, tidy),
    "tell": Step(notices_to_tell, tell),
    "count": Step(editions_to_count, count),
}


def _editions(mailer: Mailer, *such: ColumnElement[bool]) -> Found:
    wanted: Select[*tuple[Any, ...]] = (
        select(Edition.id, Newsletter.slug, Edition.key)
        .join(Newsletter, Newsletter.id == Edition.newsletter_id)
        .where(*such)
        .order_by(Edition.id)
    )
    with mailer.database.reading() as database:
        return [(row[0], f"{row[1]}/{row[2]}") for row in database.execute(wanted)]


def _some(such: ColumnElement[bool]) -> ColumnElement[bool]:
    # Each of the two conditions by itself, so that each is answered from its own small index.
    return select(Delivery.id).where(_ITS, such).exists()


def _lost(mailer: Mailer) -> ColumnElement[bool]:
    with mailer.database.reading() as database:
        return ledger.lease_is_over(database)
