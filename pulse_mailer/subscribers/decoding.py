"""The bytes of a CSV file as text: which encoding they are in, or why they are no text at all."""

import codecs
import io
import re
from typing import TextIO

from pulse_mailer.errors import BadCsv

LARGEST_BYTES = 100 * 1024 * 1024
SAVE_AS = "In a spreadsheet, save it as CSV UTF-8."

_BLOCK_BYTES = 1024 * 1024
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_UTF8_LETTER = re.compile(rb"[\xc3\xc4\xc5][\x80-\xbf]")
_KNOWN_STARTS = {
    b"PK\x03\x04": "an Excel or OpenDocument workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
}
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def encoding_of(data: bytes) -> str:
    """
    The name of the encoding, as Python knows it: by the byte order mark, else UTF-8, else Windows-1252.

    Raises:
        BadCsv: the file is empty, too large, binary, or in none of them; says on which line.
    """
    if not data.strip():
        raise BadCsv("The file is empty.")
    if len(data) > LARGEST_BYTES:
        raise BadCsv(
            "The file is larger than 100 MB.", remedy="Divide it into several, each with its header."
        )
    marked = next((encoding for mark, encoding in _MARKS.items() if data.startswith(mark)), None)
    if marked is None:
        _refuse_binary(data)
    elif wrong := _first_wrong(data, marked):
        raise BadCsv(
            f"The file says by its first bytes that it is {marked}, but its {wrong} is not.", remedy=SAVE_AS
        )
    return marked or _unmarked(data)


def _refuse_binary(data: bytes) -> None:
    for start, what in _KNOWN_STARTS.items():
        if data.startswith(start):
            raise BadCsv(f"The file is {what}, not a CSV file.", remedy=SAVE_AS)
    if found := _BINARY.search(data):
        raise BadCsv(f"The file is not text: byte {found.start() + 1} belongs in none.", remedy=SAVE_AS)


def _unmarked(data: bytes) -> str:
    not_utf8 = _first_wrong(data, "utf-8")
    if not_utf8 is None:
        return "utf-8"
    # Read as Windows-1252, a file that is UTF-8 save for one line would turn every José into JosÃ©.
    if _UTF8_LETTER.search(data):
        raise BadCsv(f"The file mixes encodings: it is UTF-8, but its {not_utf8} is not.", remedy=SAVE_AS)
    if wrong := _first_wrong(data, "cp1252"):
        raise BadCsv(f"The file is neither UTF-8 nor Windows-1252: see its {wrong}.", remedy=SAVE_AS)
    return "cp1252"


def opened(data: bytes, encoding: str) -> TextIO:
    """The file as text, read as one goes; line ends stay as they are, since csv wants them so."""
    return io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline="")


def _first_wrong(data: bytes, encoding: str) -> str | None:
    """Which line is the first that does not fit the encoding, such as "line 17"; None when all do."""
    decoder = codecs.getincrementaldecoder(encoding)()
    for start in range(0, len(data), _BLOCK_BYTES):
        block = data[start : start + _BLOCK_BYTES]
        try:
            decoder.decode(block, final=start + len(block) == len(data))
        except UnicodeDecodeError as error:
            # A block may begin with the rest of a letter, which is then counted in the error's own bytes.
            line = data.count(b"\n", 0, start) + error.object[: error.start].count(b"\n") + 1
            return f"line {line}"
    return None
