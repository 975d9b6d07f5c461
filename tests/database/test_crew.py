"""Several connections, and what one of them, the database or the servers may meet, on both databases."""

import datetime
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event, func, select, text, update

from pulse_mailer.backends.base import Backend
from pulse_mailer.backends.memory import Answer, MemoryBackend
from pulse_mailer.backends.smtp import SmtpBackend, SmtpRoute
from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.delivery import dispatch as dispatching
from pulse_mailer.delivery import leasing
from pulse_mailer.delivery.dispatch import Ending, Way, dispatch
from pulse_mailer.delivery.limits import Limits
from pulse_mailer.domain.delivery import Attempt, Delivery, DeliveryStatus, Fault, Outcome, Stage
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.message import Receipt
from pulse_mailer.domain.route import Route
from pulse_mailer.domain.suppression import Suppression, SuppressionReason
from pulse_mailer.errors import (
    BackendError,
    ConnectionFailed,
    DatabaseUnreachable,
    SignInRefused,
    Throttled,
)
from pulse_mailer.keys import Keys
from pulse_mailer.links import Links
from tests.contract.faulty import Does, FaultyServer
from tests.database.sending_given import attempts, count, frozen, states

POLICY = Answer(Outcome.DEFERRED, Stage.DOT, 554, "5.7.1", "Spam", fault=Fault.MESSAGE)
UNKNOWN = Answer(Outcome.FAILED, Stage.RCPT, 550, "5.1.1", "Who?", fault=Fault.ADDRESS)


def reader(number: int) -> str:
    return f"reader-{number}@example.org"


def run(
    database: Database,
    links: Links,
    edition_id: int,
    *backends: Backend,
    connections: int = 4,
    limits: dict[str, Limits] | None = None,
    stop: threading.Event | None = None,
    watch: Callable[[Receipt], None] = lambda _receipt: None,
) -> Ending:
    way = Way(database, links, backends, connections=connections, limits=limits or {})
    return dispatch(way, edition_id, stop=stop or threading.Event(), watch=watch)


def edition(database: Database) -> Edition:
    with database.reading() as session:
        return session.scalars(select(Edition)).one()


def test_several_connections_send_to_everybody_once(database: Database, keys: Keys, links: Links) -> None:
    edition_id, backend = frozen(database, keys, links, people=40), MemoryBackend()
    assert run(database, links, edition_id, backend) is Ending.FINISHED
    assert sorted(message.recipient for message in backend.kept) == sorted(states(database))
    assert count(database, DeliveryStatus.SENT) == 40
    assert backend.sessions == 4


def test_each_attempt_says_over_which_connection_it_went_and_for_how_long(
    database: Database, keys: Keys, links: Links
) -> None:
    run(database, links, frozen(database, keys, links, people=20), MemoryBackend())
    with database.reading() as session:
        found = list(session.scalars(select(Attempt)))
    assert {attempt.connection for attempt in found} <= {1, 2, 3, 4}
    assert {attempt.backend for attempt in found} == {"memory"}
    assert all(attempt.started_at <= attempt.ended_at for attempt in found)


def test_no_more_are_marked_than_connections_times_window(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id, most = frozen(database, keys, links, people=30), []
    other = Database(database.url.render_as_string(hide_password=False))

    def look() -> None:
        with other.reading() as session:
            marked = select(func.count()).where(Delivery.status == DeliveryStatus.SENDING)
            most.append(session.scalars(marked).one())

    answers = {reader(number): Answer(dies=look) for number in range(1, 31)}
    run(database, links, edition_id, MemoryBackend(answers), connections=3)
    other.close()
    assert 1 <= max(most) <= 3


def test_the_second_backend_is_used_when_the_first_takes_nothing(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id = frozen(database, keys, links, people=10)
    first = MemoryBackend(refuses=ConnectionFailed("Nobody answers."), name="first")
    second = MemoryBackend(name="second")
    assert run(database, links, edition_id, first, second) is Ending.FINISHED
    assert len(second.kept) == 10
    assert {attempt.backend for number in range(1, 11) for attempt in attempts(database, reader(number))} == {
        "second"
    }


def test_a_refused_password_is_left_alone_while_another_backend_works(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id = frozen(database, keys, links, people=6)
    first = MemoryBackend(refuses=SignInRefused("535 Wrong password"), name="first")
    assert run(database, links, edition_id, first, MemoryBackend()) is Ending.FINISHED
    with database.reading() as session:
        (route,) = session.scalars(select(Route).where(Route.backend == "first"))
    assert route.rests_until is not None
    assert route.rests_until > now() + datetime.timedelta(minutes=50)
    assert "535 Wrong password" in route.words


def test_when_all_backends_rest_what_waits_waits(database: Database, keys: Keys, links: Links) -> None:
    edition_id = frozen(database, keys, links)
    slow = Throttled("Too much from you.", retry_after_seconds=600)
    tired = MemoryBackend({reader(1): Answer(Outcome.RETURNED, Stage.MAIL, 454, raises=slow)})
    with pytest.raises(Throttled):
        run(database, links, edition_id, tired, connections=1)
    assert count(database, DeliveryStatus.QUEUED) == 3
    with pytest.raises(BackendError, match="Too much from you"):
        run(database, links, edition_id, tired)
    assert tired.sessions == 1, "it was asked again before its time"


def test_one_connection_too_many_gives_way_to_the_others(
    database: Database, keys: Keys, links: Links
) -> None:
    class Narrow(MemoryBackend):
        """Takes two connections at a time."""

        def check(self) -> str:
            if self.sessions >= 2:
                raise ConnectionFailed("421 Too many connections.")
            return "memory at your service"

    edition_id, backend = frozen(database, keys, links, people=30), Narrow()
    both = threading.Barrier(2, timeout=5)

    def meet() -> None:
        both.wait()

    backend.answers = {reader(1): Answer(dies=meet), reader(2): Answer(dies=meet)}
    assert run(database, links, edition_id, backend, connections=5) is Ending.FINISHED
    assert len(backend.kept) == 30


def test_a_limit_of_connections_is_kept(database: Database, keys: Keys, links: Links) -> None:
    edition_id, backend = frozen(database, keys, links, people=30), MemoryBackend()
    limits = {"memory": Limits(connections=2)}
    assert run(database, links, edition_id, backend, limits=limits) is Ending.FINISHED
    assert backend.sessions == 2


def test_a_wrong_password_pauses_the_edition_with_the_servers_words(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id = frozen(database, keys, links)
    with pytest.raises(SignInRefused):
        run(database, links, edition_id, MemoryBackend(refuses=SignInRefused("535 Wrong password")))
    found = edition(database)
    assert (found.status, found.halt_reason) == (EditionStatus.PAUSED, "535 Wrong password")
    assert set(states(database).values()) == {"queued"}
    assert all(attempts(database, address) == [] for address in states(database))


def test_policy_refusals_pause_even_a_list_of_fifty_and_hold_nobody_guilty(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id = frozen(database, keys, links, people=50)
    backend = MemoryBackend({reader(number): POLICY for number in range(1, 51)})
    assert run(database, links, edition_id, backend) is Ending.PAUSED
    found = edition(database)
    assert found.status is EditionStatus.PAUSED
    assert "554 5.7.1 Spam" in found.halt_reason
    assert set(states(database).values()) == {"queued"}
    tried = sum(len(attempts(database, reader(number))) for number in range(1, 51))
    assert tried <= 5 + 2 * 4, "it went on long after the brake"
    with database.reading() as session:
        assert session.scalars(select(func.count(Suppression.id))).one() == 0


def test_unknown_addresses_are_suppressed_in_the_transaction_of_the_result(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id = frozen(database, keys, links)
    run(database, links, edition_id, MemoryBackend({reader(2): UNKNOWN}))
    with database.reading() as session:
        (found,) = session.scalars(select(Suppression))
        failed = session.scalars(select(Delivery).where(Delivery.address == reader(2))).one()
    assert found.address_hash == failed.address_hash
    assert found.reason is SuppressionReason.BOUNCED
    assert "550 5.1.1 Who?" in found.note
    assert failed.status is DeliveryStatus.FAILED


def test_many_unknown_addresses_pull_the_brake_and_it_may_be_taken_off(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id = frozen(database, keys, links, people=60)
    backend = MemoryBackend({reader(number): UNKNOWN for number in range(1, 61)})
    assert run(database, links, edition_id, backend, connections=1) is Ending.PAUSED
    assert 20 <= count(database, DeliveryStatus.FAILED) < 60
    with database.transaction() as session:
        values = {"status": EditionStatus.SENDING, "halt_reason": "", "halted_by": "", "brake_on": False}
        session.execute(update(Edition).values(**values))
    assert run(database, links, edition_id, backend) is Ending.FINISHED
    assert count(database, DeliveryStatus.FAILED) == 60


def test_what_was_put_off_fails_when_the_lifetime_is_over(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id = frozen(database, keys, links)
    with database.transaction() as session:
        session.execute(update(Edition).values(frozen_at=now() - datetime.timedelta(hours=49)))
    later = Answer(Outcome.DEFERRED, Stage.RCPT, 452, "4.2.2", "Full", fault=Fault.RECIPIENT)
    assert run(database, links, edition_id, MemoryBackend({reader(2): later})) is Ending.FINISHED
    assert states(database)[reader(2)] == "failed"


@pytest.fixture
def silent() -> Iterator[FaultyServer]:
    """Takes the first mail, and never says so."""
    with FaultyServer(
        faults={(f"reader-{number}", "DOT"): Does.SAY_NOTHING for number in (1, 2, 3)}
    ) as server:
        yield server


def test_asked_to_stop_it_does_not_wait_for_ever_for_an_answer(
    database: Database, keys: Keys, links: Links, silent: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "DRAIN_SECONDS", 0.2)
    edition_id, stop = frozen(database, keys, links), threading.Event()
    backend = SmtpBackend(SmtpRoute("127.0.0.1", silent.port))

    def ask() -> None:
        for _ in range(500):
            if any("DATA" in command for line in list(silent.said) for command in list(line)):
                break
            stop.wait(0.01)
        stop.set()

    asking = threading.Thread(target=ask)
    asking.start()
    assert run(database, links, edition_id, backend, connections=1, stop=stop) is Ending.INTERRUPTED
    asking.join()
    assert sorted(states(database).values()) in (
        ["queued", "queued", "uncertain"],
        ["queued", "uncertain", "uncertain"],  # chained, the next was on its way
    )
    with database.reading() as session:
        reasons = set(
            session.scalars(select(Delivery.reason).where(Delivery.status == DeliveryStatus.UNCERTAIN))
        )
    assert all("asked to stop" in reason for reason in reasons)


@pytest.mark.postgres
def test_a_database_that_is_away_for_a_moment_loses_and_repeats_nobody(
    postgresql_url: str, keys: Keys, links: Links
) -> None:
    database = Database(postgresql_url)
    killer = Database(postgresql_url)
    edition_id, backend = frozen(database, keys, links, people=60), MemoryBackend()
    told = 0

    def cut(_receipt: Receipt) -> None:
        nonlocal told
        told += 1
        if told % 15 == 0:
            with killer.transaction() as session:
                session.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                )

    try:
        ending = Ending.UNDER_WAY
        while ending is Ending.UNDER_WAY:
            ending = run(database, links, edition_id, backend, watch=cut)
        assert ending is Ending.FINISHED
        assert sorted(message.recipient for message in backend.kept) == sorted(states(database))
        assert count(database, DeliveryStatus.SENT) == 60
    finally:
        database.close()
        killer.close()


def test_on_a_full_disk_nothing_is_sent_that_is_not_marked(
    sqlite_url: str, keys: Keys, links: Links, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leasing, "LEASE", datetime.timedelta(seconds=1))
    database, backend = Database(sqlite_url), MemoryBackend()
    edition_id = frozen(database, keys, links, people=200)
    database.close()

    full = Database(sqlite_url)
    event.listen(full.engine, "connect", _fill)
    with pytest.raises(DatabaseUnreachable, match="full"):
        run(full, links, edition_id, backend)
    event.remove(full.engine, "connect", _fill)
    full.close()

    database = Database(sqlite_url)
    found = states(database)
    assert set(found) >= {message.recipient for message in backend.kept}
    assert {found[message.recipient] for message in backend.kept} <= {"sent", "sending"}
    assert len(backend.kept) < 200
    monkeypatch.undo()
    with database.transaction() as session:
        held = session.scalars(select(Delivery.id).where(Delivery.lease_owner.is_not(None)))
        session.execute(
            update(Delivery)
            .where(Delivery.id.in_(list(held)))
            .values(lease_until=now() - datetime.timedelta(seconds=1))
        )
    rest = MemoryBackend()
    assert run(database, links, edition_id, rest) is Ending.FINISHED
    twice = {message.recipient for message in backend.kept} & {message.recipient for message in rest.kept}
    assert twice == set()
    final = states(database)
    assert set(final.values()) <= {"sent", "uncertain"}
    database.close()


def _fill(connection: Any, _record: Any) -> None:
    """Let this connection's database grow by a few pages only, as a disk that is nearly full would."""
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages + 3}")
