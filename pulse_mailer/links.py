"""
Every URL that leaves the house, and the signed tokens in those that belong to one person.

A token is the key's id, the subject's public name and 128 bits of HMAC over purpose and subject, in lower case
base32: it survives as a mail address too. It holds no address, never expires, and is good for one
purpose only.
"""

import base64
import enum
import functools
import hmac
import re
import secrets
from dataclasses import dataclass

from pulse_mailer.domain.picture import Picture
from pulse_mailer.errors import BadLink
from pulse_mailer.keys import Keys

_MAC_LETTERS = 26  # 16 bytes in base32 without padding
_TOKEN = re.compile(
    rf"\W*(?P<kid>[0-9a-z])(?P<subject>[0-9a-z]{{1,20}})(?P<mac>[a-z2-7]{{{_MAC_LETTERS}}})(?:[^0-9a-z].*)?",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)


_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"  # RFC 4648, section 6
_PAIRS = [first + second for first in _LETTERS for second in _LETTERS]
_PLACES = range(120, -1, -10)

#: Stands for nobody, in the links of proofs and previews: no subscription is called so, for none holds a 0.
FOR_SHOW = "forshow000000000"


class Purpose(enum.StrEnum):
    UNSUBSCRIBE = "unsubscribe"
    PREFERENCES = "preferences"
    BOUNCE = "bounce"


def new_public_id() -> str:
    """Sixteen letters and digits, 80 random bits: a Subscription's name in links."""
    return base64.b32encode(secrets.token_bytes(10)).decode().lower()


@dataclass(frozen=True, slots=True)
class Links:
    """
    Attributes:
        base_url: where the web app is reached from outside; no slash at its end.
        unsubscribe_inbox: an address whose mail somebody reads and unsubscribes by; empty for none.
        bounce_inbox: likewise for bounces.
    """

    base_url: str
    keys: Keys
    unsubscribe_inbox: str = ""
    bounce_inbox: str = ""

    def token(self, purpose: Purpose, subject: str, *, kid: str | None = None) -> str:
        """
        Sign a subject for a purpose, with the key of that id, or else the newest.

        Raises:
            BadLink: there is no key of that id.
        """
        if kid is None:
            kid = self.keys.signing_kid
        elif kid not in self.keys.links:
            raise BadLink(f"There is no link key {kid!r}.", remedy="Bring link.keys back from your backup.")
        return kid + subject + self._mac(kid, purpose, subject)

    def read(self, purpose: Purpose, token: str) -> str:
        """
        Give the subject that a token was signed for.

        Capitals do not matter, nor does what stands behind the token or before it: mail programs take the full
        stop or bracket after a link for a part of it, and some turn addresses into capitals.

        Raises:
            BadLink: we did not sign it, or not for this purpose.
        """
        found = _TOKEN.fullmatch(token)
        if found and (kid := found["kid"].lower()) in self.keys.links:
            subject, mac = found["subject"].lower(), found["mac"].lower()
            if hmac.compare_digest(mac, self._mac(kid, purpose, subject)):
                return subject
        raise BadLink(
            "This link is not one of ours, or it was cut short.", remedy="Open it from the mail again."
        )

    def way_out(self, token: str) -> str:
        return f"{self.base_url}/u/{token}"

    def preferences(self, token: str) -> str:
        """Where a reader chooses sections."""
        return f"{self.base_url}/p/{token}"

    def envelope_sender(self, from_address: str, delivery_id: int) -> str:
        """Where a bounce goes: an address of its own for each delivery (VERP) where somebody reads it."""
        if not self.bounce_inbox:
            return from_address
        local, _, domain = self.bounce_inbox.partition("@")
        return f"{local}+{self.token(Purpose.BOUNCE, str(delivery_id))}@{domain}"

    def archive(self, newsletter_slug: str) -> str:
        return f"{self.base_url}/editions/{newsletter_slug}"

    def web_copy(self, newsletter_slug: str, edition_key: str) -> str:
        return f"{self.archive(newsletter_slug)}/{edition_key}"

    def picture(self, picture: Picture) -> str:
        return f"{self.base_url}/pictures/{picture.file_name}"

    def _mac(self, kid: str, purpose: Purpose, subject: str) -> str:
        mac = _keyed(self.keys.links[kid]).copy()
        mac.update(f"{purpose}|{subject}".encode())
        return _base32(mac.digest()[:16])


@functools.cache
def _keyed(key: bytes) -> hmac.HMAC:
    """An HMAC that has taken in its key alone, to be copied: each mail has two, and they are most of its cost."""
    return hmac.new(key, digestmod="sha256")


def _base32(mac: bytes) -> str:
    """What base64.b32encode gives of 16 bytes, lower case and unpadded, in half the time."""
    bits = int.from_bytes(mac) << 2  # 130 bits: 13 pairs of letters
    return "".join([_PAIRS[bits >> place & 1023] for place in _PLACES])
