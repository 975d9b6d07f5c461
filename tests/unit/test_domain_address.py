"""Addresses: as people type them, as mail needs them, as they are compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_mailer.domain.address import Address
from pulse_mailer.errors import BadAddress


@pytest.mark.parametrize(
    ("typed", "written", "key"),
    [
        ("ann@example.org", "ann@example.org", "ann@example.org"),
        ("  Ann.Other@Example.ORG \n", "Ann.Other@example.org", "ann.other@example.org"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
        ("ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
        ("ann@BÜCHER.example", "ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
        ("o'neill+news@example.org", "o'neill+news@example.org", "o'neill+news@example.org"),
    ],
)
def test_address_is_written_one_way_and_compared_another(typed: str, written: str, key: str) -> None:
    found = Address.parse(typed)
    assert (str(found), found.key) == (written, key)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "ann",
        "ann@",
        "@example.org",
        "ann@@example.org",
        "ann@example",  # no such domain can be mailed
        "ann example@example.org",
        "ann@example.org, bob@example.org",
        "Ann <ann@example.org>",
        "ann@example..org",
        ".ann@example.org",
        "ann@exa mple.org",
        "ann@-example.org",
        "ann\r\nBcc: bob@example.org",
        "ann@example.org\r\nBcc: bob@example.org",
        "ann\0@example.org",
        "a" * 65 + "@example.org",
        "ann@[127.0.0.1]",
    ],
)
def test_what_cannot_be_mailed_is_refused(typed: str) -> None:
    with pytest.raises(BadAddress):
        Address.parse(typed)


def test_first_part_outside_ascii_is_refused_with_its_reason() -> None:
    with pytest.raises(BadAddress, match="letters before the @"):
        Address.parse("änne@example.org")


def test_long_nonsense_is_not_repeated_whole() -> None:
    with pytest.raises(BadAddress) as refused:
        Address.parse("x" * 5000)
    assert len(str(refused.value)) < 400


@given(st.text(max_size=80))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        found = Address.parse(text)
    except BadAddress:
        return
    assert str(found).isascii()
    assert not any(letter.isspace() or letter in "<>,;" for letter in str(found))
    assert Address.parse(str(found)) == found


def test_masked_address_does_not_say_whose_it_is() -> None:
    assert Address.parse("jane.reader@example.org").masked == "j•••@example.org"
