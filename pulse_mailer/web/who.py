"""Who is signed in, as pages and routes know them."""

import hmac
from dataclasses import dataclass
from typing import NamedTuple

from pulse_mailer.staff.roles import Right


class Room(NamedTuple):
    """
    What the navigation offers.

    Attributes:
        right: what one must be allowed to do to be shown it; None: nothing.
    """

    address: str
    name: str
    right: Right | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """
    Attributes:
        actor: how records name them.
        staff_id, session_id: None where a program came with a key.
        csrf: what a form of theirs must bring along.
    """

    actor: str
    name: str
    rights: frozenset[Right]
    staff_id: int | None = None
    session_id: int | None = None
    csrf: str = ""

    def may(self, *rights: Right) -> bool:
        """Whether they have one of these rights."""
        return not self.rights.isdisjoint(rights)


def csrf_of(token: str) -> str:
    """What forms of a session bring along: made of its token, and says nothing of it."""
    return hmac.digest(token.encode(), b"csrf", "sha256").hex()
