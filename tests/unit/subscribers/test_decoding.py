"""The bytes of a file: their encoding is found, and what is no text is refused."""

import pytest

from pulse_mailer.errors import BadCsv
from pulse_mailer.subscribers import decoding
from pulse_mailer.subscribers.decoding import encoding_of, opened

TEXT = "Email,Name\r\njose@example.org,José “Pepe”\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_file_is_read_in_the_encoding_it_was_saved_in(encoding: str) -> None:
    data = TEXT.encode(encoding)
    with opened(data, encoding_of(data)) as text:
        assert text.read() == TEXT


def test_big_endian_utf_16_is_read_too() -> None:
    data = b"\xfe\xff" + TEXT.encode("utf-16-be")
    with opened(data, encoding_of(data)) as text:
        assert text.read() == TEXT


def test_a_letter_cut_by_a_block_is_still_a_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "_BLOCK_BYTES", 3)
    assert encoding_of("aaé“€".encode()) == "utf-8"


def test_utf_8_with_one_bad_line_is_refused_and_the_line_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "_BLOCK_BYTES", 7)
    data = "Email,Name\nann@example.org,Zoë\n".encode() + b"bo@example.org,Zo\xeb\n"
    with pytest.raises(BadCsv, match=r"mixes encodings.* line 3"):
        encoding_of(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b" \r\n\n", "empty"),
        (b"PK\x03\x04....", "an Excel or OpenDocument workbook"),
        (b"\xd0\xcf\x11\xe0....", "an old Excel workbook"),
        (b"%PDF-1.7", "a PDF"),
        (b"Email\nann\x00@example.org", "not text: byte 10"),
        ("Email\nann@example.org".encode("utf-16-le"), "not text"),
        (b"Email\nann@example.org,\x81\n", "neither UTF-8 nor Windows-1252: see its line 2"),
        (b"\xef\xbb\xbfEmail\nbo,Zo\xeb\n", "says by its first bytes that it is utf-8.*line 2"),
    ],
)
def test_what_is_no_csv_is_refused_with_the_cause(data: bytes, message: str) -> None:
    with pytest.raises(BadCsv, match=message):
        encoding_of(data)


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "LARGEST_BYTES", 10)
    with pytest.raises(BadCsv, match="larger than"):
        encoding_of(b"Email\nann@example.org\n")
