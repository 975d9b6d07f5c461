"""A sending keeps to its backends' limits and rests, on both databases."""

import threading

from sqlalchemy import select

from pulse_mailer.backends.memory import Answer, MemoryBackend
from pulse_mailer.database import Database
from pulse_mailer.delivery import routes
from pulse_mailer.delivery.dispatch import Ending, Way, dispatch
from pulse_mailer.delivery.limits import Limits
from pulse_mailer.domain.delivery import DeliveryStatus, Outcome, Stage
from pulse_mailer.domain.route import Usage
from pulse_mailer.errors import Throttled
from pulse_mailer.keys import Keys
from pulse_mailer.links import Links
from tests.database.sending_given import count, frozen


def send(
    database: Database, links: Links, edition_id: int, *backends: MemoryBackend, **limits: Limits
) -> Ending:
    way = Way(database, links, backends, connections=2, limits=limits)
    return dispatch(way, edition_id, stop=threading.Event())


def used(database: Database) -> int:
    with database.reading() as session:
        return sum(session.scalars(select(Usage.mails)))


def test_no_more_goes_than_the_day_allows_and_the_rest_waits(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id, backend = frozen(database, keys, links, people=5), MemoryBackend()
    assert send(database, links, edition_id, backend, memory=Limits(per_day=3)) is Ending.WAITING
    assert send(database, links, edition_id, backend, memory=Limits(per_day=3)) is Ending.WAITING
    assert len(backend.kept) == 3
    assert count(database, DeliveryStatus.QUEUED) == 2
    assert send(database, links, edition_id, backend, memory=Limits(per_day=5)) is Ending.FINISHED
    assert (len(backend.kept), used(database)) == (5, 5)


def test_permits_are_counted_for_mails_and_for_nothing_else(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id, backend = frozen(database, keys, links, people=3), MemoryBackend()
    assert send(database, links, edition_id, backend, memory=Limits(per_day=500)) is Ending.FINISHED
    assert used(database) == 3


def test_a_paced_backend_gets_all_of_it(database: Database, keys: Keys, links: Links) -> None:
    edition_id, backend = frozen(database, keys, links, people=4), MemoryBackend()
    assert send(database, links, edition_id, backend, memory=Limits(per_second=20)) is Ending.FINISHED
    assert len(backend.kept) == 4


def test_a_throttled_backend_rests_and_the_next_one_takes_over(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id = frozen(database, keys, links, people=3)
    slow_down = Throttled("memory: 432 4.3.2 Too many connections.", retry_after_seconds=600)
    busy = Answer(
        Outcome.RETURNED,
        Stage.RCPT,
        432,
        "4.3.2",
        "Too many connections.",
        raises=slow_down,
    )
    first = MemoryBackend({f"reader-{number}@example.org": busy for number in (1, 2, 3)})
    second = MemoryBackend(name="second")
    assert send(database, links, edition_id, first, second) is Ending.FINISHED
    assert (len(first.kept), len(second.kept)) == (0, 3)
    with database.reading() as session:
        resting = routes.resting(session, ["memory", "second"])
    assert list(resting) == ["memory"]
    assert resting["memory"][1] == "memory: 432 4.3.2 Too many connections."


def test_a_backend_that_rests_is_not_asked_by_the_next_worker_either(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id, first, second = frozen(database, keys, links), MemoryBackend(), MemoryBackend(name="second")
    with database.transaction() as session:
        routes.rest(session, "memory", "Gone.", 600)
    assert send(database, links, edition_id, first, second) is Ending.FINISHED
    assert (first.sessions, len(second.kept)) == (0, 3)
    with database.reading() as session:
        assert list(routes.resting(session, ["memory"])) == ["memory"], "another's success ended the rest"
