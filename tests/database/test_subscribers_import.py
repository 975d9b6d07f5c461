"""A CSV file of subscribers: who is joined, who is not and why, and that it is all or nothing."""

import csv
import io

import pytest
from sqlalchemy import delete, func, select

from pulse_mailer.database import Database
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.newsletter import Newsletter, ProgrammeSection
from pulse_mailer.domain.subscriber import (
    Subscriber,
    Subscription,
    SubscriptionEvent,
    SubscriptionStatus,
    Way,
)
from pulse_mailer.domain.suppression import SuppressionReason
from pulse_mailer.editions import reading
from pulse_mailer.errors import BadCsv
from pulse_mailer.keys import Keys
from pulse_mailer.subscribers import importing
from pulse_mailer.subscribers.audience import audience, numbers
from pulse_mailer.subscribers.choosing import names_of
from pulse_mailer.subscribers.exporting import export
from pulse_mailer.subscribers.importing import ImportReport, import_csv
from pulse_mailer.subscribers.leaving import leave
from pulse_mailer.subscribers.suppressing import suppress
from tests.database.subscribers_given import everything, given_newsletter, joined, public_id


@pytest.fixture
def newsletter(database: Database) -> Newsletter:
    with database.transaction() as session:
        return given_newsletter(session)


def load(
    database: Database,
    keys: Keys,
    newsletter: Newsletter,
    *lines: str,
    mapping: dict[str, str] | None = None,
    dry_run: bool = False,
) -> ImportReport:
    data = "\n".join(lines).encode()
    with database.transaction() as session:
        return import_csv(
            session,
            keys,
            newsletter,
            data,
            mapping=mapping or {},
            dry_run=dry_run,
            actor="cli:ann",
            wording="ticked the box",
        )


def adds_up(report: ImportReport) -> bool:
    taken = report.joined_count + report.updated_count + report.unchanged_count
    return report.row_count == taken + len(report.repeated) + len(report.refused)


def test_those_in_a_file_are_in_the_audience(database: Database, keys: Keys, newsletter: Newsletter) -> None:
    report = load(
        database,
        keys,
        newsletter,
        "Email,First name,Surname,Company",
        "ann@example.org,Ann,Lee,Anchor",
        'bo@example.org,Bo,"O\'Hara, Jr",',
    )
    assert (report.row_count, report.joined_count, report.refused) == (2, 2, [])
    with database.transaction() as session:
        rows = session.execute(audience(newsletter.id)).all()
        assert sorted((r.address, r.first_name, r.last_name, r.organisation) for r in rows) == [
            ("ann@example.org", "Ann", "Lee", "Anchor"),
            ("bo@example.org", "Bo", "O'Hara, Jr", ""),
        ]
        assert {r.address_hash for r in rows} == {
            keys.hash_address("ann@example.org"),
            keys.hash_address("bo@example.org"),
        }
        event = session.scalars(select(SubscriptionEvent)).first()
        assert event is not None
        assert (event.way, event.actor, event.wording) == (Way.IMPORT, "cli:ann", "ticked the box")
        assert session.scalars(select(AuditRecord.action)).all() == ["subscribers.imported"]


def test_a_second_import_of_the_same_file_changes_nothing(
    database: Database, keys: Keys, newsletter: Newsletter
) -> None:
    lines = ("Email,First name", "ann@example.org,Ann", "bo@example.org,Bo")
    load(database, keys, newsletter, *lines)
    before = {name: rows for name, rows in everything(database).items() if name != "audit_records"}
    report = load(database, keys, newsletter, *lines)
    assert (report.joined_count, report.updated_count, report.unchanged_count) == (0, 0, 2)
    assert {name: rows for name, rows in everything(database).items() if name != "audit_records"} == before


def test_an_import_fills_in_only_names_that_were_empty(
    database: Database, keys: Keys, newsletter: Newsletter
) -> None:
    load(database, keys, newsletter, "Email,First name", "ann@example.org,Ann", "bo@example.org,Bo")
    report = load(
        database,
        keys,
        newsletter,
        "Email,First name,Last name",
        "ANN@example.org,Anna,Lee",
        "bo@example.org,Bob,",
    )
    assert (report.joined_count, report.updated_count, report.unchanged_count) == (0, 1, 1)
    with database.transaction() as session:
        people = session.scalars(select(Subscriber).order_by(Subscriber.address)).all()
        assert [(p.first_name, p.last_name) for p in people] == [("Ann", "Lee"), ("Bo", "")]


def test_nobody_who_left_or_is_suppressed_or_erased_is_subscribed_again(
    database: Database, keys: Keys, newsletter: Newsletter
) -> None:
    with database.transaction() as session:
        for name in ("left", "erased"):
            joined(session, keys, newsletter, f"{name}@example.org")
        leave(session, public_id(session, "left@example.org"), way=Way.PAGE, actor="subscriber")
        bad = Address.parse("bad@example.org")
        suppress(session, keys, bad, reason=SuppressionReason.BOUNCED, actor="ann")
        erased = session.scalars(select(Subscriber).where(Subscriber.address == "erased@example.org")).one()
        erased.address = ""
    report = load(
        database,
        keys,
        newsletter,
        "Email,First name",
        "LEFT@Example.org,Lea",
        "bad@example.org,Bad",
        "erased@example.org,E",
        "new@example.org,New",
    )
    assert report.joined_count == 1
    assert [(row.line, row.address) for row in report.refused] == [
        (2, "LEFT@example.org"),
        (3, "bad@example.org"),
        (4, "erased@example.org"),
    ]
    reasons = [row.reason for row in report.refused]
    assert reasons[0].startswith("unsubscribed on ")
    assert reasons[1].startswith("suppressed: bounced, ")
    assert reasons[2] == "asked to be forgotten"
    with database.transaction() as session:
        assert [row.address for row in session.execute(audience(newsletter.id))] == ["new@example.org"]
        lea = session.scalars(select(Subscriber).where(Subscriber.address == "left@example.org")).one()
        assert lea.first_name == ""


def test_who_left_one_newsletter_can_be_imported_into_another(
    database: Database, keys: Keys, newsletter: Newsletter
) -> None:
    with database.transaction() as session:
        other = given_newsletter(session, "other")
        joined(session, keys, newsletter, "ann@example.org")
        leave(session, public_id(session, "ann@example.org"), way=Way.PAGE, actor="subscriber")
    report = load(database, keys, other, "Email", "ann@example.org")
    assert report.joined_count == 1
    with database.transaction() as session:
        assert numbers(session, other.id).audience == 1
        assert numbers(session, newsletter.id).audience == 0


def test_who_has_yet_to_confirm_is_not_confirmed_by_an_import(
    database: Database, keys: Keys, newsletter: Newsletter
) -> None:
    with database.transaction() as session:
        joined(session, keys, newsletter, "ann@example.org")
        session.query(Subscription).update({"status": SubscriptionStatus.PENDING})
    report = load(database, keys, newsletter, "Email", "ann@example.org")
    assert (report.joined_count, report.unchanged_count) == (0, 1)
    with database.transaction() as session:
        assert numbers(session, newsletter.id).audience == 0


def test_each_refused_and_repeated_row_is_named_by_its_line(
    database: Database, keys: Keys, newsletter: Newsletter
) -> None:
    report = load(
        database,
        keys,
        newsletter,
        "Email,First name",
        "ann@example.org,Ann",
        "",
        "not an address,X",
        '"bo@example.org","Bo',
        'Bob"',
        "Ann@EXAMPLE.ORG,Ann again",
        ",Nobody",
        "cy@bücher.example.com,Cy",
        "cy@xn--bcher-kva.example.com,Cy again",
    )
    assert report.row_count == 7
    assert adds_up(report)
    assert [row.line for row in report.refused] == [4, 8]
    assert "not an address" in report.refused[0].reason
    assert report.refused[1].reason == "The address is empty"
    assert [(row.line, row.reason) for row in report.repeated] == [
        (7, "the same address as on line 2"),
        (10, "the same address as on line 9"),
    ]
    with database.transaction() as session:
        names = session.scalars(select(Subscriber.first_name).order_by(Subscriber.address)).all()
        assert names == ["Ann", "Bo Bob", "Cy"]


def test_a_dry_run_reports_the_same_and_stores_nothing(
    database: Database, keys: Keys, newsletter: Newsletter
) -> None:
    with database.transaction() as session:
        joined(session, keys, newsletter, "ann@example.org")
        joined(session, keys, newsletter, "left@example.org")
        leave(session, public_id(session, "left@example.org"), way=Way.PAGE, actor="subscriber")
    lines = (
        "Email,First name",
        "ann@example.org,Ann",
        "left@example.org,L",
        "new@example.org,N",
        "nonsense,X",
        "new@example.org,M",
    )
    before = everything(database)
    tried = load(database, keys, newsletter, *lines, dry_run=True)
    assert everything(database) == before
    done = load(database, keys, newsletter, *lines)
    counts = [
        (r.joined_count, r.updated_count, r.unchanged_count, r.refused, r.repeated) for r in (tried, done)
    ]
    assert counts[0] == counts[1]
    assert (done.joined_count, done.updated_count) == (1, 1)
    assert adds_up(tried)


def test_a_file_that_breaks_off_stores_nothing_of_what_came_before(
    database: Database, keys: Keys, newsletter: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 2)
    before = everything(database)
    lines = ["Email,First name", *(f"p{i}@example.org,P" for i in range(5)), 'last@example.org,"never closed']
    with database.transaction() as session:
        with pytest.raises(BadCsv, match="line 7"):
            import_csv(
                session, keys, newsletter, "\n".join(lines).encode(), mapping={}, dry_run=False, actor="ann"
            )
        # The caller goes on with the same transaction, and commits it.
        assert session.scalar(select(func.count()).select_from(Subscriber)) == 0
    assert everything(database) == before


def test_two_imports_fit_in_one_transaction(database: Database, keys: Keys, newsletter: Newsletter) -> None:
    with database.transaction() as session:
        for name in ("ann", "bo"):
            data = f"Email\n{name}@example.org\n".encode()
            report = import_csv(session, keys, newsletter, data, mapping={}, dry_run=False, actor="ann")
            assert report.joined_count == 1
        assert numbers(session, newsletter.id).audience == 2


def test_many_rows_come_in_by_chunks_and_are_all_there(
    database: Database, keys: Keys, newsletter: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 100)
    reached: list[int] = []
    lines = ["Email", *(f"reader{i}@example.org" for i in range(950)), "reader7@EXAMPLE.org"]
    with database.transaction() as session:
        report = import_csv(
            session,
            keys,
            newsletter,
            "\n".join(lines).encode(),
            mapping={},
            dry_run=False,
            actor="ann",
            progress=reached.append,
        )
        assert report.joined_count == numbers(session, newsletter.id).audience == 950
        assert session.scalar(select(func.count()).select_from(SubscriptionEvent)) == 950
    assert [row.line for row in report.repeated] == [952]
    assert reached == [*range(101, 1000, 100), 951]


def test_an_export_comes_back_the_same_and_revives_nobody(
    database: Database, keys: Keys, newsletter: Newsletter
) -> None:
    load(
        database,
        keys,
        newsletter,
        "Email,First name,Last name,Organisation",
        '+ann@example.org,=HYPERLINK("x"),-Lee,@home',
        'bo@example.org,"Bo, the ""boss""",Żółć,',
        "left@example.org,Lea,,",
    )
    with database.transaction() as session:
        leave(session, public_id(session, "left@example.org"), way=Way.PAGE, actor="subscriber")
        other = given_newsletter(session, "other")
    text = "".join(export(database, newsletter, actor="ann"))
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) == 4
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t"))]
    report = load(database, keys, other, *text.splitlines())
    assert (report.unchanged_count + report.joined_count, len(report.refused)) == (2, 1)
    assert report.refused[0].reason == "the file says that they are 'unsubscribed'"
    with database.transaction() as session:
        found = session.execute(audience(other.id)).all()
        assert sorted((r.address, r.first_name, r.last_name, r.organisation) for r in found) == [
            ("+ann@example.org", '=HYPERLINK("x")', "-Lee", "@home"),
            ("bo@example.org", 'Bo, the "boss"', "Żółć", ""),
        ]


def test_a_column_may_be_named_by_hand(database: Database, keys: Keys, newsletter: Newsletter) -> None:
    report = load(
        database,
        keys,
        newsletter,
        "Kontakt;Vorname",
        "ann@example.org;Ann",
        mapping={"email": "Kontakt", "first_name": "vorname"},
    )
    assert report.columns == {"email": "Kontakt", "first_name": "Vorname"}
    assert (report.delimiter, report.joined_count) == (";", 1)


@pytest.fixture
def programme(database: Database, newsletter: Newsletter) -> Newsletter:
    """The newsletter with sections, one of which is called so that no file can take it apart."""
    with database.transaction() as session:
        for position, name in enumerate(("Care", "Housing; Planning", "Our news"), 1):
            session.add(
                ProgrammeSection(
                    newsletter_id=newsletter.id, position=position, name=name, is_news=name == "Our news"
                )
            )
    with database.reading() as session:
        return reading.newsletter(session, newsletter.slug)


def sections(database: Database, newsletter: Newsletter) -> dict[str, tuple[str, ...]]:
    wanted = select(Subscriber.address, Subscription.choice).join(
        Subscription, Subscription.subscriber_id == Subscriber.id
    )
    with database.reading() as session:
        rows = session.execute(wanted.where(Subscription.newsletter_id == newsletter.id)).all()
        return {row.address: names_of(session, row.choice) for row in rows}


def test_who_joins_gets_the_sections_that_the_file_names(
    database: Database, keys: Keys, programme: Newsletter
) -> None:
    report = load(
        database,
        keys,
        programme,
        "Email,Sections",
        "all@example.org,",
        "care@example.org, CARE ;",
        'both@example.org,"""Housing; Planning""; care"',
        "wrong@example.org,Care;Roads",
        "news@example.org,Our news",
        'lines@example.org,"Care;\nRoads"',
    )
    assert (report.joined_count, adds_up(report)) == (3, True)
    assert [(row.line, row.reason) for row in report.refused] == [
        (5, "Pulse has no section 'Roads'. It has: Care, Housing; Planning"),
        (6, "Our news is news of the sender's own, which goes along with whatever is chosen. Leave it out"),
        (7, "Pulse has no section 'Roads'. It has: Care, Housing; Planning"),
    ]
    assert sections(database, programme) == {
        "all@example.org": (),
        "care@example.org": ("Care",),
        "both@example.org": ("Care", "Housing; Planning"),
    }


def test_the_sections_of_a_file_change_nobody_who_is_known(
    database: Database, keys: Keys, programme: Newsletter
) -> None:
    load(database, keys, programme, "Email,Sections", "ann@example.org,Care", "left@example.org,Care")
    with database.transaction() as session:
        leave(session, public_id(session, "left@example.org"), way=Way.PAGE, actor="subscriber")
    before = everything(database)["subscriptions"]
    report = load(
        database,
        keys,
        programme,
        "Email,Sections",
        "ann@example.org,",
        'left@example.org,"Housing; Planning"',
    )
    assert (report.unchanged_count, len(report.refused)) == (1, 1)
    assert everything(database)["subscriptions"] == before


def test_an_export_brings_the_sections_along(database: Database, keys: Keys, programme: Newsletter) -> None:
    load(
        database,
        keys,
        programme,
        "Email,Sections",
        "all@example.org,",
        'both@example.org,"""Housing; Planning"";Care"',
    )
    before, text = sections(database, programme), "".join(export(database, programme, actor="ann"))
    with database.transaction() as session:
        session.execute(delete(SubscriptionEvent))
        session.execute(delete(Subscription))
    assert load(database, keys, programme, *text.splitlines()).joined_count == 2
    assert sections(database, programme) == before
