"""The ways out over real HTTP, as mail programs, link scanners and people use them."""

import base64
import dataclasses
import socket
import time
from collections.abc import Callable, Iterator

import pytest
import requests
from sqlalchemy import delete, select, update

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.delivery import Delivery, DeliveryStatus
from pulse_mailer.domain.edition import Edition, Rendering
from pulse_mailer.domain.subscriber import Subscriber, SubscriptionEvent, Way
from pulse_mailer.domain.suppression import SuppressionReason
from pulse_mailer.keys import Keys
from pulse_mailer.links import FOR_SHOW, Links, Purpose
from pulse_mailer.subscribers.leaving import leave
from pulse_mailer.subscribers.suppressing import suppress
from pulse_mailer.web.app import create_app
from pulse_mailer.web.server import running
from tests.database.subscribers_given import events, everything
from tests.pages_given import Reader, given_draft, given_reader, given_readers, given_sent

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
MULTIPART = {"List-Unsubscribe": (None, "One-Click")}


@pytest.fixture
def reader(mailer: Mailer) -> Reader:
    given_draft(mailer)
    given_readers(mailer, 1)
    return given_reader(mailer)


@pytest.fixture
def site(mailer: Mailer) -> Iterator[str]:
    with running(create_app(mailer)) as url:
        yield url


def status_of(mailer: Mailer, address: str = "reader-1@example.org") -> str:
    found = [
        row
        for row in everything(mailer.database)["subscriptions"]
        if row.public_id == public_id(mailer, address)
    ]
    return str(found[0].status)


def public_id(mailer: Mailer, address: str) -> str:
    return given_reader(mailer, address).public_id


def last_event(mailer: Mailer) -> SubscriptionEvent:
    with mailer.database.transaction() as database:
        return database.scalars(
            select(SubscriptionEvent).order_by(SubscriptionEvent.id.desc()).limit(1)
        ).one()


def test_the_page_names_the_newsletter_and_masks_the_address(reader: Reader, site: str) -> None:
    page = requests.get(f"{site}/u/{reader.token}", timeout=10).text
    assert "Unsubscribe from Harbour Review" in page
    assert "r•••@example.org" in page
    assert reader.address not in page


#: How link scanners, prefetching browsers and previews look at a link.
LOOKS: tuple[tuple[str, dict[str, str]], ...] = (
    ("GET", {}),
    ("HEAD", {}),
    ("OPTIONS", {}),
    ("GET", {"Purpose": "prefetch"}),
    ("GET", {"Sec-Purpose": "prefetch;prerender"}),
    ("GET", {"X-Moz": "prefetch"}),
    ("GET", {"User-Agent": "Mozilla/5.0 (compatible; link scanner)"}),
)


@pytest.mark.parametrize("path", ["/u/{token}", "/u/{token}/undo"])
def test_looking_changes_nothing(reader: Reader, site: str, mailer: Mailer, path: str) -> None:
    before = everything(mailer.database)
    for method, headers in LOOKS:
        answer = requests.request(method, site + path.format(token=reader.token), headers=headers, timeout=10)
        assert answer.status_code in (200, 204)
        assert everything(mailer.database) == before, (method, headers)


def test_head_answers_like_get_without_a_body(reader: Reader, site: str) -> None:
    head = requests.head(f"{site}/u/{reader.token}", timeout=10)
    get = requests.get(f"{site}/u/{reader.token}", timeout=10)
    assert (head.status_code, head.text) == (200, "")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


@pytest.mark.parametrize("encoding", ["urlencoded", "multipart"])
def test_one_click_unsubscribes_at_once(reader: Reader, site: str, mailer: Mailer, encoding: str) -> None:
    url = f"{site}/u/{reader.token}"
    if encoding == "urlencoded":
        answer = requests.post(url, data=ONE_CLICK, timeout=10, allow_redirects=False)
    else:
        answer = requests.post(url, files=MULTIPART, timeout=10, allow_redirects=False)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert "Location" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert status_of(mailer) == "unsubscribed"
    assert last_event(mailer).way is Way.ONE_CLICK


def test_one_click_needs_nothing_that_a_browser_sends(reader: Reader, site: str, mailer: Mailer) -> None:
    headers = {
        "Sec-Fetch-Site": "cross-site",
        "Origin": "https://mail.example.com",
        "Host": "news.example.org",
    }
    answer = requests.post(f"{site}/u/{reader.token}", data=ONE_CLICK, headers=headers, timeout=10)
    assert answer.status_code == 200
    assert status_of(mailer) == "unsubscribed"


def test_the_second_post_is_answered_alike_and_notes_nothing(
    reader: Reader, site: str, mailer: Mailer
) -> None:
    url = f"{site}/u/{reader.token}"
    first = requests.post(url, data=ONE_CLICK, timeout=10)
    before = everything(mailer.database)
    second = requests.post(url, data=ONE_CLICK, timeout=10)
    assert (second.status_code, second.text) == (first.status_code, first.text)
    assert everything(mailer.database) == before


def test_the_pages_button_unsubscribes_and_offers_undo(reader: Reader, site: str, mailer: Mailer) -> None:
    answer = requests.post(f"{site}/u/{reader.token}", timeout=10, allow_redirects=False)
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (200, False)
    assert "You are unsubscribed" in answer.text
    assert f"/u/{reader.token}/undo" in answer.text
    assert status_of(mailer) == "unsubscribed"
    assert last_event(mailer).way is Way.PAGE


def _wait_until(happened: Callable[[], bool], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.02)


UNREADABLE = (
    (b"List-Unsubscribe=One-Click", "text/plain"),
    (b"List-Unsubscribe=One-Click", ""),
    (b"no boundary", "multipart/form-data"),
    (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
    (b"%ff%fe=&&&", "application/x-www-form-urlencoded"),
    (b"\xff\xfe\x00", "application/octet-stream"),
)


def test_a_body_that_cannot_be_read_keeps_nobody(reader: Reader, site: str, mailer: Mailer) -> None:
    for body, kind in UNREADABLE:
        answer = requests.post(
            f"{site}/u/{reader.token}", data=body, headers={"Content-Type": kind}, timeout=10
        )
        assert (answer.status_code, status_of(mailer)) == (200, "unsubscribed"), (body, kind)
        requests.post(f"{site}/u/{reader.token}/undo", timeout=10)
        assert status_of(mailer) == "active"


def test_who_hangs_up_before_the_body_ends_is_out_all_the_same(
    reader: Reader, site: str, mailer: Mailer, caplog: pytest.LogCaptureFixture
) -> None:
    host, port = site.removeprefix("http://").split(":")
    head = f"POST /u/{reader.token} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(head.encode() + b"List-Unsubscribe=One-Click")
    _wait_until(lambda: status_of(mailer) == "unsubscribed")
    assert not caplog.records


@pytest.mark.parametrize("mangled", ["{}.", "{})", "{}%3E", "{}%20"])
def test_a_link_that_a_mail_program_mangled_works_to_the_end(
    reader: Reader, site: str, mailer: Mailer, mangled: str
) -> None:
    token = mangled.format(reader.token)
    assert f'action="/u/{reader.token}"' in requests.get(f"{site}/u/{token}", timeout=10).text
    assert requests.post(f"{site}/u/{token}", data=ONE_CLICK, timeout=10).status_code == 200
    assert status_of(mailer) == "unsubscribed"


def test_an_address_that_would_be_refused_today_still_gets_out(
    reader: Reader, site: str, mailer: Mailer
) -> None:
    with mailer.database.transaction() as database:
        database.execute(update(Subscriber).values(address="r..eader@machine.local"))
    assert "r•••@machine.local" in requests.get(f"{site}/u/{reader.token}", timeout=10).text
    assert requests.post(f"{site}/u/{reader.token}", data=ONE_CLICK, timeout=10).status_code == 200


def test_a_huge_body_is_refused(reader: Reader, site: str, mailer: Mailer) -> None:
    answer = requests.post(f"{site}/u/{reader.token}", data={"x": "y" * 200_000}, timeout=10)
    assert answer.status_code == 413
    assert status_of(mailer) == "active"


def test_after_leaving_the_page_says_so(reader: Reader, site: str) -> None:
    requests.post(f"{site}/u/{reader.token}", data=ONE_CLICK, timeout=10)
    page = requests.get(f"{site}/u/{reader.token}", timeout=10).text
    assert "You are unsubscribed" in page
    assert "<button>Unsubscribe</button>" not in page


def test_undo_brings_the_reader_back(reader: Reader, site: str, mailer: Mailer) -> None:
    requests.post(f"{site}/u/{reader.token}", timeout=10)
    answer = requests.post(f"{site}/u/{reader.token}/undo", timeout=10)
    assert answer.status_code == 200
    assert "You are subscribed again" in answer.text
    assert status_of(mailer) == "active"
    with mailer.database.transaction() as database:
        assert events(database)[-2:] == [("left", "page"), ("joined", "undo")]


def test_undo_twice_is_undo_once(reader: Reader, site: str, mailer: Mailer) -> None:
    requests.post(f"{site}/u/{reader.token}", timeout=10)
    requests.post(f"{site}/u/{reader.token}/undo", timeout=10)
    before = everything(mailer.database)
    assert requests.post(f"{site}/u/{reader.token}/undo", timeout=10).status_code == 200
    assert everything(mailer.database) == before


def test_who_was_taken_off_by_staff_cannot_undo_it(reader: Reader, site: str, mailer: Mailer) -> None:
    with mailer.database.transaction() as database:
        leave(database, reader.public_id, way=Way.STAFF, actor="ann")
    assert "/undo" not in requests.get(f"{site}/u/{reader.token}", timeout=10).text
    answer = requests.post(f"{site}/u/{reader.token}/undo", timeout=10)
    assert answer.status_code == 409
    assert "Write to the sender" in answer.text
    assert status_of(mailer) == "unsubscribed"


def test_a_suppressed_address_gets_out_but_not_back(reader: Reader, site: str, mailer: Mailer) -> None:
    with mailer.database.transaction() as database:
        address = Address.parse(reader.address)
        suppress(database, mailer.keys, address, reason=SuppressionReason.COMPLAINED, note="", actor="ann")
    assert requests.post(f"{site}/u/{reader.token}", data=ONE_CLICK, timeout=10).status_code == 200
    assert requests.post(f"{site}/u/{reader.token}/undo", timeout=10).status_code == 409


def _bad_tokens(mailer: Mailer, reader: Reader) -> dict[str, str]:
    last = reader.token[-1]
    return {
        "nonsense": "nonsense",
        "cut short": reader.token[:-3],
        "one letter wrong": reader.token[:-1] + ("a" if last != "a" else "b"),
        "another purpose": mailer.links.token(Purpose.BOUNCE, reader.public_id),
        "an unknown key": "z" + reader.token[1:],
        "nobody's": mailer.links.token(Purpose.UNSUBSCRIBE, "a" * 16),
        "not even text": "%ff%00",
        "very long": "1" * 5000,
    }


def test_every_bad_link_gets_the_same_answer(reader: Reader, site: str, mailer: Mailer) -> None:
    before = everything(mailer.database)
    answers = {
        (answer.status_code, answer.text)
        for token in _bad_tokens(mailer, reader).values()
        for answer in (
            requests.get(f"{site}/u/{token}", timeout=10),
            requests.post(f"{site}/u/{token}", data=ONE_CLICK, timeout=10),
        )
    }
    assert len(answers) == 1
    status, text = answers.pop()
    assert status == 404
    assert "This link does not work" in text
    assert everything(mailer.database) == before


def test_guessing_is_slowed_down_and_good_links_never_are(reader: Reader, site: str) -> None:
    statuses = [requests.get(f"{site}/u/guess{number}", timeout=10).status_code for number in range(31)]
    assert statuses == [404] * 30 + [429]
    assert requests.post(f"{site}/u/guess", data=ONE_CLICK, timeout=10).status_code == 429
    for _ in range(40):
        assert requests.post(f"{site}/u/{reader.token}", data=ONE_CLICK, timeout=10).status_code == 200


def test_a_token_signed_by_an_older_key_still_opens_the_way_out(reader: Reader, mailer: Mailer) -> None:
    links = {**mailer.keys.links, "9": base64.b64encode(b"a newer key of at least 32 bytes")}
    keys = Keys(links=links, address=mailer.keys.address)
    rotated = dataclasses.replace(mailer, keys=keys, links=Links(mailer.links.base_url, keys))
    assert rotated.links.token(Purpose.UNSUBSCRIBE, reader.public_id) != reader.token
    with running(create_app(rotated)) as site:
        assert requests.post(f"{site}/u/{reader.token}", data=ONE_CLICK, timeout=10).status_code == 200
    assert status_of(mailer) == "unsubscribed"


def test_leaving_is_put_down_to_the_latest_edition_that_came(mailer: Mailer, site: str) -> None:
    edition = given_sent(mailer)
    requests.post(f"{site}/u/{given_reader(mailer).token}", data=ONE_CLICK, timeout=10)
    assert last_event(mailer).edition_id == edition.id


def test_leaving_before_the_mail_came_is_not_put_down_to_it(mailer: Mailer, site: str) -> None:
    given_sent(mailer)
    reader = given_reader(mailer)
    with mailer.database.transaction() as database:
        row = database.scalars(select(Delivery).where(Delivery.address == reader.address)).one()
        row.status, row.next_attempt_at = DeliveryStatus.QUEUED, now()
    requests.post(f"{site}/u/{reader.token}", data=ONE_CLICK, timeout=10)
    assert last_event(mailer).edition_id is None


def test_the_link_outlives_its_edition(mailer: Mailer, site: str) -> None:
    edition = given_sent(mailer)
    with mailer.database.transaction() as database:
        database.execute(delete(Delivery))
        database.execute(delete(Rendering))
        database.execute(delete(Edition).where(Edition.id == edition.id))
    answer = requests.post(f"{site}/u/{given_reader(mailer).token}", data=ONE_CLICK, timeout=10)
    assert answer.status_code == 200
    assert status_of(mailer) == "unsubscribed"


def test_the_link_in_a_mail_is_the_one_that_works(mailer: Mailer, site: str) -> None:
    given_sent(mailer)
    caught = mailer.mailbox.read(mailer.mailbox.list(limit=1, search="reader-1@example.org")[0].id)
    assert caught.header("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
    url = caught.header("List-Unsubscribe").strip("<>").replace(mailer.links.base_url, site)
    assert requests.post(url, data=ONE_CLICK, timeout=10).status_code == 200
    assert status_of(mailer) == "unsubscribed"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_without_its_database_it_says_so_calmly(reader: Reader, mailer: Mailer, method: str) -> None:
    gone = Database("sqlite:////no/such/folder/secret-name.db")
    with running(create_app(dataclasses.replace(mailer, database=gone))) as site:
        answer = requests.request(method, f"{site}/u/{reader.token}", data=ONE_CLICK, timeout=10)
    assert answer.status_code == 503
    assert "We cannot do this at the moment" in answer.text
    assert "secret-name" not in answer.text
    assert int(answer.headers["Retry-After"]) > 0


def test_the_page_is_kept_by_nobody_and_told_to_nobody(reader: Reader, site: str) -> None:
    headers = requests.get(f"{site}/u/{reader.token}", timeout=10).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in headers["X-Robots-Tag"]
    assert "script-src" not in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "Set-Cookie" not in headers


def test_the_link_of_a_proof_unsubscribes_nobody_and_says_so(site: str, mailer: Mailer) -> None:
    before = everything(mailer.database)
    address = f"{site}/u/{mailer.links.token(Purpose.UNSUBSCRIBE, FOR_SHOW)}"
    for answer in (requests.get(address, timeout=10), requests.post(address, data=ONE_CLICK, timeout=10)):
        assert answer.status_code == 404
        assert "Its link is for show, and changes nothing for anybody." in answer.text
    assert everything(mailer.database) == before
