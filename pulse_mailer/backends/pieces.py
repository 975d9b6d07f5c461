"""
A mail's bytes as they go over a wire, and the faults for which they may not.

Servers disagree about where a mail ends when line ends are bare (SMTP smuggling, CVE-2023-51764).
"""

import functools
import io
from collections.abc import Sequence
from typing import NamedTuple

from pulse_mailer.domain.message import Message

SHARED_BYTES = (
    512  # smaller pieces are a recipient's own values, larger ones text that an edition's mails share
)
_BETWEEN = b"\x01"

_BARE = "The mail holds a line that does not end in CRLF."


class WireForm(NamedTuple):
    """
    Attributes:
        fault: why the mail must not be written to a wire; empty: it may.
        pieces: what to write, each dot doubled that begins a line (RFC 5321 4.5.2).
    """

    fault: str
    pieces: Sequence[bytes]


def wire_form(message: Message) -> WireForm:
    """A mail's bytes for the wire. What many mails share is looked at once, for looking costs more than sending."""
    if len(message.pieces) > 1 and _are_fit_as_they_are(message.pieces):
        return WireForm("", message.pieces)
    data = message.data
    if not data.isascii() or b"\0" in data:
        return WireForm("The mail holds bytes that are not ASCII text.", ())
    if not (data.endswith(b"\r\n") and _ends_lines_well(data)):
        return WireForm(_BARE, ())
    stuffed = data.replace(b"\r\n.", b"\r\n..")
    return WireForm("", (b".", stuffed) if stuffed.startswith(b".") else (stuffed,))


def _are_fit_as_they_are(pieces: tuple[bytes, ...]) -> bool:
    """Whether they make a mail without fault, whatever the order, in which no line begins with a dot."""
    return (
        pieces[-1].endswith(b"\r\n") and _shared_are_fit(pieces[::2]) and _is_fit(_BETWEEN.join(pieces[1::2]))
    )


@functools.lru_cache(maxsize=64)  # as many variants of an edition are sent side by side
def _shared_are_fit(pieces: tuple[bytes, ...]) -> bool:
    return _is_fit(_BETWEEN.join(pieces))


def _is_fit(joined: bytes) -> bool:
    return (
        joined.isascii()
        and b"\0" not in joined
        and b"\n." not in joined
        and b"\x01." not in joined
        and not joined.startswith(b".")
        and joined.count(b"\r\n") == joined.count(b"\n") == joined.count(b"\r")
    )


def _ends_lines_well(data: bytes) -> bool:
    """Whether every line of an ASCII text ends in CRLF; several times faster than counting."""
    ends = io.IncrementalNewlineDecoder(None, translate=False)
    ends.decode(data.decode("ascii"), final=True)
    return ends.newlines in (None, "\r\n")
