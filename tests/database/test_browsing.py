"""Deliveries looked for by what no index tells are those that a look at each of them would find, page by page."""

import itertools
import random

import pytest
from sqlalchemy import insert, select, text, update

from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.delivery import browsing
from pulse_mailer.delivery.browsing import Wanted
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.delivery import Attempt, Delivery, DeliveryStatus, Outcome, Stage
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.subscriber import Subscriber, Subscription, SubscriptionStatus, search_keys
from pulse_mailer.editions import reading
from pulse_mailer.keys import Keys
from pulse_mailer.links import Links, new_public_id
from pulse_mailer.subscribers.erasing import erase
from tests.database.sending_given import draft, freeze, frozen
from tests.database.subscribers_given import given_newsletter, joined

PEOPLE = 12
REPLIES = ("Ok: queued as 4AB1", "Mailbox full", "No such user here", "")
CODES = ((250, ""), (452, "4.2.2"), (550, "5.1.1"), (None, ""))


@pytest.mark.parametrize("few", [0, 1000])
def test_what_is_found_is_what_each_delivery_says(
    database: Database, keys: Keys, links: Links, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(browsing, "_STRIDES", (3, None))
    monkeypatch.setattr(browsing, "_FEW", few)  # readers of a domain, by whom its deliveries are found
    edition_id, chance = frozen(database, keys, links, people=PEOPLE), random.Random(20260301)
    _tried(database, chance)
    asked = itertools.product(
        ("", "FULL", "queued", "zebra"),
        ("", "452", "550 5.1.1", "250"),
        (None, DeliveryStatus.FAILED),
        ("example.org",),
    )
    for words, code, status, domain in asked:
        with database.reading() as session:
            edition = session.get_one(Edition, edition_id)
            wanted = Wanted(edition, status, domain, code, words)
            expected = _one_by_one(database, wanted)
            found, after = [], None
            while True:
                page = browsing.page(session, wanted, after=after, limit=4)
                found += [line.id for line in page.lines]
                if (after := page.last_id) is None:
                    break
            assert found == expected, (words, code, status, domain)
            assert browsing.count_all(session, wanted) == len(expected)
            if words:
                assert list(browsing.looked_for(session, wanted, most=5)) == expected[:5]


DOMAINS = ("gmail.example", "council.example", "west.council.example", "mycouncil.example")


@pytest.mark.parametrize("few", [0, 1000])
@pytest.mark.parametrize("domain", [*DOMAINS, "Council.Example", "%.example", "nobody.example"])
def test_deliveries_to_a_domain_are_those_of_its_readers_and_of_no_other(
    database: Database, keys: Keys, links: Links, monkeypatch: pytest.MonkeyPatch, domain: str, few: int
) -> None:
    monkeypatch.setattr(browsing, "_FEW", few)
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        for number, home in enumerate(DOMAINS * 2):
            joined(session, keys, newsletter, f"reader-{number}@{home}")
        for key in ("2026-03", "2026-04"):
            draft(session, newsletter, key)
    for key in ("2026-03", "2026-04"):
        with database.transaction() as session:
            freeze(session, links, 2 * len(DOMAINS), key)
    with database.transaction() as session:
        erase(session, keys, Address.parse("reader-1@council.example"), actor="ann")

    with database.reading() as session:
        edition = reading.edition(session, "2026-03")
        page = browsing.page(session, Wanted(edition, domain=domain))
        its = session.scalars(select(Delivery).where(Delivery.edition_id == edition.id)).all()

    expected = {one.id for one in its if one.address.partition("@")[2] == domain.lower()}
    assert {line.id for line in page.lines} == expected
    assert len(expected) == {"council.example": 1, "Council.Example": 1}.get(domain, 2 * (domain in DOMAINS))


def test_deliveries_to_a_small_domain_are_found_by_its_readers_alone(
    database: Database, keys: Keys, links: Links
) -> None:
    """Of very many: of a few PostgreSQL would read all, and be right."""
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        homes = ["council.example" if number % 1000 == 7 else "gmail.example" for number in range(4000)]
        people = [
            {
                "id": number,
                "address": f"reader-{number}@{home}",
                "address_hash": keys.hash_address(f"reader-{number}@{home}"),
                "created_at": now(),
                **search_keys(f"reader-{number}@{home}", "", ""),
            }
            for number, home in enumerate(homes, 1)
        ]
        ties = [
            {
                "newsletter_id": newsletter.id, "subscriber_id": person["id"], "public_id": new_public_id(),
                "status": SubscriptionStatus.ACTIVE, "created_at": now(), "changed_at": now(),
            }
            for person in people
        ]  # fmt: skip
        session.execute(insert(Subscriber), people)
        session.execute(insert(Subscription), ties)
        draft(session, newsletter)
    with database.transaction() as session:
        freeze(session, links, 4000)
    with database.transaction() as session:
        session.execute(text("ANALYZE"))

    with database.reading() as session:
        wanted = Wanted(reading.edition(session, "2026-03"), domain="council.example")
        _number, query = browsing._looked_through(session, wanted, browsing._such(session, wanted))
        sql = str(query.compile(session.connection(), compile_kwargs={"literal_binds": True}))
        explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
        rows = session.connection().exec_driver_sql(f"{explain} {sql.replace('%', '%%')}").all()
        plan = " ".join(map(str, rows))
        assert len(browsing.page(session, wanted).lines) == 4
    assert "ix_subscribers_domain_key" in plan
    assert "(edition_id=? AND address_hash=?)" in plan or "address_hash on deliveries" in plan


def _tried(database: Database, chance: random.Random) -> None:
    """One to three attempts at each, so that what was said first is not what was said last."""
    with database.transaction() as session:
        for number in session.scalars(select(Delivery.id)).all():
            count = chance.randint(1, 3)
            rows = []
            for place in range(1, count + 1):
                code, enhanced = chance.choice(CODES)
                rows.append(
                    {
                        "delivery_id": number, "number": place, "worker": "w", "relay": "relay:25",
                        "started_at": now(), "ended_at": now(), "stage": Stage.DOT, "code": code,
                        "outcome": Outcome.SENT if code == 250 else Outcome.FAILED,
                        "enhanced_code": enhanced, "reply": chance.choice(REPLIES),
                    }
                )  # fmt: skip
            session.execute(insert(Attempt), rows)
            status = chance.choice((DeliveryStatus.SENT, DeliveryStatus.FAILED))
            values = {"status": status, "attempt_count": count, "next_attempt_at": None}
            session.execute(update(Delivery).where(Delivery.id == number).values(**values))


def _one_by_one(database: Database, wanted: Wanted) -> list[int]:
    with database.reading() as session:
        attempts: dict[int, list[Attempt]] = {}
        for attempt in session.scalars(select(Attempt).order_by(Attempt.number)):
            attempts.setdefault(attempt.delivery_id, []).append(attempt)
        code, _, enhanced = wanted.code.partition(" ")
        return [
            delivery.id
            for delivery in session.scalars(select(Delivery).order_by(Delivery.id.desc()))
            if wanted.status in (None, delivery.status)
            and delivery.address.endswith(f"@{wanted.domain}" if wanted.domain else "")
            and any(wanted.words.lower() in one.reply.lower() for one in attempts[delivery.id])
            and code in ("", str(attempts[delivery.id][-1].code))
            and enhanced in ("", attempts[delivery.id][-1].enhanced_code)
        ]
