"""Caught mail made readable."""

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_mailer.mailbox.reading import headline, read_mail


def made() -> bytes:
    mail = EmailMessage()
    mail["From"] = "Jörg <joerg@sender.example>"
    mail["To"] = "ann@reader.example"
    mail["Subject"] = "Grüße im April, und noch viel mehr, damit die Zeile umbrochen werden muss – wirklich"
    mail.set_content("Guten Morgen – plain.\n")
    mail.add_alternative("<p>Guten Morgen – <b>HTML</b>.</p>\n", subtype="html")
    return mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))


def test_both_forms_are_read_and_decoded() -> None:
    caught = read_mail(made())
    assert caught.text.strip() == "Guten Morgen – plain."
    assert caught.html.strip() == "<p>Guten Morgen – <b>HTML</b>.</p>"
    assert caught.fault == ""


def test_headers_are_decoded_and_in_order() -> None:
    caught = read_mail(made())
    assert [name for name, _ in caught.headers][:3] == ["From", "To", "Subject"]
    assert caught.header("subject") == EXPECTED_SUBJECT
    assert caught.header("X-Missing") == ""


EXPECTED_SUBJECT = "Grüße im April, und noch viel mehr, damit die Zeile umbrochen werden muss – wirklich"


def test_the_source_is_shown_as_received() -> None:
    data = made()
    assert read_mail(data).source.encode() == data


def test_a_mail_of_one_part_has_no_other() -> None:
    caught = read_mail(b"Subject: x\r\nContent-Type: text/html\r\n\r\n<p>x</p>\r\n")
    assert (caught.html.strip(), caught.text) == ("<p>x</p>", "")


def test_the_headline_is_the_headers_decoded() -> None:
    assert headline(made()) == ("ann@reader.example", "Jörg <joerg@sender.example>", EXPECTED_SUBJECT)


def test_a_headline_is_not_looked_for_in_the_body() -> None:
    assert headline(b"To: ann@reader.example\r\n\r\nSubject: no\r\n") == ("ann@reader.example", "", "")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n",
        b"no header at all",
        b"Content-Type: text/html; charset=klingon\r\n\r\n<p>x</p>",
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!",
        b"Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/html\r\n\r\ncut",
        b"Content-Type: multipart/alternative\r\n\r\nno boundary",
        b"Content-Type: ;;;=\xff\r\nContent-Disposition: =\r\n\r\nx",
        b"Subject: =?utf-8?b?!!!?=\r\nFrom: =?klingon?q?x?=\r\nTo: =?utf-8?q?=ff?=\r\n\r\nx",
        b"From: <\r\nTo: @@@,,;\r\nDate: never\r\nMessage-ID: \r\n\r\nx",
    ],
)
def test_broken_mail_is_shown_as_far_as_it_goes(data: bytes) -> None:
    assert read_mail(data).source == data.decode("utf-8", "replace")
    assert isinstance(headline(data), tuple)


def test_a_part_that_cannot_be_read_is_named_as_the_fault() -> None:
    caught = read_mail(b"Content-Type: text/html; charset=klingon\r\n\r\n<p>x</p>\r\n")
    assert caught.html == ""
    assert caught.fault == "The html part of this mail cannot be read (LookupError); see its source."


@given(st.binary(max_size=300))
def test_nothing_that_comes_makes_it_raise(data: bytes) -> None:
    read_mail(data)
    headline(data)


@given(
    st.sampled_from(["Content-Type", "Content-Disposition", "Subject", "From", "To"]), st.binary(max_size=60)
)
def test_no_header_makes_it_raise(name: str, value: bytes) -> None:
    data = name.encode() + b": " + value + b"\r\n\r\nx\r\n"
    read_mail(data)
    headline(data)
