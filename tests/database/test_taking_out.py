"""Whoever takes out what is held of one person is on record, wherever they do it."""

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient
from typer.testing import CliRunner

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.cli import application
from pulse_mailer.cli.output import actor
from pulse_mailer.domain.staff import Role
from pulse_mailer.domain.subscriber import Subscriber
from pulse_mailer.staff.records import records
from pulse_mailer.web.app import create_app
from tests.database.api_given import EDITION, V1, key
from tests.pages_given import KEY, SLUG, delivery_id, given_sent
from tests.staff_given import address, cookies, given_staff

READER = "reader-1@example.org"
BY_PAGE, BY_KEY = address(Role.ADMIN), "api:ann (newsroom)"


@pytest.fixture
def client(mailer: Mailer) -> TestClient:
    given_staff(mailer)
    given_sent(mailer)
    return TestClient(create_app(mailer), base_url="http://127.0.0.1:8025", cookies=cookies())


def on_record(mailer: Mailer) -> list[tuple[str, str, dict[str, object] | None]]:
    """What was taken out of the reader: who, what and which, the latest first."""
    with mailer.database.reading() as database:
        found = records(database, mailer.keys, text=".exported", limit=9)
        about = f"address {mailer.keys.hash_address(READER)[:16]}"
        assert {one.subject for one in found} <= {about}
        return [(one.actor, one.action, one.after) for one in found]


def test_everything_that_is_held_of_a_reader(mailer: Mailer, client: TestClient) -> None:
    with mailer.database.reading() as database:
        number = database.scalars(select(Subscriber.id).where(Subscriber.address == READER)).one()
    assert client.head(f"/subscribers/{number}/data").status_code == 200
    assert on_record(mailer) == []  # who only asks what it would be takes nothing out
    assert client.get(f"/subscribers/{number}/data").json()["address"] == READER
    assert client.get(f"{V1}/subscribers/{READER}/data", headers=key(mailer)).json()["address"] == READER
    assert on_record(mailer) == [
        (BY_KEY, "subscriber.exported", None),
        (BY_PAGE, "subscriber.exported", None),
    ]


def test_the_mail_that_went_to_a_reader(mailer: Mailer, client: TestClient) -> None:
    number = delivery_id(mailer, READER)
    assert client.head(f"/deliveries/{number}/mail.eml").status_code == 200
    assert on_record(mailer) == []
    page = client.get(f"/deliveries/{number}/mail.eml")
    call = client.get(f"{V1}/deliveries/{number}/message", headers=key(mailer))
    assert page.content == call.content
    which = {"delivery": number}
    assert on_record(mailer) == [
        (BY_KEY, "delivery.exported", which),
        (BY_PAGE, "delivery.exported", which),
    ]


def test_a_mail_as_a_reader_gets_it(
    mailer: Mailer, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get(f"{EDITION}/mail", headers=key(mailer)).is_success
    assert on_record(mailer) == []  # a sample reader is nobody
    told = client.get(f"{EDITION}/mail", params={"reader": READER, "form": "text"}, headers=key(mailer))
    assert told.is_success
    monkeypatch.setenv("PULSE_MAILER_DATA_DIR", str(mailer.settings.data_dir))
    monkeypatch.setenv("PULSE_MAILER_DATABASE_URL", mailer.settings.database_url.get_secret_value())
    render = ["edition", "render", f"{SLUG}/{KEY}", "--as", READER, "--format", "eml"]
    assert CliRunner().invoke(application(), render, catch_exceptions=False).exit_code == 0
    which = {"edition": f"{SLUG}/{KEY}"}
    assert on_record(mailer) == [
        (actor(), "mail.exported", which | {"form": "eml"}),
        (BY_KEY, "mail.exported", which | {"form": "text"}),
    ]
