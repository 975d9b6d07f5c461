"""Choosing sections over real HTTP, behind the link in a mail."""

import base64
import dataclasses
from collections.abc import Iterator

import pytest
import requests
from sqlalchemy import delete, select, update

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.newsletter import ProgrammeSection
from pulse_mailer.domain.subscriber import Subscription, Way
from pulse_mailer.keys import Keys
from pulse_mailer.links import FOR_SHOW, Links, Purpose
from pulse_mailer.subscribers.leaving import leave
from pulse_mailer.web.app import create_app
from pulse_mailer.web.server import running
from tests.database.subscribers_given import everything
from tests.database.test_web_ways_out import LOOKS
from tests.pages_given import Reader, given_draft, given_reader, given_readers, given_sent

HEALTH, CHILDREN, JUSTICE = (
    "Health and Social Care",
    "Children and Young People",
    "Justice and Safer Communities",
)


@pytest.fixture
def reader(mailer: Mailer) -> Reader:
    given_draft(mailer)
    given_readers(mailer, 1)
    return given_reader(mailer)


@pytest.fixture
def site(mailer: Mailer) -> Iterator[str]:
    with running(create_app(mailer)) as url:
        yield url


@pytest.fixture
def page(mailer: Mailer, reader: Reader, site: str) -> str:
    return f"{site}/p/{mailer.links.token(Purpose.PREFERENCES, reader.public_id)}"


@pytest.fixture
def ids(mailer: Mailer, reader: Reader) -> dict[str, str]:
    with mailer.database.reading() as database:
        rows = database.execute(select(ProgrammeSection.name, ProgrammeSection.id))
        return {row.name: str(row.id) for row in rows}


def choice(mailer: Mailer, reader: Reader) -> str:
    with mailer.database.reading() as database:
        wanted = select(Subscription.choice).where(Subscription.public_id == reader.public_id)
        return database.scalars(wanted).one()


def post(page: str, which: str, *sections: str) -> requests.Response:
    return requests.post(page, data={"which": which, "section": sections}, timeout=10, allow_redirects=False)


def test_the_page_offers_the_programme_and_begins_with_all_of_it(page: str, reader: Reader) -> None:
    shown = requests.get(page, timeout=10).text
    assert all(name in shown for name in (HEALTH, CHILDREN, JUSTICE))
    assert 'value="all" checked>All sections, also new ones' in shown
    assert "“From Harbour” comes along with any of them." in shown
    assert "r•••@example.org" in shown
    assert reader.address not in shown


def test_the_way_out_leads_to_fewer_sections_where_there_is_a_choice(
    page: str, mailer: Mailer, reader: Reader, site: str
) -> None:
    shown = requests.get(f"{site}/u/{reader.token}", timeout=10).text
    assert f'href="{page.removeprefix(site)}">Rather get fewer sections of it' in shown
    with mailer.database.transaction() as database:
        database.execute(delete(ProgrammeSection).where(ProgrammeSection.name.in_((HEALTH, CHILDREN))))
    assert "/p/" not in requests.get(f"{site}/u/{reader.token}", timeout=10).text


def test_looking_changes_nothing(page: str, mailer: Mailer) -> None:
    before = everything(mailer.database)
    for method, headers in LOOKS:
        answer = requests.request(method, page, headers=headers, timeout=10)
        assert answer.status_code in (200, 204)
        assert everything(mailer.database) == before, (method, headers)


def test_a_choice_holds_is_shown_again_and_is_on_record(
    page: str, mailer: Mailer, reader: Reader, ids: dict[str, str]
) -> None:
    answer = post(page, "chosen", ids[JUSTICE], ids[HEALTH])
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (200, False)
    assert "Your choice is saved" in answer.text
    assert choice(mailer, reader) == f"{ids[HEALTH]},{ids[JUSTICE]}"
    shown = requests.get(page, timeout=10).text
    assert 'value="chosen" checked' in shown
    assert f'value="{ids[HEALTH]}" checked' in shown
    assert f'value="{ids[CHILDREN]}">' in shown
    with mailer.database.reading() as database:
        record = database.scalars(
            select(AuditRecord).where(AuditRecord.action == "subscription.sections-chosen")
        ).one()
    assert (record.actor, record.subject) == ("subscriber", f"subscription {reader.public_id}")
    assert (record.before, record.after) == (
        {"choice": ""},
        {"choice": f"{ids[HEALTH]},{ids[JUSTICE]}"},
    )


def test_all_sections_are_no_choice_whatever_is_ticked(
    page: str, mailer: Mailer, reader: Reader, ids: dict[str, str]
) -> None:
    post(page, "chosen", ids[HEALTH])
    answer = post(page, "all", ids[HEALTH])
    assert "<strong>all sections</strong>, also new ones" in answer.text
    assert choice(mailer, reader) == ""


def undo_of(answer: requests.Response) -> dict[str, list[str]]:
    """The fields of the form behind Undo."""
    parts = answer.text.split('<input type="hidden" name="')[1:]
    found: dict[str, list[str]] = {}
    for part in parts:
        name, value = part.split('" value="')
        found.setdefault(name, []).append(value.partition('"')[0])
    return found


def test_undo_is_the_choice_before(page: str, mailer: Mailer, reader: Reader, ids: dict[str, str]) -> None:
    first = post(page, "chosen", ids[HEALTH], ids[JUSTICE])
    second = post(page, "chosen", ids[CHILDREN])
    assert undo_of(second) == {"which": ["chosen"], "section": [ids[HEALTH], ids[JUSTICE]]}
    requests.post(page, data=undo_of(second), timeout=10)
    assert choice(mailer, reader) == f"{ids[HEALTH]},{ids[JUSTICE]}"
    assert undo_of(first) == {"which": ["all"]}
    requests.post(page, data=undo_of(first), timeout=10)
    assert choice(mailer, reader) == ""


def test_saving_what_holds_already_notes_nothing_and_offers_no_undo(
    page: str, mailer: Mailer, ids: dict[str, str]
) -> None:
    post(page, "chosen", ids[HEALTH])
    before = everything(mailer.database)
    answer = post(page, "chosen", ids[HEALTH])
    assert answer.status_code == 200
    assert undo_of(answer) == {}
    assert everything(mailer.database) == before


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"which": "chosen"}, 400, "Tick at least one section. Nothing was changed."),
        ({}, 400, "Tick at least one section."),  # whoever posts without the form
        ({"section": "99999999999999999999"}, 409, "The sections have changed since you opened the page."),
        ({"section": "health"}, 422, "That could not be understood"),
    ],
)
def test_what_cannot_be_chosen_changes_nothing_and_says_so(
    page: str, mailer: Mailer, body: dict[str, str], status: int, words: str
) -> None:
    before = everything(mailer.database)
    answer = requests.post(page, data=body, timeout=10)
    assert answer.status_code == status
    assert words in answer.text
    assert everything(mailer.database) == before


def test_the_sender_s_own_news_cannot_be_chosen(page: str, ids: dict[str, str]) -> None:
    assert post(page, "chosen", ids["From Harbour"]).status_code == 409


def test_a_section_that_is_no_more_is_not_brought_back_by_undo(
    page: str, mailer: Mailer, ids: dict[str, str]
) -> None:
    post(page, "chosen", ids[HEALTH])
    with mailer.database.transaction() as database:
        database.execute(delete(ProgrammeSection).where(ProgrammeSection.id == int(ids[HEALTH])))
    answer = post(page, "chosen", ids[CHILDREN])
    assert answer.status_code == 200
    assert undo_of(answer) == {}


def test_where_there_is_nothing_to_choose_among_the_page_says_so(page: str, mailer: Mailer) -> None:
    with mailer.database.transaction() as database:
        database.execute(delete(ProgrammeSection).where(ProgrammeSection.name != HEALTH))
    answer = requests.get(page, timeout=10)
    assert answer.status_code == 200
    assert "has no sections to choose among" in answer.text
    assert "<form" not in answer.text


def test_who_has_left_is_led_to_their_subscription(
    page: str, mailer: Mailer, reader: Reader, site: str, ids: dict[str, str]
) -> None:
    with mailer.database.transaction() as database:
        leave(database, reader.public_id, way=Way.PAGE, actor="subscriber")
    before = everything(mailer.database)
    for answer, status in ((requests.get(page, timeout=10), 200), (post(page, "chosen", ids[HEALTH]), 409)):
        assert answer.status_code == status
        assert "You are unsubscribed" in answer.text
        assert f'href="/u/{reader.token}"' in answer.text
    assert requests.get(f"{site}/u/{reader.token}", timeout=10).status_code == 200
    assert everything(mailer.database) == before


def test_a_link_that_is_not_ours_gets_the_one_answer(page: str, mailer: Mailer, reader: Reader) -> None:
    start, _, token = page.rpartition("/")
    bad = (reader.token, token[:-1], "nonsense", mailer.links.token(Purpose.PREFERENCES, "a" * 16))
    answers = {
        (answer.status_code, answer.text)
        for one in bad
        for answer in (requests.get(f"{start}/{one}", timeout=10), post(f"{start}/{one}", "all"))
    }
    assert len(answers) == 1
    status, text = answers.pop()
    assert status == 404
    assert "This link does not work" in text


def test_guessing_is_slowed_down(page: str) -> None:
    start = page.rpartition("/")[0]
    statuses = [requests.get(f"{start}/guess{number}", timeout=10).status_code for number in range(31)]
    assert statuses == [404] * 30 + [429]
    assert requests.get(page, timeout=10).status_code == 200


def test_the_link_of_a_proof_chooses_for_nobody(site: str, mailer: Mailer) -> None:
    before = everything(mailer.database)
    page = f"{site}/p/{mailer.links.token(Purpose.PREFERENCES, FOR_SHOW)}"
    for answer in (requests.get(page, timeout=10), post(page, "all")):
        assert answer.status_code == 404
        assert "Its link is for show, and changes nothing for anybody." in answer.text
    assert everything(mailer.database) == before


def test_the_link_of_years_ago_works_mangled_and_after_keys_were_rotated(
    page: str, mailer: Mailer, reader: Reader, ids: dict[str, str]
) -> None:
    links = {**mailer.keys.links, "9": base64.b64encode(b"a newer key of at least 32 bytes")}
    keys = Keys(links=links, address=mailer.keys.address)
    rotated = dataclasses.replace(mailer, keys=keys, links=Links(mailer.links.base_url, keys))
    with running(create_app(rotated)) as site:
        old = f"{site}/p/{page.rpartition('/')[2].upper()})."
        assert 'action="/p/9' in requests.get(old, timeout=10).text
        assert post(old, "chosen", ids[HEALTH]).status_code == 200
    assert choice(mailer, reader) == ids[HEALTH]


def test_the_link_in_a_mail_is_the_one_that_works(mailer: Mailer, site: str) -> None:
    given_sent(mailer)
    reader = given_reader(mailer)
    caught = mailer.mailbox.read(mailer.mailbox.list(limit=1, search=reader.address)[0].id)
    start = mailer.links.preferences("")
    (line,) = (line for line in caught.text.splitlines() if line.startswith(start))
    assert f'href="{line}"' in caught.html
    answer = post(line.replace(mailer.links.base_url, site), "all")
    assert answer.status_code == 200


def test_the_page_is_kept_by_nobody_and_told_to_nobody(page: str) -> None:
    headers = requests.get(page, timeout=10).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in headers["X-Robots-Tag"]
    assert "script-src" not in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_a_choice_of_which_only_a_part_is_left_can_still_be_changed(
    page: str, mailer: Mailer, reader: Reader, ids: dict[str, str]
) -> None:
    with mailer.database.transaction() as database:
        database.execute(update(Subscription).values(choice=f"{ids[HEALTH]},4711"))
    assert f'value="{ids[HEALTH]}" checked' in requests.get(page, timeout=10).text
    assert post(page, "chosen", ids[JUSTICE]).status_code == 200
    assert choice(mailer, reader) == ids[JUSTICE]
