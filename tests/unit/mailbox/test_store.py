"""The mailbox's folder."""

import json
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pulse_mailer import clock
from pulse_mailer.errors import NotFound
from pulse_mailer.mailbox.store import Mailbox

MAIL = (
    b"From: =?utf-8?q?J=C3=B6rg?= <joerg@sender.example>\r\n"
    b"To: ann@reader.example\r\n"
    b"Subject: April\r\n 2022\r\n\r\nGood morning.\r\n"
)


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path / "mailbox")


def kept(mailbox: Mailbox, recipient: str = "ann@reader.example", data: bytes = MAIL) -> str:
    return mailbox.keep("bounce@sender.example", [recipient], data)


def test_the_bytes_are_kept_as_they_came(mailbox: Mailbox) -> None:
    data = b"Subject: \xff\r\n\r\n.\r\n..\r\n\0bare\nend"
    mail_id = kept(mailbox, data=data)
    assert (mailbox.folder / f"{mail_id}.eml").read_bytes() == data


def test_a_list_shows_the_envelope_and_the_decoded_headline(mailbox: Mailbox) -> None:
    before = clock.now()
    mail_id = kept(mailbox)
    (envelope,) = mailbox.list()
    assert (envelope.id, envelope.sender, envelope.recipients) == (
        mail_id,
        "bounce@sender.example",
        ("ann@reader.example",),
    )
    assert (envelope.from_, envelope.subject) == ("Jörg <joerg@sender.example>", "April 2022")
    assert envelope.size_bytes == len(MAIL)
    assert before <= envelope.received_at <= clock.now()
    assert mailbox.envelope(mail_id) == envelope


def test_another_mailbox_on_the_same_folder_shows_the_same(mailbox: Mailbox) -> None:
    kept(mailbox)
    assert Mailbox(mailbox.folder).list() == mailbox.list()


def test_the_newest_comes_first_and_pages_follow_each_other(mailbox: Mailbox) -> None:
    ids = [kept(mailbox) for _ in range(5)]
    assert [envelope.id for envelope in mailbox.list()] == ids[::-1]
    assert [envelope.id for envelope in mailbox.list(limit=2, offset=2)] == [ids[2], ids[1]]
    assert mailbox.list(offset=5) == ()


@pytest.mark.parametrize("words", ["ANN@", "april 2022", "jÖrg", "bounce@sender"])
def test_a_search_looks_into_addresses_and_subjects_in_any_case(mailbox: Mailbox, words: str) -> None:
    wanted = kept(mailbox)
    mailbox.keep("other@else.example", ["bob@reader.example"], b"Subject: May\r\n\r\nx\r\n")
    assert [envelope.id for envelope in mailbox.list(search=words)] == [wanted]
    assert mailbox.count(words) == 1
    assert mailbox.count() == 2


def test_an_empty_mailbox_is_empty_before_its_folder_is_there(mailbox: Mailbox) -> None:
    assert not mailbox.folder.exists()
    assert (mailbox.list(), mailbox.list(search="x"), mailbox.count(), mailbox.clear()) == ((), (), 0, 0)


@pytest.mark.parametrize(
    "mail_id",
    [
        "",
        "x",
        "../../etc/passwd",
        "20260101T000000.000000Z-00000000",
        "20260101T000000.000000Z-00000000/../x",
        "20260101T000000.000000Z-0000000é",
        "20260101T000000.000000Z-00000000\n",
    ],
)
def test_an_id_that_is_none_is_not_found(mailbox: Mailbox, mail_id: str) -> None:
    kept(mailbox)
    with pytest.raises(NotFound):
        mailbox.read(mail_id)
    with pytest.raises(NotFound):
        mailbox.envelope(mail_id)


def test_a_strangers_files_in_the_folder_are_left_alone(mailbox: Mailbox) -> None:
    kept(mailbox)
    stranger = mailbox.folder / "notes.eml"
    stranger.write_text("mine")
    assert mailbox.count() == 1
    mailbox.clear()
    assert list(mailbox.folder.iterdir()) == [stranger]


def test_clearing_deletes_every_mail_and_says_how_many(mailbox: Mailbox) -> None:
    mail_id = kept(mailbox)
    kept(mailbox)
    assert mailbox.clear() == 2
    assert mailbox.list() == ()
    assert list(mailbox.folder.iterdir()) == []
    with pytest.raises(NotFound):
        mailbox.read(mail_id)


@pytest.mark.parametrize("damage", [None, b"", b"{", b"[]", b'{"received_at": 1}', b'{"id": "x"}', b"\xff"])
def test_a_lost_or_damaged_envelope_is_told_from_the_mail(mailbox: Mailbox, damage: bytes | None) -> None:
    mail_id = kept(mailbox)
    side = mailbox.folder / f"{mail_id}.json"
    if damage is None:
        side.unlink()
    else:
        side.write_bytes(damage)
    (envelope,) = Mailbox(mailbox.folder).list()
    assert (envelope.id, envelope.recipients, envelope.subject) == (
        mail_id,
        ("ann@reader.example",),
        "April 2022",
    )
    assert abs(envelope.received_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert envelope.size_bytes == len(MAIL)


def test_a_disk_that_refuses_leaves_nothing_behind(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(mailbox)
    before = sorted(mailbox.folder.iterdir())

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        kept(mailbox)
    assert sorted(mailbox.folder.iterdir()) == before


def test_only_the_owner_can_read_the_mail(mailbox: Mailbox) -> None:
    mail_id = kept(mailbox)
    assert mailbox.folder.stat().st_mode & 0o077 == 0
    assert (mailbox.folder / f"{mail_id}.eml").stat().st_mode & 0o077 == 0


def test_many_threads_keep_at_once_and_nothing_is_lost(mailbox: Mailbox) -> None:
    def keep_some(name: int) -> None:
        for number in range(20):
            kept(mailbox, f"r{name}.{number}@reader.example")

    threads = [threading.Thread(target=keep_some, args=(name,)) for name in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recipients = {envelope.recipients[0] for envelope in mailbox.list(limit=200)}
    assert recipients == {f"r{name}.{number}@reader.example" for name in range(5) for number in range(20)}


def test_the_envelope_beside_the_mail_is_plain_json(mailbox: Mailbox) -> None:
    mail_id = kept(mailbox)
    told = json.loads((mailbox.folder / f"{mail_id}.json").read_text())
    assert (told["sender"], told["recipients"]) == ("bounce@sender.example", ["ann@reader.example"])
