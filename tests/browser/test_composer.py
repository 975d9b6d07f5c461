"""The composer in a real browser: written, dragged, typed, by keyboard, on a phone, by two people at once."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Route, expect

from pulse_mailer.domain.edition import EditionStatus
from pulse_mailer.domain.staff import Role
from pulse_mailer.editions import reading
from tests.browser.desk import Site, mail, opened, saved, serving
from tests.browser.visiting import drag
from tests.database.editing_given import KEY, item_of
from tests.database.inbox_given import waiting
from tests.staff_given import sign_in
from tests.unit.strangers import HOST, html, pages, stranger

pytestmark = pytest.mark.browser

SAMPLE = Path(__file__).resolve().parents[2] / "templates" / "demo" / "edition.md"


@pytest.fixture
def site(browser: Browser, tmp_path: Path, migrated_sqlite: Path) -> Iterator[Site]:
    with serving(browser, tmp_path, migrated_sqlite) as site:
        yield site


def test_what_is_typed_is_saved_and_seen_in_the_mail(site: Site) -> None:
    with site.opened() as page:
        page.get_by_label("Subject", exact=True).fill("A new subject")
        expect(page.locator("#texts-subject-notes [data-count]")).to_contain_text("13 characters, good")
        saved(page)
        opened(page, 3).get_by_label("Title", exact=True).fill("A report on warmth")
        expect(mail(page).get_by_role("link", name="A report on warmth").first).to_be_visible()
        expect(page.locator("#item-3 .item-title")).to_have_text("A report on warmth")
        expect(page.locator("#state")).to_contain_text("title of item 3 set")
        expect(page.locator("#meter")).to_contain_text("of the 102 KB")
    assert site.edition().subject == "A new subject"


def test_bold_is_bold_in_the_mail_and_markdown_in_the_other_tab(site: Site) -> None:
    with site.opened() as page:
        form = opened(page, 2)
        text = form.locator(".rich-text")
        text.click()
        page.keyboard.press("Control+End")
        page.keyboard.type(" It is ")
        form.get_by_role("button", name="Bold").click()
        page.keyboard.type("warm")
        expect(mail(page).locator("strong", has_text="warm")).to_be_visible()
        form.get_by_role("button", name="Markdown").click()
        area = form.get_by_label("Summary", exact=True).and_(page.locator("textarea"))
        expect(area).to_have_value("First of 2.\n\nSecond of 2. It is **warm**")
        area.fill("- one\n- *two* & H~2~O for {first_name|you}")
        expect(mail(page).locator("li em", has_text="two")).to_be_visible()
        form.get_by_role("button", name="Rich text").click()
        expect(form.locator(".rich-text sub")).to_have_text("2")
        form.locator(".rich-text li").first.click()
        page.keyboard.type("!")
        saved(page)
    assert re.fullmatch(r"- .*\n- \*two\* & H~2~O for \{first_name\|you\}", site.summary(2))


def test_what_is_typed_right_after_a_tool_is_pressed_is_not_lost(site: Site) -> None:
    with site.opened() as page:
        form = opened(page, 2)
        # A slow machine: what waits for the next frame comes late.
        page.evaluate("""() => {
            const soon = requestAnimationFrame;
            window.requestAnimationFrame = (act) => setTimeout(() => soon(act), 500);
        }""")
        form.locator(".rich-text").click()
        page.keyboard.press("Control+End")
        form.get_by_role("button", name="Bold").click()
        page.keyboard.type(" by mouse")
        form.get_by_role("button", name="Bold").focus()
        page.keyboard.press("Enter")
        page.keyboard.type(" and by key")
        form.get_by_role("button", name="Link", exact=True).click()
        page.keyboard.type("https://example.org/")
        page.keyboard.press("Enter")
        page.keyboard.type(" at once")
        saved(page)
    assert site.summary(2).endswith("Second of 2. **by mouse** and by key at once")


def test_a_text_that_the_editor_cannot_give_back_stays_as_it_is(site: Site) -> None:
    said = "| a | b |\n\n<b>no mark-up</b> `x`"
    with site.opened() as page:
        form = opened(page, 2)
        form.get_by_role("button", name="Markdown").click()
        form.locator("textarea[name=summary]").fill(said)
        saved(page)
        page.reload()
        form = opened(page, 2)
        expect(form.locator("textarea[name=summary]")).to_be_visible()
        form.get_by_role("button", name="Rich text").click()
        expect(form.locator(".rich")).to_contain_text("only Markdown can show")
    assert site.summary(2) == said


def test_a_link_is_made_without_a_mouse(site: Site) -> None:
    with site.opened() as page:
        form = opened(page, 2)
        form.locator(".rich-text").focus()
        page.keyboard.press("Control+A")
        form.get_by_role("button", name="Link", exact=True).press("Enter")
        page.keyboard.type("https://example.org/there")
        page.keyboard.press("Enter")
        saved(page)
        expect(mail(page).locator('a[href="https://example.org/there"]').first).to_be_visible()
    assert "(https://example.org/there)" in site.summary(2)


def test_items_are_dragged_within_a_category_and_into_another(site: Site) -> None:
    with site.opened() as page:
        drag(page, 2, 4)
        expect(page.locator("#said")).to_have_text(re.compile(r"^Title 2 moved to position 3 of 3"))
        expect(page.locator("#item-3 + #item-4 + #item-2")).to_be_visible()
        drag(page, 3, 6)
        expect(page.locator("#said")).to_contain_text("in Housing/Reports")
        page.reload()
        expect(page.locator("#item-4 + #item-2")).to_be_visible()
    assert (site.there(), site.there("Housing/Reports")) == ([4, 2], [6, 3])


def test_items_are_moved_by_buttons_and_keys_with_the_focus_kept_and_the_place_said(site: Site) -> None:
    with site.opened() as page:
        page.locator("#up-4").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#said")).to_have_text("Title 4 moved to position 2 of 3 in Care/Reports.")
        expect(page.locator("#up-4")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#said")).to_contain_text("position 1 of 3")
        page.locator("#handle-4").focus()
        page.keyboard.press("3")
        expect(page.locator("#said")).to_contain_text("position 3 of 3")
        expect(page.locator("#handle-4")).to_be_focused()
        page.keyboard.press("ArrowDown")
        expect(page.locator("#said")).to_have_text("Title 4 moved to position 1 of 2 in Care/Briefings.")
        form = opened(page, 4)
        form.get_by_label("Move it to").select_option(label="Housing / Reports")
        form.get_by_role("button", name="Move", exact=True).click()
        expect(page.locator("#said")).to_contain_text("Housing/Reports")
        expect(page.locator("#form-4")).to_have_attribute("open", "")
    assert site.there("Housing/Reports") == [6, 4]


def test_what_is_typed_at_the_last_moment_is_saved_before_the_contents_change(site: Site) -> None:
    with site.opened() as page:
        opened(page, 2).get_by_label("Title", exact=True).fill("Typed and moved at once")
        page.locator("#down-2").click()
        expect(page.locator("#said")).to_contain_text("Typed and moved at once moved to position 2")
        expect(page.locator("#form-2").get_by_label("Title", exact=True)).to_have_value(
            "Typed and moved at once"
        )


def test_pages_are_added_by_their_addresses(site: Site) -> None:
    found = {
        "/report": html("A warm home", '<meta name="description" content="Homes that keep their warmth.">')
    }
    with stranger(pages(found)) as server, site.opened(meant="status of 4|Status Error Code 4") as page:
        page.get_by_label(re.compile("^By address")).fill(f"http://{HOST}:{server.port}/report")
        page.locator("#urls-into").select_option(label="Care / Briefings")
        page.get_by_role("button", name="Read and add").click()
        expect(page.locator("#item-7 .item-title")).to_have_text("A warm home")
        expect(page.locator("#urls")).to_have_value("")
        expect(mail(page).get_by_role("link", name="A warm home").first).to_be_visible()
        page.locator("#urls").fill("http://10.0.0.1/inside")
        page.get_by_role("button", name="Read and add").click()
        expect(page.locator("#problem [role=alert]")).to_be_visible()
        expect(page.locator("#urls")).to_have_value("http://10.0.0.1/inside")
    assert site.there("Care/Briefings") == [5, 7]


def test_several_of_the_inbox_are_ticked(site: Site) -> None:
    for number in (11, 12):
        waiting(site.mailer.database, number)
    with site.opened() as page:
        page.get_by_text("From the inbox").click()
        for number in (11, 12):
            page.get_by_label(re.compile(f"^Report {number}")).check()
        page.get_by_role("button", name="Add what is ticked").click()
        expect(page.locator("#said")).to_contain_text("Items 7, 8 placed from the inbox")
        expect(page.get_by_text("The inbox is empty.")).to_be_attached()
    assert site.there() == [2, 3, 4, 7, 8]


def test_a_document_is_imported_and_its_review_list_worked_off(site: Site) -> None:
    with site.opened() as page:
        page.get_by_text("From a document").click()
        page.locator("#document").set_input_files(SAMPLE)
        page.get_by_role("button", name="Import it").click()
        expect(page.locator("#review h2")).to_have_text(re.compile(r"\d+ lines of the document to look at"))
        waits = page.locator("#review li").count()
        page.locator("#review").get_by_role("link", name=re.compile("^Item")).first.click()
        expect(page.locator("details[data-item][open]")).to_have_count(1)
        for left in range(waits - 1, -1, -1):
            page.get_by_role("button", name=re.compile("^It is right now")).first.click()
            expect(page.locator("#review li")).to_have_count(left)
    assert site.edition().open_review == []
    assert len(list(site.edition().items())) > 20


def test_two_people_in_one_edition_lose_nothing(site: Site) -> None:
    with site.opened(Role.COMPOSER, meant="of 409") as ann, site.opened(Role.ADMIN, meant="of 409") as ben:
        expect(ben.locator("#others")).to_contain_text("Ann Composer has this page open too")
        ben_form, ann_form = opened(ben, 2), opened(ann, 2)
        ben_form.get_by_label("Publisher").fill("By Ben")
        saved(ben)
        ann_form.get_by_role("textbox", name="Link", exact=True).fill("https://example.org/by-ann")
        expect(ann_form.get_by_label("Publisher")).to_have_value("By Ben")  # another field of the same form
        saved(ann)
        ben_form.get_by_label("Title", exact=True).fill("Ben’s title")
        expect(ben.locator("#state")).to_contain_text("title of item 2 set")
        ann_form.get_by_label("Title", exact=True).fill("Ann’s title")
        clash = ann_form.get_by_role("alert")
        expect(clash).to_contain_text("was changed by Ann Admin")
        expect(clash).to_contain_text("Ben’s title")
        expect(ann_form.get_by_label("Title", exact=True)).to_have_value("Ann’s title")
        ann_form.get_by_role("button", name="Keep mine").click()
        saved(ann)
        ben_form.get_by_label("Title", exact=True).fill("Ben again")
        expect(ben_form.get_by_role("alert")).to_contain_text("Ann’s title")
        ben_form.get_by_role("button", name="Take theirs").click()
        saved(ben)
        expect(ben_form.get_by_label("Title", exact=True)).to_have_value("Ann’s title")
    with site.mailer.database.reading() as database:
        item = item_of(database, 2)
        assert (item.title, item.publisher, item.url) == (
            "Ann’s title",
            "By Ben",
            "https://example.org/by-ann",
        )


def test_what_one_rewrites_the_other_does_not_take_out_unseen(site: Site) -> None:
    with site.opened(Role.COMPOSER, meant="409") as ann, site.opened(Role.ADMIN) as ben:
        opened(ann, 2)
        opened(ben, 2).get_by_label("Publisher").fill("By Ben")
        saved(ben)
        ann.locator("#item-3 [value=down]").click()  # what loses nothing is done on whatever is there
        expect(ann.locator("#said")).to_contain_text("moved to")
        ben.locator("#item-2").get_by_label("Publisher").fill("By Ben, again")
        saved(ben)
        ann.locator("#item-2").get_by_role("button", name=re.compile("^Take it out")).click()
        told = ann.locator("#problem").get_by_role("alert")
        expect(told).to_contain_text("publisher of item 2 set")
        expect(ann.locator("#item-2")).to_be_visible()
        told.get_by_role("link", name="Show it as it is now").click()
        expect(opened(ann, 2).get_by_label("Publisher")).to_have_value("By Ben, again")
        ann.locator("#item-2").get_by_role("button", name=re.compile("^Take it out")).click()
        expect(ann.locator("#item-2")).to_have_count(0)


def test_a_refused_text_stays_with_the_reason_beside_it(site: Site) -> None:
    with site.opened(meant="status of 400") as page:
        form = opened(page, 2)
        form.get_by_label("Title", exact=True).fill("")
        expect(form.get_by_role("alert")).to_contain_text("must not be empty")
        expect(page.locator("#saved")).to_have_text("Not saved")
        form.get_by_label("Title", exact=True).fill("There it is")
        saved(page)
        expect(form.locator("[data-trouble]")).to_be_hidden()


def test_the_mail_keeps_its_place_and_shows_its_other_looks(site: Site) -> None:
    with site.opened(Role.APPROVER, meant="status of 404") as page:
        expect(mail(page).get_by_text("Title 6").first).to_be_visible()
        page.locator("#mail iframe").evaluate("frame => frame.contentWindow.scrollTo(0, 400)")
        page.get_by_label("Subject", exact=True).fill("Another subject")
        saved(page)
        expect(page.locator("#mail iframe")).to_have_count(1)
        page.wait_for_function("document.querySelector('#mail iframe').contentWindow.scrollY === 400")
        for look in ("Phone", "Dark", "No pictures"):
            page.get_by_role("button", name=look).click()
            expect(mail(page).get_by_text("Title 6").first).to_be_visible()
        page.get_by_role("button", name="Plain text").click()
        expect(mail(page).locator("pre")).to_contain_text("Title 6")
        page.get_by_role("button", name="Computer").click()
        page.get_by_label("As this reader sees it").fill("nobody@example.org")
        page.get_by_role("button", name="Show", exact=True).click()
        expect(mail(page).get_by_text("is not a subscriber")).to_be_visible()


def test_a_look_chosen_before_the_last_one_came_is_the_one_that_stays(site: Site) -> None:
    with site.opened() as page:
        expect(mail(page).get_by_text("Title 6").first).to_be_visible()
        held: list[Route] = []
        page.route("**/preview?*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks it
        page.get_by_role("button", name="Phone").click()
        page.get_by_role("button", name="Plain text").click()
        expect(page.locator("#mail iframe")).to_have_count(3)
        phone, plain = held
        phone.continue_()
        expect(page.locator("#mail iframe")).to_have_count(2)
        plain.continue_()
        expect(page.locator("#mail iframe")).to_have_count(1)
        expect(mail(page).locator("pre")).to_contain_text("Title 6")


def test_the_last_change_is_undone_and_history_shows_each(site: Site) -> None:
    with site.opened() as page:
        page.get_by_label("Subject", exact=True).fill("Wrong")
        saved(page)
        page.get_by_role("button", name="Undo the last change").click()
        expect(page.get_by_label("Subject", exact=True)).to_have_value(
            "Pulse, March 2026: six things to read"
        )
        page.get_by_role("link", name="History").click()
        expect(page.get_by_text("Revision 1 restored")).to_be_visible()
        page.get_by_role("link", name="What it changed").last.click()
        expect(page.locator("ins")).to_have_text("Wrong")


def test_an_approved_edition_says_first_that_it_would_be_a_draft_again(site: Site) -> None:
    with site.mailer.database.transaction() as database:
        reading.edition(database, KEY).status = EditionStatus.APPROVED
    with site.opened() as page:
        expect(page.get_by_label("Subject", exact=True)).to_be_disabled()
        page.get_by_role("link", name="Change it all the same").click()
        page.get_by_label("Subject", exact=True).fill("Changed")
        saved(page)
    assert site.edition().status is EditionStatus.DRAFT


def test_who_types_while_it_is_approved_is_asked_and_loses_nothing(site: Site) -> None:
    with site.opened(meant="of 409") as page:
        saved(page)
        with site.mailer.database.transaction() as database:
            reading.edition(database, KEY).status = EditionStatus.APPROVED
        page.get_by_label("Subject", exact=True).fill("Typed meanwhile")
        expect(page.locator("#texts").get_by_role("alert")).to_contain_text("draft again")
        page.get_by_role("button", name="Save it, and make it a draft again").click()
        saved(page)
        expect(page.locator("#others")).to_be_empty()
    assert (site.edition().subject, site.edition().status) == ("Typed meanwhile", EditionStatus.DRAFT)


def test_it_works_without_scripts(site: Site) -> None:
    with site.opened(scripts=False) as page:
        page.get_by_label("Subject", exact=True).fill("Without scripts")
        page.locator("#texts").get_by_role("button", name="Save").click()
        expect(page.get_by_label("Subject", exact=True)).to_have_value("Without scripts")
        page.get_by_role("button", name="Move Title 2 down").click()
        form = opened(page, 2)
        form.locator("textarea").fill("**Bold** by hand")
        form.get_by_role("button", name="Save").click()
        expect(page.locator("#saved")).to_be_visible()
    assert site.there() == [3, 2, 4]
    assert site.summary(2) == "**Bold** by hand"


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (375, True), (375, False), (1280, True)])
def test_it_fits_and_is_accessible(site: Site, width: int, dark: bool) -> None:
    waiting(site.mailer.database)
    with site.opened(Role.APPROVER, width=width, dark=dark) as page:
        expect(page.locator("#meter")).to_contain_text("of the 102 KB")
        opened(page, 2)
        for shut in page.locator("#adding details > summary, .part-tools > summary").all():
            shut.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(page, options={"iframes": False})
        assert found.violations_count == 0, found.generate_report()
        page.goto(f"{site.url}/staff/editions/pulse/{KEY}/history?since=1")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


def test_what_is_typed_while_the_contents_change_is_not_lost(site: Site) -> None:
    with site.opened() as page:
        form = opened(page, 2)
        held: list[Route] = []
        page.route("**/items/5/do", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks it
        with page.expect_request("**/items/5/do"):
            page.locator("#up-5").click()
        form.get_by_label("Publisher").fill("Typed meanwhile")
        held[0].continue_()
        expect(page.locator("#said")).to_contain_text("Title 5 moved")
        expect(page.locator("#form-2").get_by_label("Publisher")).to_have_value("Typed meanwhile")
        expect(page.locator("#state")).to_contain_text("publisher of item 2 set")


def test_who_must_sign_in_anew_loses_nothing(site: Site) -> None:
    with site.opened(meant="of 40[13]") as page:
        saved(page)
        page.context.clear_cookies()
        page.get_by_label("Subject", exact=True).fill("Typed while signed out")
        expect(page.locator("#texts").get_by_role("alert")).to_contain_text("Sign in first")
        sign_in(page.context, site.url, Role.APPROVER)  # another session, as from another window
        page.get_by_label("The time it covers").fill("March")
        saved(page)
    assert (site.edition().subject, site.edition().period) == ("Typed while signed out", "March")
