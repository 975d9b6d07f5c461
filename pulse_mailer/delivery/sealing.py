"""
What an approval signs, and whether it still holds: the seal is a SHA-256 over plain facts, and each fact is a hash.

Facts are made anew from what is there now, down to the bytes of the mails that were kept and the files of the design.
So a change is found whichever way it came about, also one that no command made.
"""

import datetime
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pulse_mailer.composing import designs
from pulse_mailer.composing.rendering import fingerprint_of
from pulse_mailer.domain.content import content_of, hash_of
from pulse_mailer.domain.edition import Edition, Rendering
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.variant import WHOLE
from pulse_mailer.subscribers.audience import rule

Facts = dict[str, Any]

#: What each fact is about, as it goes on after "Since then ... is another:".
SAID: Mapping[str, str] = {
    "source": "what the edition says",
    "newsletter": "what its newsletter says of itself",
    "design": "its design",
    "renderings": "the mail that was kept",
    "web_copy": "the web copy that was kept",
    "audience": "whom it goes to",
    "sender": "its sender or backends",
    "starts_at": "when it begins",
}

#: What of a newsletter stands in its mail, besides the sender and the logo.
_IN_MAIL = ("slug", "name", "postal_address", "contact_lines", "reason", "language", "timezone", "theme")


def facts(
    database: Session, edition: Edition, *, forced: Sequence[str], starts_at: datetime.datetime | None
) -> Facts:
    """
    What somebody agrees to: an edition as it is now, with everything in it, and its mails as they are kept.

    Args:
        forced: errors of preflight that are overridden, each with its place.
        starts_at: the time that is agreed to; None: whenever a person sends it.

    Raises:
        NotFound, BrokenTemplate: its design is gone, or cannot be used any more.
    """
    newsletter = edition.newsletter
    kept = database.scalars(select(Rendering).where(Rendering.edition_id == edition.id)).all()
    return {
        "edition": edition.name,
        "source": hash_of(content_of(edition)),
        "newsletter": _hash(_in_mail(newsletter)),
        "design": {"name": newsletter.design, "hash": designs.hash_of(designs.load(newsletter.design))},
        "renderings": _renderings(kept),
        "web_copy": _hash([row.web_html for row in kept if row.variant == WHOLE]),
        "audience": rule(newsletter),
        "sender": {
            "from_name": newsletter.from_name,
            "from_address": newsletter.from_address,
            "reply_to": newsletter.reply_to,
            "backends": list(newsletter.backends),
        },
        "starts_at": starts_at and starts_at.astimezone(datetime.UTC).isoformat(),
        "forced": list(forced),
    }


def seal_of(agreed: Facts) -> str:
    return _hash(agreed)


def differences(agreed: Facts, found: Facts) -> list[str]:
    """
    The names of the facts that are no longer what was agreed to.

    A mail that was made since, for a choice of sections that nobody had then, is no difference: it is made of the
    source and the design that were signed. A mail that is gone or another is.
    """
    # What was approved before the web copy was signed says nothing of it.
    unlike = [name for name in SAID if name != "renderings" and agreed.get(name, found[name]) != found[name]]
    kept = found["renderings"]
    if any(kept.get(variant) != fingerprint for variant, fingerprint in agreed["renderings"].items()):
        unlike.append("renderings")
    return unlike


def _renderings(kept: Sequence[Rendering]) -> dict[str, str]:
    """By variant, the fingerprint of the bytes that are kept, and not merely the one that is kept beside them."""
    return {row.variant: fingerprint_of(row.segments) for row in kept}


def _in_mail(newsletter: Newsletter) -> dict[str, Any]:
    found: dict[str, Any] = {name: getattr(newsletter, name) for name in _IN_MAIL}
    return found | {"logo": newsletter.logo and newsletter.logo.picture_hash}


def _hash(found: Any) -> str:
    text = json.dumps(found, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
