"""A notice made into mail: plain text to one person of the staff, which says of itself that a program wrote it."""

from email.utils import format_datetime

from pulse_mailer.composing.encoding import quoted_printable
from pulse_mailer.composing.headers import mailbox, unstructured
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.message import Message
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.notice import Notice


def notice_mail(notice: Notice, newsletter: Newsletter) -> Message:
    """
    Give the finished mail: the same bytes and Message-ID on every try.

    It is no list mail, so it has no List- headers; Auto-Submitted keeps others' programs from answering (RFC 3834).

    Raises:
        UnsafeText: its subject holds characters that no mail may carry.
    """
    sender = Address.parse(newsletter.from_address)
    message_id = f"notice.{notice.id}.{notice.created_at:%Y%m%d%H%M%S}@{sender.domain}"
    head = [
        mailbox("From", newsletter.from_name or newsletter.name, str(sender)),
        f"To: {notice.address}",
        unstructured("Subject", notice.subject),
        f"Date: {format_datetime(notice.created_at)}",
        f"Message-ID: <{message_id}>",
        "MIME-Version: 1.0",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: OOF, AutoReply",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
    ]
    data = "\r\n".join([*head, "", quoted_printable(notice.body.rstrip("\n") + "\n")])
    return Message(
        delivery_id=0,
        sender=str(sender),
        recipient=notice.address,
        message_id=message_id,
        pieces=(data.encode("ascii"),),
    )
