"""An edition made into mail: what must be true of every one."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml.html import HtmlElement

from pulse_mailer.composing import designs
from pulse_mailer.composing.colours import ENOUGH, contrast
from pulse_mailer.composing.environment import Shelves, fill
from pulse_mailer.composing.markup import Page, parsed
from pulse_mailer.composing.merging import preview
from pulse_mailer.composing.rendering import render
from pulse_mailer.domain.edition import Edition, Rendering
from pulse_mailer.domain.newsletter import Logo
from pulse_mailer.errors import BrokenTemplate, NotFound, UnsafeText, UsageError
from pulse_mailer.richtext import usable_url
from tests.unit.composing import editions

GOLDEN = Path(__file__).parents[2] / "golden"
GMAIL_CLIPS_AT = 102_000


@pytest.fixture(scope="module")
def edition() -> Edition:
    return editions.edition()


@pytest.fixture(scope="module")
def rendering(edition: Edition) -> Rendering:
    return render(edition, editions.LINKS)


def made(edition: Edition) -> Rendering:
    return render(edition, editions.LINKS)


@pytest.fixture(scope="module", params=designs.names())
def designed(request: pytest.FixtureRequest) -> Rendering:
    edition = editions.edition()
    edition.newsletter.design = request.param
    return made(edition)


@pytest.mark.parametrize("form", ["html", "txt", "mjml"])
def test_it_is_what_was_approved(designed: Rendering, form: str, pytestconfig: pytest.Config) -> None:
    shown = {"html": designed.html.replace("><", ">\n<"), "txt": designed.text, "mjml": designed.mjml}[form]
    path = GOLDEN / f"{designed.design}.{form}"
    if pytestconfig.getoption("--update-golden"):
        path.write_text(shown, encoding="utf-8")

    assert shown == path.read_text(encoding="utf-8")


def test_the_same_edition_has_the_same_fingerprint(edition: Edition, rendering: Rendering) -> None:
    again = made(edition)

    assert again.fingerprint == rendering.fingerprint
    assert again.segments == rendering.segments


def test_another_word_gives_another_fingerprint(rendering: Rendering) -> None:
    changed = editions.edition()
    changed.closing = "Yours,"

    assert made(changed).fingerprint != rendering.fingerprint


def test_every_item_is_in_both_parts(edition: Edition, designed: Rendering) -> None:
    rendering = designed
    words, text = Page(rendering.html).words, " ".join(rendering.text.split())
    for item in edition.items():
        for found in (words, text):
            assert item.title in found
            assert item.publisher in found
        assert item.url in rendering.text
        assert item.url.replace("&", "&amp;") in rendering.html


def test_the_letter_is_signed_in_both_parts(rendering: Rendering) -> None:
    for found in (Page(rendering.html).words, " ".join(rendering.text.split())):
        assert "With best wishes, Dr Mara Ellison Head of Research" in found


def test_the_footer_says_who_why_and_how_to_leave_in_both_parts(designed: Rendering) -> None:
    rendering = designed
    for found in (Page(rendering.html).words, " ".join(rendering.text.split())):
        for words in (
            "Unsubscribe",
            "because you asked for",
            "4 Quay Street",
            "01632 960 123",
            "[[address]]",
        ):
            assert words in found
    for part in (rendering.html, rendering.text):
        assert "https://news.example.org/u/[[token]]" in part
        assert "https://news.example.org/editions/harbour-review/2025-05" in part


def test_it_offers_to_choose_where_there_is_something_to_choose_among(rendering: Rendering) -> None:
    one = editions.edition()
    one.newsletter.sections = one.newsletter.sections[:2]  # the sender's own news, and one other

    for part in (rendering.html, rendering.text):
        assert "https://news.example.org/p/[[preferences]]" in part
    assert "[[preferences]]" not in rendering.web_html
    assert "Choose sections" not in made(one).html + made(one).text


def test_the_text_is_one_that_can_be_printed(rendering: Rendering) -> None:
    lines = rendering.text.split("\n")

    assert all(len(line) <= 72 or "https://" in line for line in lines)
    assert [line for line in lines if line != line.rstrip()] == ["-- "]  # the mark of a signature
    assert "&amp;" not in rendering.text
    assert "\n\n\n\n" not in rendering.text


def test_references_in_the_text_count_up_and_each_is_listed_once(rendering: Rendering) -> None:
    listed = [int(number) for number in re.findall(r"^\[(\d+)\] https?://", rendering.text, re.MULTILINE)]

    assert sorted(listed) == list(range(1, len(listed) + 1))
    assert {int(number) for number in re.findall(r"\[(\d+)\]", rendering.text)} == set(listed)


def test_headings_begin_with_one_h1_and_skip_no_level(designed: Rendering) -> None:
    levels = [
        int(heading.tag[1]) for heading in parsed(designed.html).iter("h1", "h2", "h3", "h4", "h5", "h6")
    ]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_headings_in_summaries_stand_below_their_item() -> None:
    with_category, without = editions.small(summary="### Inside"), editions.small(summary="### Inside")
    without.sections[0].categories[0].name = ""

    for edition in (with_category, without):
        levels = [
            int(found.tag[1]) for found in parsed(made(edition).html).iter("h1", "h2", "h3", "h4", "h5", "h6")
        ]
        assert all(after - before <= 1 for before, after in pairwise(levels))
        assert levels[-1] == levels[-2] + 1


def test_language_and_title_are_set(rendering: Rendering) -> None:
    page = parsed(rendering.html)

    assert page.get("lang") == "en-GB"
    assert page.findtext(".//title") == rendering.subject


def test_every_picture_has_alt_and_size_and_every_table_is_for_layout(rendering: Rendering) -> None:
    page = parsed(rendering.html)

    assert len(list(page.iter("img"))) == 4
    assert all(image.get("alt") and image.get("width") and image.get("height") for image in page.iter("img"))
    assert all(int(image.get("width", "0")) <= 160 for image in page.iter("img"))
    assert all(table.get("role") == "presentation" for table in page.iter("table"))


def test_every_link_of_the_mail_leads_somewhere(rendering: Rendering) -> None:
    seen = parsed(preview(rendering, editions.delivery(), editions.LINKS).html)
    links = [link.get("href", "") for link in seen.iter("a")]

    assert len(links) > 30
    assert all(usable_url(link) for link in links)


def test_what_the_contents_link_to_is_in_the_web_copy(rendering: Rendering) -> None:
    address = "https://news.example.org/editions/harbour-review/2025-05#"
    wanted = set(re.findall(rf'href="{address}([^"]+)"', rendering.html))

    assert len(wanted) == 8
    assert wanted <= set(parsed(rendering.web_html).xpath("//@id"))


def test_the_web_copy_has_its_styles_once_in_its_head(designed: Rendering) -> None:
    page = parsed(designed.web_html)

    assert "border-left:" in designed.html
    assert page.xpath("//head/style")[-1].text.startswith("p { margin: ")
    assert not page.xpath("//*[@class='title' and contains(@style, 'font-weight')]")


def test_the_web_copy_holds_nothing_personal_and_no_dead_link(designed: Rendering) -> None:
    rendering = designed
    page = parsed(rendering.web_html)
    names = set(page.xpath("//@id"))

    assert "[[" not in rendering.web_html
    assert "nsubscribe" not in rendering.web_html
    assert not re.search(r"pm[0-9a-f]{16}", rendering.web_html)
    for link in page.iter("a"):
        href = link.get("href", "")
        assert (href.startswith("#") and href[1:] in names) or usable_url(href)


def test_an_item_without_a_link_shows_its_title_unlinked(rendering: Rendering) -> None:
    (heading,) = [
        found for found in parsed(rendering.html).iter("h4") if "Loneliness" in found.text_content()
    ]

    assert heading.find("a") is None


@pytest.mark.parametrize("url", ["#", "javascript:alert(1)", "https://", "www.example.org"])
def test_a_link_that_leads_nowhere_is_none(url: str) -> None:
    rendering = made(editions.small(url=url))

    assert url not in re.findall(r'href="([^"]*)"', rendering.html)
    assert url not in rendering.text.split()


def test_it_stays_well_under_what_gmail_clips() -> None:
    edition = editions.edition()
    for item in edition.items():
        # As long as those of a real edition: 42 KB of visible words and a hundred bullets in all.
        item.summary = f"{'A sentence about what was found. ' * 26}\n\n" + f"- {'finding ' * 23}\n" * 4
    html = made(edition).html

    assert len(Page(html).words) > 42_000
    assert len(html.encode()) < 90_000 < GMAIL_CLIPS_AT


def test_a_section_costs_a_table_and_categories_and_items_none(designed: Rendering) -> None:
    frame, sections = 3, 4  # masthead, letter, footer

    assert designed.mjml.count("</mj-section>") == frame + sections


def test_styles_fit_what_gmail_reads(designed: Rendering) -> None:
    assert sum(len(style) for style in re.findall(r"<style.*?</style>", designed.html, re.DOTALL)) < 8_192


def test_outlook_s_conditions_are_balanced(rendering: Rendering) -> None:
    assert rendering.html.count("<!--[if") == rendering.html.count("<![endif]")


def test_every_dark_rule_wins_over_the_style_in_place(designed: Rendering) -> None:
    dark = re.search(r"@media \(prefers-color-scheme: dark\) \{(.*?\})\s*\}", designed.html, re.DOTALL)

    assert dark
    declarations = [
        one for body in re.findall(r"\{([^{}]*)\}", dark[1]) for one in body.split(";") if one.strip()
    ]
    assert len(declarations) > 10
    assert all(one.strip().endswith("!important") for one in declarations)


def styled_words(page: HtmlElement) -> Iterator[tuple[str, str, str, float]]:
    """Each visible text with its colour, its ground and its size in pixels, as inherited."""

    def walk(
        element: HtmlElement, colour: str, ground: str, size: float
    ) -> Iterator[tuple[str, str, str, float]]:
        if not isinstance(element.tag, str) or element.tag in {"style", "script"}:
            return
        style: dict[str, str] = dict(
            re.findall(r"(?:^|;)\s*([a-z-]+)\s*:\s*([^;]+)", element.get("style") or "")
        )
        if style.get("display") == "none":
            return
        colour = style.get("color", colour)
        found = re.search(r"#[0-9A-Fa-f]{6}", style.get("background-color", style.get("background", "")))
        ground = found[0] if found else ground
        size = float(style["font-size"].removesuffix("px")) if "font-size" in style else size
        for text in [element.text or "", *(child.tail or "" for child in element)]:
            if text.strip():
                yield text, colour, ground, size
        for child in element:
            yield from walk(child, colour, ground, size)

    yield from walk(page.body, "#000000", "#FFFFFF", 16)


def test_all_text_reads_well_and_none_is_small(designed: Rendering) -> None:
    words = list(styled_words(parsed(designed.html)))

    assert len(words) > 100
    for text, colour, ground, size in words:
        assert contrast(colour, ground) >= ENOUGH, text
        assert size >= 14, text


def test_a_newsletter_s_colours_are_used() -> None:
    edition = editions.edition()
    edition.newsletter.theme = {"brand": "#7A0019"}
    edition.sections[1].colour = "#00458B"
    html = made(edition).html

    assert "#7A0019" in html
    assert "#00458B" in html


def test_a_section_s_bad_colour_is_refused() -> None:
    edition = editions.edition()
    edition.sections[1].colour = "red;background:url(https://example.org)"

    with pytest.raises(UsageError, match="colour"):
        made(edition)


def test_an_edition_that_is_just_begun_can_be_looked_at() -> None:
    edition = editions.edition()
    edition.sections = []
    for field in ("subject", "preheader", "letter", "closing", "signed_by", "signed_role", "period"):
        setattr(edition, field, "")
    for field in ("reply_to", "postal_address", "reason", "from_name"):
        setattr(edition.newsletter, field, "")
    edition.newsletter.contact_lines = []
    rendering = made(edition)

    assert "Unsubscribe" in rendering.html
    assert "In this edition" not in rendering.html + rendering.text
    assert not re.search(r"<(p|h\d|a)\b(?![^>]*border)[^>]*>\s*</\1>", rendering.html)


def test_a_postal_address_of_many_lines_is_read_with_commas() -> None:
    edition = editions.edition()
    edition.newsletter.postal_address = "Harbour House,\r\n4 Quay Street\n\n Portwick \nPW1 2AB\n"
    rendering = made(edition)

    shown = "Harbour House, 4 Quay Street, Portwick, PW1 2AB"
    assert shown in Page(rendering.html).words
    assert shown in rendering.text


def test_an_empty_section_and_an_empty_category_leave_nothing_broken() -> None:
    edition = editions.edition()
    edition.sections[1].categories = []
    edition.sections[2].categories[0].items = []

    assert "Reports</h3>" in made(edition).html


def test_an_unknown_design_is_refused() -> None:
    edition = editions.edition()
    edition.newsletter.design = "nonesuch"

    with pytest.raises(NotFound, match="nonesuch"):
        made(edition)


@pytest.mark.parametrize("field", ["publisher", "title", "summary"])
def test_text_that_no_mail_may_carry_is_refused_with_its_item(field: str) -> None:
    with pytest.raises(UnsafeText, match=r"Item 1, .*U\+0007"):
        made(editions.small(**{field: "a \x07 bell"}))


def test_text_that_would_kill_the_compiler_is_refused_with_its_item() -> None:
    with pytest.raises(UnsafeText, match="Item 1, 'A title': The text is nested"):
        made(editions.small(summary="> " * 2_000 + "deep"))


HOSTILE = [
    "</mj-text><mj-raw><script>alert(1)</script></mj-raw><mj-text>",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "<!--[if mso]><p>x</p><![endif]-->",
    "<mj-include path='/etc/passwd' />",
    "]]> & &amp; &nbsp; &#0;",
    "[[token]] and [[address]]",
]


@pytest.mark.parametrize("words", HOSTILE)
@pytest.mark.parametrize("field", ["publisher", "title", "summary"])
def test_what_staff_type_is_shown_and_never_obeyed(field: str, words: str) -> None:
    rendering = made(editions.small(**{field: words}))
    page = parsed(rendering.html)

    assert not list(page.iter("script", "img", "mj-raw", "mj-include"))
    assert rendering.html.count("<!--[if") == made(editions.small()).html.count("<!--[if")
    if field == "title":
        assert " ".join(words.split()) in Page(rendering.html).words


def test_a_slot_typed_by_staff_stays_letters() -> None:
    seen = preview(made(editions.small(title="[[token]]")), editions.delivery(), editions.LINKS)

    assert "[[token]]" in Page(seen.html).words
    assert "[[token]]" in seen.text


ANYTHING = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


@settings(max_examples=40, deadline=None)
@given(title=ANYTHING, publisher=ANYTHING, summary=ANYTHING, section=ANYTHING)
def test_any_words_are_composed_or_refused(title: str, publisher: str, summary: str, section: str) -> None:
    edition = editions.small(title=title, publisher=publisher, summary=summary)
    edition.sections[0].name = section
    try:
        rendering = made(edition)
    except UnsafeText:
        return
    seen = preview(rendering, editions.delivery(), editions.LINKS)

    assert " ".join(title.split()) in Page(seen.html).words


def test_a_value_that_a_template_asks_for_in_vain_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.j2").write_text("{{ nothing }}")

    with pytest.raises(BrokenTemplate, match="nothing"):
        fill(Shelves((tmp_path,)), "text.j2", {})


def test_a_template_s_mistake_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "text.j2").write_text("one\n{% if %}")

    with pytest.raises(BrokenTemplate, match=r"text\.j2, line 2"):
        fill(Shelves((tmp_path,)), "text.j2", {})


def test_a_template_reaches_nothing_but_what_it_is_given(tmp_path: Path) -> None:
    (tmp_path / "text.j2").write_text("{{ edition.__class__.__mro__ }}")

    with pytest.raises(BrokenTemplate):
        fill(Shelves((tmp_path,)), "text.j2", {"edition": "x"})


def test_only_markup_templates_escape(tmp_path: Path) -> None:
    for name in ("text.j2", "mail.mjml.j2"):
        (tmp_path / name).write_text("{{ words }}")

    assert fill(Shelves((tmp_path,)), "text.j2", {"words": "a & b"}) == "a & b"
    assert fill(Shelves((tmp_path,)), "mail.mjml.j2", {"words": "a & b"}) == "a &amp; b"


LONG = "The first paragraph.\n\nThe second, with a [link](https://second.example.org).\n\n- an entry"


def shortened(**fields: str) -> Rendering:
    edition = editions.small(title="Warm homes", summary=LONG, **fields)
    next(edition.items()).is_short = True
    return made(edition)


def test_a_short_item_leads_to_the_rest_of_it_on_the_web() -> None:
    rendering = shortened()
    there = "https://news.example.org/editions/harbour-review/2025-05#item-1"
    (link,) = parsed(rendering.html).xpath("//a[text()='Read more on the web']")

    assert "The first paragraph." in rendering.html
    assert "The second" not in rendering.html + rendering.text
    assert link.get("href") == there
    assert link.get("aria-label") == "Read more on the web: Warm homes"
    assert f"Read more on the web:\n{there}\n" in rendering.text


def test_the_web_copy_shows_all_of_a_short_item() -> None:
    page = parsed(shortened().web_html)

    assert "The second" in Page(shortened().web_html).words
    assert "Read more" not in Page(shortened().web_html).words
    assert page.xpath("//@id").count("item-1") == 1


def test_an_item_of_one_paragraph_is_not_made_shorter() -> None:
    edition = editions.small(summary="All there is.")
    next(edition.items()).is_short = True

    assert "Read more on the web" not in made(edition).html


def with_logo(width: int = 600, height: int = 200, design: str = "digest", **theme: str) -> Rendering:
    edition = editions.small()
    edition.newsletter.design = design
    edition.newsletter.logo = Logo(picture=editions.picture("logo", width, height))
    edition.newsletter.theme = theme
    return made(edition)


@pytest.mark.parametrize(
    ("size", "shown"),
    [((600, 200), ("192", "64")), ((1000, 100), ("220", "22")), ((40, 40), ("40", "40"))],
)
def test_a_logo_fits_the_masthead(size: tuple[int, int], shown: tuple[str, str]) -> None:
    (image,) = parsed(with_logo(*size).html).iter("img")

    assert (image.get("width"), image.get("height")) == shown


def test_a_logo_beside_the_name_is_the_sender_s() -> None:
    page = parsed(with_logo().html)
    (image,) = page.iter("img")

    assert image.get("alt") == "Harbour Research"
    assert page.findtext(".//h1") == "Harbour Review"


@pytest.mark.parametrize("design", designs.names())
def test_a_logo_in_the_name_s_place_is_read_as_the_name(design: str) -> None:
    page = parsed(with_logo(design=design, masthead="logo").html)
    (image,) = page.xpath("//h1/img")

    assert image.get("alt") == "Harbour Review"
    assert "Harbour Review" not in page.xpath("string(//h1)")


def test_a_logo_stands_on_a_plate_where_all_else_is_dark() -> None:
    (image,) = parsed(with_logo().html).iter("img")

    assert "background-color:#FFFFFF" in (image.get("style") or "")
    assert ".logo" not in made(editions.small()).html


def test_a_newsletter_s_scale_and_fonts_are_used() -> None:
    edition = editions.small()
    edition.newsletter.theme = {"scale": "large", "headings": "sans"}
    rendering = made(edition)

    assert "font-size:18px" in rendering.html
    assert "Georgia" not in rendering.html
