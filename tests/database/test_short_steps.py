"""What a worker does beside the sending: begin what is due, tidy up, tell; on both databases."""

import datetime
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select, update

from pulse_mailer.backends.memory import Answer, MemoryBackend
from pulse_mailer.bootstrap import Mailer
from pulse_mailer.clock import now
from pulse_mailer.delivery import approving, scheduling, steering
from pulse_mailer.delivery.leasing import LEASE
from pulse_mailer.delivery.planning import Approval, Terms
from pulse_mailer.delivery.scheduling import Start
from pulse_mailer.domain.delivery import Delivery, DeliveryStatus
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.editions import reading
from pulse_mailer.worker import loop, steps
from tests.database.sending_given import claim, count, draft, frozen, mark, states, time_comes
from tests.database.subscribers_given import given_newsletter, joined

ELSEWHERE = "elsewhere/boot/1/1/abcd"
A_SECOND = datetime.timedelta(seconds=1)


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> MemoryBackend:
    """What the program is given instead of its backends: a fake."""
    made = MemoryBackend()
    monkeypatch.setattr(Mailer, "backends", lambda _mailer, _names=(): (made,))
    return made


@pytest.fixture
def working(mailer: Mailer, backend: MemoryBackend) -> Iterator[list[str]]:
    """A worker that looks for work all the time; gives what it says."""
    quick = mailer.settings.model_copy(update={"worker_poll_seconds": 0.02})
    object.__setattr__(mailer, "settings", quick)
    said: list[str] = []
    stop = threading.Event()
    thread = threading.Thread(target=loop.run, args=(mailer, stop, said.append))
    thread.start()
    yield said
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def until(what: str, holds: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end, f"waited for nothing: {what}"
        time.sleep(0.01)


def scheduled(mailer: Mailer, key: str = "2026-03", slug: str = "pulse", people: int = 3) -> int:
    """An edition whose time has come."""
    with mailer.database.transaction() as database:
        newsletter = given_newsletter(database, slug)
        newsletter.told = ["ann@example.org"]
        for number in range(1, people + 1):
            joined(database, mailer.keys, newsletter, f"{slug}-{number}@example.org")
        edition_id = draft(database, newsletter, key).id
    with mailer.database.transaction() as database:
        edition = reading.edition(database, f"{slug}/{key}")
        checked = approving.approve(edition, mailer.links, forced=())
        start = Start(now() + LEASE, "Europe/London")
        scheduling.schedule(database, edition, checked, Approval("cli:ann", people), start, Terms())
        database.flush()
        time_comes(database, A_SECOND)
    return edition_id


def test_an_edition_whose_time_has_come_is_begun_sent_and_told_of(mailer: Mailer, working: list[str]) -> None:
    edition_id = scheduled(mailer)
    until("it is told of", lambda: any("told" in each for each in states_of_notices(mailer)))
    with mailer.database.reading() as database:
        assert database.get_one(Edition, edition_id).status is EditionStatus.SENT
    assert count(mailer.database, DeliveryStatus.SENT) == 3
    assert working[0] == "pulse/2026-03: It begins, for 3 people."


def states_of_notices(mailer: Mailer) -> list[str]:
    from pulse_mailer.domain.notice import Notice

    with mailer.database.reading() as database:
        return ["told" if found.sent_at else "waits" for found in database.scalars(select(Notice))]


def test_an_edition_begins_though_another_is_being_sent(
    mailer: Mailer, backend: MemoryBackend, working: list[str]
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def dawdle() -> None:
        begun.set()
        assert go_on.wait(30)

    backend.answers["reader-1@example.org"] = Answer(dies=dawdle)
    frozen(mailer.database, mailer.keys, mailer.links, 1)
    assert begun.wait(30)
    edition_id = scheduled(mailer, slug="other")

    def is_sending() -> bool:
        with mailer.database.reading() as database:
            return database.get_one(Edition, edition_id).status is EditionStatus.SENDING

    try:
        until("the other begins", is_sending)
    finally:
        go_on.set()
    until("both are sent", lambda: count(mailer.database, DeliveryStatus.SENT) == 4)


def test_what_does_not_begin_is_said(mailer: Mailer) -> None:
    edition_id = scheduled(mailer)
    with mailer.database.transaction() as database:
        newsletter = reading.newsletter(database, "pulse")
        for number in range(1, 5):
            joined(database, mailer.keys, newsletter, f"new-{number}@example.org")
    assert steps.editions_to_begin(mailer) == [(edition_id, "pulse/2026-03")]
    said = steps.begin(mailer, edition_id)
    assert said.startswith("It did not begin. It would go to 7 people, and 3 were agreed to.")
    assert steps.begin(mailer, edition_id) == ""


def test_what_comes_back_after_a_stop_is_tidied_up(mailer: Mailer) -> None:
    edition_id = frozen(mailer.database, mailer.keys, mailer.links, 3)
    with mailer.database.transaction() as database:
        for claimed in claim(database, edition_id, ELSEWHERE, 2):
            assert mark(database, claimed, ELSEWHERE) is not None
    with mailer.database.transaction() as database:
        steering.stop(database, reading.edition(database, "2026-03"), by="cli:ann", why="")
    assert steps.editions_to_tidy(mailer) == [], "a worker has them in hand"
    with mailer.database.transaction() as database:
        one, other = database.scalars(select(Delivery).where(Delivery.status == DeliveryStatus.SENDING))
        one.status, one.next_attempt_at = DeliveryStatus.DEFERRED, now()
        one.lease_owner = one.lease_until = None
        other.lease_until = now() - LEASE
    assert steps.editions_to_tidy(mailer) == [(edition_id, "pulse/2026-03")]
    assert steps.tidy(mailer, edition_id) == "1 became uncertain. 1 more were cancelled."
    assert steps.editions_to_tidy(mailer) == []
    assert sorted(states(mailer.database).values()) == ["cancelled", "cancelled", "uncertain"]


def test_a_paused_edition_that_lost_a_worker_is_tidied_up_and_stays_paused(mailer: Mailer) -> None:
    edition_id = frozen(mailer.database, mailer.keys, mailer.links, 3)
    with mailer.database.transaction() as database:
        claim(database, edition_id, ELSEWHERE, 2)
        steering.pause(database, edition_id, by="cli:ann", why="")
        database.execute(
            update(Delivery).where(Delivery.lease_owner.is_not(None)).values(lease_until=now() - LEASE)
        )
    assert steps.editions_to_tidy(mailer) == [(edition_id, "pulse/2026-03")]
    assert steps.tidy(mailer, edition_id) == ""
    assert steps.editions_to_tidy(mailer) == []
    assert count(mailer.database, DeliveryStatus.QUEUED) == 3


def test_an_edition_goes_by_its_newsletters_own_ways_out(mailer: Mailer) -> None:
    edition_id = frozen(mailer.database, mailer.keys, mailer.links, 1)
    with mailer.database.transaction() as database:
        database.execute(update(Newsletter).values(backends=["memory", "smtp"]))
    assert [backend.name for backend in steps.way_of(mailer, edition_id).backends] == ["memory", "smtp"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_worker_whose_short_steps_end_by_themselves_ends(mailer: Mailer, backend: MemoryBackend) -> None:
    scheduled(mailer)

    def broken_pipe(_words: str) -> None:
        raise SystemExit(1)  # what Rich makes of a standard output that was closed

    loop.run(mailer, threading.Event(), broken_pipe)
