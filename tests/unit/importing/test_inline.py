import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_mailer.importing.inline import Run, rewrite_links, runs, visible, write
from pulse_mailer.richtext import to_html

PRINTABLE = st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=40)
RAISED = st.sampled_from(["", "", "sub", "sup"])


def test_emphasis_and_links_become_runs() -> None:
    assert runs("A **bold** and [*linked* text](https://example.org) end") == [
        Run("A "),
        Run("bold", bold=True),
        Run(" and "),
        Run("linked", italic=True, target="https://example.org"),
        Run(" text", target="https://example.org"),
        Run(" end"),
    ]


@pytest.mark.parametrize(
    ("markdown", "seen"),
    [
        ("H~2~O on the 19^th^", "H2O on the 19th"),
        ("~5 of ~10, 2^10 and a^ b^", "~5 of ~10, 2^10 and a^ b^"),
        ("5* hotels and ** stars", "5* hotels and ** stars"),
        (r"\*not bold\*", "*not bold*"),
        ("snake_case_name", "snake_case_name"),
        ("[text](https://example.org/a_(b))", "text"),
        ("[a [b] c](#)", "a [b] c"),
        ("<https://example.org>", "https://example.org"),
        ("AT&amp;T &copy; &unknown", "AT&T © &unknown"),
        ("[no link]", "[no link]"),
        ("a < b > c", "a < b > c"),
    ],
)
def test_visible_text_is_what_a_reader_sees(markdown: str, seen: str) -> None:
    assert visible(markdown) == seen


def test_white_space_is_moved_out_of_emphasis() -> None:
    assert write([Run("Contact: ", bold=True), Run("the need")]) == "**Contact:** the need"


def test_runs_that_look_the_same_are_joined() -> None:
    parts = [Run("Tit", target="https://a.org"), Run("le", target="https://a.org"), Run(" x"), Run("y")]
    assert write(parts) == "[Title](https://a.org) xy"


def test_emphasis_that_would_not_be_seen_is_dropped() -> None:
    assert write([Run("Contact:", bold=True), Run("the need")]) == "Contact:the need"


def test_bare_links_end_before_the_full_stop() -> None:
    seen: list[str] = []

    def rewrite(words: str, target: str, is_picture: bool) -> str:
        assert words == target
        assert not is_picture
        seen.append(target)
        return "X"

    assert rewrite_links("See https://example.org/a_(b), (https://example.org).", rewrite) == "See X, (X)."
    assert seen == ["https://example.org/a_(b)", "https://example.org"]


def test_raised_and_lowered_words_stay_so() -> None:
    parts = [Run("CO"), Run("2", raised="sub"), Run(" on the 19"), Run("th", raised="sup")]

    assert write(parts) == "CO~2~ on the 19^th^"
    assert runs(write(parts)) == parts


def test_what_our_markdown_cannot_raise_stays_on_the_line() -> None:
    assert write([Run("see "), Run("note 1", raised="sup")]) == "see note 1"


def test_bold_words_are_raised_within_their_bold() -> None:
    assert write([Run("CO", bold=True), Run("2", bold=True, raised="sub")]) == "**CO~2~**"


@given(st.lists(st.builds(Run, PRINTABLE, st.booleans(), st.booleans(), raised=RAISED), max_size=6))
def test_what_was_written_reads_as_it_was(parts: list[Run]) -> None:
    expected = " ".join("".join(run.text for run in parts).split())
    assert visible(write(parts)) == expected


@given(st.lists(st.builds(Run, PRINTABLE, st.booleans(), st.booleans(), raised=RAISED), max_size=6))
def test_commonmark_shows_what_was_written(parts: list[Run]) -> None:

    text = "x " + write(parts)
    shown = html.unescape(re.sub(r"<[^>]*>", "", to_html(text)))
    assert " ".join(shown.split()) == " ".join(f"x {''.join(run.text for run in parts)}".split())
