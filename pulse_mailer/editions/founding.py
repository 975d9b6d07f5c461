"""Making a newsletter and changing what it says of itself."""

import re
import zoneinfo

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from pulse_mailer import audit
from pulse_mailer.backends import BACKENDS
from pulse_mailer.clock import now
from pulse_mailer.composing import designs, themes
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.newsletter import Newsletter, UncertainPolicy
from pulse_mailer.editions import changing
from pulse_mailer.editions.wording import checked, checked_url, refuse_unknown
from pulse_mailer.errors import Refused, UsageError

#: What staff may set, and what it is called for them.
FIELDS = (
    "name",
    "from_name",
    "from_address",
    "reply_to",
    "postal_address",
    "reason",
    "contact_lines",
    "language",
    "timezone",
    "design",
    "backends",
    "uncertain_policy",
    "told",
    "needs_second",
)
#: Those that no approval signs: what was to be sent may be sent after they were changed.
_UNSIGNED = {"uncertain_policy", "told", "needs_second"}
#: Those that may have several lines.
SEVERAL_LINES = ("postal_address", "contact_lines")
_MOST_CONTACTS = 12
_YES_OR_NO = {"yes": True, "no": False}

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


def change(database: Session, newsletter: Newsletter, values: dict[str, str], *, actor: str) -> list[str]:
    """
    Set what a newsletter says of itself, by the names in FIELDS.

    Gives the keys of editions that were to be sent with what it said before, and are drafts again.

    Raises:
        UsageError: there is no such field, or a value is wrong; says which, and nothing is changed.
    """
    refuse_unknown(values, FIELDS, "A newsletter")
    before = {name: getattr(newsletter, name) for name in values}
    _set(newsletter, values)
    if "design" in values:
        # A theme made for one design may say what another does not know.
        themes.theme(designs.load(newsletter.design), newsletter.theme)
    audit.record(
        database,
        actor,
        "newsletter.changed",
        f"newsletter {newsletter.slug}",
        before=before,
        after=dict(values),
    )
    if values.keys() <= _UNSIGNED:
        return []
    why = f"{', '.join(values).replace('_', ' ')} of the newsletter changed"
    return reopen_all(database, newsletter, why, actor=actor)


def reopen_all(database: Session, newsletter: Newsletter, why: str, *, actor: str) -> list[str]:
    """Make what was to be sent of a newsletter drafts again, since its mail is another one now; gives their keys."""
    editions = select(Edition).where(Edition.newsletter_id == newsletter.id).order_by(Edition.id)
    held = editions.options(selectinload(Edition.newsletter)).with_for_update(of=Edition)
    return [
        edition.key
        for edition in database.scalars(held, execution_options={"populate_existing": True})
        if changing.reopen(database, edition, actor=actor, why=why)
    ]


def written(newsletter: Newsletter) -> dict[str, str]:
    """What it says of itself, by the names in FIELDS, as staff type it."""
    values = {name: getattr(newsletter, name) for name in FIELDS}
    values["contact_lines"] = "\n".join(
        " | ".join(line.get(part, "") for part in ("label", "text", "url")).removesuffix(" | ")
        for line in newsletter.contact_lines
    )
    return {name: _typed(value) for name, value in values.items()}


def _typed(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def faults(values: dict[str, str]) -> dict[str, UsageError]:
    """What is wrong with each value, by its name; nothing for those that may be set."""
    found = {}
    for name, value in values.items():
        try:
            _checked(name, value)
        except UsageError as error:
            found[name] = error
    return found


def _set(newsletter: Newsletter, values: dict[str, str]) -> None:
    for name, value in values.items():
        setattr(newsletter, name, _checked(name, value))


def _checked(name: str, value: str) -> str | list[str] | list[dict[str, str]] | bool:
    value = checked(name, value, one_line=name not in SEVERAL_LINES)
    return _contacts(value) if name == "contact_lines" else _right(name, value)


def _right(name: str, value: str) -> str | list[str] | bool:
    said = name.replace("_", " ")
    if name in ("name", "from_name", "from_address") and not value:
        raise UsageError(f"The {said} must not be empty.")
    if name in ("from_address", "reply_to") and value:
        return str(Address.parse(value))
    if name == "language" and not _LANGUAGE.fullmatch(value):
        raise UsageError(f"{value!r} is not a language tag.", remedy="Use one such as en-GB or cy.")
    if name == "design" and value not in designs.names():
        raise UsageError(f"There is no design {value!r}.", remedy=f"There are: {', '.join(designs.names())}.")
    if name == "timezone" and value not in zoneinfo.available_timezones():
        raise UsageError(f"{value!r} is not a time zone.", remedy="Use one such as Europe/London.")
    if name == "uncertain_policy" and value not in set(UncertainPolicy):
        raise UsageError(
            f"{value!r} is no policy for uncertain deliveries.",
            remedy="Use ask, gap (rather none than two) or repeat (rather two than none).",
        )
    if name == "told":
        return list(dict.fromkeys(str(Address.parse(one)) for one in _parts(value)))
    if name == "needs_second":
        return _yes_or_no(value)
    if name == "backends":
        return [_backend(one) for one in _parts(value)]
    return value


def _contacts(value: str) -> list[dict[str, str]]:
    """Lines of "Telephone | 020 7946 0000 | tel:+442079460000", whose last part may be left out."""
    lines = [[part.strip() for part in line.split("|")] for line in value.splitlines() if line.strip()]
    if len(lines) > _MOST_CONTACTS:
        raise UsageError(f"There are {len(lines)} contact lines; {_MOST_CONTACTS} is the most.")
    if wrong := [parts for parts in lines if len(parts) not in (2, 3) or not parts[1]]:
        raise UsageError(
            f"{' | '.join(wrong[0])!r} is no contact line.",
            remedy="Write what it is, the words and the link with bars between: Web | example.org | https://example.org",
        )
    return [
        {"label": parts[0], "text": parts[1], "url": checked_url("contact_lines", "".join(parts[2:]))}
        for parts in lines
    ]


def _yes_or_no(value: str) -> bool:
    if value.lower() not in _YES_OR_NO:
        raise UsageError(f"{value!r} is neither yes nor no.")
    return _YES_OR_NO[value.lower()]


def _parts(value: str) -> list[str]:
    """What stands between commas, each once, in its order."""
    return list(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))


def _backend(name: str) -> str:
    if name not in BACKENDS and ":" not in name:  # a third party's is a module and its class
        raise UsageError(
            f"There is no backend {name!r}.", remedy=f"There are: {', '.join(sorted(BACKENDS))}."
        )
    return name
