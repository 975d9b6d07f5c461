"""The lines of an edition's document that want a person's eye, and which of them somebody has looked at."""

from collections.abc import Collection
from typing import Any

from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.domain.edition import Edition
from pulse_mailer.editions import changing
from pulse_mailer.errors import NotFound
from pulse_mailer.importing.draft import Doubt, DoubtfulLine

Entry = dict[str, Any]

# What an import finds out by comparing, and will not find out again from the same document.
_OF_COMPARING = (Doubt.CHANGED_HERE, Doubt.TAKEN_OUT, Doubt.SAME_ITEM)


def entry_of(doubt: DoubtfulLine, number: int | None) -> Entry:
    """A doubt as an edition keeps it; `number` is that of its item, if it belongs to one."""
    return {
        "line": doubt.line,
        "doubt": doubt.doubt.value,
        "text": doubt.text,
        "why": doubt.why,
        "item": number,
        "done": False,
    }


def renew(edition: Edition, entries: list[Entry]) -> None:
    """
    Put the entries of an import in place of those there are.

    What somebody has looked at stays so, and what an earlier import found by comparing stays until they do.
    """
    old = list(edition.review or [])
    done = {_same(entry) for entry in old if entry.get("done")}
    there = {_about(entry) for entry in entries}
    numbers = {item.number for item in edition.items()} | {None}
    waiting = [
        entry
        for entry in old
        if entry.get("doubt") in _OF_COMPARING
        and not entry.get("done")
        and entry.get("item") in numbers
        and _about(entry) not in there
    ]
    renewed = [entry | {"done": _same(entry) in done} for entry in entries]
    edition.review = sorted(renewed + waiting, key=lambda entry: int(entry["line"]))


def tick_off(
    database: Session, name: str, lines: Collection[int], items: Collection[int], *, actor: str
) -> tuple[Edition, int]:
    """
    Mark what stands at these lines of the document, or belongs to items of these numbers, as looked at.

    Gives the edition, and how many entries that were; the mail is not touched, so any state of the edition will do.

    Raises:
        NotFound: nothing waits at one of the lines, or for one of the items; nothing was marked.
    """
    edition = changing.held(database, name)
    waiting = edition.open_review
    for what, wanted, known in (
        ("line", lines, {entry["line"] for entry in waiting}),
        ("item", items, {entry.get("item") for entry in waiting}),
    ):
        if strange := sorted(set(wanted) - known):
            raise NotFound(
                f"Nothing waits to be looked at for {what} {', '.join(map(str, strange))}.",
                remedy=f"See what does: pulse-mailer edition review {edition.name}",
            )
    chosen = [entry for entry in waiting if entry["line"] in lines or entry.get("item") in items]
    edition.review = [
        entry | {"done": entry.get("done", False) or entry in chosen} for entry in edition.review
    ]
    after = {"lines": sorted(lines), "items": sorted(items)}
    audit.record(database, actor, "edition.reviewed", f"edition {edition.name}", after=after)
    return edition, len(chosen)


def _same(entry: Entry) -> tuple[Any, ...]:
    return entry.get("doubt"), entry.get("text"), entry.get("item")


def _about(entry: Entry) -> tuple[Any, ...]:
    return entry.get("doubt"), entry.get("why"), entry.get("item")
