"""
What DKIM costs: one mail of 100 KB signed by RSA-2048, by Ed25519, and by both; dkimpy beside it.

    python -m benchmarks.signing

Times are CPU time of this process, the best of many short rounds, since other work on the machine only ever adds.
"""

import tempfile
from functools import partial
from pathlib import Path

import dkim
from cryptography.hazmat.primitives import serialization

from benchmarks.merging import best
from pulse_mailer.composing.merging import Merger
from pulse_mailer.composing.rendering import render
from pulse_mailer.composing.signing import Signer
from pulse_mailer.dkim_keys import Algorithm, DkimKey, DkimKeys
from tests.unit.composing import editions

SIZE_BYTES = 100_000
DOMAIN = "harbour.example.org"


def mail() -> bytes:
    """A mail of our own composing, made as long as it shall be by lines like its others."""
    data = Merger(render(editions.edition(), editions.LINKS)).merge(editions.delivery(), editions.LINKS).data
    line = b"x" * 74 + b"=\r\n"
    return data + line * ((SIZE_BYTES - len(data)) // len(line))


def by_dkimpy(data: bytes, key: DkimKey) -> bytes:
    pem = key.private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    signed: bytes = dkim.sign(
        data, key.selector.encode(), key.domain.encode(), pem, canonicalize=(b"relaxed", b"simple")
    )
    return signed


def main() -> None:
    data = mail()
    with tempfile.TemporaryDirectory() as folder:
        keys = [
            DkimKeys(Path(folder)).create(DOMAIN, name, name, editions.WHEN)
            for name in (Algorithm.RSA, Algorithm.ED25519)
        ]
    print(f"mail           {len(data):>10,} bytes")
    for name, chosen in (("RSA-2048", keys[:1]), ("Ed25519", keys[1:]), ("both", keys)):
        signer = Signer(DOMAIN, chosen)
        found = best(partial(signer.sign, data, editions.WHEN), 20, rounds=20)
        print(f"{name:14} {found * 1e3:>10.3f} ms")
    theirs = best(lambda: by_dkimpy(data, keys[0]), 1, rounds=20)
    print(f"dkimpy RSA     {theirs * 1e3:>10.3f} ms")


if __name__ == "__main__":
    main()
