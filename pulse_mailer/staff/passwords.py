"""Passwords: which are taken, and how they are kept and compared."""

import functools
import threading

import argon2
from argon2.exceptions import VerifyMismatchError

from pulse_mailer.domain.staff import Staff
from pulse_mailer.errors import UsageError
from pulse_mailer.staff.tokens import token

SHORTEST, LONGEST = 12, 200

_hasher = argon2.PasswordHasher()
# Each takes 64 MiB while it runs: many at once must not take all there is.
_few_at_once = threading.BoundedSemaphore(4)


def refuse_weak(password: str, staff: Staff) -> None:
    """
    Raises:
        UsageError: it is too short or too long, or anybody would try it.
    """
    if len(password) < SHORTEST:
        raise UsageError(
            f"The password is shorter than {SHORTEST} characters.", remedy="Three or four words do."
        )
    if len(password) > LONGEST:
        raise UsageError(f"The password is longer than {LONGEST} characters.")
    local = staff.address.partition("@")[0]
    known = {_plain(word) for word in (staff.address, local, staff.name, local * 2, staff.name * 2)}
    if _plain(password) in known or len(set(password)) < 4:
        raise UsageError(
            "That is the first that anybody would try.", remedy="Three or four unlikely words do."
        )


def new(password: str, staff: Staff) -> str:
    """The hash of a password that somebody chose; takes a tenth of a second. Raises as `refuse_weak()`."""
    refuse_weak(password, staff)
    return hash_of(password)


def hash_of(password: str) -> str:
    with _few_at_once:
        return _hasher.hash(password)


def fits(kept: str | None, password: str) -> bool:
    """Compare; where there is nothing to compare with it takes just as long, and the answer is no."""
    with _few_at_once:
        try:
            _hasher.verify(kept or _nobodys(), password)
        except VerifyMismatchError:
            return False
    return kept is not None


def is_outdated(kept: str) -> bool:
    """Whether it was made with weaker parameters than are used today."""
    return _hasher.check_needs_rehash(kept)


@functools.cache
def _nobodys() -> str:
    return _hasher.hash(token())


def _plain(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())
