"""A mail taken apart for the providers that want its parts."""

import email
import email.policy
from email.message import EmailMessage

import pytest

from pulse_mailer.backends.mime import goes_to, take_apart
from pulse_mailer.composing.merging import Merger, preview
from pulse_mailer.composing.rendering import render
from pulse_mailer.domain.message import Message
from pulse_mailer.errors import CannotCarry
from tests.unit.composing import editions

WAY_OUT = "https://news.example.org/out/0123456789012345678901234567890123456789"
MAIL = (
    b"From: =?utf-8?q?Caf=C3=A9=2C_News?= <news@sender.example>\r\n"
    b"To: ann@reader.example\r\n"
    b"Reply-To: editor@sender.example\r\n"
    b"Subject: =?utf-8?q?=E2=82=AC_and?=\r\n =?utf-8?q?_more?=\r\n"
    b"Date: Mon, 06 Apr 2026 09:00:00 +0000\r\n"
    b"Message-ID: <1.a@sender.example>\r\n"
    b"MIME-Version: 1.0\r\n"
    b"List-Id: News <news.sender.example>\r\n"
    b"List-Unsubscribe: <" + WAY_OUT.encode() + b">,\r\n"
    b" <mailto:leave@example.org?subject=unsubscribe>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"Feedback-ID: april:news:edition:sender\r\n"
    b"X-Auto-Response-Suppress: OOF, AutoReply\r\n"
    b"DKIM-Signature: v=1; a=rsa-sha256; b=abc\r\n"
    b'Content-Type: multipart/alternative; boundary="cut"\r\n\r\n'
    b"--cut\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"Good =E2=82=AC mor=\r\nning.\r\n=2E dot\r\n"
    b"--cut\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"<p>Good =E2=82=AC</p>\r\n"
    b"--cut--\r\n"
)


def message(data: bytes = MAIL) -> Message:
    return Message(7, "news@sender.example", "ann@reader.example", "1.a@sender.example", (data,))


def test_texts_and_subject_are_decoded() -> None:
    parts = take_apart(message())
    assert parts.subject == "€ and more"
    assert parts.text == "Good € morning.\n. dot"
    assert parts.html == "<p>Good €</p>"


def test_sender_and_reply_to_are_told_apart() -> None:
    parts = take_apart(message())
    assert (parts.from_name, parts.from_address) == ("Café, News", "news@sender.example")
    assert parts.reply_to == "editor@sender.example"


def test_the_other_headers_go_on_unfolded_and_in_order() -> None:
    assert take_apart(message()).headers == (
        ("List-Id", "News <news.sender.example>"),
        (
            "List-Unsubscribe",
            f"<{WAY_OUT}>, <mailto:leave@example.org?subject=unsubscribe>",
        ),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Feedback-ID", "april:news:edition:sender"),
        ("X-Auto-Response-Suppress", "OOF, AutoReply"),
    )


def test_a_mail_of_plain_text_alone_has_no_html() -> None:
    parts = take_apart(message(b"From: news@sender.example\r\nSubject: x\r\n\r\nGood morning.\r\n"))
    assert (parts.from_name, parts.text, parts.html, parts.reply_to) == ("", "Good morning.\n", "", "")


def with_attachment() -> bytes:
    mail = EmailMessage()
    mail["From"] = "news@sender.example"
    mail.set_content("text")
    mail.add_attachment(b"pdf", maintype="application", subtype="pdf", filename="april.pdf")
    return mail.as_bytes(policy=email.policy.SMTP)


@pytest.mark.parametrize(
    "data",
    [
        with_attachment(),
        b"Subject: x\r\n\r\nfrom nobody\r\n",
        b"From: a@sender.example, b@sender.example\r\n\r\nfrom two\r\n",
    ],
    ids=["attachment", "no From", "two From"],
)
def test_what_has_no_place_in_a_request_is_refused(data: bytes) -> None:
    with pytest.raises(CannotCarry) as caught:
        take_apart(message(data))
    assert not caught.value.again


def test_a_real_edition_comes_apart_into_what_was_approved() -> None:
    rendering, delivery = render(editions.edition(), editions.LINKS), editions.delivery()
    sent = Merger(rendering).merge(delivery, editions.LINKS)
    parts, approved = take_apart(sent), preview(rendering, delivery, editions.LINKS)
    assert (parts.text, parts.html) == (approved.text, approved.html)
    assert parts.subject == editions.edition().subject
    headers = dict(parts.headers)
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Unsubscribe"].startswith("<https://")
    assert {"List-Id", "List-Archive", "Feedback-ID", "X-Auto-Response-Suppress"} <= headers.keys()
    assert all(name.isascii() and value.isascii() and "\n" not in value for name, value in parts.headers)
    assert goes_to(sent) == [sent.recipient]


def test_everybody_is_found_whom_a_mail_names() -> None:
    assert goes_to(message()) == ["ann@reader.example"]
    two = b"To: Ann <ann@reader.example>, bob@reader.example\r\nBcc: eve@reader.example\r\n\r\nx\r\n"
    assert goes_to(message(two)) == ["ann@reader.example", "bob@reader.example", "eve@reader.example"]
