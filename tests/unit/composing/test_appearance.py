"""Style sheets and looks, as far as the checks on a mail read them."""

import pytest

from pulse_mailer.composing.appearance import Seen, colour_in, seen
from pulse_mailer.composing.made import made
from pulse_mailer.composing.markup import parsed
from pulse_mailer.composing.preflight import MAIL_CHECKS
from pulse_mailer.composing.rendering import render
from pulse_mailer.composing.sheets import Rule, rules, xpath
from tests.unit.composing.editions import LINKS, edition

DARK = "@media (prefers-color-scheme: dark)"


def looks(body: str, css: str = "", *, dark: bool = False) -> dict[str, Seen]:
    document = parsed(f"<html><body>{body}</body></html>")
    return {found.words: found for found in seen(document.body, tuple(rules(css)), dark=dark)}


def test_rules_know_what_is_around_them() -> None:
    found = list(
        rules(f"@import url(x); a, b > c {{ x: 1; y: 2 !important }} /* d {{}} */ {DARK} {{ p {{ z: 3 }} }}")
    )
    assert found == [
        Rule((), "a", {"x": "1", "y": "2 !important"}),
        Rule((), "b > c", {"x": "1", "y": "2 !important"}),
        Rule((DARK,), "p", {"z": "3"}),
    ]
    assert [rule.is_dark for rule in found] == [False, False, True]


@pytest.mark.parametrize(
    "css", ["", "}", "{", "}}{{", "@media x {", "a { b", "a { b: c } }", "/* a { b: c }", ";;{;}"]
)
def test_broken_sheets_are_read_to_their_end(css: str) -> None:
    assert [rule.declarations for rule in rules(css) if rule.selector] in ([], [{"b": "c"}])


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("p", ["one", "two"]),
        (".a", ["one", "three"]),
        ("div .b", ["two"]),
        ("div > .a", ["one"]),
        ("p.a", ["one"]),
        (".text p.a", []),
        ("a:hover", None),
        ("#id", None),
        ("[class=a]", None),
    ],
)
def test_selectors_find_what_browsers_find(selector: str, found: list[str] | None) -> None:
    document = parsed(
        "<div><p class='x a'>one</p><section><p class='b'>two</p><i class='a'>three</i></section></div>"
    )
    path = xpath(selector)
    assert ([element.text for element in document.xpath(path)] if path else None) == found


@pytest.mark.parametrize(
    ("value", "colour"),
    [
        ("#abc", "#AABBCC"),
        ("#12345f !important", "#12345F"),
        ("solid 1px rgb(1, 2, 255)", "#0102FF"),
        ("White", "#FFFFFF"),
        ("transparent", None),
        ("url(#12345)", None),
    ],
)
def test_colours_as_css_writes_them(value: str, colour: str | None) -> None:
    assert colour_in(value) == colour


def test_words_inherit_and_style_attributes_win() -> None:
    found = looks(
        "<div style='color:#111;background:#EEE;font-size:18px'>a <b style='color:#222'>b</b> c"
        "<p bgcolor='#DDDDDD' align='justify'>d</p></div>",
        "div { color: #333 } p { color: #444444 }",
    )
    assert found["a"] == Seen("a", "#111111", "#EEEEEE", 18)
    assert found["b"] == Seen("b", "#222222", "#EEEEEE", 18, is_bold=True)
    assert found["c"] == Seen("c", "#111111", "#EEEEEE", 18)
    assert found["d"] == Seen("d", "#444444", "#DDDDDD", 18, is_justified=True)


def test_dark_rules_count_in_a_dark_inbox_alone_and_the_heavier_one_wins() -> None:
    white = "background-color:#FFF;background:#FFF"
    body = f"<div class='text' style='{white}'><p class='s' style='color:#000'>a</p></div>"
    css = f"{DARK} {{ .text .s {{ color: #ABC !important }} .s {{ color: #DEF !important }}"
    css += " .text { background: #101010 !important } }"
    assert looks(body, css)["a"] == Seen("a", "#000000", "#FFFFFF")
    assert looks(body, css, dark=True)["a"] == Seen("a", "#AABBCC", "#101010")


def test_without_important_the_style_attribute_stays() -> None:
    assert (
        looks("<p style='color:#000'>a</p>", f"{DARK} {{ p {{ color: #FFF }} }}", dark=True)["a"].colour
        == "#000000"
    )


def test_what_nobody_sees_has_no_look() -> None:
    assert looks("<div style='display:none'>a<p>b</p></div><style>c</style><p>\u200c\xa0</p>d").keys() == {
        "d"
    }


def test_pictures_are_seen_by_their_words() -> None:
    assert looks("<img alt='A bridge' style='color:#777'>")["A bridge"].colour == "#777777"


def test_our_own_design_has_nothing_to_be_found() -> None:
    tried = edition()
    mail = made(tried, render(tried, LINKS))
    assert [finding for check in MAIL_CHECKS for finding in check(mail)] == []
    assert {look.ground for look in mail.dark} <= {"#14171A", "#1A1E22"}
    assert len(mail.light) == len(mail.dark) > 150
