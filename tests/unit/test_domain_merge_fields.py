"""Merge fields: what is one, what is none and why, and what stands in its place."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_mailer.domain.merge_fields import (
    MOST_VALUE,
    Field,
    check,
    fields_in,
    parse,
    refuse,
    value_of,
    wrong,
)
from pulse_mailer.errors import UsageError

FIRST = Field("first_name", "colleague")


def _as_written(field: Field) -> str:
    words = r"\s+".join(re.escape(word) for word in field.default.split())
    return rf"\{{{field.name} {{0,3}}\|\s*{words}\s*\}}"


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("Dear {first_name|colleague},", [FIRST]),
        ("{first_name|colleague}{last_name|you}", [FIRST, Field("last_name", "you")]),
        ("{first_name | dear colleague }", [Field("first_name", "dear colleague")]),  # spaces do not count
        ("{organisation|Réunion d'été, <b>}", [Field("organisation", "Réunion d'été, <b>")]),
        ("{ first_name|colleague}", []),  # a space after the brace: none is meant
        ("{{first_name|colleague}}", []),  # two braces mean nothing here
        ("{1, 2}", []),
        ("a { b", []),
        ("{First_name|colleague}", []),  # no field of that name
        ("{first_name|}", []),
        ("{first_name|a|b}", []),
        ("{first_name|a\nb}", []),
        ("{first_name|" + "x" * 61 + "}", []),
    ],
)
def test_a_text_s_fields_are_found(text: str, fields: list[Field]) -> None:
    assert fields_in(text) == fields


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{name|you}", "no merge field 'name'"),
        ("{First_name|you}", "no merge field 'First_name'"),
        ("{première|you}", "no merge field 'première'"),
        ("{first_name}", "does not say what readers get"),
        ("{first_name| }", "does not say what readers get"),
        ("{first_name|you", "closing brace is missing"),
        ("{first_name|you\nand}", "closing brace is missing"),
        ("{first_name|" + "x" * 61 + "}", "61 letters"),
        ("{first_name|a|b}", "a bar or a square bracket"),
        ("{first_name|[a]}", "a bar or a square bracket"),
    ],
)
def test_what_is_none_is_refused_with_what_is_possible(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        check(f"Dear {text}", "The letter")
    assert caught.value.what.startswith("The letter holds “{")
    assert caught.value.remedy


@pytest.mark.parametrize(
    "text", ["{ x }", "{1}", "a {", "}", "{}", "{{name}}", "set {-1}", "{first_name|you}"]
)
def test_other_braces_are_left_alone(text: str) -> None:
    assert wrong(text) == []


def test_a_field_where_none_can_stand_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot stand there"):
        refuse("For {organisation|you}", "The period")


@given(st.text(alphabet=st.sampled_from("{}|[] \nfirst_nameab1é"), max_size=80))
def test_no_text_loses_a_letter(text: str) -> None:
    pieces = list(parse(text))
    written = [re.escape(piece) if isinstance(piece, str) else _as_written(piece) for piece in pieces]

    assert re.fullmatch("".join(written), text)


@pytest.mark.parametrize("text", ["{a" * 100_000, "{first_name|" * 50_000], ids=["names", "bars"])
def test_a_long_text_of_openings_is_read_in_no_time(text: str) -> None:
    assert fields_in(text) == []
    assert wrong(text)


@pytest.mark.parametrize("raw", [None, "", "  ", "\u200b\u2060", "\x00\x07", "\u202e"])
def test_who_is_unknown_gets_the_default(raw: str | None) -> None:
    assert value_of(FIRST, raw) == "colleague"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Ann", "Ann"),
        ("  Ann\r\nBcc: x  ", "Ann Bcc: x"),
        ("A\u2028B\tC", "A B C"),
        ("\u202eAnn\u2066", "Ann"),
        ("Zoë 👩‍👩‍👧", "Zoë 👩‍👩‍👧"),
        ("J. R. R.", "J. R. R."),
        ("x" * 10_000, "x" * MOST_VALUE),
        ("\u202e" * 500 + "Ann", "Ann"),
    ],
)
def test_a_value_is_one_clean_line(raw: str, shown: str) -> None:
    assert value_of(FIRST, raw) == shown


@pytest.mark.parametrize(
    "raw", ["http://evil.example", "WWW.evil.example", "you won at win.example", "ann@example.org", "x.co/y"]
)
def test_what_a_mail_program_would_link_is_not_used(raw: str) -> None:
    assert value_of(FIRST, raw) == "colleague"


@given(st.text(max_size=2_000))
def test_any_value_is_one_line_of_what_is_seen(raw: str) -> None:
    shown = value_of(FIRST, raw)

    assert 0 < len(shown) <= MOST_VALUE
    assert len(shown.splitlines()) == 1
    assert shown == " ".join(shown.split())
    assert not any("\u202a" <= letter <= "\u202e" or "\u2066" <= letter <= "\u2069" for letter in shown)
