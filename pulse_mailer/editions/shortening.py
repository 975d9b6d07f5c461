"""Showing items short in the mail, so that it is not cut off; the web copy shows them whole."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from pulse_mailer.editions import places
from pulse_mailer.editions.arranging import said
from pulse_mailer.editions.changing import Change, changing
from pulse_mailer.richtext import beginning


def shorten(
    database: Session,
    name: str,
    numbers: Sequence[int],
    *,
    short: bool = True,
    actor: str,
    expected: int | None = None,
) -> Change:
    """
    Let the mail show only how items begin, or with `short` False all of them again.

    Args:
        numbers: the items' numbers; none: every item.

    Raises:
        NotFound: there is no such item.
        WrongState, Conflict: see `changing()`.
    """
    with changing(database, name, actor=actor, expected=expected) as change:
        wanted = list(numbers) or [item.number for item in change.edition.items()]
        found = [one.item for one in places.items(change.edition, wanted)]
        if short:  # one that has no more than a beginning is as short as it can be
            found = [item for item in found if beginning(item.summary) != item.summary]
        for item in found:
            item.is_short = short
        chosen = [item.number for item in found]
        if chosen:
            change.what = f"{said(chosen)} shown {'short' if short else 'whole'} in the mail"
        change.numbers = tuple(chosen)
    return change
