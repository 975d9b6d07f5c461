"""The files of secrets: made once, read for ever, refused when damaged."""

import base64
import errno
import os
import stat
import threading
from pathlib import Path

import pytest

from pulse_mailer.errors import BadSetting
from pulse_mailer.keys import Keys, load_or_create


def secret(byte: int) -> str:
    return base64.urlsafe_b64encode(bytes([byte]) * 32).decode()


def test_first_start_makes_keys_that_the_second_reads(tmp_path: Path) -> None:
    first, second = load_or_create(tmp_path / "keys"), load_or_create(tmp_path / "keys")
    assert (first.links, first.address) == (second.links, second.address)


def test_two_installations_have_different_keys(tmp_path: Path) -> None:
    one, other = load_or_create(tmp_path / "one"), load_or_create(tmp_path / "other")
    assert one.address != other.address
    assert one.links != other.links


def test_many_first_starts_at_once_agree_on_one_pair(tmp_path: Path) -> None:
    found: list[Keys] = []
    together = threading.Barrier(8)

    def start() -> None:
        together.wait()
        found.append(load_or_create(tmp_path / "keys"))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({(keys.address, keys.links["1"]) for keys in found}) == 1


def test_key_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    load_or_create(tmp_path / "keys")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()}
    assert modes == {"link.keys": 0o600, "address.key": 0o600}


def test_a_first_start_on_a_full_disk_leaves_no_half_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(BadSetting, match="No space left"):
            load_or_create(tmp_path)
    load_or_create(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"link.keys", "address.key"}


@pytest.mark.parametrize("lost", ["link.keys", "address.key"])
def test_lost_key_file_is_never_made_anew(tmp_path: Path, lost: str) -> None:
    load_or_create(tmp_path)
    (tmp_path / lost).unlink()
    with pytest.raises(BadSetting, match=f"{lost} is missing"):
        load_or_create(tmp_path)
    assert not (tmp_path / lost).exists()


@pytest.mark.parametrize(
    "text",
    [
        "",  # empty
        f"12:{secret(1)}",  # a key id of two digits
        f"A:{secret(1)}",  # upper case would not survive in a mail address
        secret(1),  # no key id
        "1:not base64!",
        "1:c2hvcnQ=",  # five bytes
        f"1:{secret(1)}\n1:{secret(2)}",  # one key id twice
    ],
)
def test_damaged_link_keys_are_refused(tmp_path: Path, text: str) -> None:
    load_or_create(tmp_path)
    (tmp_path / "link.keys").write_text(text)
    with pytest.raises(BadSetting, match=r"link\.keys"):
        load_or_create(tmp_path)


def test_damaged_address_key_is_refused(tmp_path: Path) -> None:
    load_or_create(tmp_path)
    (tmp_path / "address.key").write_bytes(b"\xff\xfe")
    with pytest.raises(BadSetting, match="cannot be read"):
        load_or_create(tmp_path)


def test_folder_that_cannot_be_made_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadSetting, match="cannot be read or made"):
        load_or_create(tmp_path / "file" / "keys")


def test_last_link_key_signs(tmp_path: Path) -> None:
    load_or_create(tmp_path)
    (tmp_path / "link.keys").write_text(f"1:{secret(1)}\n2:{secret(2)}\n")
    keys = load_or_create(tmp_path)
    assert keys.signing_kid == "2"
    assert list(keys.links) == ["1", "2"]


def test_address_hash_depends_on_the_key() -> None:
    one, other = (Keys(links={"1": b"x" * 32}, address=byte * 32) for byte in (b"a", b"b"))
    assert one.hash_address("ann@example.org") == one.hash_address("ann@example.org")
    assert one.hash_address("ann@example.org") != other.hash_address("ann@example.org")


def test_nothing_printed_holds_a_secret(tmp_path: Path) -> None:
    keys = load_or_create(tmp_path)
    shown = repr(keys) + repr(keys.fingerprints())
    assert keys.address.hex() not in shown
    assert base64.urlsafe_b64encode(keys.address).decode() not in shown
    assert repr(keys.address) not in shown


def test_every_key_has_its_own_fingerprint() -> None:
    same = b"x" * 32
    keys = Keys(links={"1": same, "2": b"y" * 32}, address=b"z" * 32)
    prints = keys.fingerprints()
    assert set(prints) == {"link:1", "link:2", "address"}
    assert len(set(prints.values())) == 3
