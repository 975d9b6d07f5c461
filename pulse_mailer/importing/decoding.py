"""Bytes to text: UTF-8, UTF-16 with its mark, or Windows-1252; anything that is no text is refused."""

import codecs
import re

from pulse_mailer.errors import UnreadableDocument

LARGEST_BYTES = 20 * 1024 * 1024  #: of a document
READABLE = "Save it as a Word document (.docx) or as plain text, and import that."

_BINARY_SHARE = 0.05  #: of control characters, above which nobody typed it
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_OTHERS = (
    (b"%PDF-", "a PDF"),
    (b"{\\rtf", "a Rich Text document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x1f\x8b", "a compressed file"),
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
)
# What mail may not carry, marks that nobody sees (byte order marks, soft hyphens, zero-width spaces), and letters of
# nobody's alphabet.
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff"
    "\U000f0000-\U0010ffff]"
)
# Bullets from Word's own fonts, whose letters mean nothing elsewhere.
_GLYPHS = str.maketrans(
    {"\uf0b7": "•", "\uf0a7": "▪", "\uf06f": "o", "\uf0a8": "◦", "\uf0d8": "➢", "\uf0fc": "✓", "\uf076": "❖",
     "\uf02d": "-", "\uf0e0": "→"}
)  # fmt: skip
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x85\u2028\u2029]")
_CHARACTER_NUMBER = re.compile(r"&#(?:[xX]0*([0-9a-fA-F]{1,6})|0*(\d{1,7}));")


def decode(name: str, data: bytes) -> str:
    """
    Give the document's text with line feeds as line ends, without what mail may not carry.

    Raises:
        UnreadableDocument: it is something else than text, or nobody can say in which encoding.
    """
    for magic, what in _OTHERS:
        if data.lstrip()[: len(magic)].lower() == magic.lower():
            raise UnreadableDocument(f"{name} is {what}, not text.", remedy=READABLE)
    text = _decoded(name, data)
    controls = sum(map(text.count, map(chr, [*range(9), *range(14, 32), 127])))
    if controls > len(text) * _BINARY_SHARE:
        raise UnreadableDocument(f"{name} is no text: it is full of control characters.", remedy=READABLE)
    return printable(_LINE_ENDS.sub("\n", text).replace("\f", " "))


def printable(text: str) -> str:
    """The text without characters that mail may not carry, written as they are or as an entity."""
    return _UNWANTED.sub("", _CHARACTER_NUMBER.sub(_allowed, text) if "&#" in text else text).translate(
        _GLYPHS
    )


def _allowed(entity: re.Match[str]) -> str:
    code = int(entity[1], 16) if entity[1] else int(entity[2])
    fine = code <= 0x10FFFF and not _UNWANTED.match(chr(code)) and code not in (10, 11, 12, 13, 0x85)
    return entity[0] if fine else ""


def _decoded(name: str, data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError as error:
                raise UnreadableDocument(
                    f"{name} is damaged: it says that it is {encoding.removesuffix('-sig').upper()}, and breaks "
                    f"off at byte {error.start}.",
                    remedy="Save it again as UTF-8.",
                ) from error
    for encoding in ("utf-8", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError as error:
            problem = error
    raise UnreadableDocument(
        f"{name} is in no encoding we know: byte {problem.start} is neither UTF-8 nor Windows-1252.",
        remedy="Save it again as UTF-8.",
    ) from problem
