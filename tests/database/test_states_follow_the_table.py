"""
Whatever is done to an edition in whatever state: it and its deliveries go only where the tables of the domain lead.

Everything that changes states is tried on an edition in every state, with a delivery in every state; what is refused
must have changed nothing.
"""

import datetime
from collections.abc import Callable

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.delivery import approving, deciding, ledger, planning, scheduling, steering
from pulse_mailer.delivery.planning import Approval, Terms
from pulse_mailer.delivery.reporting import PROGRAM
from pulse_mailer.delivery.scheduling import Start
from pulse_mailer.domain import delivery as deliveries
from pulse_mailer.domain import edition as editions
from pulse_mailer.domain.delivery import Delivery, DeliveryStatus
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.newsletter import Newsletter, UncertainPolicy
from pulse_mailer.editions import drafting, reading
from pulse_mailer.errors import PulseMailerError
from pulse_mailer.keys import Keys
from pulse_mailer.links import Links
from tests.database.sending_given import draft, freeze, time_comes
from tests.database.subscribers_given import given_newsletter, joined

LONG_AGO = datetime.timedelta(hours=1)
BEFORE_SENDING = (EditionStatus.DRAFT, EditionStatus.APPROVED, EditionStatus.SCHEDULED)

Act = Callable[[Session, Edition, Links], object]


def _settle(*, sent: bool) -> Act:
    def act(session: Session, edition: Edition, _links: Links) -> object:
        wanted = select(Delivery.id).where(Delivery.status == DeliveryStatus.UNCERTAIN)
        return deciding.settle(session, list(session.scalars(wanted)), sent=sent, by="ann", why="So it is.")

    return act


def _settle_all(session: Session, _edition: Edition, _links: Links) -> object:
    every = list(session.scalars(select(Delivery.id)))
    return deciding.settle(session, every, sent=False, by="ann", why="So it is.")


def _policy(session: Session, edition: Edition, _links: Links) -> object:
    session.execute(update(Newsletter).values(uncertain_policy=UncertainPolicy.REPEAT))
    return deciding.apply_policy(session, edition.id)


def _freeze(session: Session, edition: Edition, links: Links) -> object:
    checked = approving.approve(edition, links, forced=())
    return planning.freeze(session, edition, checked, links, Approval("ann", 9))


def _schedule(session: Session, edition: Edition, links: Links) -> object:
    checked = approving.approve(edition, links, forced=())
    start = Start(now() + LONG_AGO, "Europe/London")
    scheduling.schedule(session, edition, checked, Approval("ann", 9), start, Terms())
    return None


ACTS: dict[str, Act] = {
    "a person pauses": lambda session, edition, _: steering.pause(session, edition.id, by="ann", why=""),
    "the program pauses": lambda session, edition, _: steering.pause(
        session, edition.id, by=PROGRAM, why="", requeue_policy=True
    ),
    "a stage ends": lambda session, edition, _: steering.end_stage(session, edition.id),
    "resume": lambda session, edition, _: steering.resume(session, edition, by="ann"),
    "resume in stages": lambda session, edition, _: steering.resume(session, edition, by="ann", first=1),
    "stop": lambda session, edition, _: steering.stop(session, edition, by="ann", why=""),
    "sweep": lambda session, edition, _: steering.sweep(session, edition.id),
    "settle as sent": _settle(sent=True),
    "settle as not sent": _settle(sent=False),
    "settle what is certain": _settle_all,
    "apply the policy": _policy,
    "retry the failed": lambda session, edition, _: deciding.retry(
        session, edition, deciding.ALL_FAILED, by="ann"
    ),
    "retry the cancelled": lambda session, edition, _: deciding.retry(
        session, edition, deciding.ALL_CANCELLED, by="ann"
    ),
    "begin at its time": lambda session, edition, links: scheduling.begin(session, edition.id, links),
    "begin at once": _freeze,
    "schedule": _schedule,
    "take back": lambda session, edition, _: scheduling.take_back(session, edition, by="ann"),
    "change": lambda session, edition, _: drafting.change(
        session, edition.name, {"subject": "New"}, actor="ann"
    ),
    "leases end": lambda session, edition, _: ledger.expire(session, edition.id),
    "hasten": lambda session, edition, _: ledger.hasten(session, edition.id),
}


class Undo(Exception):
    """Ends a trial: nothing of it is kept."""


@pytest.fixture
def drafted(database: Database, keys: Keys) -> int:
    """A draft for nine people."""
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        for number in range(1, 10):
            joined(session, keys, newsletter, f"reader-{number}@example.org")
        return draft(session, newsletter).id


def put(session: Session, links: Links, edition_id: int, status: EditionStatus) -> None:
    """The edition in a state; once its sending began, with a delivery in each state."""
    if status is EditionStatus.SCHEDULED:
        _schedule(session, reading.edition(session, "2026-03"), links)
        time_comes(session, LONG_AGO)
    if status in BEFORE_SENDING:
        session.execute(update(Edition).values(status=status))
        return
    freeze(session, links, 9)
    ids = sorted(session.scalars(select(Delivery.id)))
    for delivery_id, state in zip(ids, DeliveryStatus, strict=True):
        waits = state in (DeliveryStatus.QUEUED, DeliveryStatus.DEFERRED)
        leased = state in (DeliveryStatus.CLAIMED, DeliveryStatus.SENDING)
        session.execute(
            update(Delivery)
            .where(Delivery.id == delivery_id)
            .values(
                status=state,
                next_attempt_at=now() if waits else None,
                lease_owner="elsewhere/boot/1/1/abcd" if leased else None,
                lease_until=now() - LONG_AGO if leased else None,
                attempt_count=1,
            )
        )
    session.execute(update(Edition).where(Edition.id == edition_id).values(status=status))


def standing(session: Session) -> tuple[EditionStatus, dict[int, DeliveryStatus]]:
    session.flush()
    session.expire_all()
    rows = session.execute(select(Delivery.id, Delivery.status))
    return session.scalars(select(Edition.status)).one(), {row[0]: row[1] for row in rows}


def goes(then: EditionStatus, now_: EditionStatus) -> bool:
    """Whether the table leads there, over `approved` too, where nothing stays."""
    through = EditionStatus.APPROVED
    direct = now_ == then or now_ in editions.BECOMES[then]
    return direct or (through in editions.BECOMES[then] and now_ in editions.BECOMES[through])


@pytest.mark.parametrize("act", ACTS)
def test_only_where_the_tables_lead(database: Database, links: Links, drafted: int, act: str) -> None:
    done = 0
    for status in EditionStatus:
        with pytest.raises(Undo), database.transaction() as session:  # noqa: PT012 - the trial is the statement
            put(session, links, drafted, status)
            before = standing(session)
            try:
                ACTS[act](session, reading.edition(session, "2026-03"), links)
            except PulseMailerError:
                assert standing(session) == before, f"{act}: refused, and yet changed while {status}"
                raise Undo from None
            edition, states = standing(session)
            assert goes(before[0], edition), f"{act}: {before[0]} became {edition}"
            for delivery_id, then in before[1].items():
                followers = deliveries.BECOMES[then] | {then}
                assert states[delivery_id] in followers, f"{act}: {then} became {states[delivery_id]}"
            done += (edition, states) != before
            raise Undo
    assert done or act in ("settle what is certain", "hasten", "a stage ends"), "it never did anything"


def test_a_sent_or_skipped_delivery_is_never_touched(database: Database, links: Links, drafted: int) -> None:
    final = (DeliveryStatus.SENT, DeliveryStatus.SKIPPED)
    with database.transaction() as session:
        put(session, links, drafted, EditionStatus.SENDING)
    for act in ACTS.values():
        with pytest.raises(Undo), database.transaction() as session:  # noqa: PT012 - the trial is the statement
            wanted = select(Delivery.id, Delivery.status, Delivery.changed_at, Delivery.reason)
            before = session.execute(wanted.where(Delivery.status.in_(final)).order_by(Delivery.id)).all()
            try:
                act(session, reading.edition(session, "2026-03"), links)
            except PulseMailerError:
                raise Undo from None
            ids = [row[0] for row in before]
            assert session.execute(wanted.where(Delivery.id.in_(ids)).order_by(Delivery.id)).all() == before
            raise Undo
