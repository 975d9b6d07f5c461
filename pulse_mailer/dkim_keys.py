"""
The private keys that sign mail by DKIM, one file each: <keys>/dkim/<domain>/<selector>.pem.

A domain may have several: the newest of an algorithm signs, and those before it stay until somebody removes them,
so that a key can be changed while mail is under way. A new key may begin later than it was made, since its DNS
record has to be seen everywhere first.
"""

import base64
import datetime
import enum
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from pulse_mailer.domain.address import Address
from pulse_mailer.errors import BadAddress, BadSetting, Conflict, NotFound, UsageError
from pulse_mailer.keys import alone, write_secret

RSA_BITS = 2048  #: what RFC 8301 asks signers for, and the most that all receivers are sure to read
_MOST_IN_STRING = 255  #: of a TXT record (RFC 1035 section 3.3)
_BEGINS = "Signs from: "
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?").fullmatch


class Algorithm(enum.StrEnum):
    """The k= of a DNS record."""

    RSA = "rsa"
    ED25519 = "ed25519"  #: RFC 8463; many receivers do not know it yet, so it only signs beside RSA


@dataclass(frozen=True, slots=True)
class DkimKey:
    """
    Attributes:
        selector: the key's name in the DNS: <selector>._domainkey.<domain>.
        begins_at: before that it does not sign.
    """

    domain: str
    selector: str
    begins_at: datetime.datetime
    private: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

    @property
    def algorithm(self) -> Algorithm:
        return Algorithm.RSA if isinstance(self.private, rsa.RSAPrivateKey) else Algorithm.ED25519

    @property
    def record_name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> str:
        """The text that stands in the DNS (RFC 6376 section 3.6.1; for Ed25519, RFC 8463 section 4)."""
        public = self.private.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        else:
            encoding, form = serialization.Encoding.Raw, serialization.PublicFormat.Raw
        shown = base64.b64encode(public.public_bytes(encoding, form)).decode()
        return f"v=DKIM1; k={self.algorithm}; p={shown}"

    @property
    def record_strings(self) -> list[str]:
        """The record cut as a TXT record holds it; receivers join the strings with nothing between."""
        whole = self.record
        return [whole[at : at + _MOST_IN_STRING] for at in range(0, len(whole), _MOST_IN_STRING)]

    def sign(self, data: bytes) -> bytes:
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())
        digest = hashes.Hash(hashes.SHA256())  # RFC 8463 section 3 signs the hash, as RSA does
        digest.update(data)
        return self.private.sign(digest.finalize())


class DkimKeys:
    """All DKIM keys of an installation, in a folder of their own beside its other keys."""

    def __init__(self, keys_dir: Path) -> None:
        self.folder = keys_dir / "dkim"

    def domains(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("*") if path.is_dir())

    def of(self, domain: str) -> list[DkimKey]:
        """
        A domain's keys, the one that begins last first.

        Raises:
            BadSetting: a file cannot be read, or holds no key that can sign.
        """
        files = sorted((self.folder / domain_name(domain)).glob("*.pem"))
        keys = [_read(path) for path in files]
        return sorted(keys, key=lambda key: (key.begins_at, key.selector), reverse=True)

    def create(
        self, domain: str, selector: str, algorithm: Algorithm, begins_at: datetime.datetime
    ) -> DkimKey:
        """
        Make a key and put it on the disk, for its owner alone.

        Raises:
            UsageError: the domain or the selector is none.
            Conflict: the domain has a key of that selector.
            BadSetting: the folder cannot be written.
        """
        if not _LABEL(selector):
            raise UsageError(
                f"{selector!r} is no selector.", remedy="Use small letters, digits and hyphens, at most 63."
            )
        key = DkimKey(domain_name(domain), selector, begins_at, _new(algorithm))
        path = self._path(key.domain, selector)
        pem = key.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        try:
            for folder in (self.folder.parent, self.folder, path.parent):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with alone(path.parent) as locked:
                if path.exists():
                    raise Conflict(
                        f"{key.domain} has a key {selector} already.",
                        remedy="Name another with --selector; each key needs a name of its own in the DNS.",
                    )
                write_secret(path, f"{_BEGINS}{begins_at.isoformat()}\n{pem.decode()}")
                os.fsync(locked)
        except OSError as error:
            raise BadSetting(f"The key {path} cannot be written: {error.strerror}.") from error
        return key

    def remove(self, domain: str, selector: str) -> None:
        """
        Raises:
            NotFound: there is no such key.
        """
        path = self._path(domain_name(domain), selector)
        if not _LABEL(selector) or not path.exists():
            raise NotFound(
                f"There is no key {selector!r} of {domain}.",
                remedy="See which there are: pulse-mailer dkim list",
            )
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()

    def _path(self, domain: str, selector: str) -> Path:
        return self.folder / domain / f"{selector}.pem"


def signing(keys: Sequence[DkimKey], at: datetime.datetime) -> list[DkimKey]:
    """Of a domain's keys, the last first, those that sign at a moment: the last of each algorithm, RSA first."""
    begun = [key for key in keys if key.begins_at <= at]
    of_each = [[key for key in begun if key.algorithm is algorithm][:1] for algorithm in Algorithm]
    return [key for found in of_each for key in found]


def domain_name(typed: str) -> str:
    """
    A domain as the DNS knows it, lower case.

    Raises:
        UsageError: it is none.
    """
    try:
        return Address.parse(f"news@{typed}").domain
    except BadAddress as error:
        raise UsageError(f"{typed!r} is no domain, such as example.org.") from error


def _new(algorithm: Algorithm) -> rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey:
    if algorithm is Algorithm.RSA:
        return rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    return ed25519.Ed25519PrivateKey.generate()


def _read(path: Path) -> DkimKey:
    """Read a key; one that was made elsewhere says nothing of when it begins, and has begun."""
    try:
        text = path.read_text(encoding="ascii")
        first = text.partition("\n")[0]
        told = first.removeprefix(_BEGINS) if first.startswith(_BEGINS) else "1970-01-01T00:00:00+00:00"
        private = serialization.load_pem_private_key(text.encode(), password=None)
        begins_at = datetime.datetime.fromisoformat(told)
    except (OSError, ValueError, TypeError) as error:
        why = (error.strerror or "") if isinstance(error, OSError) else "it is damaged, or has a password"
        raise BadSetting(
            f"The DKIM key {path} cannot be read: {why}.", remedy="Bring it back from your backup."
        ) from error
    if not isinstance(private, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) or begins_at.tzinfo is None:
        raise BadSetting(f"{path} is no key that DKIM knows: RSA or Ed25519.")
    return DkimKey(path.parent.name, path.stem, begins_at, private)
