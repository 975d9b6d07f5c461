"""Deliveries chosen by day and otherwise: page, file, command and call give the same ones; on both databases."""

import codecs
import csv
import datetime
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from sqlalchemy import event, select, update
from typer.testing import CliRunner

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.cli import application
from pulse_mailer.delivery import browsing, exporting, totals
from pulse_mailer.delivery.browsing import Days, Wanted
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.delivery import Delivery
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.staff import Role
from pulse_mailer.editions import reading as editions
from pulse_mailer.errors import UsageError
from pulse_mailer.staff import api_keys
from pulse_mailer.staff.roles import Right
from pulse_mailer.web.app import create_app
from pulse_mailer.web.server import running
from tests.pages_given import KEY, SLUG, given_sent
from tests.staff_given import cookies, given_staff

#: When each came to be as it is, in UTC; London's clock was an hour ahead.
CAME = {
    "reader-1@example.org": "2025-05-01 22:59",
    "reader-2@example.org": "2025-05-01 23:00",
    "reader-3@example.org": "2025-05-02 22:59",
    "gone@example.org": "2025-05-02 23:00",
}
BEGUN = "2025-05-01 08:00"


@pytest.fixture(autouse=True)
def _sent(mailer: Mailer, monkeypatch: pytest.MonkeyPatch) -> None:
    given_sent(mailer)
    given_staff(mailer)
    monkeypatch.setenv("PULSE_MAILER_DATA_DIR", str(mailer.settings.data_dir))
    monkeypatch.setenv("PULSE_MAILER_DATABASE_URL", mailer.settings.database)
    with mailer.database.transaction() as database:
        database.execute(update(Edition).values(frozen_at=utc(BEGUN)))
        database.execute(update(Delivery).values(changed_at=utc(BEGUN)))
        for address, at in CAME.items():
            database.execute(update(Delivery).where(Delivery.address == address).values(changed_at=utc(at)))


@pytest.fixture
def site(mailer: Mailer) -> Iterator[str]:
    with running(create_app(mailer)) as url:
        yield url


def utc(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)


def exported(*options: str) -> list[str]:
    result = CliRunner().invoke(
        application("delivery"), ["delivery", "export", *options], catch_exceptions=False
    )
    assert result.exit_code == 0
    return [row["address"] for row in csv.DictReader(io.StringIO(result.stdout))]


def listed(*options: str) -> list[str]:
    asked = ["delivery", "list", "--json", *options]
    result = CliRunner().invoke(application(), asked, catch_exceptions=False)
    assert result.exit_code == 0
    return [line["address"] for line in json.loads(result.stdout)]


def key(mailer: Mailer) -> str:
    with mailer.database.transaction() as database:
        return api_keys.create(database, "test", [Right.PEOPLE], actor="cli:ann (root)")[1]


#: Which days, and whom they lead to.
DAYS: list[tuple[dict[str, str], set[str]]] = [
    ({"since": "2025-05-02", "until": "2025-05-02"}, {"reader-2@example.org", "reader-3@example.org"}),
    ({"since": "2025-05-02"}, {"reader-2@example.org", "reader-3@example.org", "gone@example.org"}),
    ({"since": "2025-05-03"}, {"gone@example.org"}),
    ({"since": "2025-05-04"}, set()),
    ({"until": "2025-04-30"}, set()),
    ({"until": "9999-12-31", "since": "2025-05-03"}, {"gone@example.org"}),
    ({"since": "0001-01-01", "until": "0001-01-01"}, set()),
]


def test_every_door_gives_those_of_the_same_days(mailer: Mailer, site: str) -> None:
    bearer = {"Authorization": f"Bearer {key(mailer)}"}
    for days, found in DAYS:
        page = requests.get(f"{site}/deliveries", days, timeout=20, cookies=cookies(Role.OPERATOR)).text
        assert set(re.findall(r'<a href="/deliveries/\d+">([^<]+)</a></th>', page)) == found
        assert "as they are in Europe/London" in page
        file = requests.get(f"{site}/deliveries.csv", days, timeout=20, cookies=cookies(Role.OPERATOR))
        assert file.content.startswith(codecs.BOM_UTF8)
        rows = csv.DictReader(io.StringIO(file.content.decode("utf-8-sig")))
        assert {row["address"] for row in rows} == found
        lines = requests.get(f"{site}/api/v1/deliveries", days, timeout=20, headers=bearer).json()
        assert {line["address"] for line in lines} == found
        told = requests.get(f"{site}/api/v1/deliveries/export", days, timeout=20, headers=bearer)
        assert {row["address"] for row in csv.DictReader(io.StringIO(told.text))} == found
        options = [part for name, day in days.items() for part in (f"--{name}", day)]
        assert set(exported(*options)) == found
        assert set(listed(*options)) == found


def test_the_command_takes_what_the_page_takes(tmp_path: Path) -> None:
    assert exported("--state", "failed") == exported("--code", "550") == ["gone@example.org"]
    assert exported("--text", "mailbox full") == ["full@example.org"]
    assert exported("--edition", f"{SLUG}/{KEY}", "--domain", "example.com") == []
    assert exported("--state", "sent", "--since", "2025-05-03") == []
    file = tmp_path / "found.csv"
    assert exported("--state", "failed", "--output", str(file)) == []
    assert file.read_bytes().startswith(codecs.BOM_UTF8)
    assert "gone@example.org" in file.read_text(encoding="utf-8-sig")


def test_a_list_is_read_on_where_it_ended() -> None:
    every = listed("--edition", f"{SLUG}/{KEY}")
    assert every[0] == listed("--limit", "1")[0]
    assert listed("--limit", "2", "--offset", "1") == every[1:3]
    assert listed("--state", "uncertain", "--until", "2025-04-30") == []
    assert listed("--state", "uncertain") == ["unsure@example.org"]


def test_what_cannot_be_chosen_is_said(site: str) -> None:
    with pytest.raises(UsageError, match="2025-05-01, is before the first, 2025-05-02"):
        exported("--since", "2025-05-02", "--until", "2025-05-01")
    with pytest.raises(UsageError, match="too short"):
        exported("--text", "x")
    for query, told in (
        ("since=yesterday", "is not a day"),
        ("since=2025-05-02&until=2025-05-01", "is before"),
    ):
        answer = requests.get(f"{site}/deliveries?{query}", timeout=20, cookies=cookies(Role.OPERATOR))
        assert (answer.status_code, told in answer.text) == (422, True)


def test_newsletters_of_two_zones_are_asked_in_utc(mailer: Mailer) -> None:
    with mailer.database.transaction() as database:
        edition = editions.edition(database, f"{SLUG}/{KEY}")
        database.add(
            Newsletter(
                slug="far",
                name="Far",
                from_name="Far",
                from_address="far@example.org",
                postal_address="1 Beach Road, Apia",
                timezone="Pacific/Apia",
                created_at=utc(BEGUN),
            )
        )
        database.flush()
        assert browsing.zone(database, None) == "UTC"
        assert browsing.zone(database, edition) == "Europe/London"
    assert set(exported("--since", "2025-05-02", "--until", "2025-05-02")) == {
        "reader-3@example.org",
        "gone@example.org",
    }


def test_an_edition_that_was_over_before_is_not_read(mailer: Mailer) -> None:
    with mailer.database.transaction() as database:
        over = {"status": EditionStatus.SENT, "counted_at": utc("2025-05-03 09:00")}
        database.execute(update(Edition).values(over))
    with mailer.database.reading() as database:
        edition_ids = [editions.edition(database, f"{SLUG}/{KEY}").id]
        late = Wanted(days=Days(since=datetime.date(2025, 5, 4)))
        assert "BETWEEN" not in asked(mailer, late)  # no delivery lies there, so none is looked at
        assert "BETWEEN" in asked(mailer, Wanted(days=Days(since=datetime.date(2025, 5, 3))))
    with mailer.database.transaction() as database:
        totals.outdate(database, edition_ids)  # somebody settles a doubt, years later
    assert "BETWEEN" in asked(mailer, late)


def asked(mailer: Mailer, wanted: Wanted) -> str:
    """The statement by which a page is read."""
    said: list[str] = []
    engine = mailer.database.engine

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        with mailer.database.reading() as database:
            browsing.page(database, wanted)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return said[-1]


def test_the_file_is_read_a_piece_at_a_time_and_who_takes_it_is_on_record(
    mailer: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pulse_mailer.delivery.browsing.CHUNK", 2)
    wanted = Wanted(status=None, days=Days(until=datetime.date(2025, 5, 31)))
    pieces = exporting.export(mailer.database, wanted, actor="ann")
    with mailer.database.reading() as database:
        noted = database.scalars(select(AuditRecord).where(AuditRecord.action == "deliveries.exported")).one()
    assert (noted.actor, noted.subject) == ("ann", "all editions")  # before the first line
    assert noted.after == {"rows": 6, "until": "2025-05-31"}
    assert [piece.count("@example.org,") for piece in pieces] == [0, 2, 2, 2]
