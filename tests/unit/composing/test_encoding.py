"""Quoted-printable in pieces that can be joined in any number."""

import quopri

from hypothesis import example, given
from hypothesis import strategies as st

from pulse_mailer.composing.encoding import quoted_printable

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=400)


def decoded(*pieces: str) -> str:
    return quopri.decodestring("".join(pieces).encode("ascii")).decode().replace("\r\n", "\n")


@given(TEXT, TEXT, TEXT)
@example("a" * 76, "b" * 75, "=" * 40)
@example("x ", " ", ".")
@example(".", "..\n.", "\n.\n")
def test_pieces_joined_give_the_texts_joined(one: str, other: str, third: str) -> None:
    pieces = [quoted_printable(text) for text in (one, other, third)]

    assert decoded(*pieces) == one + other + third


@given(TEXT, TEXT)
@example("é" * 200, "a" * 75 + ".")
@example("a" * 75 + ".", "a" * 75 + " ")
def test_every_line_is_one_that_mail_transfer_leaves_alone(one: str, other: str) -> None:
    lines = (quoted_printable(one) + quoted_printable(other)).split("\r\n")

    assert all(len(line) <= 76 for line in lines)
    assert not any(line.endswith((" ", "\t")) or line.startswith(".") for line in lines)
    assert all(line.isascii() and "\n" not in line for line in lines)


def test_a_space_at_the_end_is_written_out() -> None:
    assert quoted_printable("a \nb ") == "a=20\r\nb=20=\r\n"


def test_no_letter_is_cut_in_two() -> None:
    for shift in range(6):
        lines = quoted_printable("a" * (70 + shift) + "éé").split("=\r\n")

        assert all(quopri.decodestring(line) for line in lines if line)
        assert not any(line.endswith(("=", "=C", "=A")) for line in lines)


def test_nothing_gives_nothing() -> None:
    assert quoted_printable("") == ""
