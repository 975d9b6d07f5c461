"""A file of subscribers brought in the app: shown first, confirmed then, and never other bytes than were shown."""

import datetime
import re
import time

import pytest
from sqlalchemy import func, select, text, update
from starlette.testclient import TestClient

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.staff import Role
from pulse_mailer.domain.subscriber import Subscriber, Subscription, SubscriptionEvent
from pulse_mailer.domain.upload import Upload
from pulse_mailer.subscribers.erasing import erase
from pulse_mailer.subscribers.leaving import leave_address
from tests.database.subscribers_given import given_newsletter, joined
from tests.database.test_web_people import HOSTILE, client_of

PATH = "/subscribers/import"
FILE = b"Email,First name,Shoe size\nann@example.org,Ann,4\nnonsense,X,5\nANN@example.org,,6\nleft@example.org,L,7\n"


@pytest.fixture
def client(mailer: Mailer) -> TestClient:
    with mailer.database.transaction() as database:
        made = given_newsletter(database)
        joined(database, mailer.keys, made, "left@example.org")
        leave_address(database, mailer.keys, Address.parse("left@example.org"), made, "ann")
    return client_of(mailer, Role.APPROVER)


def brought(client: TestClient, data: bytes = FILE, name: str = "readers.csv", **typed: str) -> str:
    """Where bringing a file leads to."""
    form = {"newsletter": "pulse", "wording": "Form at the conference"} | typed
    answer = client.post(PATH, data=form, files={"file": (name, data, "text/csv")})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def refused(client: TestClient, data: bytes, status: int = 422, **typed: str) -> str:
    form = {"newsletter": "pulse", "wording": "Form at the conference"} | typed
    answer = client.post(PATH, data=form, files={"file": ("readers.csv", data, "text/csv")})
    assert answer.status_code == status
    return answer.text


def people(mailer: Mailer) -> int:
    with mailer.database.reading() as database:
        return database.scalar(select(func.count(Subscription.id))) or 0


def test_it_is_shown_first_and_stored_when_confirmed(client: TestClient, mailer: Mailer) -> None:
    address = brought(client)
    page = client.get(address).text
    assert "readers.csv has 4 rows" in page
    assert "1 person would join Pulse" in page
    assert "Shoe size" in page
    assert "&#39;nonsense&#39; is not an e-mail address" in page
    assert "the same address as on line 2" in page
    assert "unsubscribed on" in page
    assert "Subscribe 1 person" in page
    assert people(mailer) == 1
    done = client.post(address)
    assert done.status_code == 200
    assert "1 person joined Pulse." in done.text
    assert people(mailer) == 2
    with mailer.database.reading() as database:
        event = database.scalars(select(SubscriptionEvent).order_by(SubscriptionEvent.id.desc())).first()
        assert event is not None
        assert event.wording == "Form at the conference"
        assert event.actor == "approver@example.org"
        assert database.scalars(select(Upload.id)).all() == []


def test_a_second_click_stores_nothing_more(client: TestClient, mailer: Mailer) -> None:
    address = brought(client)
    client.post(address)
    again = client.post(address)
    assert again.status_code == 404
    assert "was imported" in again.text
    assert people(mailer) == 2


def test_looking_at_it_stores_nothing(client: TestClient, mailer: Mailer) -> None:
    address = brought(client)
    for _ in range(2):
        client.get(address)
    assert people(mailer) == 1


def test_nobody_else_sees_it_and_it_does_not_wait_for_ever(client: TestClient, mailer: Mailer) -> None:
    address = brought(client)
    assert client_of(mailer, Role.OPERATOR).get(address).status_code == 404
    with mailer.database.transaction() as database:
        hours = datetime.timedelta(hours=2)
        database.execute(update(Upload).values(created_at=Upload.created_at))
        for upload in database.scalars(select(Upload)):
            upload.created_at -= hours
    assert client.get(address).status_code == 404
    assert client.post(address).status_code == 404
    assert client.get(f"{PATH}/nonsense").status_code == 404


def test_a_newer_file_takes_its_place(client: TestClient, mailer: Mailer) -> None:
    first = brought(client)
    second = brought(client, b"Email\nbob@example.org\n")
    assert client.get(first).status_code == 404
    assert "1 person would join" in client.get(second).text
    with mailer.database.reading() as database:
        assert len(database.scalars(select(Upload.id)).all()) == 1


def test_forgetting_somebody_drops_what_waits(client: TestClient, mailer: Mailer) -> None:
    address = brought(client)
    with mailer.database.transaction() as database:
        erase(database, mailer.keys, Address.parse("left@example.org"), actor="ann")
    assert client.get(address).status_code == 404


def test_consent_must_be_said(client: TestClient) -> None:
    assert "Say how these people asked for it" in refused(client, FILE, wording="  \r\n ")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "The file is empty"),
        (b"Name,Town\nAnn,Leeds\n", "No column of the file is known to hold addresses"),
        (b"PK\x03\x04" + b"\0" * 500, "an Excel or OpenDocument workbook"),
        (b"Email\nann@example.org\0\n", "is not text"),
        ("Email,Name\njosé@example.org,José\n".encode() + b"x@y.org,\xe9\n", "mixes encodings"),
        (b"\xef\xbb\xbfEmail\n\xff\n", "is not"),
        (b"ann@example.org\nbob@example.org\n", "has no header"),
        (b"Email\n", "holds no row"),
        (b'Email,Name\n"ann@example.org,Ann\n', "cannot be read"),
        (b"a" * 5_000_000, "has no header|cannot be read|No column"),
    ],
)
def test_what_is_no_file_of_subscribers_is_said_at_the_form(
    client: TestClient, mailer: Mailer, data: bytes, words: str
) -> None:
    form = {"newsletter": "pulse", "wording": "typed <b>before</b>"}
    answer = client.post(PATH, data=form, files={"file": ("readers.csv", data, "text/csv")})
    if answer.status_code == 303:
        answer = client.get(answer.headers["Location"])
    assert answer.status_code == 422
    assert re.search(words, answer.text)
    assert "typed &lt;b&gt;before&lt;/b&gt;" in answer.text
    assert people(mailer) == 1


def test_no_file_at_all_is_said(client: TestClient) -> None:
    answer = client.post(PATH, data={"newsletter": "pulse", "wording": "x"})
    assert answer.status_code == 422
    assert "The file is empty" in answer.text


def test_another_name_of_the_column_is_taken(client: TestClient) -> None:
    address = brought(client, b"Kontakt\nbob@example.org\n", column="Kontakt")
    assert "from “Kontakt”" in client.get(address).text
    assert "no column" in refused(client, b"Email\nbob@example.org\n", column="Kontakt")


@pytest.mark.parametrize("typed", HOSTILE[:-1])
def test_hostile_names_and_cells_stand_as_text(client: TestClient, mailer: Mailer, typed: str) -> None:
    cell = '"' + typed.replace('"', '""').replace("\r\n", " ") + '"'
    data = f"Email,First name,{cell.replace('@', ' at ')}\nbob@example.org,{cell},x\n{cell},y,z\n".encode()
    answer = client.get(brought(client, data, name=typed.replace("\r\n", " "), wording=typed))
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "<img src=x" not in answer.text
    assert people(mailer) == 1


def test_more_than_fits_is_refused_before_it_is_read(client: TestClient) -> None:
    refused(client, b"Email\n" + b"a" * (33 * 1024 * 1024), status=413)


def test_fifty_thousand_rows_are_shown_and_stored(client: TestClient, mailer: Mailer) -> None:
    rows = "\n".join(f"reader{number}@example.org,R{number}" for number in range(50_000))
    read_before, _ = reads(mailer)
    address = brought(client, f"Email,First name\n{rows}\n".encode())
    assert "50,000 people would join" in client.get(address).text
    assert "50,000 people joined" in client.post(address).text
    assert people(mailer) == 50_001
    with mailer.database.reading() as database:
        assert database.scalar(select(func.count(Subscriber.id)).where(Subscriber.name_key == "r49999")) == 1
    if not mailer.database.is_sqlite:
        read_after, looked_up = read_before, 0
        for _ in range(100):  # PostgreSQL counts a little later
            read_after, looked_up = reads(mailer)
            if looked_up > 50_000:
                break
            time.sleep(0.1)
        assert looked_up > 50_000
        # Where its planner goes astray, everybody is read again for everybody: 2,500 million rows.
        assert read_after - read_before < 500_000


def reads(mailer: Mailer) -> tuple[int, int]:
    """Rows that PostgreSQL read by going through whole tables of people, and how often it used their indexes."""
    if mailer.database.is_sqlite:
        return 0, 0
    with mailer.database.reading() as database:
        query = (
            "SELECT sum(seq_tup_read), sum(idx_scan) FROM pg_stat_user_tables WHERE relname LIKE 'subscri%'"
        )
        read, looked_up = database.execute(text(query)).one()
    return int(read), int(looked_up)


def test_only_so_many_refused_rows_are_listed(client: TestClient) -> None:
    page = client.get(brought(client, b"Email\nok@example.org\n" + b"nonsense\n" * 300)).text
    assert "100 more are not shown here" in page
