"""A finished mail taken apart again, for providers that want its parts instead of its bytes."""

import email
import email.policy
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser

from pulse_mailer.domain.message import Message
from pulse_mailer.errors import CannotCarry

#: These have fields of their own in a provider's request, or are the provider's to write.
_NOT_PASSED_ON = frozenset(
    {"from", "to", "cc", "bcc", "subject", "reply-to", "date", "message-id", "mime-version", "dkim-signature"}
)


@dataclass(frozen=True, slots=True)
class Parts:
    """
    Attributes:
        from_name, subject, text, html: decoded; empty where the mail has none.
        reply_to: an address alone; empty where the mail has none.
        headers: all others that may be passed on, unfolded, in order.
    """

    from_name: str
    from_address: str
    reply_to: str
    subject: str
    text: str
    html: str
    headers: tuple[tuple[str, str], ...]


def take_apart(message: Message) -> Parts:
    """
    Raises:
        CannotCarry: it has no From, or parts besides one plain text and one HTML text.
    """
    mail = email.message_from_bytes(message.data, policy=email.policy.default)
    senders = _addresses(mail, "From")
    if len(senders) != 1:
        raise CannotCarry(
            "The mail has no From address, or several.", remedy="Check the newsletter's sender."
        )
    texts = {"plain": "", "html": ""}
    leaves = [part for part in mail.walk() if not part.is_multipart()]
    for part in leaves:
        if (
            part.get_content_maintype() != "text"
            or part.get_content_subtype() not in texts
            or part.get_filename()
        ):
            raise CannotCarry(
                f"The mail holds a part that this provider is not given: {part.get_content_type()}.",
                remedy="Send this edition by another backend, such as smtp.",
            )
        texts[part.get_content_subtype()] = str(part.get_content()).replace("\r\n", "\n")
    return Parts(
        from_name=senders[0].display_name,
        from_address=senders[0].addr_spec,
        reply_to=next((one.addr_spec for one in _addresses(mail, "Reply-To")), ""),
        subject=str(mail.get("Subject", "")),
        text=texts["plain"],
        html=texts["html"],
        headers=tuple((name, str(value)) for name, value in mail.items() if _passed_on(name)),
    )


def goes_to(message: Message) -> list[str]:
    """The addresses that the mail's own To, Cc and Bcc name."""
    head = BytesHeaderParser(policy=email.policy.default).parsebytes(message.data.partition(b"\r\n\r\n")[0])
    return [one.addr_spec for name in ("To", "Cc", "Bcc") for one in _addresses(head, name)]


def _passed_on(name: str) -> bool:
    return name.lower() not in _NOT_PASSED_ON and not name.lower().startswith("content-")


def _addresses(mail: EmailMessage, name: str) -> tuple[Address, ...]:
    header = mail.get(name)
    return () if header is None else header.addresses
