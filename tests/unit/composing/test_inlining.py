"""CSS into style attributes: what premailer would do if it were let."""

import re

import pytest
from premailer import Premailer

from pulse_mailer.composing.compiling import compile_mjml
from pulse_mailer.composing.inlining import beside, inline
from pulse_mailer.errors import BrokenTemplate

DARK = "@media (prefers-color-scheme: dark) { .paper { background: #111111 !important } }"
PAGE = (
    f"<mjml><mj-head><mj-style>{DARK}</mj-style></mj-head><mj-body><mj-section css-class='paper'><mj-column>"
    "<mj-text><p class='note'>Words &amp; <a href='https://example.org/?a=1&amp;b=2#part'>a link</a></p>"
    "<p><a href='#part'>inside</a></p></mj-text></mj-column></mj-section></mj-body></mjml>"
)


@pytest.fixture
def compiled() -> str:
    return compile_mjml(PAGE)


def test_rules_become_style_attributes(compiled: str) -> None:
    assert '<p class="note" style="margin:0 0 12px">' in inline(compiled, "p { margin: 0 0 12px }").html


def test_dark_rules_keep_their_importance(compiled: str) -> None:
    careless = Premailer(compiled, allow_network=False, cssutils_logging_level=50).transform()

    assert DARK not in careless  # what premailer does by itself
    assert DARK in inline(compiled, "p { margin: 0 }").html


def test_the_doctype_stays(compiled: str) -> None:
    assert inline(compiled, "p { margin: 0 }").html.startswith("<!DOCTYPE html>")


def test_outlook_s_comments_stay_byte_for_byte(compiled: str) -> None:
    comments = re.findall(r"<!--.*?-->", compiled, re.DOTALL)

    assert re.findall(r"<!--.*?-->", inline(compiled, "p { margin: 0 }").html, re.DOTALL) == comments != []


def test_no_mark_of_the_guard_is_left(compiled: str) -> None:
    assert "data-premailer" not in inline(compiled, "p { margin: 0 }").html


def test_the_compiler_s_own_styles_are_not_inlined(compiled: str) -> None:
    grown = len(inline(compiled, "p { margin: 0 }").html) - len(compiled)

    assert 0 < grown < 100


def test_links_stay_as_they_were(compiled: str) -> None:
    html = inline(compiled, "a { color: #000000 }").html

    assert 'href="https://example.org/?a=1&amp;b=2#part"' in html
    assert 'href="#part"' in html


def test_nothing_is_fetched(compiled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("premailer went to the network")

    monkeypatch.setattr("requests.sessions.Session.request", refuse)
    linked = compiled.replace("<title>", '<link rel="stylesheet" href="http://127.0.0.1:9/x.css"><title>', 1)

    assert "127.0.0.1:9" in inline(linked, "p { margin: 0 }").html


def test_a_doctype_in_small_letters_stays_too(compiled: str) -> None:
    small = compiled.replace("<!DOCTYPE html>", "<!doctype html>")

    assert inline(small, "p { margin: 0 }").html.startswith("<!DOCTYPE html>")


def test_a_change_that_nobody_asked_for_is_noticed(compiled: str) -> None:
    # The HTML reader underneath drops what it takes for a stray end of the page, and the words move.
    broken = compiled.replace("<p class", "</style ><style>x</style ><p class", 1)

    with pytest.raises(BrokenTemplate, match="Putting the styles in place changed"):
        inline(broken, "p { margin: 0 }")


def test_rules_stand_beside_a_web_page_after_all_others(compiled: str) -> None:
    page = beside(compiled, "p { margin: 0 0 12px }\n").html

    assert page.replace("<style>p { margin: 0 0 12px }</style></head>", "</head>") == compiled
    assert page.rindex("<style") == page.index("<style>p { margin")


@pytest.mark.parametrize("css", ["p { margin: 0 }</style><p>", "<!--"])
def test_rules_that_would_end_their_element_are_refused(compiled: str, css: str) -> None:
    with pytest.raises(BrokenTemplate, match="head of the web copy"):
        beside(compiled, css)


def test_a_page_without_a_head_takes_no_rules() -> None:
    with pytest.raises(BrokenTemplate, match="head of the web copy"):
        beside("<p>words</p>", "p { margin: 0 }")
