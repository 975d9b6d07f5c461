"""One e-mail address, in the form to write to and in the form to compare by."""

import re
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from pulse_mailer.errors import BadAddress

_IN_WORDS = re.compile(r"[^\s<>()\[\]{},;:\"'“”‘’]+@[^\s<>()\[\]{},;:\"'“”‘’]+")


def without_addresses(words: str) -> str:
    """The words with "(address)" in the place of each address, for what can never be changed again."""
    return _IN_WORDS.sub("(address)", words)


@dataclass(frozen=True, slots=True)
class Address:
    """
    Attributes:
        local: what stands before the @, as its owner writes it.
        domain: what stands after it, lower case, as the DNS knows it (IDNA A-labels).
    """

    local: str
    domain: str

    @classmethod
    def parse(cls, text: str) -> "Address":
        """
        Read an address as a person typed it; white space around it and the case of its domain do not matter.

        Raises:
            BadAddress: it is none, or none that mail can be sent to; says why.
        """
        typed = text.strip()
        if not typed:
            raise BadAddress("The address is empty.")
        shown = typed if len(typed) <= 80 else typed[:77] + "..."
        try:
            found = validate_email(typed, check_deliverability=False, allow_smtputf8=True, strict=True)
        except EmailNotValidError as error:
            raise BadAddress(f"{shown!r} is not an e-mail address: {error}") from error
        if found.ascii_email is None or found.ascii_local_part is None:
            raise BadAddress(
                f"{shown!r} has letters before the @ that many mail servers cannot take.",
                remedy="Ask for an address whose first part is plain ASCII.",
            )
        return cls(local=found.ascii_local_part, domain=found.ascii_domain.lower())

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def key(self) -> str:
        """The form to compare by: no provider tells `Ann@` from `ann@`, and people write both."""
        return f"{self.local.casefold()}@{self.domain}"

    @property
    def masked(self) -> str:
        """For pages that others may see: j•••@example.org."""
        return f"{self.local[:1]}•••@{self.domain}"
