"""
A finished mail marked as a proof: for whoever it goes to, in whatever program they read it.

Besides the marks it is the very mail. What makes it list mail is left out (RFC 2369, RFC 8058, Feedback-ID), since a
proof belongs to no list: nobody can leave one by it, and no provider counts it among an edition's.
"""

import email
import email.policy
import html
import re
from dataclasses import dataclass

from pulse_mailer.composing.encoding import quoted_printable
from pulse_mailer.composing.headers import unstructured
from pulse_mailer.composing.merging import read_back
from pulse_mailer.domain.message import Message
from pulse_mailer.errors import CompositionError
from pulse_mailer.linebreaking import TEXT_WIDTH, wrap

#: The header that says what a proof was made of, for programs.
HEADER = "X-Pulse-Mailer-Proof"

_LEFT_OUT = re.compile(r"list-.*|feedback-id|dkim-signature|to|subject|message-id")
# After the preview line, which stands hidden at the very beginning: inboxes are to show it as readers will see it.
_BODY = re.compile(r'<body\b[^>]*>(?:\s*<div style="display:\s*none[^>]*>[^<]*</div>)?', re.IGNORECASE)
_BAR = (
    '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" bgcolor="#FFE08A"'
    ' style="width:100%;background-color:#FFE08A;background-image:linear-gradient(#FFE08A,#FFE08A)"><tr>'
    '<td align="left" style="padding:12px 16px;border-bottom:3px solid #7A4F00;font-family:Arial,Helvetica,'
    'sans-serif;font-size:14px;line-height:20px;color:#241A00;text-align:left">{}</td></tr></table>'
)


@dataclass(frozen=True, slots=True)
class Mark:
    """
    What a proof says of itself.

    Attributes:
        number: counts the proofs of an edition, from 1.
        sentences: which edition in which revision, who made it when, and what changed since the proof before.
        made_of: revision and fingerprint of the mail, for the header.
    """

    number: int
    sentences: tuple[str, ...]
    made_of: str


def proof_mail(message: Message, mark: Mark, recipient: str, message_id: str) -> bytes:
    """
    Give the bytes of a proof, not signed.

    Args:
        message: the mail as a reader gets it, not signed.
        recipient: who gets the proof, whomever the mail was made for.

    Raises:
        CompositionError: the mail has no place for the marks.
        UnsafeText: the marks cannot stand in a mail header.
    """
    parsed = email.message_from_bytes(message.data, policy=email.policy.default)
    boundary = parsed.get_boundary()
    seen = read_back(message)
    head, _, _ = message.data.decode("ascii").partition("\r\n\r\n")
    fields = [field for field in re.split(r"\r\n(?![ \t])", head) if not _is_left_out(field)]
    mine = [
        f"To: {recipient}",
        unstructured("Subject", f"[Proof {mark.number}] {parsed.get('Subject', '')}"),
        f"Message-ID: <{message_id}>",
        unstructured(HEADER, f"{mark.number}; {mark.made_of}"),
    ]
    parts = (("plain", _text(seen.text, mark)), ("html", _html(seen.html, mark)))
    whole = [*fields[:1], *mine, *fields[1:], ""]
    for subtype, content in parts:
        whole += [
            f"--{boundary}",
            f"Content-Type: text/{subtype}; charset=utf-8",
            "Content-Transfer-Encoding: quoted-printable",
            "",
            quoted_printable(content),
        ]
    return "\r\n".join([*whole, f"--{boundary}--", ""]).encode("ascii")


def _is_left_out(field: str) -> bool:
    return _LEFT_OUT.fullmatch(field.partition(":")[0].lower()) is not None


def _text(text: str, mark: Mark) -> str:
    lines = [line for sentence in mark.sentences for line in wrap(sentence)]
    return "\n".join([*lines, "*" * TEXT_WIDTH, "", text])


def _html(page: str, mark: Mark) -> str:
    found = _BODY.search(page)
    if found is None:
        raise CompositionError("The mail's HTML has no body, so that nothing in it can say it is a proof.")
    first, *others = (html.escape(sentence) for sentence in mark.sentences)
    bar = _BAR.format("<br>".join([f"<strong>{first}</strong>", *others]))
    return page[: found.end()] + bar + page[found.end() :]
