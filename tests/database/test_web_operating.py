"""What operators see and do in the browser: deliveries, doubts, reports, suppressions, workers."""

import csv
import email
import email.policy
import io
import itertools
import re
from collections.abc import Iterator

import pytest
import requests
from sqlalchemy import select, update

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.delivery import standstill
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.delivery import Attempt, Delivery, DeliveryStatus
from pulse_mailer.domain.staff import Role
from pulse_mailer.subscribers.erasing import erase
from pulse_mailer.web.app import create_app
from pulse_mailer.web.server import running
from tests.pages_given import KEY, SLUG, delivery_id, given_sent
from tests.staff_given import address as staff_address
from tests.staff_given import cookies, csrf, given_staff

EDITION = f"/staff/editions/{SLUG}/{KEY}"
HOSTILE = ("<script>alert(1)</script>", "' OR 1=1 --", "%_\\", "\u202e" * 20, "a" * 400, "😀@😀", "{{ 7*7 }}")


@pytest.fixture
def site(mailer: Mailer) -> Iterator[str]:
    given_sent(mailer)
    given_staff(mailer)
    with running(create_app(mailer)) as url:
        yield url


def get(url: str, status: int = 200, role: Role = Role.OPERATOR) -> str:
    answer = requests.get(url, timeout=20, cookies=cookies(role))
    assert answer.status_code == status, answer.text
    return answer.text


def post(url: str, *, status: int = 200, role: Role = Role.OPERATOR, **form: object) -> str:
    answer = requests.post(url, data=form, timeout=20, cookies=cookies(role), headers=csrf(role))
    assert answer.status_code == status, answer.text
    return words(answer.text)


def words(page: str) -> str:
    """What a person reads of a page, on one line."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def audited(mailer: Mailer) -> list[tuple[str, str]]:
    with mailer.database.reading() as database:
        rows = database.scalars(select(AuditRecord).order_by(AuditRecord.id))
        return [(row.action, row.actor) for row in rows]


def state(mailer: Mailer, address: str) -> DeliveryStatus:
    with mailer.database.reading() as database:
        return database.scalars(select(Delivery.status).where(Delivery.address == address)).one()


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("reader-1@example.org", "Yes: May 2025 went to reader-1@example.org"),
        ("  reader-1@example.org   May 2025 ", "Yes: May 2025 went to reader-1@example.org"),
        (f"{SLUG}/{KEY}", "Being sent: May 2025 went to 3 of 6"),
        ("may 2025", "Being sent: May 2025 went to 3 of 6"),
        ("no such user", "1 delivery of May 2025 in which a server said “no such user”"),
        ("No Such User HERE", "1 delivery of May 2025"),
        ("zebra", "in which a server said “zebra”. Only the latest edition was searched: choose another"),
    ],
)
def test_one_box_understands_what_is_typed(site: str, typed: str, told: str) -> None:
    answer = requests.get(f"{site}/deliveries", params={"q": typed}, timeout=20, cookies=cookies())
    assert answer.status_code == 200
    assert told in words(answer.text)


@pytest.mark.parametrize("form", ["{}", "<{}>", "Message-ID: <{}>"])
def test_a_message_id_is_answered_for(mailer: Mailer, site: str, form: str) -> None:
    with mailer.database.reading() as database:
        found = select(Delivery.message_id).where(Delivery.address == "gone@example.org")
        typed = form.format(database.scalars(found).one())
    page = requests.get(f"{site}/deliveries", params={"q": typed}, timeout=20, cookies=cookies()).text
    assert "refused May 2025 for gone@example.org" in words(page)
    assert "1 delivery ·" in words(page)


def test_what_is_too_short_to_look_for_is_said(site: str) -> None:
    assert "too short to look for" in get(f"{site}/deliveries?q=ab", status=422)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("code=550", ["gone@example.org"]),
        ("code=550+5.1.1", ["gone@example.org"]),
        ("code=452+4.2.2", ["full@example.org"]),
        ("code=571", []),
        ("code=nonsense", []),
        ("domain=EXAMPLE.org&state=failed", ["gone@example.org"]),
        ("domain=example.com", []),
        ("domain=%25", []),
        ("state=deferred", ["full@example.org"]),
        ("state=queued", []),
        ("state=sending", []),
        ("q=mailbox+full&state=deferred", ["full@example.org"]),
        (f"edition={SLUG}/{KEY}&code=550&domain=example.org", ["gone@example.org"]),
    ],
)
def test_the_list_and_its_file_are_of_the_same_deliveries(site: str, query: str, found: list[str]) -> None:
    page = get(f"{site}/deliveries?{query}")
    assert re.findall(r'<a href="/deliveries/\d+">([^<]+)</a></th>', page) == found
    rows = list(csv.DictReader(io.StringIO(get(f"{site}/deliveries.csv?{query}"))))
    assert [row["address"] for row in rows] == found


def test_filters_are_shown_with_their_counts(site: str) -> None:
    page = words(get(f"{site}/deliveries?edition={SLUG}/{KEY}"))
    assert "All 6" in page
    assert "Sent 3" in page
    assert "Refused 1" in page
    assert "example.org 3" in page  # of one that is being sent, those in trouble
    assert "550 5.1.1 1" in page


def test_the_file_holds_no_formula(mailer: Mailer, site: str) -> None:
    with mailer.database.transaction() as database:
        database.execute(
            update(Delivery)
            .where(Delivery.address == "gone@example.org")
            .values(address="=cmd|x@example.org", reason='@SUM(1)*"1",\r\n+2')
        )
    raw = get(f"{site}/deliveries.csv?state=failed")
    (row,) = csv.DictReader(io.StringIO(raw, newline=""))
    assert row["address"] == "'=cmd|x@example.org"
    assert row["reason"].startswith("'@SUM")


def test_the_file_is_written_piece_by_piece(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pulse_mailer.delivery.browsing.CHUNK", 2)
    assert len(list(csv.DictReader(io.StringIO(get(f"{site}/deliveries.csv"))))) == 6


def test_a_deliverys_page_says_what_the_answer_means(mailer: Mailer, site: str) -> None:
    page = words(get(f"{site}/deliveries/{delivery_id(mailer, 'gone@example.org')}"))
    assert "There is no such mailbox. Trying again will hardly help." in page
    page = words(get(f"{site}/deliveries/{delivery_id(mailer, 'full@example.org')}"))
    assert "The mailbox is full. Trying again may help." in page


def test_a_page_names_no_command_for_what_pages_do(site: str) -> None:
    told = words(get(f"{site}/deliveries/999999", 404))
    assert "There is no delivery 999999. Find it by address." in told
    assert "pulse-mailer" not in told


def test_the_mail_is_the_one_that_went(mailer: Mailer, site: str) -> None:
    number = delivery_id(mailer, "reader-1@example.org")
    answer = requests.get(f"{site}/deliveries/{number}/mail.eml", timeout=20, cookies=cookies())
    kept = next(one for one in mailer.mailbox.list() if "reader-1@example.org" in one.recipients)
    assert answer.text == mailer.mailbox.read(kept.id).source
    assert answer.headers["Content-Disposition"] == f'attachment; filename="delivery-{number}.eml"'
    parsed = email.message_from_bytes(answer.content, policy=email.policy.default)
    assert str(parsed["To"]) == "reader-1@example.org"
    assert "Ten years of neighbourhood teams" in get(f"{site}/deliveries/{number}/mail")
    assert "List-Unsubscribe-Post" in get(f"{site}/deliveries/{number}?show=headers")


def test_the_mail_of_somebody_forgotten_is_not_made_again(mailer: Mailer, site: str) -> None:
    number = delivery_id(mailer, "reader-1@example.org")
    with mailer.database.transaction() as database:
        erase(database, mailer.keys, Address.parse("reader-1@example.org"), actor="ann")
    assert "asked to be forgotten" in words(get(f"{site}/deliveries/{number}"))
    get(f"{site}/deliveries/{number}/mail", status=409)
    post(f"{site}/deliveries/{number}/suppress", status=409)


def test_one_who_failed_is_sent_it_again(mailer: Mailer, site: str) -> None:
    number = delivery_id(mailer, "gone@example.org")
    page = post(f"{site}/deliveries/{number}/retry")
    assert "It waits again" in page
    assert state(mailer, "gone@example.org") is DeliveryStatus.QUEUED
    assert ("deliveries.retried", staff_address(Role.OPERATOR)) in audited(mailer)
    assert "only one that failed" in post(f"{site}/deliveries/{number}/retry", status=409)


def test_an_address_is_suppressed_after_a_question(mailer: Mailer, site: str) -> None:
    number = delivery_id(mailer, "reader-2@example.org")
    assert "Never write to reader-2@example.org again?" in words(get(f"{site}/deliveries/{number}/suppress"))
    page = post(f"{site}/deliveries/{number}/suppress", note="asked by telephone")
    assert "Nothing is sent to reader-2@example.org any more." in page
    assert audited(mailer)[-1] == ("suppression.added", staff_address(Role.OPERATOR))
    page = words(get(f"{site}/suppressions?q=reader-2@example.org"))
    assert "Yes: reader-2@example.org is suppressed" in page
    assert "asked by telephone" in page


def test_a_suppression_is_added_and_removed(mailer: Mailer, site: str) -> None:
    assert "x@example.net is suppressed now." in post(f"{site}/suppressions", address="x@example.net")
    assert "suppressed already" in post(f"{site}/suppressions", address="X@EXAMPLE.net")
    assert "No: y@example.net is not suppressed." in words(get(f"{site}/suppressions?q=y@example.net"))
    page = words(get(f"{site}/suppressions/remove?address=x@example.net"))
    assert "Write to x@example.net again?" in page
    assert "harms the name" in page
    assert "may be written to again" in post(f"{site}/suppressions/remove", address="x@example.net")
    post(f"{site}/suppressions/remove", address="x@example.net", status=404)
    page = post(f"{site}/suppressions", address="no address", note="keep this", status=422)
    assert "is not an e-mail address" in page


def test_doubts_are_settled_together(mailer: Mailer, site: str) -> None:
    number = delivery_id(mailer, "unsure@example.org")
    assert "May 2025 to unsure@example.org" in get(f"{site}/uncertain?edition={SLUG}/{KEY}")
    refused = post(f"{site}/uncertain", number=[number], went="yes", status=400)
    assert "wants a reason" in refused
    assert "1 delivery is taken for sent." in post(
        f"{site}/uncertain", number=[number], went="yes", why="in its log"
    )
    assert state(mailer, "unsure@example.org") is DeliveryStatus.SENT
    assert "Nothing is uncertain." in words(get(f"{site}/uncertain"))
    again = post(f"{site}/uncertain", number=[number], went="no", why="not in its log", status=409)
    assert "Only uncertain deliveries can be settled." in again
    post(f"{site}/uncertain", went="no", why="nothing ticked", status=409)


def test_a_doubt_is_sent_again(mailer: Mailer, site: str) -> None:
    number = delivery_id(mailer, "unsure@example.org")
    page = post(f"{site}/uncertain", number=number, went="no", why="not in its log")
    assert "1 delivery waits to be sent once more." in page
    assert state(mailer, "unsure@example.org") is DeliveryStatus.QUEUED
    assert audited(mailer)[-1] == ("deliveries.settled", staff_address(Role.OPERATOR))


def test_a_report_tells_by_state_domain_and_code(site: str) -> None:
    page = words(get(f"{site}{EDITION}/report", role=Role.VIEWER))
    assert "Being sent: May 2025 went to 3 of 6" in page
    assert "550 5.1.1 There is no such mailbox." in page
    assert "example.org" in page
    assert "reader-1@" not in page


def test_the_failed_are_retried_and_those_refused_for_good_only_with_a_tick(
    mailer: Mailer, site: str
) -> None:
    with mailer.database.transaction() as database:
        fail = {"status": DeliveryStatus.FAILED, "next_attempt_at": None}
        database.execute(update(Delivery).where(Delivery.address == "full@example.org").values(**fail))
    page = words(get(f"{site}{EDITION}/report"))
    assert "Retry 1 person who failed for now" in page
    page = words(get(f"{site}{EDITION}/retry"))
    assert "1 other was refused for good" in page
    assert "Progress of May 2025" in post(f"{site}{EDITION}/retry")
    assert state(mailer, "full@example.org") is DeliveryStatus.QUEUED
    assert state(mailer, "gone@example.org") is DeliveryStatus.FAILED
    page = post(f"{site}{EDITION}/retry", domain="example.com", permanent="true", status=409)
    assert "Nobody at example.com is to be tried again" in words(page)
    assert state(mailer, "gone@example.org") is DeliveryStatus.FAILED
    post(f"{site}{EDITION}/retry", domain="example.org", code="550 5.1.1", permanent="true")
    assert state(mailer, "gone@example.org") is DeliveryStatus.QUEUED


def test_everything_is_paused_and_every_page_says_so(mailer: Mailer, site: str) -> None:
    assert "No worker runs" in words(get(f"{site}/workers"))
    assert "wants a reason" in post(f"{site}/workers/pause", why="  ", status=422)
    page = post(f"{site}/workers/pause", why="The relay is <b>on fire</b>.")
    assert "Nothing is handed over any more" in page
    for path in ("/", "/deliveries", "/uncertain"):
        shown = get(site + path, role=Role.APPROVER)
        assert "All sending is paused" in words(shown)
        assert "<b>on fire</b>" not in shown
    with mailer.database.reading() as database:
        assert standstill.still(database)
    post(f"{site}/workers/pause", why="again", status=409)
    assert "Sending goes on where it was." in post(f"{site}/workers/resume")
    post(f"{site}/workers/resume", status=409)
    assert "All sending is paused" not in words(get(f"{site}/"))


def test_health_and_settings_are_those_of_the_doctor(
    mailer: Mailer, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSE_MAILER_HOLD_MINUTES", "7")
    page = words(get(f"{site}/health"))
    assert "is at its newest migration" in page
    assert "No mail server was asked." in page
    page = get(f"{site}/settings", role=Role.ADMIN)
    chosen, _, untouched = page.partition("As they come</h2>")
    assert ("PULSE_MAILER_HOLD_MINUTES" in chosen, "PULSE_MAILER_HOLD_MINUTES" in untouched) == (True, False)
    assert "PULSE_MAILER_SMTP_PORT" in untouched
    get(f"{site}/settings", role=Role.OPERATOR, status=403)


def test_hostile_filters_are_no_fault_of_ours(site: str) -> None:
    fields = ("q", "edition", "state", "domain", "code", "after", "went")
    paths = ("/deliveries", "/deliveries.csv", f"{EDITION}/retry", "/uncertain", "/suppressions")
    for field, typed, path in itertools.product(fields, HOSTILE, paths):
        answer = requests.get(site + path, params={field: typed}, timeout=20, cookies=cookies())
        assert answer.status_code < 500, (path, answer.text)
        assert "<script>alert" not in answer.text
        assert "Traceback" not in answer.text


def test_hostile_forms_are_no_fault_of_ours(mailer: Mailer, site: str) -> None:
    number = delivery_id(mailer, "unsure@example.org")
    for path, form in itertools.chain.from_iterable(hostile_forms(number, typed) for typed in HOSTILE):
        answer = requests.post(site + path, data=form, timeout=20, cookies=cookies(), headers=csrf())
        assert answer.status_code < 500, (path, answer.text)
        assert "<script>alert" not in answer.text


def hostile_forms(number: int, typed: str) -> list[tuple[str, dict[str, str | int]]]:
    return [
        ("/suppressions", {"address": typed, "note": typed}),
        ("/suppressions", {"address": "a@example.org", "reason": typed}),
        ("/suppressions/remove", {"address": typed}),
        ("/uncertain", {"number": typed, "went": "no", "why": typed}),
        ("/uncertain", {"number": number, "went": typed, "why": "x"}),
        ("/uncertain", {"number": 10**30, "went": "yes", "why": "x", "edition": typed}),
        (f"{EDITION}/retry", {"domain": typed, "code": typed, "permanent": typed}),
        (f"/deliveries/{number}/suppress", {"note": typed}),
    ]


@pytest.mark.parametrize(
    "path", ["/deliveries/1/retry", "/deliveries/1/suppress", "/suppressions", "/uncertain", "/workers/pause"]
)
def test_without_the_token_of_the_session_nothing_is_done(mailer: Mailer, site: str, path: str) -> None:
    before = audited(mailer)
    form = {"address": "a@example.org", "went": "yes", "why": "x", "number": "1"}
    answer = requests.post(site + path, data=form, timeout=20, cookies=cookies())
    assert answer.status_code == 403
    assert audited(mailer) == before


def test_the_last_answers_are_searched_as_well_as_the_first(mailer: Mailer, site: str) -> None:
    with mailer.database.transaction() as database:
        number = delivery_id(mailer, "reader-1@example.org")
        database.execute(
            update(Attempt).where(Attempt.delivery_id == number).values(reply="queued as 4711-ZZ")
        )
    assert "1 delivery of May 2025" in words(get(f"{site}/deliveries?q=as+4711-zz"))
