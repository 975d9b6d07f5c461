"""A caught mail made readable; a broken one too, as far as it goes."""

import email
import email.policy
import re
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage

_HEADLINE_BYTES = 32768
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")
_HEADLINES = [
    re.compile(rb"^%s:[ \t]*(.*?)\r?$" % name, re.IGNORECASE | re.MULTILINE)
    for name in (b"To", b"From", b"Subject")
]
_FOLD = re.compile(rb"\r?\n[ \t]+")


@dataclass(frozen=True, slots=True)
class Caught:
    """
    Attributes:
        headers: name and decoded value, in order.
        html, text: the two forms; empty when the mail has no such part.
        source: the mail as received; bytes that are not text are shown as “�”.
        fault: what could not be read, in a sentence; empty for a sound mail.
    """

    headers: tuple[tuple[str, str], ...]
    html: str
    text: str
    source: str
    fault: str = ""

    def header(self, name: str) -> str:
        """The first header of that name; empty when there is none."""
        return next((value for found, value in self.headers if found.casefold() == name.casefold()), "")


def read_mail(data: bytes) -> Caught:
    """Never raises: what cannot be read is left out, and `fault` says so."""
    message = email.message_from_bytes(data, policy=email.policy.default)
    headers = tuple((name, decoded(_unfolded(str(value)))) for name, value in message.raw_items())
    html, html_fault = _part(message, "html")
    text, text_fault = _part(message, "plain")
    return Caught(headers, html, text, data.decode("utf-8", "replace"), html_fault or text_fault)


def headline(data: bytes) -> tuple[str, str, str]:
    """To, From and Subject of a mail, decoded, found without parsing it; empty where it has none."""
    block = _FOLD.sub(b" ", _END_OF_HEADERS.split(data[:_HEADLINE_BYTES], maxsplit=1)[0])
    to, from_, subject = (pattern.search(block) for pattern in _HEADLINES)
    return _told(to), _told(from_), _told(subject)


def _told(header: re.Match[bytes] | None) -> str:
    return decoded(header[1].decode("utf-8", "replace")) if header else ""


def decoded(value: str) -> str:
    """A header's value with its encoded words (RFC 2047) read; as it stands where they cannot be."""
    if "=?" not in value:
        return value
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):  # an unknown charset, or bytes that are not of it
        return value


def _unfolded(value: str) -> str:
    return re.sub(r"\r?\n[ \t]*", " ", value).strip().encode("utf-8", "replace").decode()


def _part(message: EmailMessage, kind: str) -> tuple[str, str]:
    """The first part of that kind as text, and what was wrong with it."""
    try:
        part = message.get_body((kind,))
        if part is None:
            return "", ""
        content = part.get_content()
    except Exception as error:  # noqa: BLE001 - the standard parser raises nearly anything on broken mail
        return "", f"The {kind} part of this mail cannot be read ({type(error).__name__}); see its source."
    return (content, "") if isinstance(content, str) else ("", f"The {kind} part of this mail is not text.")
