"""Finding people: by address, by how an address or a name begins, page by page; and that it asks an index."""

import pytest
from sqlalchemy import insert, select, text

from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.subscriber import Subscriber, SubscriptionStatus, search_keys
from pulse_mailer.domain.suppression import SuppressionReason
from pulse_mailer.editions.reading import newsletter
from pulse_mailer.keys import Keys
from pulse_mailer.subscribers import searching, suppressing
from pulse_mailer.subscribers.erasing import erase
from pulse_mailer.subscribers.importing import import_csv
from pulse_mailer.subscribers.leaving import leave_address
from tests.database.subscribers_given import given_newsletter, joined

PEOPLE = {
    "ann.lee@example.org": ("Ann", "Lee"),
    "annabel@example.net": ("", ""),
    "b.oezturk@example.org": ("Burak", "Öztürk"),
    "Carl_100%@example.org": ("Carl", "O’Brien"),
    "d@xn--bcher-kva.example": ("Dana", "Lee"),
}


@pytest.fixture
def people(database: Database, keys: Keys) -> Database:
    with database.transaction() as session:
        made = given_newsletter(session)
        for address, (first, last) in PEOPLE.items():
            joined(session, keys, made, address, first_name=first, last_name=last)
    return database


def found(people: Database, keys: Keys, typed: str) -> list[str]:
    with people.reading() as session:
        return [line.address for line in searching.search(session, keys, typed).people]


@pytest.mark.parametrize(
    ("typed", "addresses"),
    [
        ("ANN.LEE@EXAMPLE.ORG", ["ann.lee@example.org"]),
        ("d@bücher.example", ["d@xn--bcher-kva.example"]),
        ("ann", ["ann.lee@example.org", "annabel@example.net"]),
        ("lee", ["ann.lee@example.org", "d@xn--bcher-kva.example"]),
        ("lee an", ["ann.lee@example.org"]),
        (" Ann  Lee ", ["ann.lee@example.org"]),
        ("öz", ["b.oezturk@example.org"]),
        ("o'brien", ["Carl_100%@example.org"]),
        # No wildcard of SQL is one here, and neither does anything else stand for something.
        ("carl_100%", ["Carl_100%@example.org"]),
        ("c%", []),
        ("an_", []),
        ("'; DROP TABLE subscribers; --", []),
        ("", []),
        ("   ", []),
        ("nobody@example.org", []),
        ("\U0010ffff", []),
    ],
)
def test_what_is_typed_finds(people: Database, keys: Keys, typed: str, addresses: list[str]) -> None:
    assert found(people, keys, typed) == addresses


def test_who_was_erased_is_found_by_the_whole_address_alone(people: Database, keys: Keys) -> None:
    with people.transaction() as session:
        erase(session, keys, Address.parse("ann.lee@example.org"), actor="ann")
    assert found(people, keys, "ann.lee@example.org") == [""]
    assert found(people, keys, "ann") == ["annabel@example.net"]
    with people.reading() as session:
        (line,) = searching.search(session, keys, "ann.lee@example.org").people
    assert line.suppressed is SuppressionReason.ERASED


def test_a_search_goes_on_from_the_last_and_repeats_nobody(people: Database, keys: Keys) -> None:
    with people.transaction() as session:
        made = newsletter(session, "pulse")
        for number in range(7):
            joined(session, keys, made, f"same{number}@example.org", first_name="Same")
    seen: list[str] = []
    after = 0
    with people.reading() as session:
        for _ in range(4):
            page = searching.search(session, keys, "same", after=after, limit=2)
            seen += [line.address for line in page.people]
            after = page.after
    assert seen == [f"same{number}@example.org" for number in range(7)]
    assert after == 0


def test_members_are_listed_by_state_the_latest_first(people: Database, keys: Keys) -> None:
    with people.transaction() as session:
        leave_address(
            session, keys, Address.parse("annabel@example.net"), None, "ann", reason="asked\r\nby letter"
        )
        suppressing.suppress(
            session, keys, Address.parse("ann.lee@example.org"), reason=SuppressionReason.STAFF, actor="ann"
        )
    with people.reading() as session:
        made = newsletter(session, "pulse")
        assert searching.counts(session, made.id)[SubscriptionStatus.UNSUBSCRIBED] == 1
        first = searching.members(session, made.id, SubscriptionStatus.ACTIVE, limit=3)
        second = searching.members(session, made.id, SubscriptionStatus.ACTIVE, after=first.after, limit=3)
        (gone,) = searching.members(session, made.id, SubscriptionStatus.UNSUBSCRIBED).people
    assert [line.address[:1] for line in first.people + second.people] == ["d", "C", "b", "a"]
    assert second.people[0].suppressed is SuppressionReason.STAFF
    assert second.after == 0
    assert gone.ties[0].status is SubscriptionStatus.UNSUBSCRIBED


def test_a_file_fills_in_what_is_searched_by(people: Database, keys: Keys) -> None:
    data = "Email,First name,Last name\nannabel@example.net,Zoë,Marlowe\nnew@example.org,Zora,\n".encode()
    with people.transaction() as session:
        import_csv(session, keys, newsletter(session, "pulse"), data, mapping={}, dry_run=False, actor="ann")
    assert found(people, keys, "zo") == ["annabel@example.net", "new@example.org"]
    assert found(people, keys, "marlowe z") == ["annabel@example.net"]


def test_a_migration_fills_in_what_is_searched_by(people: Database, keys: Keys) -> None:
    people.downgrade("0006")
    people.upgrade()
    with people.reading() as session:
        for person in session.scalars(select(Subscriber)):
            wanted = search_keys(person.address, person.first_name, person.last_name)
            assert person.address_key == wanted["address_key"]
            assert person.domain_key == wanted["domain_key"]
            assert person.surname_key.replace("’", "'") == wanted["surname_key"]


@pytest.mark.parametrize("typed", ["ann.lee@example.org", "ann", "lee"])
def test_a_search_reads_an_index_and_not_everybody(people: Database, keys: Keys, typed: str) -> None:
    """Of very many: with a few rows PostgreSQL would read them all, and be right."""
    made = {"created_at": now(), "first_name": "", "last_name": "", "organisation": ""}
    rows = [
        {
            "address": f"x{n}@example.org",
            "address_hash": f"h{n}",
            **made,
            **search_keys(f"x{n}@x.org", f"N{n}", "B"),
        }
        for n in range(4000)
    ]
    with people.transaction() as session:
        session.execute(insert(Subscriber), rows)
    with people.transaction() as session:
        session.execute(text("ANALYZE"))
    wanted = searching._beginning(typed)
    assert wanted is not None
    query = select(Subscriber.id).where(wanted).order_by(Subscriber.address_key, Subscriber.id).limit(51)
    with people.reading() as session:
        sql = str(query.compile(session.connection(), compile_kwargs={"literal_binds": True}))
        explain = "EXPLAIN QUERY PLAN" if people.is_sqlite else "EXPLAIN"
        plan = str(session.connection().exec_driver_sql(f"{explain} {sql.replace('%', '%%')}").all())
    assert "Seq Scan" not in plan
    assert "name_key" in plan or "address_key" in plan
