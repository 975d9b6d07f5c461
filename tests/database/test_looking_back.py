"""What preflight learns from the database: the last visits to links, earlier editions, weights of pictures."""

import datetime
import hashlib
import re
import threading

import pytest
from sqlalchemy import func, select

from pulse_mailer.clock import now
from pulse_mailer.composing.finding import Code, Finding, Severity
from pulse_mailer.composing.visiting import Outcome
from pulse_mailer.database import Database
from pulse_mailer.delivery import approving
from pulse_mailer.domain.picture import Picture
from pulse_mailer.domain.visit import Visit
from pulse_mailer.editions import reading, visits
from pulse_mailer.errors import SendingBlocked
from pulse_mailer.links import Links
from tests.database.sending_given import draft
from tests.database.subscribers_given import given_newsletter

URL = "https://example.org/care"
GONE = Outcome(Code.LINK_BROKEN, f"{URL} is broken: the page is gone (404).", "Find it.")
MOVED = Outcome(Code.LINK_MOVED, f"{URL} has moved for good, to https://e.org/", "Look.")
HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def drafted(database: Database) -> None:
    with database.transaction() as session:
        draft(session, given_newsletter(session))


def kept(database: Database, outcome: Outcome, ago: datetime.timedelta = HOUR) -> None:
    with database.transaction() as session:
        visits.keep(session, {URL: outcome}, now() - ago)


def found(database: Database, links: Links, *codes: Code) -> list[Finding]:
    with database.transaction() as session:
        checked = approving.check(reading.edition(session, "2026-03"), links)
        return [finding for finding in checked.findings if finding.code in codes]


def fresh(database: Database) -> dict[str, Outcome]:
    with database.transaction() as session:
        return visits.fresh(session, [URL], now())


def test_link_that_was_broken_blocks_sending_until_it_is_overridden(database: Database, links: Links) -> None:
    kept(database, GONE)
    (finding,) = found(database, links, Code.LINK_BROKEN)
    assert (finding.severity, finding.at.item, finding.at.field) == (Severity.ERROR, 1, "url")
    assert re.search(r"\(seen on \d\d [A-Z][a-z]+, \d\d:\d\d UTC\)$", finding.what)
    with database.transaction() as session:
        edition = reading.edition(session, "2026-03")
        with pytest.raises(SendingBlocked, match="link-broken"):
            approving.approve(edition, links, forced=())
        assert approving.approve(edition, links, forced=("link-broken",)).blocking(("link-broken",)) == ()


def test_edition_is_not_checked_without_the_database_that_holds_it(database: Database, links: Links) -> None:
    with database.reading() as session:
        edition = reading.edition(session, "2026-03")
    with pytest.raises(AssertionError, match="2026-03"):
        approving.check(edition, links)


def test_changed_link_is_no_longer_what_was_broken(database: Database, links: Links) -> None:
    kept(database, GONE)
    with database.transaction() as session:
        next(reading.edition(session, "2026-03").items()).url = "https://example.org/new"
    assert found(database, links, Code.LINK_BROKEN) == []


@pytest.mark.parametrize(
    ("outcome", "days", "is_repeated"),
    [(GONE, 6, True), (GONE, 8, False), (MOVED, 0.9, True), (MOVED, 1.1, False), (Outcome(), 0, False)],
)
def test_what_was_found_is_repeated_for_a_while(
    database: Database, links: Links, outcome: Outcome, days: float, is_repeated: bool
) -> None:
    kept(database, outcome, days * DAY)
    assert bool(found(database, links, Code.LINK_BROKEN, Code.LINK_MOVED)) is is_repeated


@pytest.mark.parametrize(
    ("outcome", "minutes", "is_fresh"),
    [(Outcome(), 23 * 60, True), (Outcome(), 25 * 60, False), (GONE, 9, True), (GONE, 11, False)],
)
def test_good_page_is_not_asked_for_again_for_a_day_and_bad_one_for_minutes(
    database: Database, outcome: Outcome, minutes: float, is_fresh: bool
) -> None:
    kept(database, outcome, datetime.timedelta(minutes=minutes))
    assert (URL in fresh(database)) is is_fresh


def test_what_was_seen_last_counts(database: Database) -> None:
    kept(database, GONE, DAY)
    kept(database, Outcome(), HOUR)
    assert fresh(database) == {URL: Outcome()}


def test_what_holds_for_one_run_and_what_is_too_long_is_not_kept(database: Database) -> None:
    with database.transaction() as session:
        busy = Outcome(Code.LINK_UNREACHABLE, "Later.", "Look.", is_final=False)
        visits.keep(session, {URL: busy, f"{URL}?{'é' * 1000}": Outcome()}, now())
        assert session.scalar(select(func.count()).select_from(Visit)) == 0


def test_visits_of_long_ago_are_forgotten(database: Database) -> None:
    kept(database, GONE, 31 * DAY)
    with database.transaction() as session:
        visits.keep(session, {"https://example.org/": Outcome()}, now())
    with database.transaction() as session:
        assert list(session.scalars(select(Visit.url))) == ["https://example.org/"]


def test_code_of_another_version_is_passed_over(database: Database, links: Links) -> None:
    kept(database, Outcome("link-on-the-moon", "Far.", "Fly."))
    assert fresh(database) == {}
    assert found(database, links, *Code) == []


def test_two_who_check_at_once_both_keep_what_they_saw(database: Database) -> None:
    failed: list[BaseException] = []
    together = threading.Barrier(4, timeout=20)

    def check() -> None:
        try:
            for number in range(5):
                together.wait()
                with database.transaction() as session:
                    seen = {f"{URL}/{one}": Outcome() for one in range(number, number + 10)}
                    visits.keep(session, seen, now())
        except BaseException as error:  # noqa: BLE001 - the test's thread tells the test
            failed.append(error)
            together.abort()

    threads = [threading.Thread(target=check) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Visit)) == 14


def test_publisher_that_other_editions_spell_otherwise_is_named(database: Database, links: Links) -> None:
    with database.transaction() as session:
        newsletter = reading.newsletter(session, None)
        next(draft(session, newsletter, "2026-02").items()).publisher = "The institute for local care"
    (finding,) = found(database, links, Code.PUBLISHER_SPELLING)
    assert "“The institute for local care”, and this one “Institute for Local Care”" in finding.what
    with database.transaction() as session:
        draft(session, reading.newsletter(session, None), "2026-01")
    assert found(database, links, Code.PUBLISHER_SPELLING) == []


def test_item_of_an_earlier_edition_is_named_with_where_it_was(database: Database, links: Links) -> None:
    assert found(database, links, Code.REPEAT) == []
    with database.transaction() as session:
        draft(session, reading.newsletter(session, None), "2026-02")
    (finding,) = found(database, links, Code.REPEAT)
    assert (finding.severity, finding.at.item, finding.at.field) == (Severity.WARNING, 1, "title")
    assert re.fullmatch(r"It is already in the .+\.", finding.what)


def test_heavy_picture_is_named_with_its_item_and_all_of_them_together(
    database: Database, links: Links
) -> None:
    data = b"x" * 1_000_001
    name = hashlib.sha256(data).hexdigest()
    with database.transaction() as session:
        session.add(
            Picture(content_hash=name, media_type="image/png", width=9, height=9, data=data, created_at=now())
        )
        session.flush()
        item = next(reading.edition(session, "2026-03").items())
        item.picture_hash, item.picture_alt = name, "A bridge."
    heavy = {finding.at.item: finding.what for finding in found(database, links, Code.PICTURE_HEAVY)}
    assert heavy.keys() == {None, 1}
    assert "1,000,001 bytes; over 200,000" in heavy[1]
    assert "1,000,001 bytes together" in heavy[None]
