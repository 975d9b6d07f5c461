"""What is foretold of a sending that goes on, from what the ledger says of the last minutes."""

import datetime
from itertools import count as counting

import pytest
from sqlalchemy import insert, select, update

from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.delivery import routes
from pulse_mailer.delivery.forecast import Forecast, during, measured_rate
from pulse_mailer.delivery.limits import Limits
from pulse_mailer.domain.delivery import Attempt, Delivery, DeliveryStatus, Outcome, Stage
from pulse_mailer.domain.edition import Edition
from pulse_mailer.keys import Keys
from pulse_mailer.links import Links
from tests.database.sending_given import frozen

SECOND = datetime.timedelta(seconds=1)
NOW = datetime.datetime(2026, 11, 23, 9, 3, tzinfo=datetime.UTC)
_numbers = counting(1)


@pytest.fixture
def edition_id(database: Database, keys: Keys, links: Links) -> int:
    made = frozen(database, keys, links, people=2)
    since(database, made, NOW - datetime.timedelta(hours=1))
    return made


def attempted(
    database: Database,
    edition_id: int,
    count: int,
    each: datetime.timedelta,
    *,
    ended: datetime.datetime = NOW,
    worker: str = "w",
) -> None:
    """So many attempts, one after another and each of that length, of which the last has just ended."""
    with database.transaction() as session:
        found = session.scalars(select(Delivery.id).where(Delivery.edition_id == edition_id)).first()
        rows = [
            {
                "delivery_id": found,
                "number": next(_numbers),
                "worker": worker,
                "relay": "relay:25",
                "started_at": ended - (count - place) * each,
                "ended_at": ended - (count - place - 1) * each,
                "stage": Stage.DOT,
                "outcome": Outcome.SENT,
            }
            for place in range(count)
        ]
        session.execute(insert(Attempt), rows)


def since(database: Database, edition_id: int, at: datetime.datetime) -> None:
    """That is when it began, or was let go on."""
    with database.transaction() as session:
        session.execute(update(Edition).where(Edition.id == edition_id).values(changed_at=at))


def foretold(database: Database, edition_id: int, **limits: Limits) -> Forecast | None:
    with database.reading() as session:
        return during(session, edition_id, ["smtp", "memory"], limits, now=NOW)


def rate(database: Database, edition_id: int) -> float | None:
    with database.reading() as session:
        return measured_rate(session, edition_id, NOW)


def test_the_rate_is_that_of_the_last_minutes(database: Database, edition_id: int) -> None:
    attempted(database, edition_id, 100, 2 * SECOND)
    assert rate(database, edition_id) == pytest.approx(0.5)


def test_what_went_before_the_last_minutes_does_not_count(database: Database, edition_id: int) -> None:
    attempted(database, edition_id, 50, 30 * SECOND)
    assert rate(database, edition_id) == pytest.approx(1 / 30)


def test_many_attempts_are_measured_by_the_last_thousand(database: Database, edition_id: int) -> None:
    attempted(database, edition_id, 1_500, SECOND / 100)
    assert rate(database, edition_id) == pytest.approx(100)


def test_a_few_attempts_tell_nothing(database: Database, edition_id: int) -> None:
    attempted(database, edition_id, 9, SECOND)
    assert rate(database, edition_id) is None


def test_another_editions_attempts_are_not_ours(database: Database, edition_id: int) -> None:
    attempted(database, edition_id, 100, SECOND)
    assert rate(database, edition_id + 1) is None


def test_the_time_of_a_pause_is_no_part_of_the_rate(database: Database, edition_id: int) -> None:
    attempted(database, edition_id, 10, SECOND, ended=NOW - 200 * SECOND)
    since(database, edition_id, NOW - 30 * SECOND)
    attempted(database, edition_id, 20, SECOND)
    assert rate(database, edition_id) == pytest.approx(1)


def test_the_time_in_which_no_worker_ran_is_no_part_of_the_rate(database: Database, edition_id: int) -> None:
    attempted(database, edition_id, 20, SECOND, ended=NOW - 200 * SECOND, worker="killed")
    attempted(database, edition_id, 40, SECOND, ended=NOW - 100 * SECOND, worker="next")
    assert rate(database, edition_id) == pytest.approx(1)


def test_the_time_in_which_a_worker_had_to_wait_is_part_of_the_rate(
    database: Database, edition_id: int
) -> None:
    attempted(database, edition_id, 20, SECOND, ended=NOW - 80 * SECOND)
    attempted(database, edition_id, 20, SECOND)
    assert rate(database, edition_id) == pytest.approx(0.4)


def test_the_rest_takes_as_long_as_the_rate_says(database: Database, edition_id: int) -> None:
    attempted(database, edition_id, 20, 10 * SECOND)
    found = foretold(database, edition_id)
    assert found == Forecast(
        NOW + 20 * SECOND, "It takes another 20 s at 6 a minute, as in the last minutes; done about 09:03."
    )


def test_before_anything_is_measured_the_limits_say_it(database: Database, edition_id: int) -> None:
    found = foretold(database, edition_id, smtp=Limits(per_minute=1))
    assert found is not None
    assert found.sentence == "It takes another 2 min at 1 a minute; done about 09:05."


def test_a_backend_that_rests_gives_way_to_the_next(database: Database, edition_id: int) -> None:
    with database.transaction() as session:
        routes.rest(session, "smtp", "Gone.", 600, at=NOW)
    found = foretold(database, edition_id, smtp=Limits(per_minute=1), memory=Limits(per_second=1))
    assert found is not None
    assert found.sentence == "It takes another 2 s at 1 a second; done about 09:03."


def test_while_all_rest_it_goes_on_with_the_first_that_is_back(database: Database, edition_id: int) -> None:
    with database.transaction() as session:
        routes.rest(session, "smtp", "Gone.", 600, at=NOW)
        routes.rest(session, "memory", "Gone.", 300, at=NOW)
    found = foretold(database, edition_id, memory=Limits(per_minute=1))
    assert found is not None
    assert found.sentence.startswith("memory rests until about 09:08. It takes another 2 min at 1 a minute")


def test_when_nothing_waits_nothing_is_foretold(database: Database, edition_id: int) -> None:
    with database.transaction() as session:
        session.execute(
            update(Delivery).values(status=DeliveryStatus.SENT, next_attempt_at=None, changed_at=now())
        )
    assert foretold(database, edition_id) is None
