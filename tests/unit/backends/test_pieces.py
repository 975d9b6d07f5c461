"""A mail's bytes for the wire: what may not be written, and what is the same in whatever pieces it comes."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pulse_mailer.backends import pieces as pieces_module
from pulse_mailer.backends.pieces import wire_form
from pulse_mailer.composing.merging import Merger
from pulse_mailer.composing.rendering import render
from pulse_mailer.domain.message import Message
from tests.unit.composing import editions

LONG = b"x" * 74 + b"\r\n"
SHARED = LONG * 8


def whole(data: bytes) -> Message:
    return Message(1, "news@sender.example", "ann@reader.example", "1@sender.example", (data,))


def in_pieces(*pieces: bytes) -> Message:
    return Message(1, "news@sender.example", "ann@reader.example", "1@sender.example", pieces)


def written(message: Message) -> bytes:
    fault, pieces = wire_form(message)
    assert fault == ""
    return b"".join(pieces)


def as_received(wire: bytes) -> bytes:
    """What a server makes of it (RFC 5321 4.5.2)."""
    assert b"\r\n.\r\n" not in b"\r\n" + wire
    return b"".join(line.removeprefix(b".") for line in wire.splitlines(keepends=True))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "does not end in CRLF"),
        (b"no end", "does not end in CRLF"),
        (b"end\n", "does not end in CRLF"),
        (b"end\r", "does not end in CRLF"),
        (b"end\n.\nMAIL FROM:<eve@reader.example>\r\n", "does not end in CRLF"),
        (b"end\r.\r\r\n", "does not end in CRLF"),
        (b"end\n\r\n", "does not end in CRLF"),
        (b"caf\xc3\xa9\r\n", "not ASCII"),
        (b"nothing\0\r\n", "not ASCII"),
    ],
)
@pytest.mark.parametrize("before", [b"", SHARED])
def test_what_no_wire_may_carry_has_its_fault_whole_and_in_pieces(
    data: bytes, words: str, before: bytes
) -> None:
    data = data and before + data
    assert words in wire_form(whole(data)).fault
    for cut in range(len(before), len(data) + 1):
        assert words in wire_form(in_pieces(data[:cut], data[cut:])).fault


@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [b"", b".", b"..", b"\r\n", b".\r\n", b"a.b", b"=\r\n", b"\x01", SHARED, b"." + SHARED]
            ),
            st.binary(max_size=4),
            st.sampled_from([b"\r", b"\n", b"\0", b"\xe9", SHARED[:-1], b"\n" + SHARED, SHARED + b"\r\n."]),
        ),
        max_size=8,
    )
)
@example([b"a\r\n", b"b\r\n", b".\r\n"])
@example([b"a\r\n", b".b", b"\r\n"])
@example([b"a", b"b\r\n", b"", b".c\r\n"])
@example([b".a", b"b", b"c\r\n"])
@example([b"a\r\n.b", b"\r", b"\n"])
@example([b"a", b"b\r\n.\r\n", b"c\r\n"])
def test_pieces_are_judged_and_written_like_the_mail_they_make(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    said, expected = wire_form(in_pieces(*pieces)), wire_form(whole(data))
    assert said.fault == expected.fault
    ends_well = data.endswith(b"\r\n") and data.count(b"\r\n") == data.count(b"\r") == data.count(b"\n")
    assert (said.fault == "") == (ends_well and data.isascii() and b"\0" not in data)
    if not said.fault:
        assert b"".join(said.pieces) == b"".join(expected.pieces)
        assert as_received(b"".join(said.pieces)) == data


def test_what_an_editions_mails_share_is_looked_at_once() -> None:
    merger = Merger(render(editions.edition(), editions.LINKS))
    deliveries = [editions.delivery(f"reader{number}@example.org", number) for number in (1, 2, 3)]
    messages = [merger.merge(delivery, editions.LINKS) for delivery in deliveries]
    pieces_module._shared_are_fit.cache_clear()
    for message in messages:
        assert wire_form(message).pieces is message.pieces
        assert written(message) == message.data
    assert pieces_module._shared_are_fit.cache_info().misses == 1
