"""What is given out once and kept only as its hash: the contents of cookies, links, codes and keys."""

import base64
import hashlib
import secrets

TOKEN_BYTES = 32
_CODE_BYTES = 10


def token() -> str:
    """256 bits by chance, fit for an address and a cookie."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def recovery_code() -> str:
    """80 bits by chance, in four groups that a person can copy: abcd-efgh-ijkl-mnop."""
    letters = base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode().lower()
    return "-".join(letters[start : start + 4] for start in range(0, 16, 4))


def hashed(secret: str) -> str:
    """Its SHA-256: what has 80 bits by chance cannot be guessed from that. Passwords can, and take argon2."""
    return hashlib.sha256(secret.encode()).hexdigest()
