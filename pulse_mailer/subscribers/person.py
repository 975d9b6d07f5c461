"""Person: an address and the names that came with it, fit to store and to print in mail."""

import re
import unicodedata
from dataclasses import dataclass

from pulse_mailer.domain.address import Address
from pulse_mailer.errors import UsageError

NAME_LETTERS = 200

# Controls, and the marks that turn the direction of text or join nothing: none belongs in a name, and some
# would let one name change how the rest of a line reads. The joiners U+200C and U+200D stay: Persian and
# Indic names are spelled with them.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)


def clean_name(text: str) -> str:
    """
    A name on one line: white space and line breaks as single spaces, unseen characters gone, Unicode NFC.

    Raises:
        UsageError: it is longer than 200 letters, or half a character.
    """
    if not text:
        return ""
    name = one_line(text)
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        raise UsageError("The name holds half a character.")
    if len(name) > NAME_LETTERS:
        raise UsageError(f"The name {name[:40]!r}... is longer than {NAME_LETTERS} letters.")
    return name


def one_line(text: str) -> str:
    """White space and line breaks as single spaces, unseen characters gone, Unicode NFC."""
    line = " ".join(text.split())
    if line.isascii() and line.isprintable():
        return line
    return " ".join(_UNSEEN.sub("", unicodedata.normalize("NFC", line)).split())


@dataclass(frozen=True, slots=True)
class Person:
    address: Address
    first_name: str = ""
    last_name: str = ""
    organisation: str = ""

    @classmethod
    def parse(
        cls, address: str, first_name: str = "", last_name: str = "", organisation: str = ""
    ) -> "Person":
        """
        Read what somebody typed.

        Raises:
            BadAddress: it is not one that mail can be sent to.
            UsageError: a name is none.
        """
        return cls(
            Address.parse(address), clean_name(first_name), clean_name(last_name), clean_name(organisation)
        )

    def names(self) -> dict[str, str]:
        return {
            "first_name": self.first_name,
            "last_name": self.last_name,
            "organisation": self.organisation,
        }
