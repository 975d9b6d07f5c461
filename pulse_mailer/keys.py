"""
The secrets that sign links and hash addresses, made on the first start and kept for ever.

Link keys rotate: the newest signs, all of them verify. The address key never changes, since the suppression
list and the ledger recognise people by it.
"""

import base64
import binascii
import contextlib
import fcntl
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pulse_mailer.errors import BadSetting

KEY_BYTES = 32


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """
    Attributes:
        links: key id (one letter or digit) to secret; the last one signs.
        address: the secret behind every address hash.
    """

    links: dict[str, bytes]
    address: bytes

    @property
    def signing_kid(self) -> str:
        return list(self.links)[-1]

    def hash_address(self, key: str) -> str:
        """The keyed SHA-256 of a normalised address (Address.key), in hexadecimal."""
        return hmac.digest(self.address, key.encode(), "sha256").hex()

    def fingerprints(self) -> dict[str, str]:
        """Purpose to a short digest that tells keys apart and gives nothing away."""
        prints = {f"link:{kid}": _fingerprint(secret) for kid, secret in self.links.items()}
        return prints | {"address": _fingerprint(self.address)}


def load_or_create(folder: Path) -> Keys:
    """
    Read `link.keys` and `address.key` in a folder; write both, for the owner alone, where neither exists.

    Raises:
        BadSetting: one of the files is missing, damaged or not readable for this user.
    """
    links, address = folder / "link.keys", folder / "address.key"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with alone(folder) as locked:
            if not links.exists() and not address.exists():
                write_secret(address, f"{_new_secret()}\n")
                write_secret(links, f"1:{_new_secret()}\n")
                os.fsync(locked)
        for path in (links, address):
            if not path.exists():
                raise BadSetting(
                    f"The key file {path} is missing, while its companion is there.",
                    remedy="Bring it back from your backup; a new one would break every link already sent.",
                )
        return Keys(links=_read_links(links), address=_decode(address.read_text().strip(), address))
    except (OSError, UnicodeDecodeError) as error:
        why = (error.strerror or str(error)) if isinstance(error, OSError) else "they are not text"
        raise BadSetting(f"The keys in {folder} cannot be read or made: {why}.") from error


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[int]:
    """Of two who make keys at once, one does while the other waits; gives the folder, opened."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def _new_secret() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def write_secret(path: Path, text: str) -> None:
    """Put a file for its owner alone in place, whole and on the disk, or not at all: half a key is none for ever."""
    waiting = path.with_suffix(".new")
    waiting.unlink(missing_ok=True)  # of a start that was cut off
    with os.fdopen(os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    waiting.rename(path)


def _read_links(path: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for line in path.read_text().split():
        kid, colon, secret = line.partition(":")
        if not colon or len(kid) != 1 or not kid.isalnum() or kid != kid.lower() or kid in found:
            raise BadSetting(
                f"{path} holds a line that is not KEYID:SECRET with a key id of one letter or digit."
            )
        found[kid] = _decode(secret, path)
    if not found:
        raise BadSetting(f"{path} holds no key.", remedy="Bring it back from your backup.")
    return found


def _decode(secret: str, path: Path) -> bytes:
    try:
        found = base64.urlsafe_b64decode(secret)
    except (binascii.Error, ValueError) as error:
        raise BadSetting(f"A key in {path} is damaged.", remedy="Bring it back from your backup.") from error
    if len(found) < KEY_BYTES:
        raise BadSetting(f"A key in {path} is shorter than {KEY_BYTES} bytes.")
    return found


def _fingerprint(secret: bytes) -> str:
    return hashlib.sha256(b"pulse-mailer fingerprint " + secret).hexdigest()[:16]
