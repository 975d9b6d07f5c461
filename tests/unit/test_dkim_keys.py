"""The keys that sign mail: made whole, kept from others, and the right one chosen."""

import datetime
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pulse_mailer.dkim_keys import Algorithm, DkimKey, DkimKeys, signing
from pulse_mailer.errors import BadSetting, Conflict, NotFound, UsageError

DAY = datetime.timedelta(days=1)
WHEN = datetime.datetime(2025, 5, 1, 8, 30, tzinfo=datetime.UTC)
DOMAIN = "news.example.org"


@pytest.fixture
def keys(tmp_path: Path) -> DkimKeys:
    return DkimKeys(tmp_path / "keys")


def made(keys: DkimKeys, selector: str, begins_at: datetime.datetime = WHEN) -> DkimKey:
    """An Ed25519 key, which costs nothing to make."""
    return keys.create(DOMAIN, selector, Algorithm.ED25519, begins_at)


@pytest.mark.parametrize("algorithm", Algorithm)
def test_what_was_made_is_read_again(keys: DkimKeys, algorithm: Algorithm) -> None:
    first = keys.create(DOMAIN, "one", algorithm, WHEN)
    [second] = keys.of(DOMAIN)

    assert (second.domain, second.selector, second.begins_at) == (DOMAIN, "one", WHEN)
    assert (second.algorithm, second.record) == (algorithm, first.record)
    assert keys.domains() == [DOMAIN]


def test_an_rsa_key_is_as_long_as_it_must_be(keys: DkimKeys) -> None:
    key = keys.create(DOMAIN, "one", Algorithm.RSA, WHEN)

    assert key.private.key_size == 2048  # type: ignore[union-attr] # it is an RSA key
    assert key.record.startswith("v=DKIM1; k=rsa; p=MII")
    assert [len(part) <= 255 for part in key.record_strings] == [True, True]
    assert "".join(key.record_strings) == key.record
    assert key.record_name == "one._domainkey.news.example.org"


def test_files_are_for_their_owner_alone(keys: DkimKeys) -> None:
    made(keys, "one")
    root = keys.folder.parent
    modes = {path.relative_to(root).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in root.rglob("*")}

    assert modes == {"dkim": 0o700, "dkim/news.example.org": 0o700, "dkim/news.example.org/one.pem": 0o600}
    assert stat.S_IMODE(root.stat().st_mode) == 0o700


def test_a_selector_is_given_once(keys: DkimKeys) -> None:
    first = made(keys, "one")
    with pytest.raises(Conflict, match="--selector"):
        made(keys, "one")
    assert keys.of(DOMAIN)[0].record == first.record


@pytest.mark.parametrize("selector", ["", "a.b", "../one", "One", "-one", "one-", "ö", "a" * 64])
def test_a_selector_that_the_dns_cannot_hold_is_refused(keys: DkimKeys, selector: str) -> None:
    with pytest.raises(UsageError, match="selector"):
        made(keys, selector)
    assert keys.domains() == []


@pytest.mark.parametrize("domain", ["", "localhost", "../keys", "a b.example", "x@example.org"])
def test_a_domain_that_is_none_is_refused(keys: DkimKeys, domain: str) -> None:
    with pytest.raises(UsageError, match="domain"):
        keys.create(domain, "one", Algorithm.ED25519, WHEN)
    with pytest.raises(UsageError, match="domain"):
        keys.of(domain)


def test_a_domain_of_other_letters_is_kept_as_the_dns_knows_it(keys: DkimKeys) -> None:
    keys.create("München.example.org", "one", Algorithm.ED25519, WHEN)

    assert keys.domains() == ["xn--mnchen-3ya.example.org"]
    assert len(keys.of("MÜNCHEN.example.org")) == 1


def test_the_newest_of_each_algorithm_signs(keys: DkimKeys) -> None:
    made(keys, "older", WHEN - DAY)
    newest = made(keys, "newest", WHEN)
    made(keys, "next", WHEN + 2 * DAY)
    rsa = keys.create(DOMAIN, "rsa", Algorithm.RSA, WHEN - DAY)
    found = keys.of(DOMAIN)

    assert [key.selector for key in found] == ["next", "newest", "rsa", "older"]
    assert [key.selector for key in signing(found, WHEN)] == [rsa.selector, newest.selector]
    assert [key.selector for key in signing(found, WHEN + 2 * DAY)] == ["rsa", "next"]
    assert signing(found, WHEN - 2 * DAY) == []


def test_a_key_stays_until_it_is_removed(keys: DkimKeys) -> None:
    made(keys, "one")
    made(keys, "two", WHEN + DAY)
    keys.remove(DOMAIN, "one")

    assert [key.selector for key in keys.of(DOMAIN)] == ["two"]
    with pytest.raises(NotFound, match="one"):
        keys.remove(DOMAIN, "one")
    keys.remove(DOMAIN, "two")
    assert keys.domains() == []


@pytest.mark.parametrize("selector", ["../../outside", "..", "", "."])
def test_removing_stays_in_its_folder(keys: DkimKeys, selector: str) -> None:
    made(keys, "one")
    outside = keys.folder.parent / "outside.pem"
    outside.write_text("")
    with pytest.raises(NotFound):
        keys.remove(DOMAIN, selector)
    assert outside.exists()


def test_a_key_from_elsewhere_signs_at_once(keys: DkimKeys) -> None:
    key = made(keys, "one", WHEN + DAY)
    path = keys.folder / DOMAIN / "one.pem"
    path.write_text(path.read_text().partition("\n")[2])
    [found] = keys.of(DOMAIN)

    assert found.record == key.record
    assert signing([found], WHEN) == [found]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not a key",
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYD\n-----END PRIVATE KEY-----\n",
        "Signs from: yesterday\n{pem}",
        "Signs from: 2025-05-01T08:30:00\n{pem}",  # of no time zone
        "schlüssel\n{pem}",
    ],
)
def test_a_damaged_key_is_named(keys: DkimKeys, text: str) -> None:
    made(keys, "one")
    path = keys.folder / DOMAIN / "one.pem"
    pem = path.read_text().partition("\n")[2]
    path.write_text(text.replace("{pem}", pem), encoding="utf-8")
    with pytest.raises(BadSetting, match=r"one\.pem"):
        keys.of(DOMAIN)


def test_a_key_of_another_kind_is_named(keys: DkimKeys) -> None:
    made(keys, "one")
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (keys.folder / DOMAIN / "one.pem").write_bytes(other)
    with pytest.raises(BadSetting, match="RSA or Ed25519"):
        keys.of(DOMAIN)


def test_a_folder_that_cannot_be_written_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("")
    with pytest.raises(BadSetting, match="cannot be written"):
        made(DkimKeys(tmp_path / "keys"), "one")


def test_no_private_key_is_printed(keys: DkimKeys) -> None:
    assert "PRIVATE" not in repr(made(keys, "one"))
