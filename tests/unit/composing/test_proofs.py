"""A proof is the very mail, with marks that nobody overlooks, and no way to leave a list by it."""

import datetime
import email
import email.policy
import re
from email.message import EmailMessage

import pytest

from pulse_mailer.backends._one_click import is_list_mail
from pulse_mailer.backends.pieces import wire_form
from pulse_mailer.composing.merging import Merger, read_back
from pulse_mailer.composing.proofs import HEADER, Mark, proof_mail
from pulse_mailer.composing.rendering import render
from pulse_mailer.domain.message import Message
from pulse_mailer.errors import CompositionError, UnsafeText
from tests.unit.composing import editions

MARK = Mark(
    2,
    (
        "Proof 2 of Harbour Review, May 2025: made by ann.",
        "Its unsubscribe link is for show.",
        "Since proof 1: <b>&",
    ),
    "revision 12; mail " + "ab" * 32,
)


@pytest.fixture(scope="module")
def mail() -> Message:
    return Merger(render(editions.edition(), editions.LINKS)).merge(editions.delivery(), editions.LINKS)


@pytest.fixture(scope="module")
def proof(mail: Message) -> Message:
    return marked(mail, MARK)


def marked(mail: Message, mark: Mark) -> Message:
    data = proof_mail(mail, mark, "ann@example.org", "proof2.1@harbour.example.org")
    return Message(
        0, "review@harbour.example.org", "ann@example.org", "proof2.1@harbour.example.org", (data,)
    )


def parsed(message: Message) -> EmailMessage:
    found = email.message_from_bytes(message.data, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def test_the_html_is_the_mail_s_own_besides_one_bar(mail: Message, proof: Message) -> None:
    bar = re.search(r'<table role="presentation"[^>]*bgcolor="#FFE08A".*?</table>', read_back(proof).html)
    assert bar is not None
    assert read_back(proof).html.replace(bar[0], "") == read_back(mail).html
    assert "Since proof 1: &lt;b&gt;&amp;</td>" in bar[0]


def test_the_bar_comes_after_the_preview_line_and_before_all_that_is_seen(proof: Message) -> None:
    page = read_back(proof).html
    preview, bar, masthead = (page.index(word) for word in ("One front door", "Proof 2 of", "<h1"))
    assert preview < bar < masthead


def test_the_text_begins_with_the_mark_and_goes_on_as_the_mail_does(mail: Message, proof: Message) -> None:
    text = read_back(proof).text
    assert text.startswith("Proof 2 of Harbour Review, May 2025: made by ann.\nIts unsubscribe link")
    assert text.endswith("\n" + "*" * 72 + "\n\n" + read_back(mail).text)


def test_subject_recipient_and_message_id_are_the_proof_s(proof: Message) -> None:
    found = parsed(proof)
    assert found["Subject"].startswith("[Proof 2] Harbour Review, May 2025: ten years")
    assert (found["To"], found["Message-ID"]) == ("ann@example.org", "<proof2.1@harbour.example.org>")
    assert found[HEADER] == f"2; {MARK.made_of}"
    assert [len(found.get_all(name, [])) for name in ("To", "Subject", "Message-ID")] == [1, 1, 1]


def test_it_is_no_list_mail(mail: Message, proof: Message) -> None:
    assert is_list_mail(mail)
    assert not is_list_mail(proof)
    assert not [name for name in parsed(proof) if name.lower().startswith(("list-", "feedback"))]


def test_all_other_headers_stay(mail: Message, proof: Message) -> None:
    before, after = parsed(mail), parsed(proof)
    for name in ("From", "Reply-To", "Date", "MIME-Version", "Content-Type", "X-Auto-Response-Suppress"):
        assert before[name] == after[name]


def test_any_wire_may_carry_it_and_no_part_has_a_defect(proof: Message) -> None:
    assert wire_form(proof).fault == ""
    found = parsed(proof)
    assert not [defect for part in found.walk() for defect in part.defects]
    assert max(map(len, proof.data.split(b"\r\n"))) <= 998


def test_a_subject_beyond_ascii_arrives_whole() -> None:
    edition = editions.small()
    edition.subject = "Été – ünïcode, und ein langer Satz, der mehr als eine Zeile braucht, ganz gewiß"
    mail = Merger(render(edition, editions.LINKS)).merge(editions.delivery(), editions.LINKS)
    assert parsed(marked(mail, MARK))["Subject"] == f"[Proof 2] {edition.subject}"


def test_a_mail_whose_html_has_no_body_is_refused_rather_than_sent_unmarked(mail: Message) -> None:
    bare = Message(0, mail.sender, mail.recipient, mail.message_id, (mail.data.replace(b"<body", b"<bodi"),))
    with pytest.raises(CompositionError, match="has no body"):
        marked(bare, MARK)


def test_a_line_end_in_the_mark_cannot_begin_a_header(mail: Message) -> None:
    with pytest.raises(UnsafeText):
        marked(mail, Mark(1, ("Proof",), "revision 1\r\nBcc: eve@example.org"))


def test_a_proof_without_a_preview_line_has_its_bar_first() -> None:
    edition = editions.small()
    edition.preheader = ""
    mail = Merger(render(edition, editions.LINKS)).merge(editions.delivery(), editions.LINKS)
    page = read_back(marked(mail, MARK)).html
    assert re.search(r'<body[^>]*><table role="presentation"[^>]*#FFE08A', page)


def test_the_date_of_a_proof_is_when_it_was_made(proof: Message) -> None:
    assert parsed(proof)["Date"].datetime == datetime.datetime(2025, 5, 1, 8, 30, tzinfo=datetime.UTC)
