"""Asking a spam filter: a real one, and what only pretends to be one."""

import contextlib
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pulse_mailer.composing import spamd
from pulse_mailer.composing.finding import Code, Severity
from pulse_mailer.composing.merging import Merger
from pulse_mailer.composing.rendering import render
from pulse_mailer.errors import SpamdUnreachable
from tests.needs import missing
from tests.unit.composing.editions import LINKS, delivery, edition

GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
MAIL = b"From: a@example.org\r\nSubject: Hello\r\n\r\nHello.\r\n"
GOOD = (
    "SPAMD/1.1 0 EX_OK\r\nContent-length: 9\r\nSpam: False ; {score} / 5.0\r\n\r\n"
    "Content preview: 9.9 NOT_A_RULE is no rule\n\nContent analysis details:   (x points)\n\n"
    " pts rule name              description\n---- ---------------------- -------------------\n"
    " 0.2 NORMAL_HTTP_TO_IP      URI: URI host has a public dotted-decimal IPv4\n"
    "                            address\n-1.0 MAILING_LIST_MULTI     Multiple indicators\n"
    "1000 GTUBE                  BODY: Generic Test\n 0.0 HTML_MESSAGE           BODY: HTML\n"
)


@contextlib.contextmanager
def answering(reply: bytes, *, gap: float = 0) -> Iterator[int]:
    """A server that reads what it is sent, says this, byte by byte where there is a gap, and closes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                line, _ = server.accept()
                with line:
                    while line.recv(65536):
                        pass
                    for piece in [reply] if not gap else [bytes([byte]) for byte in reply]:
                        line.sendall(piece)
                        time.sleep(gap)

        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        yield server.getsockname()[1]


def judged(reply: str) -> spamd.Judgement:
    with answering(reply.encode()) as port:
        return spamd.judge(MAIL, "127.0.0.1", port, seconds=5)


@pytest.fixture(scope="module")
def filter_port(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """SpamAssassin's own daemon, on this machine, asking no network."""
    program = shutil.which("spamd", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        missing(request.config, "SpamAssassin", "install the package spamassassin")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("spamd")
    command = [
        program,
        "--local",
        "--nouser-config",
        "--max-children=1",
        "--listen=127.0.0.1",
        f"--port={port}",
    ]
    command += [f"--syslog={folder / 'log'}", "--allowed-ips=127.0.0.1"]
    if Path("/").owner() == Path("/proc/self").owner():  # it does not run as root
        command.append("--username=nobody")
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        try:
            _wait_for(port, running)
            yield port
        finally:
            running.terminate()


def _wait_for(port: int, running: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert running.poll() is None, "spamd ended"
            assert time.monotonic() < end, "spamd did not begin"
            time.sleep(0.2)
        else:
            return


def test_the_real_filter_finds_our_mail_in_order(filter_port: int) -> None:
    tried = edition()
    mail = Merger(render(tried, LINKS)).merge(delivery(), LINKS).data
    judgement = spamd.judge(mail, "127.0.0.1", filter_port)
    assert judgement.points < spamd.WARNS_FROM
    assert "HTML_MESSAGE" in {rule.name for rule in judgement.rules}
    assert list(spamd.findings(judgement)) == []


def test_the_real_filter_finds_what_every_filter_must(filter_port: int) -> None:
    judgement = spamd.judge(MAIL + GTUBE + b"\r\n", "127.0.0.1", filter_port)
    (found,) = spamd.findings(judgement)
    assert (found.code, found.severity) == (Code.SPAM_SCORE, Severity.ERROR)
    assert "(1000, GTUBE)" in found.what


def test_the_report_is_read() -> None:
    judgement = judged(GOOD.format(score="999.2"))
    assert judgement.points == 999.2
    assert [(rule.points, rule.name) for rule in judgement.rules] == [
        (0.2, "NORMAL_HTTP_TO_IP"),
        (-1.0, "MAILING_LIST_MULTI"),
        (1000.0, "GTUBE"),
        (0.0, "HTML_MESSAGE"),
    ]
    assert judgement.rules[0].words == "URI: URI host has a public dotted-decimal IPv4 address"


@pytest.mark.parametrize(
    ("score", "severity"),
    [
        ("-1.3", None),
        ("2.9", None),
        ("3.0", Severity.WARNING),
        ("4.9", Severity.WARNING),
        ("5.0", Severity.ERROR),
    ],
)
def test_points_become_a_finding(score: str, severity: Severity | None) -> None:
    found = list(spamd.findings(judged(GOOD.format(score=score))))
    assert [finding.severity for finding in found] == ([severity] if severity else [])
    for finding in found:
        assert "BODY: Generic Test (1000, GTUBE); URI: URI host" in finding.what
        assert "MAILING_LIST_MULTI" not in finding.what  # it counts in the mail's favour
        assert "NOT_A_RULE" not in finding.what


@pytest.mark.parametrize(
    ("reply", "what"),
    [
        (b"", "is no spam filter"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "is no spam filter"),
        (b"\xff\xfe\x00" * 1000, "is no spam filter"),
        (b"SPAMD/1.1 76 Bad header\x1b[31m line\r\n\r\n", "gives no score: Bad header[31m line"),
        (b"SPAMD/1.1 0 EX_OK\r\n\r\n", "gives no score"),
        (b"SPAMD/1.1 0 EX_OK\r\nSpam: True ; 1e999 / 5.0\r\n\r\n", "gives no score"),
        (b"SPAMD/1.1 0 EX_OK\r\nSpam: True ; nan / 5.0\r\n\r\n", "gives no score"),
        (b"SPAMD/1.1 0 EX_OK\r\n" + b"X: " + b"y" * 300_000, "gives no score"),
    ],
)
def test_what_is_no_answer_is_said_to_be_none(reply: bytes, what: str) -> None:
    with answering(reply) as port, pytest.raises(SpamdUnreachable) as raised:
        spamd.judge(MAIL, "127.0.0.1", port, seconds=5)
    assert what in raised.value.what
    found = spamd.unknown(raised.value)
    assert (found.code, found.severity) == (Code.SPAM_UNKNOWN, Severity.WARNING)


def test_who_dribbles_is_left_in_time() -> None:
    with answering(GOOD.encode(), gap=0.05) as port:
        begun = time.monotonic()
        with pytest.raises(SpamdUnreachable, match="did not answer in time"):
            spamd.judge(MAIL, "127.0.0.1", port, seconds=0.5)
        assert time.monotonic() - begun < 3


def test_nobody_there_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(SpamdUnreachable, match=f"No spam filter answers at 127.0.0.1:{port}"):
        spamd.judge(MAIL, "127.0.0.1", port, seconds=5)


def test_hostile_rules_cost_no_time() -> None:
    reply = (
        "SPAMD/1.1 0 EX_OK\r\nSpam: True ; 9.9 / 5.0\r\n\r\nContent analysis details:\n" + " 1.0 A " * 14_000
    )
    begun = time.process_time()
    (found,) = spamd.findings(judged(reply))
    assert time.process_time() - begun < 2
    assert found.what.isprintable()
    assert len(found.what) < 2_000
