"""The composer over real HTTP, with the page's script and without."""

import html
import io
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from PIL import Image

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.domain.edition import EditionStatus
from pulse_mailer.domain.staff import Role
from pulse_mailer.editions import drafting, items, reading, stepping
from pulse_mailer.editions.items import Said
from pulse_mailer.links import FOR_SHOW, Purpose
from pulse_mailer.web.app import create_app
from pulse_mailer.web.server import running
from tests.database.editing_given import KEY, given_digest, item_of, shape
from tests.database.inbox_given import waiting
from tests.database.subscribers_given import public_id
from tests.pages_given import KEY as SENT_KEY
from tests.pages_given import SLUG as SENT_SLUG
from tests.pages_given import given_sent
from tests.staff_given import address, cookies, csrf, given_staff

BASE = f"/staff/editions/pulse/{KEY}"
JSON = {"Accept": "application/json"}
LIVE = {"HX-Request": "true"}
DOCUMENT = """# Pulse

March 2026

## Care

### Reports

**Institute for Local Care**
[Home care by the hour](https://example.org/home-care)
Ten councils shared their records.
"""


@pytest.fixture
def site(mailer: Mailer) -> Iterator[str]:
    """A site with an edition: News: 1. Care: Reports 2, 3, 4; Briefings 5. Housing: Reports 6."""
    given_staff(mailer, Role.COMPOSER)
    with mailer.database.transaction() as database:
        given_digest(database)
    with running(create_app(mailer)) as url:
        yield url


def got(address: str, role: Role = Role.COMPOSER) -> requests.Response:
    return requests.get(address, cookies=cookies(role), timeout=20)


def sent(address: str, headers: dict[str, str] | None = None, **form: Any) -> requests.Response:
    given: dict[str, Any] = {
        "cookies": cookies(Role.COMPOSER),
        "headers": csrf(Role.COMPOSER) | (headers or {}),
    }
    return requests.post(address, **form, **given, timeout=60, allow_redirects=False)


def post(
    address: str, status: int = 303, headers: dict[str, str] | None = None, **values: Any
) -> requests.Response:
    answer = sent(address, data=values, headers=headers)
    assert answer.status_code == status, answer.text
    return answer


def do(site: str, path: str, status: int = 200, **values: Any) -> str:
    """As the page's own script asks, which puts the answer into the page."""
    return post(f"{site}{BASE}/compose/{path}", status, LIVE, **values).text


def page(site: str, path: str = "/compose") -> str:
    answer = got(f"{site}{BASE}{path}")
    assert answer.status_code == 200, answer.text
    return answer.text


def there(mailer: Mailer) -> dict[str, list[int]]:
    with mailer.database.reading() as database:
        return shape(database)


def test_the_page_has_a_form_for_everything_that_is_written(site: str) -> None:
    shown = page(site)
    for name in ("subject", "preheader", "period", "letter", "closing", "signed_by", "signed_role"):
        assert f'name="{name}"' in shown
    assert shown.count("Title 3") >= 3
    assert "Saved at" in shown


def test_a_text_is_saved_without_script_and_the_browser_sent_on(site: str, mailer: Mailer) -> None:
    answer = post(f"{site}{BASE}/compose/texts", revision=1, subject="A new one", preheader="B")
    assert answer.headers["Location"] == f"{BASE}/compose#texts"
    with mailer.database.reading() as database:
        edition = reading.edition(database, KEY)
        assert (edition.subject, edition.preheader, edition.revision) == ("A new one", "B", 2)


def test_a_text_is_emptied(site: str, mailer: Mailer) -> None:
    post(f"{site}{BASE}/compose/texts", revision=1, preheader="")
    with mailer.database.reading() as database:
        assert reading.edition(database, KEY).preheader == ""


def test_a_text_is_saved_while_it_is_typed_and_told_what_preflight_says(site: str) -> None:
    said = post(f"{site}{BASE}/compose/texts", 200, JSON, revision=1, subject="X" * 61).json()
    assert said["revision"] == 2
    assert "61 characters" in said["notes"]["subject"][0]
    assert "Saved at" in said["state"]


def test_what_both_changed_is_answered_with_both_texts(site: str, mailer: Mailer) -> None:
    with mailer.database.transaction() as database:
        drafting.change(database, KEY, {"letter": "By <b>Ben</b>"}, actor="ben")
    said = post(f"{site}{BASE}/compose/texts", 409, JSON, revision=1, letter="By Ann").json()
    assert (said["revision"], len(said["clashes"])) == (2, 1)
    assert said["clashes"][0]["theirs"] == "By <b>Ben</b>"
    assert said["clashes"][0]["actor"] == "ben"
    shown = post(f"{site}{BASE}/compose/texts", 409, revision=1, letter="By Ann").text
    assert "By &lt;b&gt;Ben&lt;/b&gt;" in shown
    assert "By Ann" in shown
    assert 'name="revision" value="2"' in shown
    post(f"{site}{BASE}/compose/texts", revision=2, letter="By Ann")


def test_what_others_changed_beside_it_comes_back_with_the_answer(site: str, mailer: Mailer) -> None:
    with mailer.database.transaction() as database:
        items.change(database, KEY, 2, Said({"title": "By Ben"}), actor="ben")
    said = post(
        f"{site}{BASE}/compose/items/2", 200, JSON, revision=1, title="Title 2", summary="By Ann"
    ).json()
    assert said["theirs"] == {"title": "By Ben"}


@pytest.mark.parametrize(
    ("path", "values", "why"),
    [
        ("items/2", {"title": ""}, "must not be empty"),
        ("items/2", {"url": "javascript:alert(1)"}, "no web address"),
        ("items/99", {"title": "T"}, "no item 99"),
        ("texts", {"subject": "a\u202eb"}, "invisible character"),
        ("texts", {"letter": "[" * 3_000}, "square brackets"),
        ("texts", {"subject": "Hello {salary|you}"}, "salary"),
    ],
)
def test_a_wrong_value_is_refused_in_words_and_changes_nothing(
    site: str, mailer: Mailer, path: str, values: dict[str, str], why: str
) -> None:
    answer = sent(f"{site}{BASE}/compose/{path}", data={"revision": 1, **values}, headers=JSON)
    assert answer.status_code in (400, 404, 422)
    assert why in answer.json()["what"]
    with mailer.database.reading() as database:
        assert reading.edition(database, KEY).revision == 1


@pytest.mark.parametrize("revision", ["", "x", "0", "-1", str(2**40)])
def test_a_form_without_its_revision_is_refused(site: str, revision: str) -> None:
    post(f"{site}{BASE}/compose/texts", 422, revision=revision, subject="A")


def test_markup_in_a_text_is_shown_as_text(site: str) -> None:
    post(
        f"{site}{BASE}/compose/items/2",
        revision=1,
        title="<script>alert(1)</script>",
        summary="</textarea><b>",
    )
    shown = page(site)
    assert "<script>alert" not in shown
    assert "</textarea><b>" not in shown


def test_an_item_moves_by_steps_to_a_place_and_beside_another(site: str, mailer: Mailer) -> None:
    assert "Title 3 moved to position 1 of 3 in Care/Reports." in do(site, "items/3/do", deed="up")
    assert there(mailer)["Care/Reports"] == [3, 2, 4]
    assert "position 3 of 3" in do(site, "items/3/move", place=3)
    do(site, "items/3/move", before=6)
    assert there(mailer)["Housing/Reports"] == [3, 6]
    do(site, "items/3/move", into="#2/#2", first="true")
    assert there(mailer)["Care/Briefings"] == [3, 5]


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"before": "3", "after": "4"}, 400),
        ({"before": "x"}, 400),
        ({"before": "3"}, 400),
        ({"into": "Nowhere"}, 404),
        ({"place": "0"}, 422),
    ],
)
def test_a_wrong_place_is_refused_where_the_eye_is(
    site: str, mailer: Mailer, values: dict[str, str], status: int
) -> None:
    answer = post(f"{site}{BASE}/compose/items/3/move", status, LIVE, **values)
    assert answer.headers["HX-Retarget"] == "#problem"
    assert 'role="alert"' in answer.text
    assert there(mailer)["Care/Reports"] == [2, 3, 4]


def test_an_item_is_hidden_shown_shortened_and_taken_out(site: str, mailer: Mailer) -> None:
    assert "Item 2 hidden." in do(site, "items/2/do", deed="hide")
    assert "Item 2 shown again." in do(site, "items/2/do", deed="show")
    assert "Item 2 shown short in the mail." in do(site, "items/2/do", deed="shorten")
    assert "Item 2 shown whole in the mail." in do(site, "items/2/do", deed="lengthen")
    assert "Item 2 removed." in do(site, "items/2/do", deed="remove")
    assert there(mailer)["Care/Reports"] == [3, 4]
    do(site, "items/3/do", 422, deed="burn")


def test_sections_and_categories_are_added_named_moved_hidden_and_taken_out(
    site: str, mailer: Mailer
) -> None:
    do(site, "sections", name="Justice")
    do(site, "categories", part="Justice", name="Rulings")
    do(site, "categories/name", part="#4/#1", name="Judgments")
    do(site, "sections/name", part="Justice", name="Law")
    do(site, "sections/do", part="Law", deed="up")
    do(site, "categories/do", part="Care/Briefings", deed="up")
    assert list(there(mailer)) == [
        "News/",
        "Care/Briefings",
        "Care/Reports",
        "Law/Judgments",
        "Housing/Reports",
    ]
    assert "hidden" in do(site, "sections/do", part="Care", deed="hide")
    assert "Care holds 4 items" in do(site, "sections/do", 409, part="Care", deed="remove")
    do(site, "categories/do", part="Law/Judgments", deed="remove")
    do(site, "sections/do", part="Law", deed="remove")
    assert "Law" not in str(there(mailer))


def test_items_and_parts_are_merged_and_split(site: str, mailer: Mailer) -> None:
    do(site, "items/2/split", paragraph=2, title="Its second half")
    assert there(mailer)["Care/Reports"] == [2, 7, 3, 4]
    do(site, "items/2/merge", other=7)
    assert there(mailer)["Care/Reports"] == [2, 3, 4]
    do(site, "items/2/merge", 400, other=2)
    do(site, "categories/merge", part="Care/Reports", other="Care/Briefings")
    do(site, "sections/merge", part="Care", other="Housing")
    assert there(mailer) == {"News/": [1], "Care/Reports": [2, 3, 4, 5, 6]}
    do(site, "items/2/split", 422, paragraph=0, title="T")


def test_what_somebody_else_rewrote_meanwhile_is_not_taken_away_or_joined(site: str, mailer: Mailer) -> None:
    given_staff(mailer, Role.APPROVER)
    with mailer.database.transaction() as database:
        items.change(database, KEY, 2, items.Said({"summary": "One.\n\nTwo."}), actor=address(Role.APPROVER))
    before = there(mailer)
    for path, values in (
        ("items/2/do", {"deed": "remove"}),
        ("items/3/merge", {"other": 2}),
        ("items/2/split", {"paragraph": 2, "title": "B"}),
        ("items/2/picture", {"off": 1}),
    ):
        told = do(site, path, 409, revision=1, **values)
        assert "Item 2 was changed meanwhile by Ann Approver: summary of item 2 set." in told
        assert "data-refreshes>Show it as it is now</a>" in told
    assert there(mailer) == before
    do(site, "items/2/move", revision=1, into="Housing/Reports")  # loses nothing, and may come later
    do(site, "items/2/do", revision=1, deed="hide")
    do(site, "items/2/do", revision=4, deed="remove")  # by who has seen it


def test_a_section_that_goes_by_its_place_is_not_taken_for_another(site: str, mailer: Mailer) -> None:
    with mailer.database.transaction() as database:
        stepping.step_section(database, KEY, "Care", stepping.UP, actor="ben")
    assert "are not where they were" in do(site, "sections/do", 409, revision=1, part="#1", deed="hide")
    do(site, "sections/do", revision=1, part="News", deed="hide")


def test_an_item_is_added_by_hand(site: str, mailer: Mailer) -> None:
    said = do(
        site,
        "items",
        into="Housing/Reports",
        title="New",
        publisher="P",
        url="https://example.org/new?utm_source=x",
        summary="**S**",
    )
    assert "Item 7 added to Housing/Reports." in said
    with mailer.database.reading() as database:
        assert item_of(database, 7).url == "https://example.org/new"
    assert "title must not be empty" in do(site, "items", 400, into="Housing/Reports", title=" ")


def test_several_of_the_inbox_are_ticked_into_the_edition(site: str, mailer: Mailer) -> None:
    ids = [waiting(mailer.database, number) for number in (11, 12, 13)]
    assert "Report 11" in page(site)
    said = do(site, "inbox", ids=ids[:2], into="")
    assert "Items 7, 8 placed from the inbox." in said
    assert there(mailer)["Care/Reports"] == [2, 3, 4, 7, 8]
    do(site, "inbox", ids=ids[2:], into="Housing/Reports")
    assert there(mailer)["Housing/Reports"] == [6, 9]
    assert "Nothing was placed" in do(site, "inbox", 409, ids=ids[:1])
    assert "Nothing of the inbox was ticked" in do(site, "inbox", 400)


@pytest.mark.parametrize(
    "urls",
    ["", "not an address", "javascript:alert(1)", "http://127.0.0.1:9/x", "https://example.org/a " * 1],
)
def test_an_address_that_cannot_be_read_adds_nothing(site: str, mailer: Mailer, urls: str) -> None:
    answer = sent(f"{site}{BASE}/compose/pages", data={"urls": urls, "into": "News"}, headers=LIVE)
    assert answer.status_code in (400, 422)
    assert sum(map(len, there(mailer).values())) == 6


def test_a_document_is_imported_and_its_review_list_worked_off(site: str, mailer: Mailer) -> None:
    def imported(name: str, data: bytes) -> requests.Response:
        return sent(f"{site}{BASE}/compose/document", files={"document": (name, data)}, headers=LIVE)

    answer = imported("..\\..\\march.md", DOCUMENT.encode())
    assert answer.status_code == 204, answer.text
    assert answer.headers["HX-Refresh"] == "true"  # subject and letter are others, too
    assert "march.md imported" in page(site)
    assert 7 in there(mailer)["Care/Reports"]
    with mailer.database.transaction() as database:
        edition = reading.edition(database, KEY)
        edition.review = [
            {"line": 9, "text": "Institute", "why": "Is it one?", "item": 7, "doubt": "x", "done": False}
        ]
    assert "Is it one?" in page(site)
    assert "That was the last." in do(site, "review", line=9)
    assert "Is it one?" not in page(site)
    do(site, "review", 404, line=9)
    assert imported("x.docx", b"PK\x03\x04 no zip").status_code == 422
    assert imported("x.exe", b"MZ").status_code == 422
    assert imported("", b"").status_code in (400, 422)


def test_a_picture_is_put_on_an_item_with_its_words_and_taken_off(site: str, mailer: Mailer) -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (320, 200), "#0B5563").save(drawn, "PNG")

    def put(data: bytes, **values: str) -> requests.Response:
        return sent(
            f"{site}{BASE}/compose/items/2/picture",
            files={"picture": ("a.png", data)},
            data=values,
            headers=LIVE,
        )

    assert "needs a description" in put(drawn.getvalue()).text
    assert put(b"<svg onload=alert(1)>", picture_alt="A").status_code == 422
    assert put(drawn.getvalue(), picture_alt="A blue field").status_code == 200
    with mailer.database.reading() as database:
        assert item_of(database, 2).picture_alt == "A blue field"
    assert put(b"", off="1").status_code == 200
    with mailer.database.reading() as database:
        assert item_of(database, 2).picture is None
    assert put(b"x" * 6_000_000, picture_alt="A").status_code == 413


def test_the_last_change_is_undone_and_the_past_restored(site: str, mailer: Mailer) -> None:
    post(f"{site}{BASE}/compose/texts", revision=1, subject="First")
    post(f"{site}{BASE}/compose/texts", revision=2, subject="Second")
    shown = page(site)
    assert "subject set, 2 times" in shown
    assert 'name="to" value="1"' in shown  # before the whole spell
    post(f"{site}{BASE}/compose/undo", 409, revision=2, to=1)
    post(f"{site}{BASE}/compose/undo", revision=3, to=1)
    with mailer.database.reading() as database:
        assert reading.edition(database, KEY).subject == "Pulse, March 2026: six things to read"
    past = page(site, "/history")
    assert "Revision 1 restored" in past
    assert "<ins>First</ins>" in page(site, "/history?since=1&until=2") or "<ins>" in page(
        site, "/history?since=1&until=2"
    )
    assert got(f"{site}{BASE}/history?since=99").status_code == 404
    post(f"{site}{BASE}/compose/undo", 404, revision=4, to=77)


def test_an_agreed_edition_says_so_first_and_asks_once(site: str, mailer: Mailer) -> None:
    with mailer.database.transaction() as database:
        reading.edition(database, KEY).status = EditionStatus.APPROVED
    assert "Change it all the same" in page(site)
    said = post(f"{site}{BASE}/compose/texts", 409, JSON, revision=1, subject="New").json()
    assert "draft again" in said["what"]
    assert said["asks"] == "reopen"
    do(site, "items/2/do", 409, deed="hide")
    assert "Change it all the same" not in page(site, "/compose?reopen=1")
    post(f"{site}{BASE}/compose/texts?reopen=1", revision=1, subject="New")
    with mailer.database.reading() as database:
        assert reading.edition(database, KEY).status is EditionStatus.DRAFT


def test_who_else_is_there_is_told_with_what_they_did(site: str, mailer: Mailer) -> None:
    assert "open too" not in do(site, "here", page="a" * 16, revision=1)
    assert "You have this page open in another window" in do(site, "here", page="b" * 16, revision=1)
    with mailer.database.transaction() as database:
        drafting.change(database, KEY, {"subject": "By Ben"}, actor="ben")
    assert "ben" in do(site, "here", page="a" * 16, revision=1)
    do(site, "here", 422, page="", revision=1)


def test_what_an_earlier_edition_said_may_stay(site: str, mailer: Mailer) -> None:
    with mailer.database.transaction() as database:
        reading.edition(database, KEY).to_write = ["letter"]
    assert "It is to stay" in page(site)
    post(f"{site}{BASE}/compose/keep", field="letter")
    assert "It is to stay" not in page(site)
    for path in ("compose", "check"):
        said = post(f"{site}{BASE}/{path}/keep", 400, field="revision")
        assert "It has: subject" in said.text


def test_the_mail_is_weighed(site: str) -> None:
    assert "of the 102 KB" in page(site, "/compose/meter")


def test_a_sent_edition_is_corrected_instead(mailer: Mailer) -> None:
    given_staff(mailer, Role.COMPOSER, Role.APPROVER)
    given_sent(mailer)
    base = f"/staff/editions/{SENT_SLUG}/{SENT_KEY}"
    with running(create_app(mailer)) as site:
        shown = got(f"{site}{base}/compose").text
        assert "cannot change any more" in shown
        assert "data-saves" not in shown
        post(f"{site}{base}/compose/texts", 409, revision=1, subject="New")
        fix: dict[str, Any] = {"revision": 1, "field": "signed_role", "value": "Head of it"}
        post(f"{site}{base}/compose/corrections", 400, **fix, note="")
        post(f"{site}{base}/compose/corrections", 303, **fix, note="Her role was wrong.")
        assert "Her role was wrong." in got(f"{site}{base}/compose").text
        with mailer.database.reading() as database:
            item = next(reading.edition(database, f"{SENT_SLUG}/{SENT_KEY}").items())
        copy = f"{site}/editions/{SENT_SLUG}/{SENT_KEY}"
        off: dict[str, Any] = {"revision": 2, "number": item.number, "hide": 1}
        assert item.title in html.unescape(got(copy).text)
        post(f"{site}{base}/compose/corrections", 303, **off, note="It was withdrawn.")
        shown = html.unescape(got(copy).text)
        assert item.title not in shown
        assert "It was withdrawn." in shown
        assert f"{item.title} (not on the page)" in html.unescape(got(f"{site}{base}/compose").text)
        back: dict[str, Any] = off | {"revision": 3, "hide": 0}
        post(f"{site}{base}/compose/corrections", 303, **back, note="It is valid after all.")
        assert item.title in html.unescape(got(copy).text)
        odd: dict[str, Any] = {"revision": 4, "number": item.number, "field": "is_hidden", "value": "yes"}
        post(f"{site}{base}/compose/corrections", 400, **odd, note="Odd.")


def test_the_preview_can_be_dark_and_without_pictures(mailer: Mailer) -> None:
    given_staff(mailer, Role.COMPOSER, Role.APPROVER)
    given_sent(mailer)
    base = f"/staff/editions/{SENT_SLUG}/{SENT_KEY}/preview"
    with running(create_app(mailer)) as site:
        answer = got(f"{site}{base}?dark=1&pictures=0")
        assert "prefers-color-scheme" not in answer.text
        assert "<img" in answer.text
        assert ' src="' not in answer.text
        assert answer.headers["Content-Security-Policy"].endswith("sandbox allow-same-origin")
        assert "script-src" not in answer.headers["Content-Security-Policy"]
        mine = f"{site}{base}?reader=reader-1@example.org"
        assert (got(mine).status_code, got(mine, Role.APPROVER).status_code) == (403, 200)
        assert got(f"{site}{base}?reader=nobody@example.org", Role.APPROVER).status_code == 404
        # Who looks at it can unsubscribe nobody.
        with mailer.database.reading() as database:
            theirs = mailer.links.token(Purpose.UNSUBSCRIBE, public_id(database, "reader-1@example.org"))
        for_show = mailer.links.token(Purpose.UNSUBSCRIBE, FOR_SHOW)
        for form in ("html", "text"):
            shown = got(f"{mine}&form={form}", Role.APPROVER).text
            assert (for_show in shown, theirs in shown) == (True, False)


@pytest.mark.parametrize("path", ["/compose", "/compose/meter", "/compose/contents", "/history"])
def test_no_page_of_an_edition_that_is_not_there(mailer: Mailer, path: str) -> None:
    given_staff(mailer, Role.COMPOSER)
    with running(create_app(mailer)) as site:
        assert got(f"{site}/staff/editions/pulse/1999-01{path}").status_code == 404


def test_who_is_signed_out_meanwhile_is_told_in_the_page_that_stays_open(site: str) -> None:
    asked: dict[str, Any] = {"data": {"revision": 1, "subject": "A"}, "timeout": 20, "allow_redirects": False}
    answer = requests.post(f"{site}{BASE}/compose/texts", headers=JSON, **asked)
    assert answer.status_code == 401
    assert "Sign in first, in another window; what you typed stays here" in answer.json()["remedy"]
    forged = requests.post(f"{site}{BASE}/compose/texts", cookies=cookies(Role.COMPOSER), **asked)
    assert forged.status_code == 403
