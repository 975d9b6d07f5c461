"""The worker: what it finds to do, and that nothing but being asked stops it."""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Self

import pytest
from sqlalchemy import select, update

from pulse_mailer.backends.memory import Answer, MemoryBackend
from pulse_mailer.bootstrap import Mailer
from pulse_mailer.clock import now
from pulse_mailer.delivery import routes
from pulse_mailer.delivery.leasing import LEASE, new_owner
from pulse_mailer.domain.delivery import Delivery, DeliveryStatus, Outcome, Stage
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.errors import BadSetting, CannotCarry, ConnectionFailed, PulseMailerError
from pulse_mailer.worker import loop, steps
from tests.database.sending_given import claim, count, draft, freeze, frozen, states
from tests.database.subscribers_given import given_newsletter, joined


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> MemoryBackend:
    made = MemoryBackend()
    monkeypatch.setattr(Mailer, "backends", lambda _mailer, _names=(): (made,))
    return made


@pytest.fixture
def quick(mailer: Mailer, monkeypatch: pytest.MonkeyPatch) -> Mailer:
    """The same, looking for work all the time."""
    monkeypatch.setattr(loop, "REST_SECONDS", 0.05)
    monkeypatch.setattr(routes, "FIRST_SECONDS", 0.05)
    object.__setattr__(mailer, "settings", mailer.settings.model_copy(update={"worker_poll_seconds": 0.02}))
    return mailer


class Working:
    def __init__(self, mailer: Mailer) -> None:
        self.said: list[str] = []
        self.stop = threading.Event()
        self._thread = threading.Thread(target=loop.run, args=(mailer, self.stop, self.said.append))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive()


def until(what: str, holds: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end, f"waited for nothing: {what}"
        time.sleep(0.01)


def frozen_in(mailer: Mailer, people: int = 3) -> int:
    return frozen(mailer.database, mailer.keys, mailer.links, people)


def test_it_sends_what_waits_and_says_how_many(quick: Mailer, backend: MemoryBackend) -> None:
    frozen_in(quick)
    with Working(quick) as working:
        until("three are sent", lambda: count(quick.database, DeliveryStatus.SENT) == 3)
        until("it says so", lambda: working.said == ["pulse/2026-03: 3 handed over."])


def test_an_edition_for_which_nothing_is_left_to_do_is_finished(
    quick: Mailer, backend: MemoryBackend
) -> None:
    edition_id = frozen_in(quick)
    with quick.database.transaction() as session:
        session.execute(update(Delivery).values(status=DeliveryStatus.SENT, next_attempt_at=None))
    with Working(quick):
        until("the edition is sent", lambda: _status(quick, edition_id) is EditionStatus.SENT)
    assert backend.sessions == 0


def test_what_a_worker_elsewhere_dropped_is_found(mailer: Mailer) -> None:
    edition_id = frozen_in(mailer)
    with mailer.database.transaction() as session:
        claim(session, edition_id, "elsewhere/boot/1/1/abcd", 3)
    assert steps.editions_to_send(mailer) == []
    with mailer.database.transaction() as session:
        session.execute(update(Delivery).values(lease_until=now() - LEASE))
    assert steps.editions_to_send(mailer) == [(edition_id, "pulse/2026-03")]


def test_what_a_worker_here_dropped_when_it_died_is_found_at_once(mailer: Mailer) -> None:
    edition_id = frozen_in(mailer)
    host, place, *_ = new_owner().rsplit("/", 4)
    with mailer.database.transaction() as session:
        claim(session, edition_id, f"{host}/{place}/999999999/1/abcd", 3)
    assert steps.editions_to_send(mailer) == [(edition_id, "pulse/2026-03")]


def test_who_came_back_to_an_edition_that_was_over_is_found(mailer: Mailer) -> None:
    edition_id = frozen_in(mailer)
    with mailer.database.transaction() as session:
        session.execute(update(Edition).values(status=EditionStatus.SENT))
    assert steps.editions_to_send(mailer) == [(edition_id, "pulse/2026-03")]


def test_what_was_put_off_is_found_when_its_time_has_come(mailer: Mailer) -> None:
    edition_id = frozen_in(mailer, people=1)
    values = {"status": DeliveryStatus.DEFERRED, "next_attempt_at": now() + LEASE}
    with mailer.database.transaction() as session:
        session.execute(update(Delivery).values(**values))
    assert steps.editions_to_send(mailer) == []
    with mailer.database.transaction() as session:
        session.execute(update(Delivery).values(next_attempt_at=now() - LEASE))
    assert steps.editions_to_send(mailer) == [(edition_id, "pulse/2026-03")]


def test_a_server_that_is_away_is_said_once_and_outlived(quick: Mailer, backend: MemoryBackend) -> None:
    frozen_in(quick)
    backend.refuses = ConnectionFailed("Nobody answers.")
    checked = iter(range(1000))
    with Working(quick) as working:
        until("it says so", lambda: working.said)
        until("it tries again", lambda: next(checked) > 30)
        backend.refuses = None
        until("three are sent", lambda: count(quick.database, DeliveryStatus.SENT) == 3)
    trouble = [words for words in working.said if "Nobody answers." in words]
    assert trouble == [f"pulse/2026-03: Nobody answers. Trying again every {loop.REST_SECONDS:.0f} s."]


def test_trouble_with_one_edition_does_not_keep_another_from_its_readers(
    quick: Mailer, backend: MemoryBackend
) -> None:
    frozen_in(quick, people=1)
    with quick.database.transaction() as session:
        newsletter = given_newsletter(session, "other")
        joined(session, quick.keys, newsletter, "somebody@example.org")
        draft(session, newsletter, "2026-04")
    with quick.database.transaction() as session:
        freeze(session, quick.links, 1, "2026-04")
    backend.answers["reader-1@example.org"] = Answer(
        Outcome.RETURNED, Stage.MAIL, 550, "5.7.1", "Not you", raises=CannotCarry("Not this sender.")
    )
    with Working(quick):
        until("the other is sent", lambda: states(quick.database)["somebody@example.org"] == "sent")
    assert states(quick.database)["reader-1@example.org"] == "queued"
    with quick.database.transaction() as session:
        paused = session.scalars(select(Edition).where(Edition.key == "2026-03")).one()
    assert (paused.status, paused.halt_reason) == (EditionStatus.PAUSED, "Not this sender.")


def test_an_edition_that_the_settings_do_not_let_go_is_paused_with_the_reason(mailer: Mailer) -> None:
    edition_id = frozen_in(mailer)
    with mailer.database.transaction() as session:
        session.execute(update(Newsletter).values(backends=["postmark", "memory"]))
    with pytest.raises(BadSetting):
        steps.send(mailer, edition_id, stop=threading.Event(), watch=lambda _receipt: None)
    with mailer.database.reading() as session:
        paused = session.get_one(Edition, edition_id)
    assert paused.status is EditionStatus.PAUSED
    assert "PULSE_MAILER_POSTMARK_SERVER_TOKEN" in paused.halt_reason
    assert set(states(mailer.database).values()) == {"queued"}


def test_a_fault_of_the_program_is_said_and_logged_and_outlived(
    quick: Mailer, backend: MemoryBackend, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        del backend.answers["reader-1@example.org"]
        raise ZeroDivisionError

    frozen_in(quick)
    backend.answers["reader-1@example.org"] = Answer(kept=False, dies=fail)
    with Working(quick) as working:
        until("the others are sent", lambda: count(quick.database, DeliveryStatus.SENT) == 2)
    assert any("described in its log (ZeroDivisionError)" in words for words in working.said)
    assert states(quick.database)["reader-1@example.org"] == "uncertain"
    assert "ZeroDivisionError" in caplog.text


def test_asked_to_stop_it_is_gone_soon(mailer: Mailer, backend: MemoryBackend) -> None:
    frozen_in(mailer)
    with Working(mailer):
        until("three are sent", lambda: count(mailer.database, DeliveryStatus.SENT) == 3)
        asked = time.monotonic()
    assert time.monotonic() - asked < 5  # a machine with other work may take its time


def test_asked_to_stop_in_the_background_it_says_what_it_waits_for(
    quick: Mailer, backend: MemoryBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "QUICK_SECONDS", 0.05)
    said: list[str] = []
    begun, answered = threading.Event(), threading.Event()

    def dawdle() -> None:
        begun.set()
        answered.wait(10)

    frozen_in(quick, people=1)
    backend.answers["reader-1@example.org"] = Answer(dies=dawdle)

    def say(words: str) -> None:
        said.append(words)
        answered.set()

    with loop.in_background(quick, say):
        assert begun.wait(10)
    assert said[0].startswith("Waiting for the mail server's answer to the mail at hand")
    assert states(quick.database) == {"reader-1@example.org": "sent"}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_worker_that_ends_by_itself_takes_the_program_with_it(
    quick: Mailer, backend: MemoryBackend
) -> None:
    def broken_pipe(_words: str) -> None:
        raise SystemExit(1)  # what Rich makes of a standard output that was closed

    frozen_in(quick)
    with (
        _sigterm_noticed() as noticed,
        pytest.raises(PulseMailerError, match="ended by itself"),
        loop.in_background(quick, broken_pipe),
    ):
        until("the process is asked to end", noticed.is_set)


@contextlib.contextmanager
def _sigterm_noticed() -> Iterator[threading.Event]:
    noticed = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: noticed.set())
    try:
        yield noticed
    finally:
        signal.signal(signal.SIGTERM, before)


def _status(mailer: Mailer, edition_id: int) -> EditionStatus:
    with mailer.database.transaction() as session:
        return session.get_one(Edition, edition_id).status
