"""What people come for, from the first click to the mail in readers' inboxes, with the steps that it takes them."""

import datetime
import re
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.orm import Session

from pulse_mailer.bootstrap import Mailer, started
from pulse_mailer.domain.delivery import Delivery, DeliveryStatus
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.staff import Role
from pulse_mailer.editions import reading
from pulse_mailer.mailbox.catcher import Catcher
from pulse_mailer.mailbox.store import Mailbox
from pulse_mailer.settings import Settings
from pulse_mailer.web.app import create_app
from pulse_mailer.web.server import running
from pulse_mailer.worker import loop
from tests.browser.steps import Steps, taken
from tests.browser.visiting import drag, visiting
from tests.database.sending_given import draft, freeze, time_comes
from tests.database.subscribers_given import given_newsletter, joined
from tests.staff_given import address, given_staff
from tests.unit.strangers import HOST, html, pages, stranger

pytestmark = pytest.mark.browser

SAMPLE = Path(__file__).resolve().parents[2] / "templates" / "demo" / "edition.md"
PUBLISHER = "papers.example.org"
A_SECOND = 25  #: mails; slow enough for a person to press Pause in the middle
SENT_MS = 60_000  #: a machine with other work may take so long to send two hundred


@dataclass(frozen=True)
class Site:
    """The program as `serve` runs it: pages, worker, catcher; each newsletter has readers at a domain of its own."""

    url: str
    mailer: Mailer
    browser: Browser

    def opened(self, role: Role | None) -> AbstractContextManager[Page]:
        """A page of somebody of the staff, or a reader's."""
        return visiting(self.browser, self.url, role)

    def newsletter(self, slug: str, given: Callable[..., object], readers: list[str]) -> None:
        """A newsletter with what `given` makes for it, and its readers."""
        with self.mailer.database.transaction() as database:
            newsletter = given_newsletter(database, slug)
            newsletter.postal_address, newsletter.reason = "1 High Street, Anytown", "You asked for it."
            given(database, newsletter)
            for reader in readers:
                joined(database, self.mailer.keys, newsletter, reader)

    def hold_ends(self) -> None:
        """The minutes go by in which it could be taken back."""
        with self.mailer.database.transaction() as database:
            time_comes(database)

    def days_go_by(self, name: str, days: int) -> None:
        """Since an edition began to be sent."""
        with self.mailer.database.transaction() as database:
            edition = reading.edition(database, name)
            assert edition.frozen_at
            edition.frozen_at -= datetime.timedelta(days=days)

    def sends(self, name: str, count: int) -> None:
        """An edition is sent, and is over."""
        with self.mailer.database.transaction() as database:
            freeze(database, self.mailer.links, count, name)
        self._wait(lambda database: reading.edition(database, name).status.is_over)

    def comes_to_rest(self) -> None:
        """The mails at hand are finished."""
        at_hand = select(Delivery.id).where(
            Delivery.status.in_((DeliveryStatus.CLAIMED, DeliveryStatus.SENDING))
        )
        self._wait(lambda database: database.scalar(at_hand) is None)

    def _wait(self, comes: Callable[[Session], bool]) -> None:
        for _ in range(SENT_MS // 50):
            with self.mailer.database.reading() as database:
                if comes(database):
                    return
            time.sleep(0.05)
        pytest.fail("It did not come.")

    def inbox(self, domain: str) -> Counter[str]:
        """How many mails the catcher holds for each reader of a domain."""
        caught = self.mailer.mailbox.list(limit=10_000)
        return Counter(one for mail in caught for one in mail.recipients if one.endswith(f"@{domain}"))


@pytest.fixture(scope="module")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("journeys")
    (folder / "pulse.db").write_bytes(migrated_sqlite.read_bytes())
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    with Catcher(Mailbox(folder / "mailbox"), port=0) as catcher:
        settings = Settings(
            data_dir=folder,
            database_url=SecretStr(f"sqlite:///{folder}/pulse.db"),
            base_url=f"http://127.0.0.1:{port}",
            smtp_port=catcher.port,
            rates=f"smtp={A_SECOND}/second",
            worker_poll_seconds=0.1,
            fetch_also=f"{HOST}/32",
        )
        said: list[str] = []
        with started(settings) as mailer, loop.in_background(mailer, said.append):
            given_staff(mailer)
            with running(create_app(mailer), port=port) as url:
                yield Site(url, mailer, browser)


def people(domain: str, count: int) -> list[str]:
    return [f"reader-{number}@{domain}" for number in range(1, count + 1)]


@pytest.fixture
def papers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The addresses of three pages that somebody published."""
    asked = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *more, **named: asked({PUBLISHER: HOST}.get(host, host), *more, **named),
    )
    about = '<meta name="description" content="What was found.">'
    found = {f"/{number}": html(f"Report {number}", about) for number in (1, 2, 3)}
    with stranger(pages(found)) as server:
        yield [f"http://{PUBLISHER}:{server.port}{path}" for path in found]


def test_a_new_edition_is_sent_with_six_clicks_and_typing(site: Site, papers: list[str]) -> None:
    readers = people("april.example", 101)
    site.newsletter("monthly", draft, readers)
    with site.opened(Role.APPROVER) as page:
        page.goto("/")
        page.get_by_role("button", name="New edition").click()
        page.get_by_label("Subject", exact=True).fill("Monthly: three reports on what works")
        page.get_by_label("Preview line").fill(
            "What works in care, in housing and in schools, by those who tried."
        )
        page.locator("#letter .rich-text").fill("Dear reader, three reports this month.")
        page.get_by_label("By address").fill("\n".join(papers))
        page.get_by_role("button", name="Read and add").click()
        expect(page.locator(".item-title")).to_have_text(["Report 1", "Report 2", "Report 3"])
        page.get_by_role("link", name="Send a test").click()
        page.get_by_role("button", name="Send the proof").click()
        expect(page.get_by_role("status")).to_contain_text(f"Proof 1 went to {address(Role.APPROVER)}")
        page.get_by_role("link", name="Check and send").click()
        page.get_by_label("Type the number of people").fill("101")
        page.get_by_role("button", name="Send to 101 people").click()
        expect(page.get_by_role("button", name="Stop, don’t send")).to_be_visible()
        assert taken(page) == Steps(
            clicks=[
                "New edition",
                "Read and add",
                "Send a test",
                "Send the proof",
                "Check and send",
                "Send to 101 people",
            ],
            typed=[
                "Subject",
                "Preview line, beside the subject in an inbox",
                "Text",
                "By address: paste one or several, one a line",
                "Type the number of people: 101",
            ],
        )
        assert site.inbox("april.example") == {}
        site.hold_ends()
        page.wait_for_url("**/result", timeout=SENT_MS)
        expect(page.get_by_text("Finished: April 2026 went to 101 of 101.")).to_be_visible()
    assert site.inbox("april.example") == Counter(readers)
    assert site.inbox("example.org") == {address(Role.APPROVER): 1}


def test_a_document_becomes_two_hundred_mails(site: Site) -> None:
    readers = people("november.example", 200)
    site.newsletter("civic", two_see_to_it, readers)
    edition = "/staff/editions/civic/2026-11"
    with site.opened(Role.COMPOSER) as page:
        imports_the_sample(page)
        works_off_the_review_list(page)
        reorders(page)
        page.goto(edition)
        taken(page)
        page.get_by_role("link", name="Proof").click()
        page.get_by_role("button", name="Send the proof").click()
        expect(page.get_by_role("status")).to_contain_text(f"Proof 1 went to {address(Role.COMPOSER)}")
        assert taken(page) == Steps(clicks=["Proof", "Send the proof"])
        page.get_by_role("link", name="Approve", exact=True).click()
        expect(page.get_by_text("You changed it, so another person must approve it.")).to_be_visible()
    with site.opened(Role.APPROVER) as page:
        page.goto(f"{edition}/approve")  # the address that she was sent
        page.get_by_label("Type the number of people").fill("200")
        page.get_by_role("button", name="Approve for 200 people").click()
        page.get_by_role("link", name="On to sending").click()
        page.get_by_label("Type the number of people").fill("200")
        page.get_by_role("button", name="Send to 200 people").click()
        expect(page.get_by_role("button", name="Stop, don’t send")).to_be_visible()
        assert taken(page) == Steps(
            clicks=["Approve for 200 people", "On to sending", "Send to 200 people"],
            typed=["Type the number of people: 200"],
        )
        site.hold_ends()
        pauses_in_the_middle_and_goes_on(page, site)
        expect(page.get_by_text("Finished: November 2026 went to 200 of 200.")).to_be_visible()
        assert site.inbox("november.example") == Counter(readers)
        sums = page.get_by_role("row")
        expect(sums).to_have_text(
            [re.compile("State"), re.compile(r"Sent\b.*\b200\s*$", re.DOTALL), "All together200"]
        )
        page.get_by_role("link", name="Report by domain and reply code").click()
        expect(page.get_by_role("row", name="november.example")).to_contain_text("200 sent")
    with site.opened(Role.OPERATOR) as page:
        page.goto("/deliveries")
        page.get_by_role("searchbox").fill("reader-17@november.example")
        page.keyboard.press("Enter")
        answer = "Yes: November 2026 went to reader-17@november.example on "
        expect(page.get_by_role("status")).to_contain_text(answer)
        assert taken(page) == Steps(
            typed=["Reader’s address, Message-ID, edition, or what a server said"], keys=["Enter"]
        )


def two_see_to_it(_database: Session, newsletter: Newsletter) -> None:
    newsletter.needs_second = True


def imports_the_sample(page: Page) -> None:
    page.goto("/")
    civic = page.get_by_role("region", name="Civic")
    civic.get_by_label("The next one’s month or name").fill("2026-11")
    civic.get_by_role("button", name="New edition").click()
    page.get_by_text("From a document").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_label("Word, Markdown or text").click()
    chooser.value.set_files(SAMPLE)
    page.get_by_role("button", name="Import it").click()
    expect(page.locator(".item-title")).to_have_count(26)
    expect(page.get_by_label("Subject", exact=True)).to_have_value(re.compile("^Home care by the hour"))
    expect(page.locator("#letter .rich-text")).to_contain_text("Welcome to the November edition")
    assert taken(page) == Steps(
        clicks=["New edition", "From a document", "Word, Markdown or text, up to 20 MB", "Import it"],
        typed=["The next one’s month or name"],
    )


def works_off_the_review_list(page: Page) -> None:
    """One line is mended at its item, and each is ticked off, by one key after the other."""
    page.locator("#review").get_by_role("link", name=re.compile("^Item")).first.click()
    form = page.locator("details[data-item][open]")
    form.get_by_label("Publisher").fill("Institute for Local Care, Milbury")
    lines = page.locator("#review li").count()
    page.get_by_role("button", name=re.compile("^It is right now")).first.click()
    for left in range(lines - 1, 0, -1):
        expect(page.locator("#review li")).to_have_count(left)
        page.keyboard.press("Enter")  # the next one has the focus
    expect(page.locator("#review li")).to_have_count(0)
    assert taken(page) == Steps(
        clicks=["Item 2", "It is right now : line 1"], typed=["Publisher"], keys=["Enter"] * (lines - 1)
    )


def reorders(page: Page) -> None:
    """By one drag, or by one key."""
    said = page.locator("#said")
    drag(page, 3, onto=4)
    expect(said).to_contain_text("moved to position 3")
    page.locator("#handle-3").press("1")
    expect(said).to_contain_text("moved to position 1")
    steps = taken(page)
    assert steps == Steps(keys=["1"], drags=steps.drags)
    assert len(steps.drags) == 1


def pauses_in_the_middle_and_goes_on(page: Page, site: Site) -> None:
    """Until everybody has it; who had it when it was paused is said exactly."""
    expect(page.locator("#far + div strong")).to_have_text(re.compile("^[1-9]"), timeout=SENT_MS)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    site.comes_to_rest()
    count = len(site.inbox("november.example"))
    assert 0 < count < 200
    said = f"{count} have it already, and that cannot be called back. {200 - count} do not have it yet"
    expect(page.get_by_text(said)).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/result", timeout=SENT_MS)
    assert taken(page) == Steps(clicks=["Pause", "Go on"])


def test_what_is_held_can_be_taken_back_and_nobody_got_anything(site: Site) -> None:
    readers = people("quarter.example", 3)
    site.newsletter("quarterly", draft, readers)
    with site.opened(Role.APPROVER) as page:
        page.goto("/staff/editions/quarterly/2026-03/send")
        page.get_by_role("button", name="Send to 3 people").click()
        expect(page.get_by_text("It begins in")).to_be_visible()
        page.get_by_role("button", name="Stop, don’t send").click()
        expect(page.get_by_text("nothing of it is being sent")).to_be_visible()
        assert taken(page) == Steps(clicks=["Send to 3 people", "Stop, don’t send"])
        page.get_by_role("link", name="On to sending").click()
        page.get_by_role("button", name="Send to 3 people").click()
        expect(page.get_by_text("It begins in")).to_be_visible()
        assert site.inbox("quarter.example") == {}
        site.hold_ends()
        page.wait_for_url("**/result", timeout=SENT_MS)
    assert site.inbox("quarter.example") == Counter(readers)


def test_an_uncertain_one_is_settled(site: Site) -> None:
    site.newsletter("weekly", draft, [*people("week.example", 2), "quiet@silent.example"])
    site.sends("weekly/2026-03", 3)
    with site.opened(Role.OPERATOR) as page:
        page.goto("/")
        expect(row(page, "Weekly")).to_contain_text("Finished, 1 uncertain")
        row(page, "Weekly").get_by_role("link").click()
        page.get_by_role("link", name="Settle 1 uncertain one").click()
        page.get_by_label("March 2026 to quiet@silent.example").check()
        page.get_by_label("How you know about those that you ticked").fill("It is in the log of the relay.")
        page.get_by_role("button", name="They went").click()
        expect(page.get_by_role("status")).to_have_text("1 delivery is taken for sent.")
        assert taken(page) == Steps(
            clicks=[
                "March 2026",
                "Settle 1 uncertain one",
                "March 2026 to quiet@silent.example",
                "They went",
            ],
            typed=["How you know about those that you ticked"],
        )
        page.goto("/staff/editions/weekly/2026-03/result")
        expect(page.get_by_text("Finished: March 2026 went to 3 of 3.")).to_be_visible()
    assert site.inbox("week.example") == Counter(people("week.example", 2))


def test_who_did_not_get_it_is_sent_it_with_two_clicks(site: Site) -> None:
    site.newsletter("daily", draft, [*people("day.example", 2), "late@later.example"])
    with site.opened(Role.APPROVER) as page:
        page.goto("/staff/editions/daily/2026-03/send")
        page.get_by_text("To some of them first").click()
        page.get_by_label("To so many people first").fill("2")
        page.get_by_role("button", name="Send to 3 people").click()
        site.hold_ends()
        page.get_by_role("button", name="Go on").wait_for(timeout=SENT_MS)
        site.days_go_by("daily/2026-03", 3)
        page.get_by_role("button", name="Go on").click()
        page.wait_for_url("**/result", timeout=SENT_MS)
        expect(page.get_by_text("went to 2 of 3; 1 failed")).to_be_visible()
        page.goto("/")
        taken(page)
        row(page, "Daily").get_by_role("link").click()
        page.get_by_role("button", name="Send to the 1 who did not get it").click()
        page.wait_for_url("**/result", timeout=SENT_MS)
        expect(page.get_by_text("Finished: March 2026 went to 3 of 3.")).to_be_visible()
        assert taken(page) == Steps(clicks=["March 2026", "Send to the 1 who did not get it"])
    assert site.inbox("day.example") + site.inbox("later.example") == Counter(
        [*people("day.example", 2), "late@later.example"]
    )


def test_a_reader_is_out_with_two_clicks_and_back_with_one(site: Site) -> None:
    site.newsletter("yearly", draft, people("year.example", 1))
    site.sends("yearly/2026-03", 1)
    (mail,) = site.mailer.mailbox.list(search="@year.example")
    link = re.search(r'href="([^"]+)"[^>]*>\s*Unsubscribe', site.mailer.mailbox.read(mail.id).html)
    assert link
    with site.opened(None) as page:
        page.goto(link[1])  # the first click is in the mail
        page.get_by_role("button", name="Unsubscribe", exact=True).click()
        expect(page.get_by_role("heading", name="You are unsubscribed")).to_be_visible()
        assert taken(page) == Steps(clicks=["Unsubscribe"])
        with site.opened(Role.VIEWER) as staff:
            staff.goto("/staff/editions/yearly/2026-03/result")
            expect(staff.get_by_text("1 person unsubscribed by a link of this edition.")).to_be_visible()
        page.get_by_role("button", name="Undo, keep sending it to me").click()
        expect(page.get_by_role("heading", name="You are subscribed")).to_be_visible()
        assert taken(page) == Steps(clicks=["Undo, keep sending it to me"])


def row(page: Page, newsletter: str) -> Locator:
    """The one edition of a newsletter in the list of editions."""
    return page.get_by_role("region", name=newsletter).get_by_role("row").nth(1)
