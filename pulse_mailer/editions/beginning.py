"""A new edition: what stays from month to month is there, no items yet, and what must be written is marked."""

import datetime
import itertools
import re
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.clock import now
from pulse_mailer.domain.edition import Category, Edition, EditionStatus, Section
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.editions import following, history
from pulse_mailer.editions.wording import checked, checked_key
from pulse_mailer.errors import Refused, UsageError

#: What each edition says anew; whoever sends it must have written it, or said that it is to stay.
TO_WRITE = ("subject", "preheader", "letter")
_SIGNATURE = ("closing", "signed_by", "signed_role")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_MONTH = re.compile(r"((?:19|20)\d\d)-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01]))?")
_PART = re.compile(r"((?:19|20)\d\d)-(spring|summer|autumn|winter|q[1-4])", re.IGNORECASE)


def begin(
    database: Session,
    newsletter: Newsletter,
    key: str,
    *,
    actor: str,
    source: Edition | None = None,
    period: str = "",
) -> Edition:
    """
    Make a draft with the sections and categories of the newsletter's programme, or of an earlier edition.

    The signature is that of the earlier edition, or else of the newsletter's latest. The words of the earlier one
    are there to be changed, and marked in `to_write`; so is the period, unless it is given or the key says it.

    Args:
        source: the earlier edition.

    Raises:
        UsageError: the key or the period cannot be one, or the earlier edition is another newsletter's.
        Refused: there is an edition of that key.
    """
    key, period = checked_key(key), checked("period", period) or period_of(key, newsletter.language)
    if source is not None and source.newsletter_id != newsletter.id:
        raise UsageError(f"{source.name} is an edition of another newsletter than {newsletter.slug}.")
    signed = source or _latest(database, newsletter)
    made = Edition(
        newsletter=newsletter,
        key=key,
        period=period or (source.period if source else ""),
        status=EditionStatus.DRAFT,
        revision=1,
        begun_from=source.key if source else "",
        to_write=([] if period else ["period"]) + list(TO_WRITE),
        sections=_without_items(source) if source else following.skeleton(newsletter),
        created_at=now(),
        changed_at=now(),
        **{field: getattr(signed, field) if signed else "" for field in _SIGNATURE},
        **{field: getattr(source, field) if source else "" for field in TO_WRITE},
    )
    _store(database, made)
    history.keep(database, made, actor=actor, what=f"begun{f' from {source.key}' if source else ''}")
    after = {"from": made.begun_from, "to_write": made.to_write}
    audit.record(database, actor, "edition.begun", f"edition {made.name}", after=after)
    return made


def period_of(key: str, language: str) -> str:
    """The time that a key names, in English: "December 2026" for 2026-12; empty for other keys and languages."""
    if language.partition("-")[0] != "en":
        return ""
    if month := _MONTH.fullmatch(key):
        day = f"{int(month[3])} " if month[3] else ""
        return f"{day}{_MONTHS[int(month[2]) - 1]} {month[1]}"
    if part := _PART.fullmatch(key):
        return f"{part[2].capitalize()} {part[1]}"
    return ""


def named(typed: str) -> tuple[str, str]:
    """
    The key, and the period where the key does not tell it, of an edition as people name it.

    "March 2027" is 2027-03; "Summer special" is Summer-special, and its period is what was typed.
    """
    words = typed.split()
    if len(words) == 2 and words[0].capitalize() in _MONTHS:
        month = f"{words[1]}-{_MONTHS.index(words[0].capitalize()) + 1:02d}"
        if _MONTH.fullmatch(month):
            return month, ""
    return "-".join(words), " ".join(words) if len(words) > 1 else ""


def next_key(known: Sequence[str], today: datetime.date) -> str:
    """
    The key of the edition after a monthly one: 2026-12 after 2026-11; where that does not tell, this month's, or of
    the first month after it that has none.

    Args:
        known: the keys that there are, the newest first.
    """
    found = _MONTH.fullmatch(known[0]) if known else None
    is_month = found is not None and not found[3]
    year, month = (int(found[1]), int(found[2]) + 1) if found and is_month else (today.year, today.month)
    keys = (f"{year + past // 12}-{past % 12 + 1:02d}" for past in itertools.count(month - 1))
    return next(key for key in keys if key not in known)


def _latest(database: Session, newsletter: Newsletter) -> Edition | None:
    wanted = select(Edition).where(Edition.newsletter_id == newsletter.id)
    return database.scalar(wanted.order_by(Edition.created_at.desc(), Edition.id.desc()).limit(1))


def _without_items(source: Edition) -> list[Section]:
    """Its sections and categories, those that it hid as well, as a new month may fill them."""
    return [
        Section(
            position=place,
            name=section.name,
            colour=section.colour,
            is_news=section.is_news,
            is_hidden=False,
            categories=[
                Category(position=group, name=category.name, is_hidden=False, items=[])
                for group, category in enumerate(section.categories, 1)
            ],
        )
        for place, section in enumerate(source.sections, 1)
    ]


def _store(database: Session, made: Edition) -> None:
    name, newsletter = made.key, made.newsletter
    wanted = select(Edition.id).where(Edition.newsletter_id == newsletter.id, Edition.key == name)
    taken = Refused(
        f"There is an edition {newsletter.slug}/{name} already.",
        remedy=f"Look at it: pulse-mailer edition show {newsletter.slug}/{name}",
    )
    if database.scalar(wanted) is not None:
        raise taken
    try:
        with database.begin_nested():
            database.add(made)
    except IntegrityError as error:
        raise taken from error  # somebody else began it since we looked
