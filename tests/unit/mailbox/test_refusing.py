"""The domains that the catcher makes trouble for."""

import smtplib
from pathlib import Path

import pytest

from pulse_mailer.mailbox.catcher import Catcher
from pulse_mailer.mailbox.refusing import Refusing
from pulse_mailer.mailbox.store import Mailbox

MAIL = b"Subject: Hello\r\n\r\nText\r\n"


def test_there_is_no_mailbox_at_one_domain_and_one_takes_mail_at_the_second_try() -> None:
    refusing = Refusing()
    assert refusing.answer("ann@NOBODY.example").startswith("550 5.1.1")
    assert refusing.answer("ann@later.example").startswith("451 4.7.1")
    assert refusing.answer("ann@later.example").startswith("250")
    assert refusing.answer("bob@later.example").startswith("451")


@pytest.mark.parametrize(
    "address", ["ann@example.org", "ann@silent.example.org", "nobody.example@example.org"]
)
def test_other_domains_are_taken(address: str) -> None:
    assert Refusing().answer(address).startswith("250")
    assert not Refusing.hangs_up([address])


def test_a_client_is_refused_put_off_and_left_without_an_answer(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path)
    with Catcher(mailbox, port=0) as catcher, smtplib.SMTP("127.0.0.1", catcher.port, timeout=10) as client:
        for address, code in (("ann@nobody.example", 550), ("ann@later.example", 451)):
            with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
                client.sendmail("us@example.org", [address], MAIL)
            assert refused.value.recipients[address][0] == code
        assert client.sendmail("us@example.org", ["ann@later.example"], MAIL) == {}
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.sendmail("us@example.org", ["ann@silent.example"], MAIL)
    assert [kept.recipients for kept in mailbox.list()] == [("ann@later.example",)]
