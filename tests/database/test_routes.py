"""Backends in trouble rest, for all workers, on both databases."""

import datetime
import threading

import pytest
from sqlalchemy import select, update

from pulse_mailer.database import Database
from pulse_mailer.delivery import routes
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.route import Route

AT = datetime.datetime(2026, 11, 22, 9, 0, tzinfo=datetime.UTC)
SECOND = datetime.timedelta(seconds=1)


def rest(
    database: Database,
    at: datetime.datetime = AT,
    *,
    words: str = "relay:25 is gone.",
    said: float | None = None,
    backend: str = "smtp",
) -> datetime.timedelta:
    """Let it rest; gives for how long from `at`."""
    with database.transaction() as session:
        return routes.rest(session, backend, words, said, at=at) - at


def resting(
    database: Database, at: datetime.datetime, *names: str
) -> dict[str, tuple[datetime.datetime, str]]:
    with database.reading() as session:
        return routes.resting(session, names or ("smtp", "memory"), at=at)


def route(database: Database) -> Route:
    with database.reading() as session:
        return session.scalars(select(Route)).one()


def test_it_rests_until_then_and_no_longer(database: Database) -> None:
    until = AT + rest(database)
    assert resting(database, until - SECOND / 1000) == {"smtp": (until, "relay:25 is gone.")}
    assert resting(database, until) == {}
    assert resting(database, AT, "memory") == {}


def test_the_rest_doubles_from_5_seconds_to_15_minutes(database: Database) -> None:
    at, lengths = AT, []
    for _ in range(12):
        length = rest(database, at)
        lengths.append(length.total_seconds())
        at += length
    wanted = [min(5.0 * 2**number, 900.0) for number in range(12)]
    assert all(0.8 * full <= length <= full for length, full in zip(lengths, wanted, strict=True)), lengths
    assert len(set(lengths)) == 12, "all workers would come back in the same moment"


def test_two_that_fail_in_the_same_moment_count_once(database: Database) -> None:
    both = threading.Barrier(2)

    def fail() -> None:
        both.wait(10)
        rest(database)

    workers = [threading.Thread(target=fail) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert route(database).trouble_count == 1


def test_trouble_during_the_rest_changes_nothing(database: Database) -> None:
    length = rest(database)
    assert rest(database, AT + SECOND, words="Another story.") == length - SECOND
    assert resting(database, AT)["smtp"] == (AT + length, "relay:25 is gone.")


def test_the_other_side_may_say_for_how_long(database: Database) -> None:
    assert rest(database, said=90) == 90 * SECOND


def test_the_other_side_may_make_a_rest_longer_and_not_shorter(database: Database) -> None:
    rest(database, said=90)
    assert rest(database, said=30) == 90 * SECOND
    assert rest(database, said=200, words="Slow down.") == 200 * SECOND
    assert route(database).words == "Slow down."
    assert route(database).trouble_count == 1


@pytest.mark.parametrize(
    ("words", "said", "seconds"),
    [
        ("Too many requests.", 86_400.0, 3600.0),  # nobody is believed for longer than an hour
        ("Daily sending quota exceeded.", 40_000.0, 40_000.0),  # unless it is a day's quota
        ("Over 200 per 24 hours.", 900_000.0, 90_000.0),
        (
            "550 5.4.5 Daily user sending limit exceeded",
            None,
            3600.0,
        ),  # asked every hour, since it says nothing
        ("Too many requests.", 0.0, 1.0),
        ("Too many requests.", -5.0, 1.0),
    ],
)
def test_what_it_says_is_taken_with_care(
    database: Database, words: str, said: float | None, seconds: float
) -> None:
    assert rest(database, words=words, said=said) == seconds * SECOND


def test_a_success_ends_the_trouble(database: Database) -> None:
    at = AT
    for _ in range(4):
        at += rest(database, at)
    with database.transaction() as session:
        routes.recovered(session, "smtp", at=at)
    assert route(database).trouble_count == 0
    assert rest(database, at) <= 5 * SECOND


def test_a_success_of_what_was_on_its_way_does_not_end_the_rest(database: Database) -> None:
    rest(database, said=90)
    with database.transaction() as session:
        routes.recovered(session, "smtp", at=AT + SECOND)
    assert resting(database, AT + SECOND)["smtp"][0] == AT + 90 * SECOND


def test_a_person_may_have_it_asked_at_once_and_the_trouble_still_counts(database: Database) -> None:
    rest(database)
    with database.transaction() as session:
        routes.hasten(session, ["smtp", "memory"])
    assert resting(database, AT) == {}
    assert rest(database) > 7 * SECOND


def test_a_success_without_trouble_writes_nothing(database: Database) -> None:
    with database.transaction() as session:
        routes.recovered(session, "smtp")
    with database.reading() as session:
        assert session.scalars(select(Route)).all() == []


def test_a_rest_outlives_the_program(database: Database) -> None:
    until = AT + rest(database)
    again = Database(database.url.render_as_string(hide_password=False))
    assert resting(again, AT)["smtp"][0] == until
    again.close()


def test_waking_it_ends_the_rest_and_is_recorded(database: Database) -> None:
    with database.transaction() as session:
        routes.rest(session, "smtp", "550 Slow down.", 600)
    with database.transaction() as session:
        session.execute(update(Route).values(paced_until=AT))
        session.expire_all()
        assert routes.wake(session, "smtp", actor="cli:ann")
    woken = route(database)
    assert (woken.rests_until, woken.trouble_count, woken.words, woken.paced_until) == (None, 0, "", None)
    with database.reading() as session:
        record = session.scalars(select(AuditRecord)).one()
    assert (record.actor, record.action, record.subject) == ("cli:ann", "backend.woken", "backend smtp")
    assert record.before is not None
    assert record.before["words"] == "550 Slow down."


def test_waking_what_does_not_rest_does_nothing(database: Database) -> None:
    rest(database)  # long ago
    with database.transaction() as session:
        assert not routes.wake(session, "smtp", actor="cli:ann")
        assert session.scalars(select(AuditRecord)).all() == []
