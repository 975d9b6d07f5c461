"""
`docs/tutorial.md`, typed word for word: each command is a process of its own, in an empty folder.

Stood in for is the open web alone: the sites named *.example are one server on this machine (`tutorial_site.py`),
which the commands find by `stood_in.py`, and trust by a certificate made for the test. That address is no public one,
so a setting names it. Ports are free ones, in place of 1025 and 8025. All else is as a reader has it, mail by SMTP
included.
"""

import contextlib
import email
import email.policy
import json
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from lxml import html as lxml_html

from pulse_mailer.mailbox.store import Mailbox
from tests.conftest import CHECKOUT
from tests.contract.certificates import self_signed
from tests.journeys import commands, stood_in
from tests.journeys.test_wrong_input import taken_port
from tests.journeys.tutorial_site import HOSTS, Site

TUTORIAL = (CHECKOUT / "docs" / "tutorial.md").read_text(encoding="utf-8")
FILES = re.compile(
    r"`([a-z]+\.(?:md|csv))`[^`]*:\n\n```(?:markdown|csv)\n(.*?)^```$", re.DOTALL | re.MULTILINE
)
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NUMBERED = re.compile(r"^\*\*(\d+)(?: (?:to|and) (\d+))?\.\*\*", re.MULTILINE)
LEFT_OUT = "..."
STARTED = "# in a window of its own"
ENDS = re.compile(r"# ends with status (\d)")


@dataclass(frozen=True)
class Call:
    """
    Attributes:
        words: what is typed after `pulse-mailer`.
        shown: the lines that the tutorial shows of what is printed, `...` for what it leaves out.
    """

    words: tuple[str, ...]
    shown: tuple[str, ...]
    status: int
    is_left_running: bool


def calls() -> list[Call]:
    """All that the tutorial types, in order."""
    return [call for block in CONSOLE.findall(TUTORIAL) for call in _calls_in(block.replace("\\\n", " "))]


def _calls_in(block: str) -> Iterator[Call]:
    before, *typed = re.split(r"^\$ ", block, flags=re.MULTILINE)
    remark = before.strip()
    ends = ENDS.fullmatch(remark)
    assert ends or remark in ("", STARTED), f"{remark!r} says nothing to this test"
    for one in typed:
        command, *shown = one.strip().splitlines()
        program, *words = shlex.split(command)
        assert program == "pulse-mailer"
        yield Call(tuple(words), tuple(shown), int(ends[1]) if ends else 0, remark == STARTED)


def pattern(shown: tuple[str, ...]) -> re.Pattern[str]:
    """What is printed, as the tutorial shows it; spaces that only line columns up count as one."""
    lines = [" ".join(line.split()) for line in shown]
    parts = ["(?:.*\n)*?" if line == LEFT_OUT else _of_line(line) + "\n" for line in lines]
    return re.compile("".join(parts))


def _of_line(line: str) -> str:
    return ".*?".join(re.escape(piece.strip()) for piece in line.split(LEFT_OUT))


def squeezed(printed: str) -> str:
    return "".join(" ".join(line.split()) + "\n" for line in printed.splitlines())


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Where the sites of the tutorial are."""
    made = self_signed(tmp_path, *HOSTS)
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        server.socket = made.for_server().wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


class Reader:
    """Who follows the tutorial, in a folder of their own."""

    def __init__(self, folder: Path, port: int) -> None:
        with taken_port() as smtp, taken_port() as web:
            settings: dict[str, str | int | Path] = {
                "data_dir": folder / "data",
                "smtp_port": smtp,
                "mailbox_port": smtp,
                "web_port": web,
                "fetch_also": f"{stood_in.ADDRESS}/32",
            }
        self._environment = commands.environment(settings) | {
            "SSL_CERT_FILE": str(folder / "certificate.pem")
        }
        self._command = [sys.executable, "-W", "error", stood_in.__file__, str(port)]
        self.folder = folder
        self.mailbox = Mailbox(folder / "data" / "mailbox")

    def types(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Both streams as one, as at a terminal."""
        return subprocess.run(
            [*self._command, *words],
            env=self._environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    @contextlib.contextmanager
    def leaves_running(self, *words: str) -> Iterator[None]:
        """From when it says where its pages are, until it is ended with SIGTERM."""
        with subprocess.Popen(
            [*self._command, *words],
            env=self._environment | {"PYTHONUNBUFFERED": "1"},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        ) as running:
            assert running.stdout is not None
            try:
                said = next((line for line in running.stdout if line.startswith("Pages ")), "")
                assert said, "It ended before it began."
                yield
            finally:
                running.terminate()

    def proof(self) -> EmailMessage:
        """The one mail that the mailbox caught."""
        (caught,) = self.mailbox.list()
        source = (self.mailbox.folder / f"{caught.id}.eml").read_bytes()
        message = email.message_from_bytes(source, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return message


@pytest.fixture
def reader(tmp_path: Path, port: int) -> Reader:
    for name, text in FILES.findall(TUTORIAL):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return Reader(tmp_path, port)


def test_it_takes_fewer_than_thirty_calls_and_numbers_each() -> None:
    numbers = [range(int(first), int(last or first) + 1) for first, last in NUMBERED.findall(TUTORIAL)]
    counted = [number for several in numbers for number in several]
    assert counted == list(range(1, len(calls()) + 1))
    assert len(counted) < 30
    assert f"in {len(counted)} calls" in TUTORIAL


def test_every_word_of_it_is_so_and_thirty_items_come_to_the_mailbox(reader: Reader) -> None:
    with contextlib.ExitStack() as running:
        for call in calls():
            if call.is_left_running:
                running.enter_context(reader.leaves_running(*call.words))
                continue
            ended = reader.types(*call.words)
            assert ended.returncode == call.status, f"{call.words}: {ended.stdout}"
            found = pattern(call.shown).fullmatch(squeezed(ended.stdout))
            assert found, f"{call.words} prints\n{ended.stdout}"
    _is_the_proof(reader.proof(), _titles(reader))
    approval = json.loads(reader.types("edition", "approval", "2026-12", "--json").stdout)
    assert (approval["status"], approval["approval"]["holds"]) == ("approved", True)


def _titles(reader: Reader) -> list[str]:
    edition = json.loads(reader.types("edition", "show", "2026-12", "--json").stdout)
    groups = [group for section in edition["sections"] for group in section["categories"]]
    return [item["title"] for group in groups for item in group["items"]]


def _is_the_proof(mail: EmailMessage, titles: list[str]) -> None:
    assert mail["To"] == "you@kingsbridge.example"
    assert mail["Subject"] == "[Proof 1] Colleague, who has time to care?"
    assert "X-Pulse-Mailer-Proof" in mail
    assert len(set(titles)) == 30
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    shown = str(lxml_html.fromstring(html.get_content()).xpath("string()"))
    for text in (" ".join(plain.get_content().split()), " ".join(shown.split())):
        assert "Dear colleague," in text
        assert [title for title in titles if title not in text] == []
