"""With signing on, every mail that arrives has a DKIM signature that holds; without a key nothing goes out."""

from collections.abc import Iterator
from pathlib import Path

import dkim
import pytest

from benchmarks.grounds import EDITION, Ground, Size, prepared
from pulse_mailer.dkim_keys import DkimKeys
from pulse_mailer.mailbox.catcher import Catcher
from pulse_mailer.mailbox.store import Mailbox
from tests.journeys import commands

PEOPLE = 5
DOMAIN = "example.org"


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path / "mailbox")


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with prepared("SQLite", tmp_path / "data", Size(PEOPLE)) as made:
        yield made


@pytest.fixture
def settings(ground: Ground, mailbox: Mailbox) -> Iterator[dict[str, str | int | Path]]:
    with Catcher(mailbox, port=0) as catcher:
        yield {**ground.settings, "smtp_port": catcher.port, "dkim": "true"}


def test_mail_arrives_signed(
    tmp_path: Path, ground: Ground, mailbox: Mailbox, settings: dict[str, str | int | Path]
) -> None:
    made = commands.run("dkim", "create", DOMAIN, settings=settings, folder=tmp_path)
    assert made.returncode == 0, made.stderr
    sent = commands.run("edition", "send", EDITION, settings=settings, folder=tmp_path)
    assert sent.returncode == 0, sent.stdout + sent.stderr

    [key] = DkimKeys(ground.folder / "keys").of(DOMAIN)
    mails = [file.read_bytes() for file in mailbox.folder.glob("*.eml")]
    assert len(mails) == PEOPLE
    for mail in mails:
        assert dkim.verify(mail, dnsfunc=lambda _name, timeout: key.record.encode())


def test_nothing_goes_out_unsigned(
    tmp_path: Path, mailbox: Mailbox, settings: dict[str, str | int | Path]
) -> None:
    sent = commands.run("edition", "send", EDITION, settings=settings, folder=tmp_path)
    assert sent.returncode != 0
    assert f"pulse-mailer dkim create {DOMAIN}" in " ".join((sent.stdout + sent.stderr).split())
    assert mailbox.count() == 0
