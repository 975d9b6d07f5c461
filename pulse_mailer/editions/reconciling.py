"""
Two who write in one edition at once: what each changed is told apart field by field.

A page sends the fields of a form as they stand there, and the revision that it showed. What stands as it did then is
nobody's change; what somebody else changed meanwhile stays theirs; only where both changed one field, nothing is
stored, and both texts are told.

What moves, adds, hides or shows merges by itself, whatever the order is by now. What takes away, joins or parts
is for what the person saw: see `refuse_unseen()`.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from sqlalchemy.orm import Session

from pulse_mailer import actors
from pulse_mailer.domain.content import Content, content_of
from pulse_mailer.domain.edition import Edition
from pulse_mailer.editions import changing, drafting, history, items, places
from pulse_mailer.errors import Conflict, NotFound

#: What an item says, of what is kept of it.
_WORDS = (*items.FIELDS, "picture_hash")


@dataclass(frozen=True, slots=True)
class Clash:
    """
    Attributes:
        theirs: what the field says now, by whom and since when.
    """

    field: str
    theirs: str
    actor: str
    at: datetime.datetime


@dataclass(frozen=True, slots=True)
class Reconciled:
    """
    Attributes:
        stored: whether anything is different now.
        clashes: the fields that both changed; when there are any, nothing was stored.
        theirs: what others made meanwhile of the other fields that were sent.
    """

    edition: Edition
    stored: bool = False
    clashes: tuple[Clash, ...] = ()
    theirs: Mapping[str, str] = field(default_factory=dict)


def put(
    database: Session, name: str, number: int | None, values: Mapping[str, str], *, base: int, actor: str
) -> Reconciled:
    """
    Set those fields of an edition, or of its item of that number, which differ from what revision `base` said.

    Raises:
        NotFound: there is no such edition, item or revision.
        Conflict: somebody took the item out meanwhile.
        UsageError: a value cannot stand in mail; says which, and nothing is changed.
        WrongState: its sending has begun.
    """
    edition = changing.held(database, name)
    content = content_of(edition)
    before = content if base == edition.revision else history.content_at(database, edition, base)
    was = _said(before, edition, number)
    if number is not None and _words(content, edition, number) is None:
        raise Conflict(
            f"Somebody took item {number} out while you wrote it, so that this is not saved.",
            remedy="Copy what you wrote; then bring the item back under History, or write it as a new one.",
        )
    now = _said(content, edition, number)
    mine: dict[str, str] = {}
    theirs: dict[str, str] = {}
    clashes: list[Clash] = []
    for one, value in values.items():
        if _is_same(one, value, was[one], number):
            if now[one] != was[one]:
                theirs[one] = now[one]
        elif now[one] == was[one] or _is_same(one, value, now[one], number):
            mine[one] = value
        else:
            clashes.append(_clash(database, edition, number, one, now[one]))
    if clashes or not mine:
        return Reconciled(edition, clashes=tuple(clashes), theirs=theirs)
    if number is None:
        change = drafting.change(database, name, mine, actor=actor, expected=edition.revision)
    else:
        said = items.Said(mine)
        change = items.change(database, name, number, said, actor=actor, expected=edition.revision)
    return Reconciled(edition, stored=change.made, theirs=theirs)


def refuse_unseen(
    database: Session,
    name: str,
    base: int | None,
    *,
    actor: str,
    numbers: Sequence[int] = (),
    parts: Sequence[str] = (),
) -> None:
    """
    Hold an edition that is about to lose or join something, unless that is not any more what somebody looked at.

    Args:
        base: the revision that they looked at; None: whatever it is now.
        actor: who that is; what they changed themselves they know.
        numbers: items that it is about, by what they say.
        parts: sections and categories; one that goes by its place (#2) must be where it was.

    Raises:
        NotFound: there is no such edition or revision.
        Conflict: somebody else changed it meanwhile; says who, and what of it.
    """
    edition = changing.held(database, name)
    if base is None or base == edition.revision:
        return
    now, was = content_of(edition), history.content_at(database, edition, base)
    by_place = any(name.startswith("#") for part in parts for name in part.split("/"))
    if by_place and _outline(now) != _outline(was):
        raise _unseen(
            f"The sections of {edition.key} are not where they were; somebody changed them meanwhile."
        )
    for number in numbers:
        if _words(now, edition, number) != _words(was, edition, number):
            _refuse_by_others(database, edition, number, base, actor)


def _refuse_by_others(database: Session, edition: Edition, number: int, base: int, actor: str) -> None:
    """Only of those that are newer than the base."""
    for version, before in pairwise(history.versions(database, edition.id)):
        if version.revision <= base:
            return
        made, was = (history.content_at(database, edition, one.revision) for one in (version, before))
        if version.actor != actor and _words(made, edition, number) != _words(was, edition, number):
            who = actors.names(database).of(version.actor)
            raise _unseen(
                f"Item {number} was changed meanwhile by {who}: {version.what}. You have not seen that yet."
            )


def _unseen(what: str) -> Conflict:
    return Conflict(
        f"{what} Nothing was done.", remedy="Look at it as it is now, and do it again if you still want to."
    )


def _words(content: Content, edition: Edition, number: int) -> list[str | None] | None:
    """What an item says; None where there is none of that number."""
    try:
        item = _said(content, edition, number)
    except NotFound:
        return None
    return [item[one] for one in _WORDS]


def _outline(content: Content) -> list[tuple[str, list[str]]]:
    return [(one["name"], [inner["name"] for inner in one["categories"]]) for one in content["sections"]]


def _said(content: Content, edition: Edition, number: int | None) -> dict[str, str]:
    """
    Raises:
        NotFound: no item of that number is in it.
    """
    if number is None:
        said: dict[str, str] = content["fields"]
        return said
    for section in content["sections"]:
        for category in section["categories"]:
            for item in category["items"]:
                if item["number"] == number:
                    found: dict[str, str] = item
                    return found
    raise places.no_item(edition, number)


def _is_same(name: str, value: str, other: str, number: int | None) -> bool:
    """Whether a field that comes from a form says what it said; forms send other line ends."""
    if value.replace("\r\n", "\n") == other:
        return True
    right = drafting.right_value if number is None else items.right_value
    return right(name, value) == other


def _clash(database: Session, edition: Edition, number: int | None, name: str, theirs: str) -> Clash:
    """Who made that of it: the newest revision before which it said something else."""
    kept = history.versions(database, edition.id)
    for version, before in pairwise(kept):
        if _said(history.content_at(database, edition, before.revision), edition, number)[name] != theirs:
            return Clash(name, theirs, version.actor, version.at)
    return Clash(name, theirs, kept[0].actor, kept[0].at)
