"""What goes wrong between two steps of a sending: nobody is left behind, held too long, or asked too often."""

import contextlib
import datetime
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Insert, insert, select, text, update
from sqlalchemy.orm import Session

from pulse_mailer.backends.memory import Answer, MemoryBackend
from pulse_mailer.backends.smtp import SmtpBackend, SmtpRoute
from pulse_mailer.clock import now
from pulse_mailer.composing.merging import Merger
from pulse_mailer.database import Database
from pulse_mailer.delivery import dispatch as dispatching
from pulse_mailer.delivery import leasing, ledger, steering
from pulse_mailer.delivery.crew import Routing
from pulse_mailer.delivery.dispatch import Ending, Way, dispatch
from pulse_mailer.delivery.groups import Group, Line
from pulse_mailer.delivery.leasing import LEASE, Lease
from pulse_mailer.delivery.limits import Limits
from pulse_mailer.delivery.pacing import Pace
from pulse_mailer.delivery.statements import Statement
from pulse_mailer.domain.delivery import Attempt, Delivery, DeliveryStatus, Fault, Outcome, Stage
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.message import Message, Receipt
from pulse_mailer.editions import reading
from pulse_mailer.errors import ConnectionFailed, DatabaseUnreachable
from pulse_mailer.keys import Keys
from pulse_mailer.links import Links
from tests.contract.faulty import FaultyServer
from tests.database.sending_given import attempts, claim, count, frozen, mark, receipt, record, run, states

_POLICY = Answer(Outcome.DEFERRED, Stage.DOT, 554, "5.7.1", "Spam", fault=Fault.MESSAGE)
_SILENT = Answer(Outcome.UNCERTAIN, Stage.DOT, None, "", "", kept=False)
_NEVER = datetime.datetime.max.replace(tzinfo=datetime.UTC)
_ELSEWHERE = "elsewhere/boot/1/1/abcd"
_BEHIND = datetime.timedelta(minutes=2)


def reader(number: int) -> str:
    return f"reader-{number}@example.org"


def test_a_mail_in_hand_does_not_wait_for_the_permit_of_the_next(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id = frozen(database, keys, links, people=2)
    with FaultyServer(features=("PIPELINING", "SIZE 10000000")) as server:
        chained = SmtpBackend(SmtpRoute("127.0.0.1", server.port))
        assert chained.window > 1
        way = Way(database, links, [chained], connections=1, limits={"smtp": Limits(per_minute=30)})
        assert dispatch(way, edition_id, stop=threading.Event()) is Ending.FINISHED
        assert len(server.kept) == 2
        assert len(server.said) == 1, "it connected anew for each mail"
    (first,), (second,) = attempts(database, reader(1)), attempts(database, reader(2))
    assert first.ended_at <= second.started_at


def turn(database: Database, links: Links, edition_id: int, backend: MemoryBackend, mails: int) -> Ending:
    """Send so many, as a worker does whose turn ends or whose limits are used up."""
    stop, told = threading.Event(), 0

    def watch(_receipt: Receipt) -> None:
        nonlocal told
        told += 1
        if told >= mails:
            stop.set()

    return run(database, links, edition_id, backend, watch, stop)


@pytest.mark.parametrize(("answer", "most"), [(_POLICY, 5), (_SILENT, 10)])
def test_the_brake_remembers_what_it_felt_in_earlier_turns(
    database: Database, keys: Keys, links: Links, answer: Answer, most: int
) -> None:
    edition_id = frozen(database, keys, links, people=30)
    backend = MemoryBackend({reader(number): answer for number in range(1, 31)})
    for _ in range(most):
        if turn(database, links, edition_id, backend, mails=2) is Ending.PAUSED:
            break
    with database.reading() as session:
        assert session.get_one(Edition, edition_id).status is EditionStatus.PAUSED
        tried = len(list(session.scalars(select(Attempt.id))))
    assert tried <= most + 2


def test_what_the_brake_felt_before_a_person_looked_counts_no_more(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id = frozen(database, keys, links, people=12)
    backend = MemoryBackend({reader(number): _POLICY for number in range(1, 6)})
    assert run(database, links, edition_id, backend) is Ending.PAUSED
    with database.transaction() as session:
        steering.resume(session, reading.edition(session, "2026-03"), by="ann")
    backend.answers = {reader(1): _POLICY}
    assert run(database, links, edition_id, backend) is Ending.WAITING
    assert count(database, DeliveryStatus.SENT) == 11


def test_of_connections_that_fail_in_one_moment_the_last_lets_the_backend_rest(
    database: Database, keys: Keys, links: Links
) -> None:
    frozen(database, keys, links)
    backend = MemoryBackend()
    routing = Routing(database, [backend], {})
    assert routing.enter() is backend
    assert routing.enter() is backend
    gone = ConnectionFailed("Nobody answers.")
    assert routing.failed(backend, gone), "one connection too many, as far as anybody can tell"
    assert not routing.failed(backend, gone)
    assert routing.trouble is gone


@pytest.mark.postgres
def test_the_heartbeat_and_the_writer_do_not_wait_for_each_other_in_a_circle(
    postgresql_url: str, keys: Keys, links: Links
) -> None:
    database = Database(postgresql_url)
    try:
        edition_id, lease = frozen(database, keys, links), Lease(database)
        with database.transaction() as session:
            claimed = claim(session, edition_id, lease.owner, 3)
        beat = threading.Thread(target=lease.renew)
        with lease.writing(), database.transaction() as session:
            assert mark(session, claimed[2], lease.owner)
            beat.start()
            beat.join(0.3)  # it has come as far as it gets
            assert mark(session, claimed[0], lease.owner)
        beat.join(10)
        assert not beat.is_alive()
        assert set(states(database).values()) == {"sending", "claimed"}
    finally:
        database.close()


@pytest.mark.postgres
def test_a_thawed_worker_and_who_ends_its_leases_do_not_wait_for_each_other_in_a_circle(
    postgresql_url: str, keys: Keys, links: Links, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one keeps an attempt that was taken, the other that nobody knows: what is certain stands in the end."""
    database = Database(postgresql_url)

    def answer() -> None:
        assert marked is not None
        with database.transaction() as session:
            record(session, marked, lease.owner, receipt(claimed, Outcome.SENT))

    late = threading.Thread(target=answer)

    def insert_while_it_is_locked(table: type[Attempt]) -> Insert:
        late.start()
        late.join(0.3)  # it has come as far as it gets
        return insert(table)

    try:
        edition_id, lease = frozen(database, keys, links, people=1), Lease(database)
        with database.transaction() as session:
            (claimed,) = claim(session, edition_id, lease.owner, 1)
            marked = mark(session, claimed, lease.owner)
            session.execute(update(Delivery).values(lease_until=now() - LEASE))
        monkeypatch.setattr(ledger, "insert", insert_while_it_is_locked)
        with database.transaction() as session:
            assert ledger.expire(session, edition_id) == 1
        late.join(10)
        assert states(database) == {reader(1): "sent"}
        assert [attempt.outcome for attempt in attempts(database, reader(1))] == [Outcome.SENT]
    finally:
        database.close()


def test_what_is_marked_is_known_of_although_the_edition_is_paused_in_that_moment(
    database: Database, keys: Keys, links: Links, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL another's commit may come between any two statements; on SQLite it waits for ours."""
    edition_id, lease = frozen(database, keys, links), Lease(database)
    with database.transaction() as session:
        claimed = claim(session, edition_id, lease.owner, 3)
        session.execute(update(Delivery).where(Delivery.id == claimed[0].id).values(lease_epoch=9))
    execute = Group._execute

    def execute_and_pause(group: Group, statement: Statement, values: dict[str, Any]) -> Any:
        found = execute(group, statement, values)
        if not database.is_sqlite:
            with database.transaction() as other:
                other.execute(update(Edition).values(status=EditionStatus.PAUSED))
        return found

    monkeypatch.setattr(Group, "_execute", execute_and_pause)
    with database.transaction() as session:
        group = Group(session.connection(), lease.owner, _NEVER, now())
        marks = group.mark([(one, Line("memory", "relay:25", 1)) for one in claimed])
    assert [mark and mark.delivery.id for mark in marks] == [None, claimed[1].id, claimed[2].id]
    assert sorted(states(database).values()) == ["claimed", "sending", "sending"]


@pytest.mark.postgres
@pytest.mark.parametrize(
    "moment", ["2026-10-25 00:59:30", "2026-10-25 01:10:00"], ids=["before it", "while it comes again"]
)
def test_a_lease_is_as_long_as_ever_in_the_hour_that_comes_twice(
    postgresql_url: str, keys: Keys, links: Links, moment: str
) -> None:
    """A database in Germany, in the night in which summer time ends."""
    database = Database(postgresql_url)
    try:
        edition_id, lease = frozen(database, keys, links, people=1), Lease(database)
        with database.engine.connect() as connection, connection.begin() as undone:
            for statement in (
                "SET LOCAL timezone = 'Europe/Berlin'",
                f"CREATE FUNCTION public.now() RETURNS timestamptz RETURN '{moment}+00'::timestamptz",
                "SET LOCAL search_path = public, pg_catalog",
            ):
                connection.execute(text(statement))
            session = Session(connection)
            until = datetime.datetime.fromisoformat(f"{moment}+00:00") + LEASE
            assert leasing.lease_clock(session) + LEASE == until
            assert claim(session, edition_id, lease.owner, 1)
            assert session.scalar(select(Delivery.lease_until)) == until
            undone.rollback()
    finally:
        database.close()


@pytest.mark.postgres
def test_a_machine_whose_clock_is_behind_keeps_its_leases(
    postgresql_url: str, keys: Keys, links: Links, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(postgresql_url)
    try:
        edition_id, lease = frozen(database, keys, links), Lease(database)
        monkeypatch.setattr(leasing, "is_dead", lambda _owner: False)
        with database.transaction() as session:
            session.execute(update(Delivery).values(next_attempt_at=now() - 2 * _BEHIND))
            behind = Group(session.connection(), lease.owner, _NEVER, now() - _BEHIND)
            assert len(behind.claim(edition_id, 3)) == 3
        with database.transaction() as session:
            ledger.expire(session, edition_id)
        assert count(database, DeliveryStatus.CLAIMED) == 3
        with monkeypatch.context() as patch:
            patch.setattr(leasing, "now", lambda: now() - _BEHIND)
            lease.renew()
        with database.transaction() as session:
            ledger.expire(session, edition_id)
        assert count(database, DeliveryStatus.CLAIMED) == 3
    finally:
        database.close()


def test_what_was_being_written_when_the_worker_gave_up_waits_again(
    database: Database, keys: Keys, links: Links, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "DRAIN_SECONDS", 0.1)
    edition_id, backend = frozen(database, keys, links), MemoryBackend()
    stop, goes_on, plain = threading.Event(), threading.Event(), Merger.merge

    def slow(merger: Merger, *given: Any) -> Message:
        stop.set()
        goes_on.wait(10)
        return plain(merger, *given)

    monkeypatch.setattr(Merger, "merge", slow)
    assert run(database, links, edition_id, backend, stop=stop) is Ending.INTERRUPTED
    assert set(states(database).values()) == {"queued"}
    goes_on.set()
    for thread in threading.enumerate():
        if thread.name.startswith("connection "):
            thread.join(10)
    assert backend.kept == []


def test_permits_that_cannot_be_given_back_leave_no_mark_behind(
    database: Database, keys: Keys, links: Links, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_pace: Pace, _count: int) -> None:
        raise DatabaseUnreachable("The database is gone.")

    monkeypatch.setattr(Pace, "give_back", gone)
    edition_id = frozen(database, keys, links, people=3)
    with FaultyServer(features=("PIPELINING", "SIZE 10000000")) as server:
        chained = SmtpBackend(SmtpRoute("127.0.0.1", server.port))
        way = Way(database, links, [chained], connections=1, limits={"smtp": Limits(per_day=500)})
        assert dispatch(way, edition_id, stop=threading.Event()) is Ending.FINISHED
    assert count(database, DeliveryStatus.SENT) == 3


@pytest.mark.parametrize("which", range(1, 8))
def test_a_commit_that_arrived_and_seemed_not_to_leaves_no_mark_behind(
    database: Database, keys: Keys, links: Links, monkeypatch: pytest.MonkeyPatch, which: int
) -> None:
    edition_id, backend = frozen(database, keys, links), MemoryBackend()
    dialect, commits = database.engine.dialect, 0
    commit = dialect.do_commit
    assert dialect.loaded_dbapi is not None
    lost = dialect.loaded_dbapi.OperationalError("the line broke")

    def unsure(connection: Any) -> None:
        nonlocal commits
        commit(connection)
        commits += threading.current_thread().name == "writer"
        if commits == which and threading.current_thread().name == "writer":
            raise lost

    monkeypatch.setattr(dialect, "do_commit", unsure)
    for _ in range(3):  # what was claimed, as it seemed, in vain is free after the first run
        if run(database, links, edition_id, backend) is Ending.FINISHED:
            break
    assert set(states(database).values()) == {"sent"}
    assert sorted(message.recipient for message in backend.kept) == sorted(states(database))


@pytest.mark.parametrize("which", range(1, 6))
def test_a_group_that_is_written_again_has_the_permits_that_it_had(
    database: Database, keys: Keys, links: Links, monkeypatch: pytest.MonkeyPatch, which: int
) -> None:
    edition_id, backend = frozen(database, keys, links), MemoryBackend()
    dialect, line, commit = database.engine.dialect, database.line, database.engine.dialect.do_commit
    lines, commits = list[Any](), 0
    assert dialect.loaded_dbapi is not None
    lost = dialect.loaded_dbapi.OperationalError("the line broke")

    @contextlib.contextmanager
    def watched() -> Iterator[Connection]:
        with line() as connection:
            lines.append(connection.connection.dbapi_connection)
            yield connection

    def unsure(connection: Any) -> None:
        nonlocal commits
        commit(connection)
        on_line = any(connection.dbapi_connection is one for one in lines)  # permits are taken on another
        commits += on_line
        if on_line and commits == which:
            raise lost

    monkeypatch.setattr(database, "line", watched)
    monkeypatch.setattr(dialect, "do_commit", unsure)
    way = Way(database, links, [backend], connections=1, limits={"memory": Limits(per_day=3)})
    dispatch(way, edition_id, stop=threading.Event())
    # What was claimed, as it seemed, in vain is free after the first run.
    assert dispatch(way, edition_id, stop=threading.Event()) is Ending.FINISHED
    assert len(backend.kept) == 3


def test_a_stage_holds_for_what_a_worker_has_claimed_already(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id = frozen(database, keys, links)
    with database.transaction() as session:
        claimed = claim(session, edition_id, _ELSEWHERE, 3)
        session.execute(update(Edition).values(stage_until_id=claimed[0].id))
        assert mark(session, claimed[0], _ELSEWHERE)
        assert mark(session, claimed[1], _ELSEWHERE) is None


def test_who_comes_back_to_a_stopped_edition_is_cancelled_without_a_worker(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id = frozen(database, keys, links)

    def stop() -> None:
        with database.transaction() as session:
            steering.stop(session, reading.edition(session, "2026-03"), by="ann", why="wrong picture")

    later = Answer(Outcome.DEFERRED, Stage.RCPT, 450, "4.2.0", "Later", fault=Fault.RECIPIENT, dies=stop)
    run(database, links, edition_id, MemoryBackend({reader(1): later}))
    assert set(states(database).values()) == {"cancelled"}


def test_when_the_first_backends_day_is_used_up_the_second_goes_on(
    database: Database, keys: Keys, links: Links
) -> None:
    edition_id = frozen(database, keys, links, people=5)
    first, second = MemoryBackend(), MemoryBackend(name="second")
    limits = {"memory": Limits(per_day=2)}
    way = Way(database, links, [first, second], connections=1, limits=limits)
    assert dispatch(way, edition_id, stop=threading.Event()) is Ending.UNDER_WAY
    assert dispatch(way, edition_id, stop=threading.Event()) is Ending.FINISHED
    assert (len(first.kept), len(second.kept)) == (2, 3)
