"""The mail catcher over real SMTP."""

import smtplib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pulse_mailer.backends.smtp import SmtpBackend, SmtpRoute
from pulse_mailer.domain.delivery import Outcome
from pulse_mailer.domain.message import Message, Receipt
from pulse_mailer.errors import ConnectionFailed, RouteRefused, Throttled, UsageError
from pulse_mailer.mailbox.catcher import Catcher
from pulse_mailer.mailbox.receiving import SIZE_BYTES
from pulse_mailer.mailbox.store import Mailbox
from tests.contract.messages import DATA, message


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path / "mailbox")


@pytest.fixture
def catcher(mailbox: Mailbox) -> Iterator[Catcher]:
    with Catcher(mailbox, port=0) as running:
        yield running


def backend(catcher: Catcher, username: str = "", password: str = "") -> SmtpBackend:
    return SmtpBackend(SmtpRoute(catcher.host, catcher.port, username=username, password=password))


def hand_over(catcher: Catcher, messages: Sequence[Message]) -> list[Outcome]:
    with backend(catcher).session() as session:
        return [receipt.outcome for receipt in session.exchange(messages)]


def test_a_mail_is_on_the_disk_when_it_is_answered_with_yes(catcher: Catcher, mailbox: Mailbox) -> None:
    with backend(catcher).session() as session:
        for receipt in session.exchange([message("ann"), message("bob")]):
            kept_as = receipt.reply.removeprefix("Ok: kept as ")
            assert (mailbox.folder / f"{kept_as}.eml").read_bytes() == receipt.message.data
            assert mailbox.envelope(kept_as).recipients == (receipt.message.recipient,)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b".\r\n",
        b"..\r\n",
        b"end.\r\n",
        b"\r\n.\r\n",
        b"a\r\n.\r\n.\r\nb.\r\n\r\n",
        b"." * 998 + b"\r\n",
        b".end.\r\n" * 50_000,
        b"x" * 998 + b"\r\n" + b"y" * 998 + b"\r\n",
    ],
)
@pytest.mark.parametrize("head", [b"Subject: x\r\n\r\n", b"\r\n", b"."])
def test_bytes_arrive_as_they_left(catcher: Catcher, mailbox: Mailbox, head: bytes, body: bytes) -> None:
    data = head + body if head != b"." else b".\r\n" + body
    assert hand_over(catcher, [message("ann", data)]) == [Outcome.SENT]
    (envelope,) = mailbox.list()
    assert (mailbox.folder / f"{envelope.id}.eml").read_bytes() == data


def test_a_mail_without_any_line_is_kept_too(catcher: Catcher, mailbox: Mailbox) -> None:
    with smtplib.SMTP(catcher.host, catcher.port) as smtp:
        smtp.ehlo()
        smtp.mail("ann@sender.example")
        smtp.rcpt("bob@reader.example")
        assert smtp.docmd("DATA")[0] == 354
        smtp.send(b".\r\n")
        assert smtp.getreply()[0] == 250
    assert mailbox.list()[0].size_bytes == 0


def test_commands_may_come_in_one_go(catcher: Catcher, mailbox: Mailbox) -> None:
    one = b"MAIL FROM:<a@sender.example>\r\nRCPT TO:<b@reader.example>\r\nDATA\r\n"
    with socket.create_connection((catcher.host, catcher.port)) as line:
        heard = line.makefile("rb")
        assert heard.readline().startswith(b"220 ")
        line.sendall(b"EHLO me\r\n")
        offered: list[bytes] = []
        while not offered or offered[-1][3:4] == b"-":
            offered.append(heard.readline())
        # The next mail's commands leave together with the dot of the one before (RFC 2920 3.1).
        line.sendall(one + b"first\r\n.\r\n" + one + b"second\r\n.\r\nQUIT\r\n")
        codes = [reply[:3] for reply in heard.read().splitlines()]
    assert b"250-PIPELINING\r\n" in offered
    assert b"250-8BITMIME\r\n" in offered
    assert b"250-SIZE %d\r\n" % SIZE_BYTES in offered
    assert codes == [b"250", b"250", b"354", b"250"] * 2 + [b"221"]
    assert sorted(mailbox.read(envelope.id).source for envelope in mailbox.list()) == [
        "first\r\n",
        "second\r\n",
    ]


def test_all_recipients_of_an_envelope_are_kept_with_it(catcher: Catcher, mailbox: Mailbox) -> None:
    with smtplib.SMTP(catcher.host, catcher.port) as smtp:
        smtp.sendmail("ann@sender.example", ["bob@reader.example", "cy@reader.example"], DATA)
    assert mailbox.list()[0].recipients == ("bob@reader.example", "cy@reader.example")


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"x" * 76 + b"\r\n", 250), (b"x" * 998 + b"\r\n", 250), (b"x" * 999 + b"\r\n", 554)],
)
def test_a_line_longer_than_mail_may_have_is_refused(
    catcher: Catcher, mailbox: Mailbox, data: bytes, code: int
) -> None:
    with smtplib.SMTP(catcher.host, catcher.port) as smtp:
        smtp.ehlo()
        smtp.mail("ann@sender.example")
        smtp.rcpt("bob@reader.example")
        assert smtp.data(data)[0] == code
    assert mailbox.count() == (code == 250)


def test_a_mail_that_is_too_large_is_refused_and_the_line_goes_on(catcher: Catcher, mailbox: Mailbox) -> None:
    large = (b"x" * 76 + b"\r\n") * (SIZE_BYTES // 78 + 1)
    with smtplib.SMTP(catcher.host, catcher.port) as smtp:
        smtp.ehlo()
        for data, code in ((large, 552), (DATA, 250)):
            smtp.mail("ann@sender.example")
            smtp.rcpt("bob@reader.example")
            assert smtp.data(data)[0] == code
    assert mailbox.count() == 1


def test_the_backend_does_not_even_begin_a_mail_that_is_too_large(catcher: Catcher) -> None:
    large = message("ann", DATA + (b"x" * 76 + b"\r\n") * (SIZE_BYTES // 78 + 1))
    with backend(catcher).session() as session, pytest.raises(RouteRefused, match=str(SIZE_BYTES)):
        list(session.exchange([large]))


def test_data_before_a_recipient_is_refused(catcher: Catcher) -> None:
    with smtplib.SMTP(catcher.host, catcher.port) as smtp:
        smtp.ehlo()
        assert smtp.docmd("DATA")[0] == 503


def test_any_name_and_password_are_welcome(catcher: Catcher) -> None:
    assert "mail catcher" in backend(catcher, "anybody", "anything").check()


def test_a_disk_that_refuses_is_the_routes_trouble_and_not_the_readers(
    catcher: Catcher, mailbox: Mailbox
) -> None:
    mailbox.folder.write_text("a file where the folder should be")
    with backend(catcher).session() as session:
        receipts = session.exchange([message("ann")])
        receipt = next(receipts)
        with pytest.raises(Throttled) as caught:
            next(receipts)
    assert (receipt.outcome, receipt.code, receipt.enhanced_code) == (Outcome.RETURNED, 452, "4.3.1")
    assert caught.value.again


def test_a_burst_over_many_lines_is_kept_whole(catcher: Catcher, mailbox: Mailbox) -> None:
    per_line, lines = 40, 8
    threads = [
        threading.Thread(
            target=hand_over, args=(catcher, [message(f"r{line}.{number}") for number in range(per_line)])
        )
        for line in range(lines)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recipients = [envelope.recipients for envelope in mailbox.list(limit=1000)]
    assert len(set(recipients)) == len(recipients) == per_line * lines


def test_a_port_in_use_is_named_with_what_to_do(catcher: Catcher, mailbox: Mailbox) -> None:
    with pytest.raises(UsageError, match=rf"{catcher.port}: Address already in use.*MAILBOX_PORT"):
        Catcher(mailbox, port=catcher.port).start()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "mail.example.org", ""])
def test_strangers_are_not_listened_to(mailbox: Mailbox, host: str) -> None:
    with pytest.raises(UsageError, match="strangers"):
        Catcher(mailbox, host)


def test_a_private_network_must_be_said_to_be_one(mailbox: Mailbox) -> None:
    with Catcher(mailbox, "0.0.0.0", 0, private_network=True) as catcher:
        assert hand_over(Catcher(mailbox, port=catcher.port), [message("ann")]) == [Outcome.SENT]


def test_stopping_closes_port_and_connections_and_a_restart_is_fine(mailbox: Mailbox) -> None:
    catcher = Catcher(mailbox, port=0).start()
    port = catcher.port
    with socket.create_connection((catcher.host, port), timeout=5) as idle:
        assert idle.recv(100).startswith(b"220 ")
        catcher.stop()
        catcher.stop()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((catcher.host, port), timeout=5)
        assert _last_words(idle) == b""
    with Catcher(mailbox, port=port) as again:
        assert hand_over(again, [message("ann")]) == [Outcome.SENT]


def _last_words(line: socket.socket) -> bytes:
    try:
        return line.recv(100)
    except ConnectionResetError:
        return b""


def test_a_catcher_that_runs_is_not_started_twice(catcher: Catcher) -> None:
    with pytest.raises(UsageError, match="already"):
        catcher.start()


CATCHER_ALONE = """
import sys, threading
from pathlib import Path
from pulse_mailer.mailbox.catcher import Catcher
from pulse_mailer.mailbox.store import Mailbox
catcher = Catcher(Mailbox(Path(sys.argv[1])), port=0).start()
print(catcher.port, flush=True)
threading.Event().wait()
"""


def test_a_killed_catcher_has_every_mail_it_said_yes_to_and_no_half_one(mailbox: Mailbox) -> None:
    command = [sys.executable, "-c", CATCHER_ALONE, str(mailbox.folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        route = SmtpRoute("127.0.0.1", int(process.stdout.readline()))
        data = DATA + b"x" * 76 + b"\r\n" * 20_000
        taken: list[Receipt] = []
        with SmtpBackend(route).session() as session, pytest.raises(ConnectionFailed):  # noqa: PT012 - the kill is amid
            for receipt in session.exchange(message(f"r{number}", data) for number in range(1000)):
                taken.append(receipt)
                if len(taken) == 30:
                    process.kill()
    sent = [receipt for receipt in taken if receipt.outcome is Outcome.SENT]
    uncertain = [receipt for receipt in taken if receipt.outcome is Outcome.UNCERTAIN]
    kept = mailbox.list(limit=1000)
    assert len(sent) >= 30
    assert len(uncertain) <= 1
    assert {receipt.reply.removeprefix("Ok: kept as ") for receipt in sent} <= {mail.id for mail in kept}
    assert len(kept) <= len(sent) + len(uncertain)
    assert {mail.size_bytes for mail in kept} == {len(data)}
    assert all((mailbox.folder / f"{mail.id}.eml").read_bytes() == data for mail in kept)
