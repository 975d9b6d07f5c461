"""The backends that hand nothing to anybody: a Maildir and the console."""

import email
import io
import threading
from pathlib import Path

import pytest

from pulse_mailer.backends.console import ConsoleBackend, summary
from pulse_mailer.backends.file import FileBackend
from pulse_mailer.domain.delivery import Fault, Outcome, Stage
from pulse_mailer.domain.message import Message
from pulse_mailer.errors import ConnectionFailed, RouteRefused
from pulse_mailer.settings import Settings
from tests.contract.messages import message


def send(backend: FileBackend | ConsoleBackend, *messages: Message) -> list[Outcome]:
    with backend.session() as session:
        return [receipt.outcome for receipt in session.exchange(messages)]


class TestFile:
    def test_mail_ends_in_new_alone_and_is_nobody_elses(self, tmp_path: Path) -> None:
        folder = tmp_path / "mail" / "outgoing"
        assert send(FileBackend(folder), message("ann"), message("bob")) == [Outcome.SENT] * 2
        kept = sorted((folder / "new").iterdir())
        assert [email.message_from_bytes(path.read_bytes())["Delivered-To"] for path in kept] == [
            "ann@reader.example",
            "bob@reader.example",
        ]
        assert list((folder / "tmp").iterdir()) == []
        assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
        assert (folder / "new").stat().st_mode & 0o777 == 0o700

    def test_the_receipt_names_the_file(self, tmp_path: Path) -> None:
        with FileBackend(tmp_path).session() as session:
            (receipt,) = session.exchange([message("ann")])
        (kept,) = (tmp_path / "new").iterdir()
        assert receipt.reply == f"Kept as {kept.name}"

    def test_sessions_at_once_never_share_a_name(self, tmp_path: Path) -> None:
        backend = FileBackend(tmp_path)
        threads = [threading.Thread(target=send, args=(backend, *([message("ann")] * 25))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(list((tmp_path / "new").iterdir())) == 100

    def test_a_folder_that_vanishes_in_between_returns_the_mail(self, tmp_path: Path) -> None:
        backend = FileBackend(tmp_path / "outgoing")
        with backend.session() as session:
            (tmp_path / "outgoing" / "new").rmdir()
            receipts = session.exchange([message("ann")])
            receipt = next(receipts)
            assert (receipt.outcome, receipt.stage) == (Outcome.RETURNED, Stage.BODY)
            assert receipt.fault is Fault.ROUTE
            with pytest.raises(RouteRefused):
                next(receipts)
        assert list((tmp_path / "outgoing" / "tmp").iterdir()) == []

    def test_a_folder_that_cannot_be_is_said_with_its_setting(self, tmp_path: Path) -> None:
        (tmp_path / "taken").write_text("a file")
        with pytest.raises(ConnectionFailed, match="PULSE_MAILER_FILE_DIR"):
            FileBackend(tmp_path / "taken").check()

    def test_it_lies_in_the_data_folder_unless_told(self, tmp_path: Path) -> None:
        assert FileBackend.configured(Settings(data_dir=tmp_path)).folder == tmp_path / "outgoing"
        named = Settings(data_dir=tmp_path, file_dir=tmp_path / "elsewhere")
        assert FileBackend.configured(named).folder == tmp_path / "elsewhere"


LONG = (
    b"From: =?utf-8?q?Caf=C3=A9?= <news@sender.example>\r\n"
    b"To: ann@reader.example\r\n"
    b"Subject: April\x1b[31m\r\n"
    b"List-Unsubscribe: <https://news.example.org/out/abc>\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"one\r\n\r\ntwo =1B[2J\r\nthree\r\nfour\r\nfive\r\nsix\r\nseven\r\n"
)


class TestConsole:
    def test_a_person_reads_who_gets_what(self) -> None:
        assert summary(message("ann", LONG)) == (
            "────────────────────────────────────────\n"
            "To:         ann@reader.example\n"
            "From:       Café <news@sender.example>\n"
            "Subject:    April [31m\n"
            "Message-ID: <ann.1@sender.example>\n"
            "Way out:    <https://news.example.org/out/abc>\n"
            f"Size:       {len(LONG)} bytes\n"
            "   one\n   two [2J\n   three\n   four\n   five\n   six\n   …\n"
        )

    def test_a_stream_that_knows_few_letters_gets_those(self) -> None:
        kept = io.BytesIO()
        stream = io.TextIOWrapper(kept, encoding="ascii")
        assert send(ConsoleBackend(stream), message("ann", LONG)) == [Outcome.SENT]
        assert b"Caf? <news@sender.example>" in kept.getvalue()

    def test_a_reader_that_went_away_returns_the_mail(self) -> None:
        class Broken(io.StringIO):
            def write(self, words: str) -> int:
                raise BrokenPipeError(32, "Broken pipe")

        with ConsoleBackend(Broken()).session() as session:
            receipts = session.exchange([message("ann")])
            assert next(receipts).outcome is Outcome.RETURNED
            with pytest.raises(RouteRefused, match="Broken pipe"):
                next(receipts)

    def test_mail_without_plain_text_shows_its_headers(self) -> None:
        html = b"Subject: x\r\nContent-Type: text/html\r\n\r\n<p>x</p>\r\n"
        assert "Subject:    x" in summary(message("ann", html))
        assert "<p>" not in summary(message("ann", html))

    def test_it_writes_to_standard_output(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert send(ConsoleBackend.configured(Settings()), message("ann")) == [Outcome.SENT]
        assert "To:         ann@reader.example" in capsys.readouterr().out
