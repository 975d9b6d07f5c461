"""Holding and scheduling: what was agreed to is what goes out, when its time has come, once; on both databases."""

import concurrent.futures
import datetime
import threading

import pytest
from sqlalchemy import func, select, update

from pulse_mailer import clock
from pulse_mailer.backends.memory import MemoryBackend
from pulse_mailer.database import Database
from pulse_mailer.delivery import approving, planning, reporting, scheduling, wallclock
from pulse_mailer.delivery.dispatch import Ending
from pulse_mailer.delivery.planning import Approval, Terms
from pulse_mailer.delivery.scheduling import Begun, Start
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.delivery import Delivery
from pulse_mailer.domain.edition import Edition, EditionStatus, Rendering
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.notice import Notice, NoticeKind
from pulse_mailer.editions import drafting, founding, reading
from pulse_mailer.errors import Conflict, Refused, SendingBlocked, UsageError, WrongState
from pulse_mailer.keys import Keys
from pulse_mailer.links import Links
from tests.database.sending_given import draft, run
from tests.database.sending_given import time_comes as given_time_comes
from tests.database.subscribers_given import given_newsletter, joined

IN_A_WEEK = datetime.timedelta(days=7)
PEOPLE = 60


@pytest.fixture
def edition_id(database: Database, keys: Keys) -> int:
    """A draft for sixty people; ann wants to hear of it."""
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        newsletter.told = ["ann@example.org"]
        for number in range(1, PEOPLE + 1):
            joined(session, keys, newsletter, f"reader-{number}@example.org")
        return draft(session, newsletter).id


def schedule(
    database: Database,
    links: Links,
    *,
    at: datetime.datetime | None = None,
    zone: str = "Europe/London",
    count: int = PEOPLE,
    terms: Terms | None = None,
    fingerprint: str = "",
) -> None:
    with database.transaction() as session:
        edition = reading.edition(session, "2026-03")
        checked = approving.approve(edition, links, forced=())
        start = Start(at or clock.now() + IN_A_WEEK, zone)
        approval = Approval("cli:ann", count, fingerprint=fingerprint)
        scheduling.schedule(session, edition, checked, approval, start, terms or Terms())


def time_comes(database: Database) -> None:
    with database.transaction() as session:
        given_time_comes(session)


def begin(database: Database, links: Links, edition_id: int) -> Begun | None:
    with database.transaction() as session:
        return scheduling.begin(session, edition_id, links)


def join(database: Database, keys: Keys, count: int) -> None:
    with database.transaction() as session:
        newsletter = reading.newsletter(session, "pulse")
        for number in range(1, count + 1):
            joined(session, keys, newsletter, f"new-{number}@example.org")


def found(database: Database) -> Edition:
    with database.reading() as session:
        return reading.edition(session, "2026-03")


def kept(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(Rendering.fingerprint)))


def deliveries(database: Database) -> int:
    with database.reading() as session:
        return session.scalars(select(func.count(Delivery.id))).one()


def audited(database: Database, action: str) -> AuditRecord:
    with database.reading() as session:
        return session.scalars(select(AuditRecord).where(AuditRecord.action == action)).one()


def test_scheduled_it_keeps_the_mail_and_what_was_agreed_to(
    database: Database, links: Links, edition_id: int
) -> None:
    at = wallclock.read("2036-10-26 01:30", "Europe/London", turn="second")
    schedule(database, links, at=at, terms=Terms(first_count=10, lifetime_hours=12))
    edition = found(database)
    assert edition.status is EditionStatus.SCHEDULED
    assert edition.starts_at == datetime.datetime(2036, 10, 26, 1, 30, tzinfo=datetime.UTC)
    assert (edition.starts_zone, edition.first_count, edition.lifetime_hours) == ("Europe/London", 10, 12)
    assert edition.agreed is not None
    assert edition.agreed == {
        "actor": "cli:ann",
        "count": PEOPLE,
        "rendering": kept(database)[0],
        "forced": [],
    }
    assert deliveries(database) == 0
    with database.reading() as session:
        report = reporting.report(session, reading.edition(session, "2026-03"))
    assert (
        report.sentence
        == "Scheduled: March 2026 begins by itself on 26 Oct 2036 01:30 GMT, for 60 people; to 10 of them first."
    )
    assert report.next_steps == (("Take it back", "pulse-mailer edition take-back pulse/2026-03"),)


def test_it_does_not_begin_before_its_time(database: Database, links: Links, edition_id: int) -> None:
    schedule(database, links)
    with database.reading() as session:
        assert scheduling.due(session) == []
    assert begin(database, links, edition_id) is None
    assert found(database).status is EditionStatus.SCHEDULED


def test_what_goes_out_is_byte_for_byte_what_was_agreed_to(
    database: Database, links: Links, edition_id: int
) -> None:
    schedule(database, links, terms=Terms(first_count=10, lifetime_hours=12))
    (agreed,) = kept(database)
    time_comes(database)
    with database.reading() as session:
        assert scheduling.due(session) == [(edition_id, "pulse/2026-03")]
    assert begin(database, links, edition_id) == Begun("pulse/2026-03", PEOPLE, "")
    assert kept(database) == [agreed]
    edition = found(database)
    assert (edition.status, edition.starts_at) == (EditionStatus.SENDING, None)
    assert edition.frozen_at is not None
    with database.reading() as session:
        rows = list(session.scalars(select(Delivery).order_by(Delivery.id)))
    assert edition.stage_until_id == rows[9].id
    assert {row.next_attempt_at for row in rows} == {edition.frozen_at}
    assert audited(database, "edition.sending-began").after == {
        **(edition.agreed or {}),
        "audience": PEOPLE,
        "revision": 1,
    }
    backend = MemoryBackend()
    assert run(database, links, edition_id, backend) is Ending.PAUSED
    assert len(backend.kept) == 10


def test_of_two_workers_who_see_that_it_is_time_one_begins(
    database: Database, links: Links, edition_id: int
) -> None:
    schedule(database, links)
    time_comes(database)
    ready = threading.Barrier(2)

    def work(_worker: int) -> bool:
        ready.wait(10)
        return begin(database, links, edition_id) is not None

    with concurrent.futures.ThreadPoolExecutor(2) as both:
        assert sorted(both.map(work, (1, 2))) == [False, True]
    assert deliveries(database) == PEOPLE


@pytest.mark.parametrize("gone", [1, 0])
def test_an_audience_that_changed_by_two_percent_at_most_gets_it_and_the_change_is_said(
    database: Database, keys: Keys, links: Links, edition_id: int, gone: int
) -> None:
    schedule(database, links)
    if gone:
        with database.transaction() as session:
            from pulse_mailer.domain.subscriber import Way
            from pulse_mailer.subscribers.leaving import leave
            from tests.database.subscribers_given import public_id

            leave(session, public_id(session, "reader-7@example.org"), way=Way.PAGE, actor="subscriber")
    else:
        join(database, keys, 1)
    time_comes(database)
    count = PEOPLE - 1 if gone else PEOPLE + 1
    words = f"It goes to {count}; 60 were agreed to."
    assert begin(database, links, edition_id) == Begun("pulse/2026-03", count, words)
    assert deliveries(database) == count


def test_an_audience_that_changed_by_more_is_asked_about_again(
    database: Database, keys: Keys, links: Links, edition_id: int
) -> None:
    schedule(database, links)
    join(database, keys, 2)
    time_comes(database)
    begun = begin(database, links, edition_id)
    assert begun is not None
    assert begun.count == 0
    assert begun.words.startswith("It would go to 62 people, and 60 were agreed to.")
    edition = found(database)
    assert (edition.status, edition.starts_at, edition.agreed) == (EditionStatus.DRAFT, None, None)
    assert (deliveries(database), kept(database)) == (0, [])
    assert audited(database, "edition.taken-back").actor == reporting.PROGRAM
    with database.reading() as session:
        (notice,) = session.scalars(select(Notice))
    assert (notice.kind, notice.address) == (NoticeKind.NOT_BEGUN, "ann@example.org")
    assert notice.subject == "Pulse: March 2026 did not begin"
    assert "pulse-mailer edition send pulse/2026-03" in notice.body


def test_one_of_a_few_who_leaves_is_no_surprise_and_all_of_them_is(
    database: Database, keys: Keys, links: Links
) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        for number in (1, 2, 3):
            joined(session, keys, newsletter, f"reader-{number}@example.org")
        edition_id = draft(session, newsletter).id
    schedule(database, links, count=3)
    join(database, keys, 1)
    time_comes(database)
    begun = begin(database, links, edition_id)
    assert begun is not None
    assert begun.count == 4


def test_taken_back_it_is_a_draft_without_its_mail(database: Database, links: Links, edition_id: int) -> None:
    schedule(database, links)
    with database.transaction() as session:
        scheduling.take_back(session, reading.edition(session, "2026-03"), by="cli:bob")
    edition = found(database)
    assert (edition.status, edition.starts_at, edition.starts_zone) == (EditionStatus.DRAFT, None, "")
    assert kept(database) == []
    record = audited(database, "edition.taken-back")
    assert (record.actor, record.before is not None) == ("cli:bob", True)
    schedule(database, links)
    assert found(database).status is EditionStatus.SCHEDULED


def test_what_has_begun_cannot_be_taken_back_but_stopped(
    database: Database, links: Links, edition_id: int
) -> None:
    schedule(database, links)
    time_comes(database)
    begin(database, links, edition_id)
    with (
        database.transaction() as session,
        pytest.raises(WrongState, match="cannot be taken back") as refused,
    ):
        scheduling.take_back(session, reading.edition(session, "2026-03"), by="cli:bob")
    assert refused.value.remedy == "End it: pulse-mailer edition stop pulse/2026-03"


def test_of_one_who_takes_it_back_and_a_worker_who_begins_one_is_late(
    database: Database, links: Links, edition_id: int
) -> None:
    schedule(database, links)
    time_comes(database)
    ready = threading.Barrier(2)

    def take_back() -> str:
        ready.wait(10)
        try:
            with database.transaction() as session:
                scheduling.take_back(session, reading.edition(session, "2026-03"), by="cli:bob")
        except WrongState:
            return "too late"
        return "taken back"

    def work() -> str:
        ready.wait(10)
        return "too late" if begin(database, links, edition_id) is None else "begun"

    with concurrent.futures.ThreadPoolExecutor(2) as both:
        said = sorted(future.result() for future in (both.submit(take_back), both.submit(work)))
    assert said in (["begun", "too late"], ["taken back", "too late"])
    assert deliveries(database) == (PEOPLE if "begun" in said else 0)


def test_a_change_takes_it_back(database: Database, links: Links, edition_id: int) -> None:
    schedule(database, links)
    with database.transaction() as session:
        assert drafting.change(session, "2026-03", {"subject": "Another"}, actor="cli:bob").reopened
    assert found(database).status is EditionStatus.DRAFT
    assert kept(database) == []
    assert audited(database, "edition.taken-back").after == {"why": "subject set"}
    with database.transaction() as session:
        change = drafting.change(session, "2026-03", {"subject": "A third"}, actor="cli:bob")
        assert not change.reopened


@pytest.mark.parametrize(
    ("values", "reopened"),
    [
        ({"from_name": "Somebody else"}, ["2026-03"]),  # it stands in every mail
        ({"told": "bob@example.org, cleo@example.org"}, []),
        ({"uncertain_policy": "gap"}, []),
        ({"needs_second": "yes"}, []),
        ({"backends": "smtp, memory"}, ["2026-03"]),  # through whom it leaves is a part of who sends it
    ],
)
def test_a_change_of_what_the_newsletter_says_of_itself_takes_it_back(
    database: Database, links: Links, edition_id: int, values: dict[str, str], reopened: list[str]
) -> None:
    schedule(database, links)
    with database.transaction() as session:
        newsletter = reading.newsletter(session, "pulse")
        assert founding.change(session, newsletter, values, actor="cli:bob") == reopened
    assert (found(database).status is EditionStatus.DRAFT) is bool(reopened)


def test_it_does_not_begin_by_the_word_of_its_editor_once_a_second_person_is_wanted(
    database: Database, links: Links, edition_id: int
) -> None:
    with database.transaction() as session:
        drafting.change(session, "2026-03", {"subject": "A study of March"}, actor="cli:ann")
    schedule(database, links)
    with database.transaction() as session:
        newsletter = reading.newsletter(session, "pulse")
        founding.change(session, newsletter, {"needs_second": "yes"}, actor="cli:bob")
    time_comes(database)
    begun = begin(database, links, edition_id)
    assert begun is not None
    assert "needs a second person now, and cli:ann" in begun.words
    assert (begun.count, found(database).status, deliveries(database)) == (0, EditionStatus.DRAFT, 0)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ({"uncertain_policy": "maybe"}, "no policy for uncertain deliveries"),
        ({"told": "ann@example.org, nobody"}, "'nobody' is not an e-mail address"),
        ({"backends": "smtp, pigeon"}, "no backend 'pigeon'"),
    ],
)
def test_a_wrong_way_of_sending_is_refused(database: Database, value: dict[str, str], error: str) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        with pytest.raises(UsageError, match=error):
            founding.change(session, newsletter, value, actor="ann")


def test_who_is_told_is_kept_once_each_and_can_be_nobody(database: Database) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        values = {"told": " ann@Example.org,,bob@example.org, ann@example.org "}
        founding.change(session, newsletter, values, actor="ann")
        assert newsletter.told == ["ann@example.org", "bob@example.org"]
        founding.change(session, newsletter, {"told": ""}, actor="ann")
        assert newsletter.told == []


def test_a_time_that_is_over_is_refused(database: Database, links: Links, edition_id: int) -> None:
    with pytest.raises(UsageError, match="is over"):
        schedule(database, links, at=clock.now() - datetime.timedelta(minutes=1))


def test_another_count_than_was_agreed_to_is_refused(
    database: Database, links: Links, edition_id: int
) -> None:
    with pytest.raises(SendingBlocked, match="is 60, not 59"):
        schedule(database, links, count=59)
    assert found(database).status is EditionStatus.DRAFT


def test_another_mail_than_was_agreed_to_is_refused(
    database: Database, links: Links, edition_id: int
) -> None:
    with pytest.raises(Conflict, match="changed meanwhile"):
        schedule(database, links, fingerprint="another")


def test_an_edition_for_nobody_is_not_scheduled(database: Database, links: Links) -> None:
    with database.transaction() as session:
        draft(session, given_newsletter(session))
    with pytest.raises(Refused, match="Nobody would get"):
        schedule(database, links, count=0)


def test_a_scheduled_edition_is_not_sent_or_scheduled_a_second_time(
    database: Database, links: Links, edition_id: int
) -> None:
    schedule(database, links)
    with pytest.raises(WrongState, match="is scheduled already"):
        schedule(database, links)
    with database.transaction() as session:
        edition = reading.edition(session, "2026-03")
        checked = approving.approve(edition, links, forced=())
        with pytest.raises(WrongState, match="is scheduled already"):
            planning.freeze(session, edition, checked, links, Approval("ann", PEOPLE))


def test_a_newsletter_that_tells_nobody_has_no_notice(
    database: Database, keys: Keys, links: Links, edition_id: int
) -> None:
    with database.transaction() as session:
        session.execute(update(Newsletter).values(told=[]))
    schedule(database, links)
    join(database, keys, 5)
    time_comes(database)
    begin(database, links, edition_id)
    with database.reading() as session:
        assert session.scalar(select(func.count(Notice.id))) == 0
