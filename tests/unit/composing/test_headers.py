"""The header block, read back by the standard library's own reader."""

import email
import email.policy
import re
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pulse_mailer.composing.headers import header_block, mailbox, unstructured
from pulse_mailer.composing.slots import Marks, Place, Register
from pulse_mailer.domain.edition import Edition
from pulse_mailer.errors import BadAddress, UnsafeText
from pulse_mailer.links import Links
from tests.unit.composing import editions

WORDS = st.text(
    alphabet=st.characters(
        exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs", "Cf", "Cn"],
        include_characters=" ",
        max_codepoint=0xEFFFF,  # beyond it are letters of nobody's alphabet, which mail may not carry
    ),
    max_size=300,
)


def block(edition: Edition | None = None, links: Links = editions.LINKS) -> str:
    register = Register()
    marks = Marks(Place.HEADER, register)
    made = header_block(edition or editions.edition(), links, register, marks, "text/plain")
    # What people see of an open field is no message id, and the reader of headers is strict.
    return marks.shown(made).replace("[[", "SLOT-").replace("]]", "")


def read(headers: str) -> EmailMessage:
    message = email.message_from_string(headers + "\r\n", policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


@given(WORDS)
@example("Ten years of neighbourhood teams: " * 5)
@example("a" * 200)
@example("=?utf-8?q?not_encoded?=")
@example("Größe " * 30)
@example("👩‍👩‍👧 families, and more families, and more families, and more families, and more families")
@example("two  spaces, three   spaces " * 6)
@example("? " * 60)
def test_any_subject_is_read_back_as_it_was_written(subject: str) -> None:
    header = unstructured("Subject", subject)

    assert str(read(header + "\r\n")["Subject"]) == subject.strip()
    assert all(len(line) <= 78 for line in header.split("\r\n"))
    assert all(line.strip() for line in header.split("\r\n"))


@given(WORDS.filter(lambda words: words.strip() != ""))
@example("Cordis Bright")
@example('He said "so", didn\'t he? \\o/')
@example("Smith, Jones & Co. (London)")
@example("Fédération des œuvres " * 5)
@example("x" * 90)
@example("<admin@example.com>")
def test_any_name_is_read_back_as_it_was_written(name: str) -> None:
    header = mailbox("From", name, "news@example.org")
    # email.policy.default puts a space between two encoded words of a name, against RFC 2047 section 6.2; the
    # older reader does not.
    shown, address = parseaddr(header.replace("\r\n", "").removeprefix("From: "))

    assert str(make_header(decode_header(shown))) == name.strip()
    assert address == read(header + "\r\n")["From"].addresses[0].addr_spec == "news@example.org"
    assert all(len(line) <= 78 for line in header.split("\r\n"))


def test_every_header_a_newsletter_needs_is_there_once() -> None:
    names = re.findall(r"^([A-Za-z-]+):", block(), re.MULTILINE)

    assert names == [
        "From",
        "To",
        "Reply-To",
        "Subject",
        "Date",
        "Message-ID",
        "MIME-Version",
        "List-Id",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "List-Archive",
        "List-Post",
        "Feedback-ID",
        "X-Auto-Response-Suppress",
        "Content-Type",
    ]


def test_mail_that_people_wrote_is_not_called_automatic() -> None:
    message = read(block())

    assert message["Auto-Submitted"] is None  # RFC 3834 section 5.2
    assert message["Precedence"] is None
    assert message["X-Auto-Response-Suppress"] == "OOF, AutoReply"


def test_the_way_out_is_never_an_encoded_word_however_long_it_is() -> None:
    host = f"https://{'news.' * 20}example.org"
    links = Links(host, editions.KEYS, unsubscribe_inbox="leave@example.org")
    found = re.search(r"\r\nList-Unsubscribe: (.*?)\r\n(?! )", block(links=links), re.DOTALL)

    assert found
    assert found[1] == (
        f"<{host}/u/SLOT-token>,\r\n <mailto:leave+SLOT-token@example.org?subject=unsubscribe>"
    )


def test_a_mailto_way_out_is_offered_only_where_somebody_reads_it() -> None:
    assert read(block())["List-Unsubscribe"] == "<https://news.example.org/u/SLOT-token>"


def test_encoded_words_stand_only_where_people_read_words() -> None:
    edition = editions.edition()
    edition.newsletter.name = edition.newsletter.from_name = edition.subject = "Ünïcödé " * 12
    headers = re.split(r"\r\n(?! )", block(edition))

    assert {line.split(":")[0] for line in headers if "=?" in line} == {"From", "Subject", "List-Id"}


def test_the_list_id_is_a_name_under_the_sender_s_domain() -> None:
    assert read(block())["List-Id"] == "Harbour Review <harbour-review.harbour.example.org>"


def test_nothing_is_folded_within_angle_brackets() -> None:
    edition = editions.edition()
    edition.newsletter.name = (
        "A newsletter with a name of many words, so that its list id wants a line of its own"
    )
    edition.newsletter.from_address = f"{'n' * 60}@{'long.' * 10}example.org"

    assert not re.search(r"<[^>]*\r\n[^>]*>", block(edition))


def test_no_reply_address_no_header() -> None:
    edition = editions.edition()
    edition.newsletter.reply_to = ""

    assert read(block(edition))["Reply-To"] is None


@pytest.mark.parametrize("domain", ["a.co", "bcb.example.org", "a-very-long-domain-name-indeed.example.org"])
def test_the_feedback_id_ends_in_a_sender_of_5_to_15_letters(domain: str) -> None:
    edition = editions.edition()
    edition.key = "2025:05"
    edition.newsletter.from_address = f"news@{domain}"
    fields = str(read(block(edition))["Feedback-ID"]).split(":")

    assert len(fields) == 4
    assert re.fullmatch("[a-z0-9]{5,15}", fields[-1])


@pytest.mark.parametrize("value", ["a\r\nBcc: everybody@example.org", "a\nb", "a\rb", "a\tb", "a\x00b"])
@pytest.mark.parametrize("field", ["subject", "from_name", "name"])
def test_a_line_end_in_a_name_or_subject_is_refused(field: str, value: str) -> None:
    edition = editions.edition()
    setattr(edition if field == "subject" else edition.newsletter, field, value)

    with pytest.raises(UnsafeText):
        block(edition)


@pytest.mark.parametrize("base_url", ["https://example.org\r\nBcc: x@example.org", "https://exämple.org"])
def test_a_base_url_that_no_header_can_hold_is_refused(base_url: str) -> None:
    with pytest.raises(UnsafeText, match="header"):
        block(links=Links(base_url, editions.KEYS))


@pytest.mark.parametrize("field", ["from_address", "reply_to"])
def test_a_sender_that_is_no_address_is_refused(field: str) -> None:
    edition = editions.edition()
    setattr(edition.newsletter, field, "nobody")

    with pytest.raises(BadAddress, match="nobody"):
        block(edition)
