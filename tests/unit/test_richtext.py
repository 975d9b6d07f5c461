"""Staff's Markdown: what it may hold, and what becomes of it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_mailer.errors import UnsafeText
from pulse_mailer.linebreaking import TEXT_WIDTH, columns, wrap
from pulse_mailer.richtext import (
    MAX_BRACKETS,
    MAX_CHARACTERS,
    MAX_DEPTH,
    beginning,
    blocks,
    clean,
    links_in,
    to_html,
    to_text,
    usable_url,
)

HOSTILE = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "[click](javascript:alert(1))",
    "[click](JaVaScRiPt&#58;alert(1))",
    "[click](data:text/html;base64,PHNjcmlwdD4=)",
    "![picture](https://example.org/pixel.gif)",
    "</mj-text><mj-raw><script>alert(1)</script></mj-raw>",
    "<style>p{display:none}</style>",
    '<a href="https://example.org" onclick="alert(1)">x</a>',
]


@pytest.mark.parametrize("markdown", HOSTILE)
def test_nothing_hostile_becomes_a_tag(markdown: str) -> None:
    html = to_html(markdown)

    assert set(re.findall(r"<(\w[\w-]*)", html)) <= {"p", "a"}
    assert not re.search(r"<[^>]*(javascript|data:|on\w+=)", html, re.IGNORECASE)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=300))
def test_any_text_is_made_safe_or_refused(markdown: str) -> None:
    try:
        html = to_html(markdown)
    except UnsafeText:
        return
    tags = {"p", "br", "strong", "em", "a", "ul", "ol", "li", "blockquote", "h5", "sub", "sup"}
    assert set(re.findall(r"</?([a-zA-Z][\w:-]*)", html)) <= tags
    assert not re.search(r"[\t\r\n]| {2}", html)


@given(
    st.lists(
        st.sampled_from(
            [
                "- a\n",
                "  - b\n",
                "1. c\n",
                "> d\n",
                "**",
                "_",
                "[x](",
                "https://e.org)",
                "\n",
                " w ",
                "~",
                "^",
            ]
        )
    )
)
def test_any_mixture_of_marks_gives_text_within_the_width(pieces: list[str]) -> None:
    text = to_text("".join(pieces), [])

    assert all(len(line) <= TEXT_WIDTH or " " not in line.strip() for line in text.split("\n"))


def test_runs_of_white_space_become_one_space() -> None:
    # The MJML compiler drops a line end between two tags, and the words on both sides run together.
    assert to_html("**one**\n*two*   three\t four") == "<p><strong>one</strong> <em>two</em> three four</p>"


def test_a_text_gives_the_same_whatever_was_made_of_it_before() -> None:
    markdown = "# Big\n\n[gone](#) and {first_name|you}, [there](https://example.org/)"

    def made() -> list[str]:
        return [to_html(markdown, heading="h3"), to_text(markdown, []), to_html(markdown, heading="h4")]

    first = made()
    assert first[0].startswith("<h3>Big</h3> <p>gone and you")
    assert first[2] == first[0].replace("h3", "h4")
    assert made() == first


def test_headings_get_the_tag_that_fits_the_page() -> None:
    assert to_html("# Big\n\n### Small", heading="h4") == "<h4>Big</h4> <h4>Small</h4>"


def test_a_link_that_leads_nowhere_leaves_its_words() -> None:
    assert to_html("Read [this](#) and [that](/path).") == "<p>Read this and that.</p>"


def test_a_good_link_keeps_its_target() -> None:
    assert (
        to_html("[a](https://example.org/?b=1&c=2)")
        == '<p><a href="https://example.org/?b=1&amp;c=2">a</a></p>'
    )


def test_numbers_go_on_where_staff_begin_them() -> None:
    assert to_html("3. three\n4. four") == '<ol start="3"> <li>three</li> <li>four</li> </ol>'


def test_code_marks_are_only_letters() -> None:
    assert to_html("    indented\n\nand `ticks`") == "<p>indented</p> <p>and `ticks`</p>"


@pytest.mark.parametrize(
    ("markdown", "html", "text"),
    [
        ("H~2~O", "H<sub>2</sub>O", "H₂O"),
        ("the 19^th^ century", "the 19<sup>th</sup> century", "the 19ᵗʰ century"),
        ("x^n+1^ and x~max~", "x<sup>n+1</sup> and x<sub>max</sub>", "xⁿ⁺¹ and xₘₐₓ"),
        ("p^Q^ and p~Q~", "p<sup>Q</sup> and p<sub>Q</sub>", "p^(Q) and p_(Q)"),  # Unicode has no small Q
        ("(a)~1~", "(a)<sub>1</sub>", "(a)₁"),
        ("**CO~2~**", "<strong>CO<sub>2</sub></strong>", "CO₂"),
        ("[CO~2~](#)", "CO<sub>2</sub>", "CO₂"),
        # Prose keeps its tildes and carets.
        ("~5 to ~10, ~£5m–~£6m", "~5 to ~10, ~£5m–~£6m", "~5 to ~10, ~£5m–~£6m"),
        ("2^10 and 2^20", "2^10 and 2^20", "2^10 and 2^20"),
        ("a~~b~~ c^^d^^", "a~~b~~ c^^d^^", "a~~b~~ c^^d^^"),
        (r"H\~2~O and 19\^th^", "H~2~O and 19^th^", "H~2~O and 19^th^"),
        ("https://example.org/~ann/~bob", "https://example.org/~ann/~bob", "https://example.org/~ann/~bob"),
        (f"a~{'b' * 31}~", f"a~{'b' * 31}~", f"a~{'b' * 31}~"),  # nothing that long is an index
    ],
)
def test_words_are_raised_and_lowered(markdown: str, html: str, text: str) -> None:
    assert to_html(markdown) == f"<p>{html}</p>"
    assert to_text(markdown, []) == text


@pytest.mark.parametrize(
    "deep",
    [
        "> " * (MAX_DEPTH + 1) + "x",
        "- " * MAX_DEPTH + "x",
        "**" * 100 + "x" + "**" * 100,
        "> " * 50_000 + "x",
    ],
)
def test_deep_nesting_is_refused(deep: str) -> None:
    with pytest.raises(UnsafeText, match="nested"):
        to_html(deep)


def test_nesting_that_staff_use_is_not_refused() -> None:
    assert to_html("- a\n  1. b\n     - c\n       - **d**").count("<li>") == 4


@pytest.mark.parametrize(
    "text",
    [
        "a\x00b",
        "a\x0bb",
        "stray \x92 of Windows-1252",
        "turned \u202e round",
        "turned &#8238; round",  # the same, made by an entity
        "half \ud800 of a letter",
    ],
)
def test_characters_that_no_mail_may_carry_are_refused(text: str) -> None:
    with pytest.raises(UnsafeText, match=r"Line 1 holds .* U\+"):
        to_html(text)


def test_the_line_of_a_forbidden_character_is_named() -> None:
    with pytest.raises(UnsafeText, match="Line 3"):
        to_html("one\n\nthree \x07")


@pytest.mark.parametrize("text", ["x" * (MAX_CHARACTERS + 1), "[" * (MAX_BRACKETS + 1)])
def test_text_that_would_take_too_long_is_refused(text: str) -> None:
    with pytest.raises(UnsafeText):
        to_html(text)


def test_list_entries_hang_from_their_marks() -> None:
    entry = "word " * 20
    text = to_text(f"Lead:\n\n- {entry}\n- short\n  1. nested\n  2. too", [])

    assert text.split("\n") == [
        "Lead:",
        "",
        "- word word word word word word word word word word word word word word",
        "  word word word word word word",
        "",
        "- short",
        "  1. nested",
        "  2. too",
    ]


def test_short_entries_stand_close() -> None:
    assert to_text("- one\n- two", []) == "- one\n- two"


def test_links_are_numbered_once_each() -> None:
    references = ["https://example.org/earlier"]
    text = to_text(
        "[a](https://example.org/a), [b](https://example.org/earlier), [c](https://example.org/a)", references
    )

    assert text == "a [2], b [1], c [2]"
    assert references == ["https://example.org/earlier", "https://example.org/a"]


def test_a_link_whose_words_are_its_target_needs_no_number() -> None:
    references: list[str] = []

    assert to_text("<https://example.org/a> [a@example.org](mailto:a@example.org)", references) == (
        "https://example.org/a a@example.org"
    )
    assert references == []


def test_quotes_and_hard_breaks_stay_in_plain_text() -> None:
    assert to_text("> said\\\n> twice", []) == "> said\n> twice"


def test_long_words_stay_whole() -> None:
    url = "https://example.org/" + "a-b/" * 30

    assert wrap(f"see {url} now") == ["see", url, "now"]


def test_links_are_listed_as_staff_wrote_them() -> None:
    markdown = "- [one **two**](https://example.org)\n- [gone](#)\n- [bad](javascript:x)"

    assert links_in(markdown) == [
        ("one two", "https://example.org"),
        ("gone", "#"),
        ("bad", "javascript:x"),
    ]


@pytest.mark.parametrize(
    ("url", "usable"),
    [
        ("https://example.org/it's?a=1&b=2", True),
        (" https://example.org/ ", True),  # pasted with white space around it
        ("mailto:a@example.org", True),
        ("tel:+441632960123", True),
        ("", False),
        ("#", False),
        ("/relative", False),
        ("www.example.org", False),
        ("https://", False),
        ("https:///path", False),
        ("mailto:", False),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("ftp://example.org/", False),
        ("https://example.org/a b", False),
        ('https://example.org/"onclick=', False),
        ("https://[broken", False),
        ("https://example.org/\r\nBcc: x", False),
    ],
)
def test_only_links_that_lead_somewhere_are_usable(url: str, usable: bool) -> None:
    assert usable_url(url) == (url.strip() if usable else "")


def test_letters_beyond_ascii_are_written_as_every_program_knows_them() -> None:
    # The HTML writer would turn these into %XX by itself, the host's too, which leads nowhere.
    url = "https://münchen.example/straße?q=%C3%A9&p=’"

    assert usable_url(url) == "https://xn--mnchen-3ya.example/stra%C3%9Fe?q=%C3%A9&p=%E2%80%99"
    assert to_html(f"[x]({url})") == f'<p><a href="{usable_url(url).replace("&", "&amp;")}">x</a></p>'


def test_cleaning_keeps_the_structure_of_a_document() -> None:
    html = "<h2>A</h2><table><tr><td>x</td></tr></table><ul><li><a href='https://e.org'>l</a></li></ul>"

    cleaned = clean(html)

    assert all(tag in cleaned for tag in ("<h2>", "<td>", "<li>", '<a href="https://e.org">'))


def test_cleaning_keeps_the_words_of_a_dangerous_link() -> None:
    assert (
        clean('<a href="javascript:x" onclick="y">words</a><a href="#">none</a>')
        == '<a>words</a><a href="#">none</a>'
    )


def test_cleaning_keeps_the_place_of_a_picture_and_not_its_source() -> None:
    html = (
        '<img src="picture:1" alt="A"><img src="https://example.org/p.gif" alt="B"><a href="picture:2">C</a>'
    )

    assert clean(html) == '<img src="picture:1" alt="A"><img alt="B"><a>C</a>'


def test_cleaning_drops_scripts_with_what_is_in_them() -> None:
    assert clean("<p>a</p><script>b</script><style>c</style></mj-text><mj-raw>d") == "<p>a</p>d"


@pytest.mark.parametrize(
    ("markdown", "begins"),
    [
        ("One paragraph,\non two lines.\n\nAnother.", "One paragraph,\non two lines."),
        ("Only one.", "Only one."),
        ("- first\n  1. nested\n- second", "- first\n  1. nested"),
        ("3. third\n4. fourth", "3. third"),
        ("The report finds:\n\n- this\n- that", "The report finds:\n\n- this"),
        ("The report finds:\n\n- this", "The report finds:\n\n- this"),
        ("### Findings\n\nOne.\n\nTwo.", "### Findings\n\nOne."),
        ("> A quote\n> of two lines\n\nAfter it.", "> A quote\n> of two lines"),
        ("Ends with a colon:", "Ends with a colon:"),
        ("", ""),
    ],
)
def test_a_text_begins_with_its_first_paragraph_or_entry(markdown: str, begins: str) -> None:
    assert beginning(markdown) == begins


@given(st.lists(st.sampled_from(["- a\n", "  - b\n", "1. c\n", "> d\n", "# e\n", "\n", "f:\n", "**g**"])))
def test_a_beginning_is_the_beginning(pieces: list[str]) -> None:
    assert "".join(pieces).startswith(beginning("".join(pieces)))


def test_chinese_and_japanese_break_between_letters_and_never_before_a_full_stop() -> None:
    lines = wrap("住宅政策の新しい報告書が公開されました。家賃は上がり、「若い世代」の負担は増えている。", 40)
    assert [columns(line) for line in lines] == [40, 40, 6]
    assert not any(line[0] in "、。」" or line[-1] == "「" for line in lines)


def test_korean_breaks_at_its_spaces() -> None:
    assert wrap("한국어 문장은 띄어쓰기가 있습니다", 20) == ["한국어 문장은", "띄어쓰기가 있습니다"]


def test_a_space_that_must_not_break_does_not() -> None:
    assert wrap("a line that ends at 10\u00a0000 exactly", 24) == [
        "a line that ends at",
        "10\u00a0000 exactly",
    ]


def test_an_accent_of_its_own_takes_no_column() -> None:
    assert columns("e\u0301te\u0301 住") == 6


@given(st.text("ab é-/’\u00a0\n\t住（「。」ー가1"), st.integers(20, 72))
def test_wrapping_loses_no_letter_and_keeps_the_width(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert re.sub("[ \n\t]", "", "".join(lines)) == re.sub("[ \n\t]", "", text)
    # A word that is wider by itself stays whole.
    assert all(columns(line) <= width or " " not in line for line in lines)


@pytest.mark.parametrize(
    ("markdown", "parts"),
    [("", []), (" \n\n", []), ("One.\n\n- two\n- three\n\n> four", ["One.", "- two\n- three", "> four"])],
)
def test_a_text_is_parted_into_its_blocks(markdown: str, parts: list[str]) -> None:
    assert blocks(markdown) == parts
