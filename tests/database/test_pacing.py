"""Permits are never more than the limits allow, whoever takes them, on both databases."""

import datetime
import multiprocessing
import random
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from pulse_mailer.database import Database
from pulse_mailer.delivery.forecast import forecast
from pulse_mailer.delivery.limits import UNLIMITED, Limits
from pulse_mailer.delivery.pacing import Grant, Pace
from pulse_mailer.delivery.quotas import quarter
from pulse_mailer.domain.route import Route, Usage
from pulse_mailer.errors import DatabaseUnreachable
from tests.database.pacing_given import BEGIN, Clock, OneProcess, Taken, in_a_process, most, share, work

HOUR, DAY = 3600.0, 86400.0


def paced(database: Database, limits: Limits) -> tuple[Pace, Clock]:
    clock = Clock(OneProcess())
    return Pace(database, "smtp", limits, clock=clock), clock


def usages(database: Database) -> dict[datetime.datetime, int]:
    with database.reading() as session:
        return {row.begins_at: row.mails for row in session.scalars(select(Usage))}


@pytest.mark.parametrize(
    ("limits", "seconds", "spans", "at_least"),
    [
        (Limits(per_minute=30), 150.0, {60.0: 30}, 75),
        (Limits(per_second=14), 4.0, {1.0: 14}, 56),
        (Limits(per_second=200), 1.5, {1.0: 200}, 285),
        (Limits(per_second=3, per_minute=100), 90.0, {1.0: 3, 60.0: 100}, 148),
        (Limits(per_hour=100), 5 * HOUR, {HOUR: 100}, 400),
        (Limits(per_hour=40, per_day=300), 30 * HOUR, {HOUR: 40, DAY: 300}, 310),
    ],
    ids=str,
)
def test_no_window_holds_more_than_its_limit(
    database: Database, limits: Limits, seconds: float, spans: dict[float, int], at_least: int
) -> None:
    pace, clock = paced(database, limits)
    chance = random.Random(7)
    taken = work(pace, clock, lambda: chance.randint(1, 12), seconds)
    assert {span: most(taken, span) for span in spans if most(taken, span) > spans[span]} == {}
    assert sum(count for _, count in taken) >= at_least, "the limits are not made use of"


def test_what_is_foretold_is_what_happens(database: Database) -> None:
    limits, count = Limits(per_minute=10, per_hour=60, per_day=120), 170
    pace, clock = paced(database, limits)
    foretold = forecast(count, limits, {}, now=BEGIN)
    left = count
    while left:
        grant = pace.take(min(10, left))
        left -= grant.count
        clock.sleep(grant.wait_seconds)
    ended_at = BEGIN + datetime.timedelta(seconds=clock.read_at)
    assert foretold.ends_at is not None
    assert abs(ended_at - foretold.ends_at) < datetime.timedelta(minutes=1)


def test_threads_share_one_limit(database: Database) -> None:
    limits, seconds = Limits(per_second=10, per_minute=400), OneProcess()

    def run(seed: int) -> Taken:
        clock, chance = Clock(seconds), random.Random(seed)
        pace = Pace(database, "smtp", limits, clock=clock)
        return work(pace, clock, lambda: chance.randint(1, 5), 8.0)

    with ThreadPoolExecutor(4) as pool:
        taken = [one for found in pool.map(run, range(4)) for one in found]
    assert most(taken, 1.0) <= 10
    assert most(taken, 60.0) <= 400
    assert sum(usages(database).values()) >= sum(count for _, count in taken) >= 50


def test_processes_share_one_limit(database: Database) -> None:
    limits, context = Limits(per_second=5, per_hour=60), multiprocessing.get_context("spawn")
    url = database.url.render_as_string(hide_password=False)
    seconds = context.Value("d", 0.0)
    with ProcessPoolExecutor(2, mp_context=context, initializer=share, initargs=(seconds,)) as pool:
        running = [pool.submit(in_a_process, url, limits, 2 * HOUR, seed) for seed in range(2)]
        taken = [one for process in running for one in process.result()]
    assert most(taken, 1.0) <= 5
    assert most(taken, HOUR) <= 60
    assert sum(count for _, count in taken) == 120


def test_without_limits_the_database_is_not_asked() -> None:
    away = Database("postgresql://nobody@127.0.0.1:9/nowhere")
    assert Pace(away, "smtp", UNLIMITED).take(500) == Grant(500)
    with pytest.raises(DatabaseUnreachable):
        Pace(away, "smtp", Limits(per_day=1)).take(1)
    away.close()


def test_nothing_wanted_is_nothing_granted(database: Database) -> None:
    pace, _ = paced(database, Limits(per_day=5))
    assert pace.take(0) == Grant(0)
    assert usages(database) == {}


def test_who_gets_less_hears_when_to_ask_again(database: Database) -> None:
    pace, clock = paced(database, Limits(per_minute=30))
    assert pace.take(5) == Grant(1, 2.0)
    clock.sleep(1.5)
    assert pace.take(5) == Grant(0, 0.5)


def test_asking_when_it_opens_takes_nothing(database: Database) -> None:
    pace, clock = paced(database, Limits(per_minute=30, per_day=2))
    assert pace.opens_in() == 0.0
    assert usages(database) == {}
    pace.take(1)
    assert pace.opens_in() == 2.0
    clock.sleep(2.0)
    assert pace.opens_in() == 0.0
    pace.take(1)
    assert pace.opens_in() > DAY
    assert Pace(database, "smtp", UNLIMITED).opens_in() == 0.0


def test_a_day_that_is_used_up_opens_when_its_first_quarter_is_a_day_old(database: Database) -> None:
    pace, _ = paced(database, Limits(per_day=10))
    until = quarter(BEGIN) + datetime.timedelta(days=1, minutes=15)
    assert pace.take(25) == Grant(10, (until - BEGIN).total_seconds())


def test_idle_time_is_not_saved_up(database: Database) -> None:
    pace, clock = paced(database, Limits(per_second=10))
    pace.take(1)
    clock.sleep(3600)
    clock()
    assert pace.take(50).count == 1


def test_what_is_given_back_may_be_taken_again(database: Database) -> None:
    pace, _ = paced(database, Limits(per_day=10))
    pace.take(10)
    pace.give_back(4)
    assert usages(database) == {quarter(BEGIN): 6}
    assert pace.take(10).count == 4


def test_nobody_gives_back_more_than_they_took(database: Database) -> None:
    mine, _ = paced(database, Limits(per_day=10))
    others, _ = paced(database, Limits(per_day=10))
    mine.take(2)
    others.take(5)
    mine.give_back(9)
    assert usages(database) == {quarter(BEGIN): 5}


def test_what_is_given_back_leaves_the_quarter_it_was_taken_in(database: Database) -> None:
    pace, clock = paced(database, Limits(per_day=10))
    pace.take(3)
    clock.sleep(1800)
    pace.take(2)
    pace.give_back(4)
    assert usages(database) == {
        quarter(BEGIN): 1,
        quarter(BEGIN + datetime.timedelta(seconds=1800)): 0,
    }


def test_backends_have_limits_of_their_own(database: Database) -> None:
    paced(database, Limits(per_day=1))[0].take(1)
    other = Pace(database, "memory", Limits(per_day=1), clock=Clock(OneProcess()))
    assert other.take(1).count == 1


def test_counts_older_than_25_hours_are_deleted(database: Database) -> None:
    pace, clock = paced(database, Limits(per_day=100))
    pace.take(1)
    clock.sleep(24 * HOUR)
    pace.take(1)
    assert len(usages(database)) == 2
    clock()
    clock.sleep(2 * HOUR)
    pace.take(1)
    assert quarter(BEGIN) not in usages(database)


def test_a_clock_that_was_hours_ahead_stops_nobody(database: Database) -> None:
    pace, _ = paced(database, Limits(per_minute=30))
    pace.take(1)
    with database.transaction() as session:
        session.execute(update(Route).values(paced_until=BEGIN + datetime.timedelta(hours=5)))
    assert pace.take(1).count == 1


def test_permits_survive_a_restart(database: Database) -> None:
    first, _ = paced(database, Limits(per_day=10))
    first.take(7)
    again = Database(database.url.render_as_string(hide_password=False))
    second, _ = paced(again, Limits(per_day=10))
    assert second.take(10).count == 3
    again.close()
