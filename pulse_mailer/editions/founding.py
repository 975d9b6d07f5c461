"""Making a newsletter and changing what it says of itself."""

import re
import zoneinfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.clock import now
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.editions.wording import checked
from pulse_mailer.errors import Refused, UsageError

#: What staff may set, and what it is called for them.
FIELDS = (
    "name",
    "from_name",
    "from_address",
    "reply_to",
    "postal_address",
    "reason",
    "language",
    "timezone",
)

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")


def slug_for(name: str) -> str:
    """A short name made from a long one: civic-pulse from "Civic Pulse"; empty when nothing of it is ASCII."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].rstrip("-")


def found(database: Session, slug: str, values: dict[str, str], *, actor: str) -> Newsletter:
    """
    Make a newsletter.

    Args:
        values: by the names in FIELDS; name and from_address are needed.

    Raises:
        UsageError: a value is missing or wrong; says which.
        Refused: the short name is taken.
    """
    if not _SLUG.fullmatch(slug) or len(slug) > 40:
        raise UsageError(
            f"{slug!r} cannot be a newsletter's short name.",
            remedy="Use lower-case letters, digits and single hyphens, at most 40, such as civic-pulse.",
        )
    if database.scalar(select(Newsletter.id).where(Newsletter.slug == slug)) is not None:
        raise Refused(f"There is a newsletter {slug!r} already.")
    for needed in ("name", "from_address"):
        if not values.get(needed, "").strip():
            raise UsageError(f"A newsletter needs a {needed.replace('_', ' ')}.")
    made = Newsletter(slug=slug, created_at=now(), from_name=values["name"], sections=[], categories=[])
    _set(made, values)
    database.add(made)
    audit.record(database, actor, "newsletter.founded", f"newsletter {slug}", after=dict(values))
    database.flush()
    return made


def change(database: Session, newsletter: Newsletter, values: dict[str, str], *, actor: str) -> None:
    """
    Raises:
        UsageError: a value is wrong; says which, and nothing is changed.
    """
    before = {name: getattr(newsletter, name) for name in values}
    _set(newsletter, values)
    audit.record(
        database,
        actor,
        "newsletter.changed",
        f"newsletter {newsletter.slug}",
        before=before,
        after=dict(values),
    )


def _set(newsletter: Newsletter, values: dict[str, str]) -> None:
    for name, value in values.items():
        setattr(newsletter, name, _right(name, checked(name, value, one_line=name != "postal_address")))


def _right(name: str, value: str) -> str:
    said = name.replace("_", " ")
    if name in ("name", "from_name", "from_address") and not value:
        raise UsageError(f"The {said} must not be empty.")
    if name in ("from_address", "reply_to") and value:
        return str(Address.parse(value))
    if name == "language" and not _LANGUAGE.fullmatch(value):
        raise UsageError(f"{value!r} is not a language tag.", remedy="Use one such as en-GB or cy.")
    if name == "timezone" and value not in zoneinfo.available_timezones():
        raise UsageError(f"{value!r} is not a time zone.", remedy="Use one such as Europe/London.")
    return value
