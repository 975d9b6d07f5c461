"""
DKIM signatures (RFC 6376) on finished mail: by RSA with SHA-256, and by Ed25519 (RFC 8463) beside it.

Headers are signed "relaxed", so that a relay may fold them anew. The body is signed "simple": ours is all 7 bit in
short lines, which nothing on the way has a reason to change.
"""

import base64
import datetime
import hashlib
import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from pulse_mailer.errors import CompositionError, UnsafeText

if TYPE_CHECKING:  # only for those who sign: it brings all of cryptography in
    from pulse_mailer.dkim_keys import DkimKey

#: What is signed besides every List- header. List-Unsubscribe-Post must be (RFC 8058 section 4), Feedback-ID too.
SIGNED = frozenset(
    (
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "reply-to",
        "mime-version",
        "content-type",
        "content-transfer-encoding",
        "feedback-id",
    )
)
_LINE = 72


class Field(NamedTuple):
    """
    Attributes:
        name: lower case.
        relaxed: the whole header in "relaxed" form (RFC 6376 section 3.4.2), without a line end.
    """

    name: str
    relaxed: bytes


class Signer:
    """Signs for one domain, with each of some keys of its own."""

    def __init__(self, domain: str, keys: Sequence["DkimKey"]) -> None:
        self.domain = domain
        self._keys = keys

    @property
    def selectors(self) -> list[str]:
        return [key.selector for key in self._keys]

    def sign(self, data: bytes, at: datetime.datetime) -> bytes:
        """
        Give the mail with its signatures before it. The same mail, moment and keys give the same bytes.

        Args:
            data: a finished mail with CRLF line ends.
            at: the moment that the signature names; for an edition's mail its Date, so that no attempt differs.

        Raises:
            UnsafeText: it holds a CR or LF alone, which some relay on the way would mend.
            CompositionError: it has no From, or two.
        """
        if not data.count(b"\r\n") == data.count(b"\n") == data.count(b"\r"):
            raise UnsafeText(
                "The mail has a line end that is not CRLF, so that no signature on it would hold."
            )
        head_end = data.find(b"\r\n\r\n")
        head = data[:head_end] if head_end >= 0 else data.removesuffix(b"\r\n")
        chosen = [field for field in reversed(fields(head)) if _is_signed(field.name)]
        names = [field.name for field in chosen]
        if names.count("from") != 1:
            raise CompositionError(f"The mail has {names.count('from')} From headers; DKIM wants one.")
        body_hash = base64.b64encode(simple_body_hash(data, len(head) + 4)).decode()
        # From once more than there is, so that nobody can add a second one that readers would see.
        listed = _folded(":".join([*names, "from"]))
        whole = []
        for key in self._keys:
            field = (
                f"DKIM-Signature: v=1; a={key.algorithm}-sha256; c=relaxed/simple;\r\n"
                f" d={self.domain}; s={key.selector}; t={int(at.timestamp())};\r\n"
                f" h={listed};\r\n bh={body_hash};\r\n b="
            ).encode("ascii")
            signature = base64.b64encode(key.sign(to_sign(chosen, field))).decode()
            whole.append(field + "\r\n ".join(textwrap.wrap(signature, _LINE)).encode() + b"\r\n")
        return b"".join([*whole, data])


def to_sign(chosen: Sequence[Field], signature: bytes) -> bytes:
    """What a key signs: the chosen headers in their order, then the signature's own without its b= (section 3.7)."""
    return b"\r\n".join([*(field.relaxed for field in chosen), relaxed(signature).relaxed])


def fields(head: bytes) -> list[Field]:
    return [relaxed(field) for field in re.split(rb"\r\n(?![ \t])", head)]


def relaxed(field: bytes) -> Field:
    """
    One header, folded or not, without its last line end.

    Raises:
        UnsafeText: it has no name.
    """
    name, colon, value = field.replace(b"\r\n", b"").partition(b":")
    shown = name.rstrip(b" \t").lower()
    if not colon or not shown:
        raise UnsafeText(f"This is no mail header: {field[:60]!r}.")
    plain = re.sub(rb"[ \t]+", b" ", value).strip(b" ")
    return Field(shown.decode("ascii", "backslashreplace"), shown + b":" + plain)


def simple_body_hash(data: bytes, start: int) -> bytes:
    """
    The SHA-256 of a mail's body, which begins at `start`, without the empty lines at its end; one that is empty
    is one empty line (RFC 6376 section 3.4.3). Nothing is copied: a body is long, and there are many.
    """
    end = len(data)
    while data.endswith(b"\r\n", start, end):
        end -= 2
    found = hashlib.sha256(memoryview(data)[start:end])
    found.update(b"\r\n")
    return found.digest()


def _is_signed(name: str) -> bool:
    return name in SIGNED or name.startswith("list-")


def _folded(names: str) -> str:
    """White space may stand around the colons of h= (section 3.5), and nowhere else in it."""
    lines = textwrap.wrap(names.replace(":", ": "), _LINE - 3, break_on_hyphens=False)
    return "\r\n ".join(line.replace(": ", ":") for line in lines)
