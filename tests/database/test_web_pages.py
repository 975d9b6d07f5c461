"""What the pages say, over real HTTP."""

import dataclasses
import datetime
import re
import shutil
from collections.abc import Iterator

import pytest
import requests
from pydantic import SecretStr
from sqlalchemy import text, update

from pulse_mailer.bootstrap import Mailer, started
from pulse_mailer.database import Database
from pulse_mailer.delivery import approving, deciding, planning, scheduling, steering
from pulse_mailer.delivery.reporting import PROGRAM
from pulse_mailer.domain.delivery import Attempt, Delivery, DeliveryStatus, Outcome, Stage
from pulse_mailer.domain.edition import EditionStatus
from pulse_mailer.domain.staff import Role
from pulse_mailer.editions import reading
from pulse_mailer.settings import Settings
from pulse_mailer.web import deliveries
from pulse_mailer.web.app import create_app, create_mailbox_app
from pulse_mailer.web.server import running
from tests.database.subscribers_given import everything
from tests.databases import new_postgresql
from tests.pages_given import KEY, SLUG, delivery_id, given_draft, given_readers, given_sent, set_status
from tests.staff_given import cookies, given_staff
from tests.unit.composing import editions

EDITION = f"/staff/editions/{SLUG}/{KEY}"


@pytest.fixture
def site(mailer: Mailer) -> Iterator[str]:
    given_staff(mailer, Role.ADMIN)
    with running(create_app(mailer)) as url:
        yield url


@dataclasses.dataclass(frozen=True)
class Sent:
    """A site with an edition that went out; tests that share it only look."""

    mailer: Mailer
    url: str


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def shared_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "sqlite":
        file = tmp_path_factory.mktemp("pages") / "pulse.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), file)
        yield f"sqlite:///{file}"
    else:
        with new_postgresql(request.getfixturevalue("postgresql_server")) as url:
            database = Database(url)
            database.upgrade()
            database.close()
            yield url


@pytest.fixture(scope="module")
def shared(shared_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sent]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"), database_url=SecretStr(shared_url))
    with started(settings) as mailer:
        given_sent(mailer)
        given_staff(mailer, Role.ADMIN, Role.VIEWER)
        with running(create_app(mailer)) as url:
            yield Sent(mailer, url)


@pytest.fixture
def sent(shared: Sent) -> str:
    return shared.url


def get(url: str, status: int = 200) -> str:
    answer = requests.get(url, timeout=20, cookies=cookies())
    assert answer.status_code == status, answer.text
    return answer.text


def words(page: str) -> str:
    """What a person reads of a page, on one line."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def test_the_empty_first_page_teaches_the_next_command(site: str) -> None:
    page = words(get(site))
    assert "Nothing here yet" in page
    assert "pulse-mailer edition import FILE" in page


def test_the_first_page_tells_how_each_draft_stands(mailer: Mailer, site: str) -> None:
    given_draft(mailer)
    given_readers(mailer, 3)
    page = words(get(site))
    assert "May 2025" in page
    assert "Draft 25 items 6 people" in page


def test_the_first_page_tells_how_far_each_edition_went(sent: str) -> None:
    page = words(get(sent))
    assert "May 2025" in page
    assert "Went to 3 of 6 people; 1 uncertain; 1 did not get it." in page


def test_a_drafts_page_says_what_stands_in_its_way(mailer: Mailer, site: str) -> None:
    given_draft(mailer)
    given_readers(mailer, 3)
    page = words(get(site + EDITION))
    assert "It cannot be sent yet. 6 people would get it." in page
    assert "It has no link." in page
    assert "1 left out: 1 unsubscribed." in page


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"theme": {"brand": "crimson"}}, "which is no colour"),
        ({"design": "nowhere"}, "There is no design"),
        ({"name": "Harbour\u202e"}, "U+202E"),
    ],
)
def test_an_edition_that_cannot_become_mail_still_has_its_page(
    mailer: Mailer, site: str, wrong: dict[str, object], why: str
) -> None:
    edition = editions.edition()
    for name, value in wrong.items():
        setattr(edition.newsletter, name, value)
    given_draft(mailer, edition)
    page = words(get(site + EDITION))
    assert why in page
    assert "It cannot be sent yet." in page


def test_a_paused_editions_page_says_who_paused_it_why_and_leads_on(mailer: Mailer, site: str) -> None:
    edition = given_sent(mailer)
    with mailer.database.transaction() as database:
        deciding.retry(database, reading.edition(database, edition.name), deciding.ALL_FAILED, by="cli:ann")
        steering.pause(database, edition.id, by=PROGRAM, why="5 mails in a row were refused.")
    page = words(get(site + EDITION))
    assert "May 2025 Paused at 66 %" in page
    assert "Paused by the program: 5 mails in a row were refused." in page
    assert "See how far it is" in page
    assert "Paused at 66 %" in words(get(site))


def test_a_scheduled_editions_page_says_when_it_begins_and_who_gets_it(mailer: Mailer, site: str) -> None:
    edition = given_draft(mailer)
    given_readers(mailer, 3)
    at = datetime.datetime(2036, 7, 1, 8, 0, tzinfo=datetime.UTC)
    with mailer.database.transaction() as database:
        edition = reading.edition(database, edition.name)
        codes = tuple({finding.code.value for finding in approving.check(edition, mailer.links).errors})
        checked = approving.approve(edition, mailer.links, forced=codes)
        approval = planning.Approval("cli:ann", 6, codes)
        start = scheduling.Start(at, "Europe/London")
        scheduling.schedule(database, edition, checked, approval, start, planning.Terms())
    page = words(get(site + EDITION))
    assert "May 2025 Scheduled" in page
    assert "Scheduled: May 2025 begins by itself on 1 Jul 2036 09:00 BST, for 6 people." in page
    assert "See how far it is" in page
    assert "6 people on" in page
    assert "edition send" not in page
    assert "All together" not in page
    assert "6 people, goes out 1 Jul 2036, 09:00 BST" in words(get(site))


def test_a_sent_editions_page_adds_up(sent: str) -> None:
    page = words(get(sent + EDITION))
    assert "Sent 3 To be tried again 1 Uncertain 1 Refused 1 All together 6" in page
    assert "do not add up" not in page


def test_who_may_not_see_people_is_not_led_to_them(sent: str) -> None:
    assert "/deliveries?" in get(sent + EDITION)
    answer = requests.get(sent + EDITION, timeout=20, cookies=cookies(Role.VIEWER))
    assert answer.status_code == 200
    assert "/deliveries" not in answer.text


def test_looking_at_staff_pages_changes_nothing(shared: Sent) -> None:
    before = everything(shared.mailer.database)
    for path in ("/", EDITION, f"{EDITION}/preview", "/deliveries", "/mailbox", f"/editions/{SLUG}"):
        get(shared.url + path)
    assert everything(shared.mailer.database) == before


def test_the_preview_is_the_mail_with_every_field_filled(mailer: Mailer, site: str) -> None:
    given_draft(mailer)
    page = get(f"{site}{EDITION}/preview")
    assert "Ten years of neighbourhood teams" in page
    assert "[[" not in page
    assert 'src="/pictures/' in page


def test_the_previews_text_is_text(mailer: Mailer, site: str) -> None:
    given_draft(mailer)
    answer = requests.get(f"{site}{EDITION}/preview?form=text", timeout=20, cookies=cookies())
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert "HARBOUR REVIEW" in answer.text.upper()


def test_the_preview_may_be_framed_by_our_own_pages_and_run_nothing(mailer: Mailer, site: str) -> None:
    given_draft(mailer)
    policy = requests.get(f"{site}{EDITION}/preview", timeout=20, cookies=cookies()).headers[
        "Content-Security-Policy"
    ]
    assert "frame-ancestors 'self'" in policy
    assert mailer.links.base_url in policy
    assert policy.endswith("sandbox allow-same-origin")  # its page may see how far it is scrolled; no scripts
    assert "script-src" not in policy


@pytest.mark.parametrize("path", [f"/staff/editions/{SLUG}/1999-01", f"{EDITION}/preview?form=exe"])
def test_a_wrong_edition_or_form_is_refused_in_words(mailer: Mailer, site: str, path: str) -> None:
    given_draft(mailer)
    answer = requests.get(site + path, timeout=20, cookies=cookies())
    assert answer.status_code in (400, 404)
    assert "There is no" in answer.text


def test_find_answers_in_a_sentence(sent: str) -> None:
    page = words(get(f"{sent}/deliveries?q=Reader-1@EXAMPLE.org"))
    assert "Yes: May 2025 went to Reader-1@example.org" in page
    assert "1 delivery" in page


def test_find_says_why_somebody_was_left_out(sent: str) -> None:
    page = words(get(f"{sent}/deliveries?q=left.before@example.org"))
    assert "No: left.before@example.org was left out of May 2025, unsubscribed on" in page


def test_find_knows_who_is_no_subscriber(sent: str) -> None:
    assert "No: stranger@example.org is not" in words(get(f"{sent}/deliveries?q=stranger@example.org"))


def test_find_says_what_is_wrong_with_an_address(sent: str) -> None:
    page = get(f"{sent}/deliveries?q=%3Cscript%3E@", status=422)
    assert "is not an e-mail address" in page
    assert "<script>" not in page


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 6),
        ("state=sent", 3),
        ("state=failed", 1),
        (f"edition={SLUG}/{KEY}", 6),
        (f"edition={SLUG}/{KEY}&state=uncertain", 1),
        ("state=nonsense", 6),
    ],
)
def test_the_list_is_filtered(sent: str, query: str, count: int) -> None:
    page = get(f"{sent}/deliveries?{query}")
    assert page.count("/deliveries/") == count


def test_long_lists_are_shown_in_pages(sent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "PER_PAGE", 4)
    first = get(f"{sent}/deliveries")
    (later,) = re.findall(r'href="(/deliveries\?after=\d+)"', first)
    second = get(sent + later)
    assert "6 deliveries" in first
    assert "To the first of them" in second
    found = re.findall(r'href="/deliveries/(\d+)"', first + second)
    assert len(found) == len(set(found)) == 6


def test_a_delivery_in_doubt_says_what_is_known_and_how_to_end_the_doubt(mailer: Mailer, site: str) -> None:
    given_sent(mailer)
    number = delivery_id(mailer, "reader-1@example.org")
    with mailer.database.transaction() as database:
        delivery = database.get_one(Delivery, number)
        delivery.status, delivery.reason = DeliveryStatus.UNCERTAIN, "The worker ended."
        lost = {
            "outcome": Outcome.UNCERTAIN,
            "stage": Stage.MARKED,
            "code": None,
            "reply": "The worker ended.",
        }
        database.execute(update(Attempt).where(Attempt.delivery_id == number).values(**lost))
    page = words(get(f"{site}/deliveries/{number}"))
    assert "No answer from" in page
    assert "How far it came is not known." in page
    assert "The server said" not in page
    assert "Nobody knows whether it went Look for its Message-ID in the log of" in page
    assert "It went It did not: send it again" in page


def test_a_delivery_tells_every_attempt(shared: Sent) -> None:
    page = words(get(f"{shared.url}/deliveries/{delivery_id(shared.mailer, 'gone@example.org')}"))
    assert "gone@example.org Refused" in page
    assert "1 attempt" in page
    assert "550 5.1.1 No such user here" in page
    assert "naming the reader (RCPT)" in page


@pytest.mark.parametrize(
    "path",
    [
        "/deliveries/999999",
        "/deliveries/99999999999999999999999",
        "/deliveries?edition=a%00b",
        "/mailbox/nonsense",
        "/mailbox/..%2F..%2Fetc",
        "/staff/editions/a%00b/c",
        "/nothing",
    ],
)
def test_what_is_not_there_is_a_page_that_says_so(site: str, path: str) -> None:
    page = get(site + path, status=404)
    assert "Traceback" not in page
    assert "Back to the first page" in page


@pytest.mark.parametrize("path", ["/editions/a%00b", "/editions/a/b%00", "/pictures/a%00.png", "/u/a%00"])
def test_an_address_that_no_database_can_be_asked_about_is_not_there(site: str, path: str) -> None:
    assert "Traceback" not in get(site + path, status=404)


def test_a_number_that_is_none_is_refused(site: str) -> None:
    assert "could not be understood" in get(f"{site}/deliveries/abc", status=422)


def test_the_mailbox_lists_and_finds_mails(sent: str) -> None:
    page = words(get(f"{sent}/mailbox"))
    assert "3 mails caught on this machine" in page
    assert "reader-2@example.org" in page
    assert "reader-1@" not in words(get(f"{sent}/mailbox?search=reader-2"))


@pytest.mark.parametrize(
    ("show", "told"),
    [
        ("html", "<iframe"),
        ("text", "HARBOUR REVIEW"),
        ("headers", "List-Unsubscribe-Post"),
        ("source", "Content-Transfer-Encoding: quoted-printable"),
    ],
)
def test_a_mail_is_shown_in_each_form(shared: Sent, show: str, told: str) -> None:
    mail_id = shared.mailer.mailbox.list(limit=1)[0].id
    assert told.upper() in get(f"{shared.url}/mailbox/{mail_id}?show={show}").upper()


def test_a_hostile_mail_can_do_nothing(site: str, mailer: Mailer) -> None:
    source = (
        b"Subject: <script>alert(1)</script>\r\nContent-Type: text/html\r\n\r\n<script>alert(2)</script><p>Hi"
    )
    mail_id = mailer.mailbox.keep("a@example.org", ["<b>@example.org"], source)
    assert "<script>" not in get(f"{site}/mailbox")
    assert "<script>" not in get(f"{site}/mailbox/{mail_id}?show=source")
    answer = requests.get(f"{site}/mailbox/{mail_id}/html", timeout=20, cookies=cookies())
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Security-Policy"].endswith("sandbox")


def test_the_mailbox_stands_by_itself(mailer: Mailer) -> None:
    mailer.mailbox.keep("a@example.org", ["b@example.org"], b"Subject: Hello\r\n\r\nHi\r\n")
    with running(create_mailbox_app(mailer.mailbox)) as site:
        assert "Hello" in get(site)
        assert "Deliveries" not in get(site)
        get(f"{site}/deliveries", status=404)
        get(f"{site}/u/abc", status=404)


GONE_OUT = (EditionStatus.SENDING, EditionStatus.PAUSED, EditionStatus.SENT, EditionStatus.STOPPED)


def test_the_archive_holds_what_went_out_and_nothing_else(mailer: Mailer, site: str) -> None:
    given_sent(mailer)
    for status in EditionStatus:
        set_status(mailer, status)
        answer = requests.get(f"{site}/editions/{SLUG}/{KEY}", timeout=20)
        listed = "May 2025" in get(f"{site}/editions/{SLUG}")
        assert (answer.status_code == 200, listed) == (status in GONE_OUT, status in GONE_OUT), status


def test_the_web_copy_is_whole_and_nobodys_own(sent: str) -> None:
    page = get(f"{sent}/editions/{SLUG}/{KEY}")
    assert "Ten years of neighbourhood teams" in page
    assert "/u/" not in page
    assert "[[" not in page


def test_the_web_copy_has_a_policy_of_its_own_and_is_kept_for_a_while(sent: str) -> None:
    headers = requests.get(f"{sent}/editions/{SLUG}/{KEY}", timeout=20).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "style-src 'unsafe-inline'" in policy
    assert "max-age" in headers["Cache-Control"]
    again = requests.get(
        f"{sent}/editions/{SLUG}/{KEY}", headers={"If-None-Match": headers["ETag"]}, timeout=20
    )
    assert (again.status_code, again.text) == (304, "")


def test_an_unknown_newsletter_has_no_archive(site: str) -> None:
    page = get(f"{site}/editions/nothing", status=404)
    assert "pulse-mailer" not in page  # commands are for staff


def test_pictures_are_served_for_ever_and_as_what_they_are(mailer: Mailer, site: str) -> None:
    edition = given_draft(mailer)
    picture = next(item.picture for item in edition.items() if item.picture)
    answer = requests.get(f"{site}/pictures/{picture.file_name}", timeout=20)
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG")
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("wrong", ["{hash}.jpg", "{hash}", "{hash}.png.html", "x.png", "..%2Fx.png"])
def test_a_picture_has_one_name(mailer: Mailer, site: str, wrong: str) -> None:
    edition = given_draft(mailer)
    picture = next(item.picture for item in edition.items() if item.picture)
    get(f"{site}/pictures/{wrong.format(hash=picture.content_hash)}", status=404)


def test_it_lives_and_is_ready(site: str) -> None:
    assert requests.get(f"{site}/healthz/live", timeout=20).json() == {"live": True}
    assert requests.get(f"{site}/healthz/ready", timeout=20).json() == {"ready": True, "database": "ok"}


def test_it_is_ready_while_somebody_else_writes(mailer: Mailer, site: str) -> None:
    with mailer.database.transaction() as database:
        database.execute(text("UPDATE newsletters SET name = name"))
        assert requests.get(f"{site}/healthz/ready", timeout=10).json()["ready"]


def test_it_lives_but_is_not_ready_without_its_database(mailer: Mailer) -> None:
    gone = dataclasses.replace(mailer, database=Database("sqlite:////no/such/folder/secret-name.db"))
    with running(create_app(gone)) as site:
        get(f"{site}/healthz/live")
        assert "secret-name" not in get(f"{site}/healthz/ready", status=503)


def test_it_is_not_ready_while_its_database_is_behind(mailer: Mailer) -> None:
    empty = dataclasses.replace(mailer, database=Database("sqlite://"))
    with running(create_app(empty)) as site:
        assert "behind its migrations" in get(f"{site}/healthz/ready", status=503)


def test_an_unforeseen_error_shows_no_inner_detail(mailer: Mailer) -> None:
    given_staff(mailer, Role.ADMIN)
    broken = dataclasses.replace(mailer, mailbox=None)  # type: ignore[arg-type]  # what no start would make
    with running(create_app(broken)) as site:
        page = get(f"{site}/mailbox", status=500)
    assert "Something went wrong" in page
    assert "Traceback" not in page
    assert "assert" not in page


def test_robots_stay_off_peoples_own_links(site: str) -> None:
    assert "Disallow: /\n" in get(f"{site}/robots.txt")


def test_strangers_see_nothing_of_staffs_pages(sent: str) -> None:
    for path in ("/", EDITION, "/deliveries", "/mailbox"):
        answer = requests.get(sent + path, timeout=20)
        assert answer.url.startswith(f"{sent}/sign-in")
        assert "<h1>Sign in</h1>" in answer.text
        assert "Deliveries" not in answer.text
        assert "May 2025" not in answer.text


def test_staff_s_pages_answer_by_no_name_that_is_not_ours(sent: str) -> None:
    for path in ("/", EDITION, "/deliveries", "/mailbox", "/nothing", "/sign-in"):
        answer = requests.get(
            sent + path, headers={"Host": "evil.example.org"}, timeout=20, cookies=cookies()
        )
        assert answer.status_code == 421
        assert "Not by this name" in answer.text
        assert "May 2025" not in answer.text


def test_the_style_sheet_is_kept_for_ever_by_its_hash(site: str) -> None:
    found = re.search(r'href="(/assets/app\.[0-9a-f]{12}\.css)"', get(site))
    assert found
    answer = requests.get(site + found[1], timeout=20)
    assert answer.headers["Content-Type"].startswith("text/css")
    assert "immutable" in answer.headers["Cache-Control"]
    get(f"{site}/assets/app.css", status=404)
