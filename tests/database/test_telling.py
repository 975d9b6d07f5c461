"""Notices to staff: queued with what they tell of, mailed, tried again, given up; on both databases."""

import concurrent.futures
import datetime
import email
import email.policy
import threading
from email.message import EmailMessage

import pytest
from sqlalchemy import select, update

from pulse_mailer.backends.memory import Answer, MemoryBackend
from pulse_mailer.bootstrap import Mailer
from pulse_mailer.clock import now
from pulse_mailer.delivery import steering, telling
from pulse_mailer.delivery.dispatch import Ending
from pulse_mailer.delivery.reporting import PROGRAM
from pulse_mailer.domain.delivery import Outcome, Stage
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.notice import Notice, NoticeKind
from pulse_mailer.editions import reading
from pulse_mailer.errors import ConnectionFailed
from pulse_mailer.worker import steps
from tests.database.sending_given import frozen, run

ANN = "ann@example.org"
REFUSED = Answer(Outcome.FAILED, Stage.RCPT, 550, "5.1.1", "No such user")


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> MemoryBackend:
    """What the program is given instead of its backends: a fake."""
    made = MemoryBackend()
    monkeypatch.setattr(Mailer, "backends", lambda _mailer, _names=(): (made,))
    return made


@pytest.fixture
def edition_id(mailer: Mailer) -> int:
    """An edition on its way to three people; ann wants to hear of it."""
    made = frozen(mailer.database, mailer.keys, mailer.links, people=3)
    with mailer.database.transaction() as database:
        database.execute(update(Newsletter).values(told=[ANN]))
    return made


@pytest.fixture
def notice_id(mailer: Mailer, edition_id: int) -> int:
    with mailer.database.transaction() as database:
        telling.tell(database, edition_id, NoticeKind.PAUSED, "Pulse: paused", "It was paused – “why”.\n.\n")
    with mailer.database.reading() as database:
        return telling.due(database)[0][0]


def notice(mailer: Mailer) -> Notice:
    with mailer.database.reading() as database:
        return database.scalars(select(Notice)).one()


def its_time_comes(mailer: Mailer) -> None:
    with mailer.database.transaction() as database:
        database.execute(
            update(Notice).where(Notice.next_attempt_at.is_not(None)).values(next_attempt_at=now())
        )


def mail(backend: MemoryBackend) -> EmailMessage:
    parsed = email.message_from_bytes(backend.kept[-1].data, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def test_a_notice_is_plain_mail_that_says_that_a_program_wrote_it(
    mailer: Mailer, backend: MemoryBackend, notice_id: int
) -> None:
    assert steps.tell(mailer, notice_id) == ""
    made = mail(backend)
    assert made["From"] == "The Editor <editor@example.org>"
    assert (made["To"], made["Subject"]) == (ANN, "Pulse: paused")
    assert made["Auto-Submitted"] == "auto-generated"
    assert not [name for name in made if name.startswith("List-")]
    assert made.get_content().replace("\r\n", "\n") == "It was paused – “why”.\n.\n"
    assert backend.kept[0].delivery_id == 0
    assert max(map(len, backend.kept[0].data.split(b"\r\n"))) <= 78
    sent = notice(mailer)
    assert sent.sent_at is not None
    assert (sent.next_attempt_at, sent.attempt_count) == (None, 1)
    assert steps.notices_to_tell(mailer) == []


def test_a_refused_notice_is_tried_again_later_with_the_same_bytes(
    mailer: Mailer, backend: MemoryBackend, notice_id: int
) -> None:
    backend.answers[ANN] = Answer(Outcome.DEFERRED, Stage.RCPT, 450, "4.2.0", "Later", kept=True)
    said = steps.tell(mailer, notice_id)
    assert said == f"{ANN} was not told: memory:0: 450 4.2.0 Later"
    assert steps.notices_to_tell(mailer) == [], "it is not its time"
    put_off = notice(mailer)
    assert put_off.next_attempt_at is not None
    assert put_off.next_attempt_at > now()
    its_time_comes(mailer)
    backend.answers.clear()
    assert steps.tell(mailer, notice_id) == ""
    first, second = backend.kept
    assert first.data == second.data


def test_a_server_that_is_away_is_noted_and_stops_nothing(
    mailer: Mailer, backend: MemoryBackend, notice_id: int
) -> None:
    backend.refuses = ConnectionFailed("Nobody answers.")
    assert steps.tell(mailer, notice_id) == f"{ANN} was not told: Nobody answers."
    assert notice(mailer).words == "Nobody answers."


def test_the_next_way_out_is_tried_when_the_first_is_away(
    mailer: Mailer, monkeypatch: pytest.MonkeyPatch, notice_id: int
) -> None:
    away, there = MemoryBackend(refuses=ConnectionFailed("Nobody answers.")), MemoryBackend()
    monkeypatch.setattr(Mailer, "backends", lambda _mailer, _names=(): (away, there))
    assert steps.tell(mailer, notice_id) == ""
    assert len(there.kept) == 1


def test_a_notice_that_nobody_takes_for_a_day_is_given_up(
    mailer: Mailer, backend: MemoryBackend, notice_id: int
) -> None:
    backend.answers[ANN] = REFUSED
    tries = 0
    while steps.notices_to_tell(mailer):
        tries += 1
        assert tries < 100, "it is never given up"
        said = steps.tell(mailer, notice_id)
        with mailer.database.transaction() as database:
            # Time goes by: what is to come in an hour comes now, and all else was an hour earlier.
            found = database.get_one(Notice, notice_id)
            if found.next_attempt_at is not None:
                found.created_at -= found.next_attempt_at - now()
                found.next_attempt_at = now()
    assert said.endswith("550 5.1.1 No such user It was given up after a day.")
    assert 20 < tries < 30
    assert (notice(mailer).sent_at, notice(mailer).next_attempt_at) == (None, None)


def test_of_two_workers_who_see_a_notice_one_mails_it(
    mailer: Mailer, backend: MemoryBackend, notice_id: int
) -> None:
    ready = threading.Barrier(2)

    def work(_worker: int) -> str:
        ready.wait(10)
        return steps.tell(mailer, notice_id)

    with concurrent.futures.ThreadPoolExecutor(2) as both:
        assert list(both.map(work, (1, 2))) == ["", ""]
    assert len(backend.kept) == 1


def test_a_notice_whose_worker_died_is_told_again_later(
    mailer: Mailer, backend: MemoryBackend, notice_id: int
) -> None:
    with mailer.database.transaction() as database:
        assert telling.take(database, notice_id) is not None
    assert steps.notices_to_tell(mailer) == []
    with mailer.database.transaction() as database:
        database.execute(update(Notice).values(next_attempt_at=Notice.created_at))
    assert steps.tell(mailer, notice_id) == ""
    assert len(backend.kept) == 1


def test_the_end_of_a_sending_is_told_with_what_came_of_it(
    mailer: Mailer, backend: MemoryBackend, edition_id: int
) -> None:
    answers = {
        "reader-1@example.org": REFUSED,
        "reader-2@example.org": Answer(Outcome.UNCERTAIN, Stage.DOT, None, "", ""),
    }
    ways = mailer.database, mailer.links
    assert run(*ways, edition_id, MemoryBackend(answers)) is Ending.FINISHED
    ((notice_id, subject),) = steps.notices_to_tell(mailer)
    assert subject == "Pulse: Finished, 1 uncertain: March 2026 went to 1 of 3; 1 failed."
    steps.tell(mailer, notice_id)
    text = mail(backend).get_content()
    assert "1 refused by memory:0: 550 5.1.1 No such user" in text
    assert "reader-2@example.org <e" in text
    assert "pulse-mailer delivery settle --edition pulse/2026-03 --all" in text
    assert "pulse-mailer edition retry pulse/2026-03" in text
    assert "3  all together" in text


def test_a_notice_that_fails_disturbs_no_sending(
    mailer: Mailer, backend: MemoryBackend, edition_id: int
) -> None:
    with mailer.database.transaction() as database:
        steering.pause(database, edition_id, by=PROGRAM, why="Look at this.")
    backend.refuses = ConnectionFailed("Nobody answers.")
    for notice_id, _subject in steps.notices_to_tell(mailer):
        steps.tell(mailer, notice_id)
    with mailer.database.transaction() as database:
        steering.resume(database, reading.edition(database, "2026-03"), by="cli:ann")
    assert run(mailer.database, mailer.links, edition_id, MemoryBackend()) is Ending.FINISHED
    with mailer.database.reading() as database:
        assert database.get_one(Edition, edition_id).status is EditionStatus.SENT


def test_the_waits_between_tries_add_up_to_less_than_a_day() -> None:
    assert sum(telling.WAITS, datetime.timedelta()) < telling.GIVEN_UP_AFTER
