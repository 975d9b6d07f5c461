"""Hiding what readers are not to see, and showing it again; it stays where it is."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from pulse_mailer.editions import places
from pulse_mailer.editions.arranging import said
from pulse_mailer.editions.changing import Change, changing


def hide_items(
    database: Session,
    name: str,
    numbers: Sequence[int],
    *,
    hidden: bool = True,
    actor: str,
    expected: int | None = None,
) -> Change:
    """
    Hide items, or with `hidden` False show them again.

    Raises:
        NotFound: there is no such item.
        WrongState, Conflict: see `changing()`.
    """
    with changing(database, name, actor=actor, expected=expected) as change:
        for found in places.items(change.edition, numbers):
            found.item.is_hidden = hidden
        change.what = f"{said(numbers)} {_did(hidden)}"
        change.numbers = tuple(dict.fromkeys(numbers))
    return change


def hide_category(
    database: Session,
    name: str,
    category: str,
    *,
    hidden: bool = True,
    actor: str,
    expected: int | None = None,
) -> Change:
    """Likewise for a category with all that is in it."""
    with changing(database, name, actor=actor, expected=expected) as change:
        section, found = places.category(change.edition, category)
        found.is_hidden = hidden
        change.what = f"{places.path(section, found)} {_did(hidden)}"
    return change


def hide_section(
    database: Session,
    name: str,
    section: str,
    *,
    hidden: bool = True,
    actor: str,
    expected: int | None = None,
) -> Change:
    """Likewise for a section."""
    with changing(database, name, actor=actor, expected=expected) as change:
        found = places.section(change.edition, section)
        found.is_hidden = hidden
        change.what = f"{found.name} {_did(hidden)}"
    return change


def _did(hidden: bool) -> str:
    return "hidden" if hidden else "shown again"
