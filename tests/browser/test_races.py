"""
The composer on a slow line: answers that come late, in another order, or not at all, while somebody goes on writing.

Each test holds what is asked until the other thing has happened, so that who comes first is no matter of luck.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from pulse_mailer.domain.staff import Role
from pulse_mailer.editions import items, reading
from pulse_mailer.editions.items import Said
from tests.browser.desk import COMPOSE, Site, opened, saved, serving
from tests.browser.holding import SILENCE, Held
from tests.browser.visiting import drag, visiting
from tests.database.editing_given import KEY, item_of
from tests.database.inbox_given import waiting
from tests.staff_given import sign_in
from tests.unit.strangers import HOST, html, pages, stranger

pytestmark = pytest.mark.browser


@pytest.fixture
def site(browser: Browser, tmp_path: Path, migrated_sqlite: Path) -> Iterator[Site]:
    with serving(browser, tmp_path, migrated_sqlite) as site:
        yield site


def changed_by_ben(site: Site, number: int, **values: str) -> None:
    with site.mailer.database.transaction() as database:
        items.change(database, KEY, number, Said(values), actor="ben")


@pytest.mark.parametrize("first", [0, 1], ids=["in their order", "the other way round"])
def test_of_two_moves_at_once_both_are_shown(site: Site, first: int) -> None:
    with site.opened() as page:
        one, other = Held(page, "**/items/2/do"), Held(page, "**/items/5/do")
        page.locator("#down-2").click()
        page.locator("#up-5").click()
        one.is_done()
        other.is_done()
        answers = [(one, "Title 2"), (other, "Title 5")]
        for answer, title in answers if first == 0 else reversed(answers):
            answer.is_answered()
            expect(page.locator("#said")).to_contain_text(f"{title} moved")
        expect(page.locator("#item-3 + #item-2 + #item-4 + #item-5")).to_be_visible()
        expect(page.locator("#contents")).to_have_attribute("data-revision", "3")
        expect(page.locator("#state")).to_have_attribute("data-revision", "3")
        expect(page.locator("[data-seen]")).to_have_value("3")
        expect(page.locator("#others")).to_be_empty()


def test_a_text_that_was_saved_meanwhile_does_not_go_back_to_what_it_was(site: Site) -> None:
    with site.opened() as page:
        form, move = opened(page, 2), Held(page, "**/items/5/do")
        page.locator("#up-5").click()
        move.is_done()
        form.get_by_label("Publisher").fill("Typed meanwhile")
        expect(page.locator("#state")).to_contain_text("publisher of item 2 set")
        page.locator("#handle-6").focus()
        move.is_answered()
        expect(page.locator("#item-4 + #item-5")).to_be_visible()
        expect(page.locator("#form-2").get_by_label("Publisher")).to_have_value("Typed meanwhile")
        expect(page.locator("#state")).to_contain_text("publisher of item 2 set")


def test_who_writes_while_the_contents_change_goes_on_in_the_middle_of_the_word(site: Site) -> None:
    with site.opened() as page:
        form = opened(page, 2)
        for number, text in ((5, form.locator(".rich-text")), (3, form.get_by_label("Publisher"))):
            move = Held(page, f"**/items/{number}/do")
            page.locator(f"#up-{number}").click()
            move.is_done()
            text.click()
            page.keyboard.press("End")
            page.keyboard.press("ArrowLeft")
            page.keyboard.type("be")
            move.is_answered()
            expect(page.locator("#said")).to_contain_text(f"Title {number} moved")
            page.keyboard.type("tween")
            saved(page)
    with site.mailer.database.reading() as database:
        item = item_of(database, 2)
        assert (item.publisher, item.summary) == ("Institute between2", "First of 2.\n\nSecond of 2between.")


def test_who_writes_on_while_a_save_and_a_move_are_on_their_way_is_in_nobodys_way(site: Site) -> None:
    with site.opened() as page:
        form, move, save = opened(page, 2), Held(page, "**/items/5/do"), Held(page, "**/items/2")
        page.locator("#up-5").click()
        move.comes()
        form.get_by_label("Publisher").fill("One")
        save.is_done()
        move.is_done()
        move.is_answered()
        expect(page.locator("#said")).to_contain_text("Title 5 moved")
        form.get_by_label("Publisher").fill("One and two")
        save.is_answered()
        expect(page.locator("#state")).to_have_attribute("data-revision", "4")
        saved(page)
        expect(form.get_by_role("alert")).to_have_count(0)
    with site.mailer.database.reading() as database:
        assert item_of(database, 2).publisher == "One and two"


def test_what_somebody_else_wrote_is_not_overwritten_by_who_began_before_seeing_it(site: Site) -> None:
    with site.opened(meant="of 409") as page:
        form, save = opened(page, 2), Held(page, "**/items/2")
        changed_by_ben(site, 2, publisher="By Ben")
        form.get_by_label("Title", exact=True).fill("By Ann")
        save.is_done()
        form.get_by_label("Publisher").fill("By Ann, too")
        save.is_answered()
        expect(form.get_by_role("alert")).to_contain_text("By Ben")
        expect(form.get_by_label("Publisher")).to_have_value("By Ann, too")
    with site.mailer.database.reading() as database:
        assert (item_of(database, 2).title, item_of(database, 2).publisher) == ("By Ann", "By Ben")


def test_of_two_forms_saved_at_once_the_newer_answer_stays(site: Site) -> None:
    with site.opened() as page:
        one, other = Held(page, "**/compose/texts"), Held(page, "**/items/2")
        page.get_by_label("Subject", exact=True).fill("First")
        one.is_done()
        opened(page, 2).get_by_label("Publisher").fill("Second")
        other.is_done()
        other.is_answered()
        expect(page.locator("#state")).to_contain_text("publisher of item 2 set")
        one.is_answered()
        expect(page.locator("#saved")).to_have_text(re.compile("^Saved at"))
        expect(page.locator("#state")).to_contain_text("publisher of item 2 set")
        expect(page.locator("[data-seen]")).to_have_value("3")


def test_what_is_typed_before_the_script_is_there_is_saved(site: Site) -> None:
    with visiting(site.browser, site.url, Role.COMPOSER) as page:
        script = Held(page, "**/assets/composer*")
        page.goto(COMPOSE, wait_until="commit")
        page.get_by_label("Subject", exact=True).fill("Typed at once")
        script.goes()
        expect(page.locator("#state")).to_contain_text("subject set")
    assert site.edition().subject == "Typed at once"


def test_what_was_typed_and_left_behind_does_not_stand_for_what_was_saved(site: Site) -> None:
    """A browser that goes back fills in what it remembers, as though the page had said so."""
    with site.opened() as page:
        letter = page.locator("textarea[name=letter]")
        page.locator("#letter").get_by_role("button", name="Markdown").click()
        page.route("**/compose/texts", lambda route: route.abort())
        letter.fill("Never saved")
        page.evaluate(
            "window.addEventListener('beforeunload', (event) => event.stopImmediatePropagation(), true)"
        )
        page.goto(f"{site.url}/account")
        page.unroute("**/compose/texts")
        page.go_back()
        expect(letter).to_have_value("Welcome to March.")


def test_a_button_pressed_while_a_save_is_answered_is_pressed(site: Site) -> None:
    with site.opened() as page:
        page.get_by_label("Subject", exact=True).fill("Typed")
        saved(page)
        save = Held(page, "**/compose/texts")
        page.get_by_label("Subject", exact=True).fill("Typed again")
        save.is_done()
        page.get_by_role("link", name="History").hover()
        page.mouse.down()
        save.is_answered()
        saved(page)
        page.mouse.up()
        expect(page.get_by_role("heading", level=1)).to_contain_text("History")


def test_who_leads_on_at_once_takes_nothing_back_and_leaves_nothing_behind(site: Site) -> None:
    with site.opened() as page:
        page.get_by_label("Subject", exact=True).fill("Typed and left")
        page.get_by_role("link", name="History").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("History")
    assert site.edition().subject == "Typed and left"


def test_what_was_just_typed_is_undone_at_once(site: Site) -> None:
    with site.opened() as page:
        page.get_by_label("Subject", exact=True).fill("Right")
        saved(page)
        page.get_by_label("Subject", exact=True).fill("Wrong")
        page.get_by_role("button", name="Undo the last change").click()
        page.wait_for_url("**/compose#contents")
        expect(page.get_by_label("Subject", exact=True)).not_to_have_value("Wrong")
    assert site.edition().subject != "Wrong"


def test_what_is_ticked_and_typed_beside_stays_when_the_contents_change(site: Site) -> None:
    waiting(site.mailer.database)
    with site.opened() as page:
        page.get_by_text("From the inbox").click()
        page.get_by_label(re.compile("^Report 1")).check()
        page.get_by_text("Add a section").click()
        page.get_by_label("Its name").last.fill("Schools")
        page.locator("#up-5").click()
        expect(page.locator("#said")).to_contain_text("Title 5 moved")
        expect(page.get_by_label(re.compile("^Report 1"))).to_be_checked()
        expect(page.get_by_label("Its name").last).to_have_value("Schools")
        page.keyboard.press("Tab")
        page.get_by_label("Its name").last.press("Enter")
        expect(page.get_by_role("heading", name="Schools")).to_be_visible()
        expect(page.get_by_label("Its name").last).to_have_value("")


def test_addresses_pasted_while_others_are_read_stay(site: Site) -> None:
    found = {"/report": html("A warm home", "")}
    with stranger(pages(found)) as server, site.opened() as page:
        reads = Held(page, "**/compose/pages")
        page.locator("#urls").fill(f"http://{HOST}:{server.port}/report")
        page.get_by_role("button", name="Read and add").click()
        reads.is_done()
        page.locator("#urls").fill("https://example.org/next")
        reads.is_answered()
        expect(page.locator("#item-7 .item-title")).to_have_text("A warm home")
        expect(page.locator("#urls")).to_have_value("https://example.org/next")


def test_an_item_added_by_two_quick_presses_is_there_once(site: Site) -> None:
    with site.opened() as page:
        page.get_by_text("By hand").click()
        page.locator("#new-title").fill("Once")
        add = Held(page, "**/compose/items")
        page.get_by_role("button", name="Add the item").dblclick()
        add.goes()
        expect(page.locator("#item-7")).to_be_visible()
        expect(page.locator("#new-title")).to_have_value("")
    assert [item.title for item in site.edition().items()].count("Once") == 1


def test_two_lines_ticked_off_at_once_are_both_gone(site: Site) -> None:
    with site.mailer.database.transaction() as database:
        reading.edition(database, KEY).review = [
            {"line": line, "text": f"Line {line}", "why": "It is doubtful.", "item": None}
            for line in (3, 5, 8)
        ]
    with site.opened() as page:
        ticks = Held(page, "**/compose/review")
        page.get_by_role("button", name=re.compile("line 3$")).click()
        page.get_by_role("button", name=re.compile("line 5$")).click()
        ticks.goes()
        expect(page.locator("#review li")).to_have_count(1)
        expect(page.locator("#review h2")).to_have_text("1 line of the document to look at")
        page.get_by_role("button", name=re.compile("line 8$")).click()
        expect(page.locator("#review h2")).to_have_count(0)
    assert site.edition().open_review == []


def test_what_nobody_answers_is_told_and_undone_on_the_page(site: Site) -> None:
    with site.opened(meant=SILENCE) as page:
        opened(page, 2)
        page.context.set_offline(True)
        drag(page, 3, 4)
        expect(page.locator("#problem").get_by_role("alert")).to_contain_text("Nobody answers")
        expect(page.locator("#item-2 + #item-3 + #item-4")).to_be_visible()
        page.locator("#form-2").get_by_label("Publisher").fill("Typed in a tunnel")
        expect(page.locator("#saved")).to_contain_text("nobody answers")
        page.context.set_offline(False)  # the browser says so to the page
        expect(page.locator("#state")).to_contain_text("publisher of item 2 set")
        drag(page, 3, 4)
        expect(page.locator("#said")).to_contain_text("Title 3 moved")
        expect(page.locator("#problem")).to_be_empty()


def test_who_signs_in_anew_has_both_forms_saved_though_only_one_asks_first(site: Site) -> None:
    with site.opened(meant="of 403") as page:
        saves = Held(page, "**/compose/texts", times=2)
        page.get_by_label("Subject", exact=True).fill("One form")
        page.get_by_label("Signed by").fill("Another form")
        saves.comes(1)
        sign_in(page.context, site.url, Role.APPROVER)  # another session, as from another window
        saves.goes(0)
        expect(page.locator("#state")).to_contain_text("set")
        saves.goes(1)
        saved(page)
        expect(page.get_by_role("alert")).to_have_count(0)
    assert (site.edition().subject, site.edition().signed_by) == ("One form", "Another form")


def test_who_comes_back_signed_in_has_what_was_refused_saved(site: Site) -> None:
    with site.opened(meant="of 40[13]") as page:
        page.context.clear_cookies()
        page.get_by_label("Subject", exact=True).fill("Typed while signed out")
        expect(page.locator("#texts").get_by_role("alert")).to_contain_text("Sign in first")
        sign_in(page.context, site.url, Role.COMPOSER)
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # from another window
        saved(page)
        expect(page.locator("#texts").get_by_role("alert")).to_have_count(0)
    assert site.edition().subject == "Typed while signed out"


def test_a_save_that_the_program_could_not_do_just_now_is_tried_again(site: Site) -> None:
    with site.opened(meant="of 503") as page:
        busy = Held(page, "**/compose/texts")
        page.get_by_label("Subject", exact=True).fill("Tried twice")
        busy.comes()
        busy.asked[0].fulfill(status=503, json={"what": "We are busy.", "remedy": "", "asks": ""})
        expect(page.locator("#saved")).to_contain_text("is tried again")
        saved_in_the_end(page)
    assert site.edition().subject == "Tried twice"


def saved_in_the_end(page: Page) -> None:
    expect(page.locator("#saved")).to_have_text(re.compile("^Saved at"), timeout=30_000)
