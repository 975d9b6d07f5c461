"""Rows of a file: the fast way to read an address agrees with the thorough one; bad rows say why."""

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pulse_mailer.domain.address import Address
from pulse_mailer.errors import BadAddress, BadCsv
from pulse_mailer.subscribers.columns import find_columns
from pulse_mailer.subscribers.decoding import opened
from pulse_mailer.subscribers.rows import RefusedRow, Row, plain_address, read_rows, split_name

LOCAL = st.text("aZ09.-_+'!#/=?^`{|}~ @\"(é", min_size=0, max_size=70)
DOMAIN = st.one_of(
    st.text("aZ0.-_é ", max_size=70),
    st.lists(
        st.sampled_from(["example", "EXAMPLE", "xn--bcher-kva", "a--b", "0", "x" * 64, "co"]), max_size=4
    ).map(".".join),
)
END = st.sampled_from(
    [".org", ".ORG", ".test", ".local", ".localhost", ".invalid", ".onion", ".arpa", ".c", ".123", ""]
)


def rows(text: str) -> list[Row | RefusedRow]:
    file = opened(text.encode(), "utf-8")
    return list(read_rows(file, find_columns(file, {})))


@given(st.builds(lambda local, domain, end: f"{local}@{domain}{end}", LOCAL, DOMAIN, END))
@example("INFO@example.org")
@example("Postmaster@example.org")
@example("a" * 64 + "@example.org")
@example("a@" + "b" * 64 + ".org")
@example("a@" + "b." * 125 + "org")
@example("a..b@example.org")
@example(".a@example.org")
@example("a@-example.org")
@example("a@example.org.")
@example("a@example.org\n")
@example("a@[127.0.0.1]")
def test_the_fast_way_agrees_with_the_thorough_one(typed: str) -> None:
    assert outcome(plain_address, typed) == outcome(thorough, typed)


def thorough(typed: str) -> tuple[str, str]:
    address = Address.parse(typed)
    return str(address), address.key


def outcome(read: Callable[[str], tuple[str, str]], typed: str) -> tuple[str, str] | str:
    """What it gives, or its refusal."""
    try:
        return read(typed)
    except BadAddress as refusal:
        return str(refusal)


def test_lines_are_counted_from_the_files_first_and_over_blank_and_long_rows() -> None:
    found = rows('\n\nEmail,Name\r\n\r\nann@example.org,"Ann\nLee"\n\n,,\nbo@example.org,Bo\n')
    assert [(row.line, row.address) for row in found] == [(5, "ann@example.org"), (9, "bo@example.org")]


def test_a_quotation_mark_that_swallows_rows_is_refused_and_says_which() -> None:
    (found, after) = rows(
        'Email,Name\n"ann@example.org","Ann\nbo@example.org,Bo\ncy@example.org"\ndi@example.org,Di\n'
    )
    assert isinstance(found, RefusedRow)
    assert "lines 2 to 4" in found.reason
    assert isinstance(after, Row)


def test_a_quotation_mark_that_swallows_the_addresses_own_column_is_refused_too() -> None:
    (found,) = rows('Name,Email\n"Ann,ann@example.org\nBo,bo@example.org"\n')
    assert isinstance(found, RefusedRow)
    assert (found.line, found.address) == (2, "")


def test_a_file_that_ends_within_a_cell_is_refused_with_the_line() -> None:
    with pytest.raises(BadCsv, match="line 3"):
        rows('Email,Name\nann@example.org,Ann\nbo@example.org,"Bo\n')


def test_a_row_with_more_cells_than_the_header_is_refused() -> None:
    (found,) = rows("Email,Last name\nann@example.org,Lee, Jr\n")
    assert isinstance(found, RefusedRow)
    assert "3 cells, but the header has 2" in found.reason


def test_empty_cells_beyond_the_header_do_no_harm() -> None:
    (found,) = rows("Email,Last name\nann@example.org,Lee,,,\n")
    assert isinstance(found, Row)


def test_a_short_row_lacks_only_names() -> None:
    assert rows("First name,Email,Last name\nAnn,ann@example.org\n") == [
        Row(2, "ann@example.org", "ann@example.org", "Ann", "", "")
    ]


@pytest.mark.parametrize("status", ["unsubscribed", "Cleaned", "no", "bounced", "pending"])
def test_a_status_that_is_not_subscribed_is_refused(status: str) -> None:
    (found,) = rows(f"Email,Status\nann@example.org,{status}\n")
    assert found == RefusedRow(2, "ann@example.org", f"the file says that they are {status!r}")


@pytest.mark.parametrize("status", ["", "Active", "subscribed", " confirmed "])
def test_a_status_that_is_subscribed_is_taken(status: str) -> None:
    assert isinstance(rows(f"Email,Status\nann@example.org,{status}\n")[0], Row)


def test_a_name_with_line_breaks_and_controls_is_cleaned() -> None:
    (found,) = rows('Email,First name\nann@example.org,"Ann\r\nBcc: \x1b[31m x\u202e"\n')
    assert isinstance(found, Row)
    assert found.first_name == "Ann Bcc: [31m x"


def test_a_name_that_is_far_too_long_is_refused() -> None:
    (found,) = rows(f"Email,First name\nann@example.org,{'a' * 201}\n")
    assert isinstance(found, RefusedRow)
    assert "longer than 200" in found.reason


def test_a_refused_address_is_shown_on_one_safe_line() -> None:
    (found,) = rows('Email\n"an\x1bn\n@@x"\n')
    assert isinstance(found, RefusedRow)
    assert found.address == "an n @@x"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Ann Lee", ("Ann", "Lee")),
        ("Ann van der Lee", ("Ann", "van der Lee")),
        ("Lee, Ann", ("Ann", "Lee")),
        ("Ann", ("Ann", "")),
        ("", ("", "")),
    ],
)
def test_a_whole_name_is_split(name: str, parts: tuple[str, str]) -> None:
    assert split_name(name) == parts


def test_a_whole_name_gives_first_and_last() -> None:
    assert rows('Name,E-mail\n"Lee, Ann",ann@example.org\n') == [
        Row(2, "ann@example.org", "ann@example.org", "Ann", "Lee", "")
    ]
