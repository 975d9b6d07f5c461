"""The main job: from the document that staff wrote to mail in an inbox, a way out that works, and the log."""

import datetime
import email
import email.policy
import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from sqlalchemy import select

from pulse_mailer.bootstrap import Mailer, started
from pulse_mailer.cli import readership
from pulse_mailer.clock import now
from pulse_mailer.delivery import approving, doubts
from pulse_mailer.domain.delivery import Delivery, DeliveryStatus
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.subscriber import SubscriptionEvent, Way
from pulse_mailer.domain.suppression import SuppressionReason
from pulse_mailer.editions import inbox, reading
from pulse_mailer.mailbox.catcher import Catcher
from pulse_mailer.mailbox.store import Mailbox
from pulse_mailer.resources import templates_dir
from pulse_mailer.settings import load
from pulse_mailer.subscribers import audience
from pulse_mailer.subscribers.suppressing import suppressions
from pulse_mailer.web.app import create_app
from pulse_mailer.web.server import running
from tests.journeys.conftest import Program

READERS = "Email,First name\nann@example.org,Ann\nBob@Example.ORG,Bob\ncleo@example.org,Cleo\n"


@pytest.fixture
def mailbox(program: Program) -> Mailbox:
    return Mailbox(program.folder / "data" / "mailbox")


@pytest.fixture
def catcher(program: Program, mailbox: Mailbox) -> Iterator[Catcher]:
    with Catcher(mailbox, port=0) as running_catcher:
        program.set("SMTP_PORT", running_catcher.port)
        yield running_catcher


@pytest.fixture
def sample(program: Program) -> Path:
    """The sample edition, without its pictures."""
    found = program.folder / "edition.md"
    shutil.copy(templates_dir() / "demo" / "edition.md", found)
    return found


@pytest.fixture
def imported(program: Program, sample: Path) -> Program:
    assert program("edition", "import", sample, "--new-newsletter").status == 0
    (program.folder / "readers.csv").write_text(READERS)
    assert program("subscriber", "import", "readers.csv").status == 0
    return program


@pytest.fixture
def mailer(program: Program) -> Iterator[Mailer]:
    with started(load()) as opened:
        yield opened


def one_click(mailer: Mailer, link: str) -> requests.Response:
    with running(create_app(mailer)) as base_url:
        return requests.post(
            link.replace("http://127.0.0.1:8025", base_url),
            data={"List-Unsubscribe": "One-Click"},
            timeout=10,
            allow_redirects=False,
        )


def test_from_a_document_to_an_inbox_and_out_again(
    imported: Program, catcher: Catcher, mailbox: Mailbox, mailer: Mailer
) -> None:
    assert imported("edition", "check", "2026-11").status == 0

    shown = imported("edition", "send", "2026-11", "--dry-run")
    assert "goes to 3 people" in shown.out
    assert mailbox.count() == 0

    sent = imported("edition", "send", "2026-11", "--confirm-count", "3")
    assert sent.status == 0
    assert mailbox.count() == 3
    report = json.loads(imported("edition", "report", "2026-11", "--json").out)
    assert report["by_state"]["sent"] == report["audience"] == 3
    assert report["adds_up"]

    found = imported("delivery", "find", "BOB@example.org")
    assert found.out.startswith("Yes: November 2026 went to BOB@example.org on ")
    assert f"accepted by 127.0.0.1:{catcher.port} (250 2.0.0" in found.out

    (envelope,) = [caught for caught in mailbox.list() if caught.recipients == ("ann@example.org",)]
    source = (mailbox.folder / f"{envelope.id}.eml").read_bytes()
    message = email.message_from_bytes(source, policy=email.policy.default)
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = str(message["List-Unsubscribe"]).strip("<>")
    answer = one_click(mailer, link)
    assert answer.status_code == 200

    shown = imported("subscriber", "show", "ann@example.org")
    assert "unsubscribed" in shown.out
    again = imported("subscriber", "import", "readers.csv")
    assert again.status == 3
    assert "ann@example.org" in again.out


def test_a_second_import_of_the_same_document_changes_nothing(imported: Program, sample: Path) -> None:
    before = imported("edition", "show", "2026-11", "--json").out
    again = imported("edition", "import", sample)
    assert "is as it was" in again.out
    assert imported("edition", "show", "2026-11", "--json").out == before


def test_a_changed_document_brings_the_draft_up_to_date(imported: Program, sample: Path) -> None:
    text = sample.read_text(encoding="utf-8")
    sample.write_text(text.replace("Two researchers wanted", "Three researchers wanted"), encoding="utf-8")
    assert "was brought up to date" in imported("edition", "import", sample).out
    shown = imported("edition", "show", "2026-11", "--json").out
    assert "Three researchers wanted" in shown
    assert "Two researchers wanted" not in shown


def test_an_edition_that_went_out_is_not_changed_by_an_import(
    imported: Program, sample: Path, catcher: Catcher
) -> None:
    assert catcher.port
    imported("edition", "send", "2026-11", "--confirm-count", "3")
    assert "is as it was" in imported("edition", "import", sample).out
    sample.write_text(sample.read_text(encoding="utf-8").replace("Two researchers", "Three researchers"))
    assert imported("edition", "import", sample).status == 4


def test_a_blocked_edition_goes_out_only_by_naming_what_is_overridden(
    imported: Program, sample: Path, catcher: Catcher, mailbox: Mailbox
) -> None:
    assert catcher.port
    text = sample.read_text(encoding="utf-8")
    letter = "Dear colleague,"
    start = text.index("\n\n", text.index("November 2026"))
    sample.write_text(f"{text[:start]}\n\n{letter} [the plan](#) is out.{text[start:]}", encoding="utf-8")
    imported("edition", "import", sample)
    checked = imported("edition", "check", "2026-11")
    assert checked.status == 4
    assert "link-placeholder" in checked.out
    refused = imported("edition", "send", "2026-11", "--confirm-count", "3")
    assert refused.status == 4
    assert mailbox.count() == 0
    unknown = imported("edition", "send", "2026-11", "--confirm-count", "3", "--force", "link-placehodler")
    assert unknown.status == 2
    forced = imported("edition", "send", "2026-11", "--confirm-count", "3", "--force", "link-placeholder")
    assert forced.status == 0
    assert mailbox.count() == 3


def test_rendered_as_a_reader_it_holds_their_way_out(imported: Program) -> None:
    mail = imported(
        "edition", "render", "2026-11", "--as", "cleo@example.org", "--format", "eml", "-o", "m.eml"
    )
    assert mail.status == 0
    message = email.message_from_bytes((imported.folder / "m.eml").read_bytes(), policy=email.policy.default)
    assert message["To"] == "cleo@example.org"
    link = str(message["List-Unsubscribe"]).strip("<>")
    html = imported("edition", "render", "2026-11", "--as", "cleo@example.org").out
    text = imported("edition", "render", "2026-11", "--as", "cleo@example.org", "--format", "text").out
    assert link in html
    assert link in text


def test_pictures_outside_the_documents_folder_are_not_read(program: Program, sample: Path) -> None:
    inside = program.folder / "work"
    inside.mkdir()
    shutil.copy(templates_dir() / "demo" / "edition.md", inside / "edition.md")
    text = (inside / "edition.md").read_text(encoding="utf-8")
    (program.folder / "secret.png").write_bytes(b"secret")
    (inside / "edition.md").write_text(text.replace("](pictures/", "](../pictures/"), encoding="utf-8")
    assert sample.exists()
    shown = program("edition", "import", inside / "edition.md", "--new-newsletter", "--json")
    found = json.loads(shown.out)
    assert [doubt["doubt"] for doubt in found["review"]].count("picture") == 5


@pytest.mark.shared
def test_the_real_edition_is_understood_whole(program: Program, real_edition: Path) -> None:
    shown = json.loads(program("edition", "import", real_edition, "--new-newsletter", "--json").out)
    counts = [
        sum(len(category["items"]) for category in section["categories"]) for section in shown["sections"]
    ]
    assert shown["newsletter"] == "CordisPulse"
    assert shown["period"] == "April 2022"
    assert [section["is_news"] for section in shown["sections"]] == [True, False, False, False]
    assert counts == [1, 8, 12, 9]
    assert shown["letter"]["signed_by"] == "Dr Stephen Boxford"
    assert shown["letter"]["signed_role"] == "Head of Research"


@pytest.mark.shared
def test_the_real_edition_goes_through_the_demo_and_adds_up(program: Program, real_edition: Path) -> None:
    ended = program("demo", "--edition", real_edition, "--recipients", "200", "--dir", "demo")
    assert ended.status == 0, ended
    assert "link-missing" in ended.out.partition("Overridden by name:")[2]
    assert "Finished: April 2022 went to 196 of 196." in ended.out
    assert "adds up" in ended.out
    assert "The mailbox caught 196 mails." in ended.out


@pytest.mark.shared
def test_the_real_editions_html_stays_under_90_kilobytes(program: Program, real_edition: Path) -> None:
    program("edition", "import", real_edition, "--new-newsletter")
    program("edition", "render", "2022-04", "-o", "mail.html")
    assert (program.folder / "mail.html").stat().st_size < 90_000


def test_the_demo_runs_twice_in_the_same_folder(program: Program) -> None:
    for _ in range(2):
        ended = program("demo", "--recipients", "6", "--dir", "demo")
        assert ended.status == 0, ended
        assert "Finished: November 2026 went to 3 of 3." in ended.out


def test_the_demo_leaves_a_newsletter_at_work(program: Program) -> None:
    begun = now()
    ended = program("demo", "--dir", "demo")
    assert ended.status == 0, ended
    assert "make run" in ended.out or "serve --link" in ended.out
    assert now() - begun < datetime.timedelta(minutes=10)  # the clock is as it was
    with started(load(data_dir=program.folder / "demo", database_url="")) as mailer:
        with mailer.database.reading() as database:
            editions = {edition.key: edition for edition in database.scalars(select(Edition))}
            states = Counter(database.scalars(select(Delivery.status)))
            doubt = doubts.uncertain(database)
            suppressed = {one.reason for one in suppressions(database)}
            count = audience.numbers(database, editions["2026-12"].newsletter_id).audience
            draft = approving.check(reading.edition(database, "2027-02"), mailer.links)
            waiting = inbox.candidates(database, editions["2026-12"].newsletter_id)
            ways = set(database.scalars(select(SubscriptionEvent.way)))
        sent = [key for key, edition in editions.items() if edition.status is EditionStatus.SENT]
        assert sorted(sent) == ["2026-06", "2026-07", "2026-08", "2026-09", "2026-10", "2026-11"]
        assert [editions[key].status.value for key in ("2026-12", "2027-01", "2027-02")] == [
            "approved", "scheduled", "draft",
        ]  # fmt: skip
        begins = [editions[key].frozen_at for key in sorted(sent)]
        assert begins == sorted(begins, key=str)
        assert begins[0] is not None
        assert begins[0] < begun - datetime.timedelta(days=120)
        starts = editions["2027-01"].starts_at
        assert starts is not None
        assert starts > now()
        assert set(states) == {DeliveryStatus.SENT, DeliveryStatus.FAILED, DeliveryStatus.UNCERTAIN}
        assert [(one.edition_key, one.address) for one in doubt] == [
            ("2026-10", "j.arkwright@silent.example")
        ]
        assert suppressed == {SuppressionReason.BOUNCED, SuppressionReason.COMPLAINED}
        assert ways == {Way.IMPORT, Way.PAGE, Way.ONE_CLICK, Way.STAFF}
        assert 110 <= count <= 140
        assert draft.errors
        assert len(waiting) == 3


def test_nobody_real_could_be_mailed_by_the_demo() -> None:
    reserved = re.compile(r"(?:.*\.)?(?:example\.(?:com|net|org)|example)")
    for row in readership.readers(2_000):
        assert reserved.fullmatch(row[0].partition("@")[2].casefold()), row
    assert len({row[0].casefold() for row in readership.readers(2_000)}) == 2_000
