"""A server's reply: a basic code (RFC 5321 4.2.3), often an enhanced code (RFC 3463), and text."""

import functools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

TEXT_CHARACTERS = 500
LINE_BYTES = 512  # the longest that a server may say at once (RFC 5321 4.5.3.1.5)

_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)")
_CODE = re.compile(rb"[1-5]\d\d")


@dataclass(frozen=True, slots=True)
class Reply:
    """
    Attributes:
        code: three digits.
        enhanced_code: such as "5.1.1"; empty when the server gives none.
        text: all lines joined, without codes and control characters, at most 500 characters.
    """

    code: int
    enhanced_code: str
    text: str

    @property
    def accepted(self) -> bool:
        return self.code // 100 == 2

    @property
    def words(self) -> str:
        """The reply as people read it: "550 5.1.1 No such user"."""
        return " ".join(part for part in (str(self.code), self.enhanced_code, self.text) if part)

    @property
    def judged_enhanced_code(self) -> str:
        """The enhanced code where it agrees with the basic code's class, else none."""
        return self.enhanced_code if self.enhanced_code[:1] == str(self.code)[0] else ""


def read_reply(lines: Sequence[bytes]) -> Reply:
    """
    Read the lines of one reply; a line end counts for nothing.

    Raises:
        ValueError: they are not a reply; the message is the first line, made safe to show.
    """
    if len(lines) == 1 and len(lines[0]) <= LINE_BYTES:
        return read_line(lines[0])
    code = lines[0][:3] if lines else b""
    if not _CODE.fullmatch(code) or any(line[:3] != code for line in lines):
        raise ValueError(plain(lines[0] if lines else b""))
    spoken = [read_line(line[:LINE_BYTES]) for line in lines]
    enhanced = next((line.enhanced_code for line in spoken if line.enhanced_code), "")
    return Reply(int(code), enhanced, " ".join(line.text for line in spoken if line.text)[:TEXT_CHARACTERS])


@functools.lru_cache(maxsize=64)  # a server says the same thing to each mail, its words for the dot excepted
def read_line(line: bytes) -> Reply:
    """Read a reply of one line, or one line of a reply; raises as `read_reply`."""
    if not _CODE.fullmatch(line, 0, 3):
        raise ValueError(plain(line))
    text = plain(line[4:].rstrip(b"\r\n"))
    found = _ENHANCED.match(text)
    return Reply(int(line[:3]), found[1] if found else "", text[found.end() :] if found else text)


def plain(words: bytes | str) -> str:
    """A stranger's words on one line, without control and formatting characters, at most 500 characters."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    if text.isascii() and text.isprintable():
        return " ".join(text.split())[:TEXT_CHARACTERS]
    visible = "".join(" " if unicodedata.category(letter)[0] == "C" else letter for letter in text)
    return " ".join(visible.split())[:TEXT_CHARACTERS]
