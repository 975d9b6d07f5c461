"""
A document put into an edition item by item, so that it may come again and staff's own work stays.

Each value is held three ways: what the document said last, what it says now, and what stands in the edition. Who
changed it alone is right; where both did, the edition stays and the document's words go to the review.
"""

import enum
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from typing import Any

from pulse_mailer.domain.edition import Edition, EditionStatus, Item
from pulse_mailer.editions import reviewing
from pulse_mailer.editions.matching import How, Match, match
from pulse_mailer.editions.placing import Places
from pulse_mailer.editions.sources import (
    Place,
    Told,
    Values,
    hash_of,
    own_fields,
    short_hash,
    source_of,
    values_of,
)
from pulse_mailer.importing.draft import Doubt, DoubtfulLine, Draft

_WORDS = {
    "picture_alt": "alt text",
    "signed_by": "name under the letter",
    "signed_role": "role under the letter",
}


@dataclass(slots=True)
class Tally:
    """
    What became of a document's items.

    Attributes:
        kept: both sides had changed; the edition's was kept.
        gone: those of the edition that the document has no more.
        taken_out: those of the document that staff took out of the edition.
        fields: what else was brought up to date, by name.
    """

    new: int = 0
    updated: int = 0
    kept: int = 0
    unchanged: int = 0
    gone: int = 0
    taken_out: int = 0
    fields: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """Such as "3 new, 2 brought up to date, 1 kept as you changed it, 24 unchanged"."""
        counts = [
            (self.new, "new"),
            (self.updated, "brought up to date"),
            (self.kept, f"kept as you changed {_them(self.kept)}"),
            (self.unchanged, "unchanged"),
            (self.taken_out, f"left out, as you took {_them(self.taken_out)} out"),
            (self.gone, "no longer in the document"),
        ]
        return ", ".join(f"{count} {words}" for count, words in counts if count)

    def as_json(self) -> dict[str, Any]:
        """Documented in docs/commands.md and kept stable."""
        return asdict(self)


def _them(count: int) -> str:
    return "it" if count == 1 else "them"


def standing(edition: Edition) -> Tally:
    """What would become of the document that the edition came from, when it comes again as it was."""
    told, here = edition.source.get("items", {}), {item.source_key for item in edition.items()} - {""}
    kept, gone = len(here.intersection(told)), len(here.difference(told))
    return Tally(unchanged=kept, taken_out=len(told) - kept, gone=gone)


def bring_in(edition: Edition, told: Sequence[Told], fields: Values, draft: Draft) -> Tally:
    """
    Put a document into an edition, new or not; the caller holds its row.

    Args:
        fields: what the document says beside its items.
    """
    merge = _Merge(edition, told, draft)
    merge.take_fields(fields)
    merge.take_items()
    merge.list_gone()
    merge.note(fields)
    return merge.tally


class _Verdict(enum.Enum):
    SAME = enum.auto()
    TAKE = enum.auto()
    KEEP = enum.auto()
    BOTH = enum.auto()  #: changed on both sides, or nobody knows who changed it


def _judge(now: str, told: str, before: str | None) -> _Verdict:
    """`before` is the hash of what the document said last; None when it did not come before."""
    if told == now:
        return _Verdict.SAME
    if before is None and not (now and told):
        return _Verdict.KEEP if now else _Verdict.TAKE
    if before is None:
        return _Verdict.BOTH
    if short_hash(now) == before:
        return _Verdict.TAKE
    return _Verdict.KEEP if short_hash(told) == before else _Verdict.BOTH


class _Merge:
    def __init__(self, edition: Edition, told: Sequence[Told], draft: Draft) -> None:
        self._edition, self._told, self._draft = edition, told, draft
        self._before: dict[str, Any] = edition.source.get("items", {})
        self._places = Places(edition, draft)
        self._items: dict[int, Item] = {}  #: by the place in `told`
        self._doubts: list[tuple[DoubtfulLine, int | None]] = []
        self._is_changed = False
        self.tally = Tally()

    def take_fields(self, fields: Values) -> None:
        edition = self._edition
        before: dict[str, str] = edition.source.get("fields", {})
        own = own_fields(self._draft)
        waiting = set(edition.to_write or ())
        for name, value in fields.items():
            verdict = _judge(getattr(edition, name) or "", value, before.get(name))
            if verdict is _Verdict.TAKE or (verdict is not _Verdict.SAME and value and name in waiting):
                setattr(edition, name, value)
                self.tally.fields.append(name)
            elif verdict is _Verdict.BOTH and name in own:
                self._doubt_kept(name, value, 1, None)
        # Who imported it before, and wrote over it since, has written it; else the document does.
        edition.to_write = [name for name in edition.to_write or () if name not in own]

    def take_items(self) -> None:
        self._places.make_new()
        matches = match(self._told, list(self._edition.items()), self._places.of_items)
        self._items = {place: found.item for place, found in matches.items()}
        for place, found in matches.items():
            self._bring_up_to_date(self._told[place], found, place)
        for place, one in enumerate(self._told):
            if place in matches:
                continue
            if key := self._taken_out_as(one):
                self._leave_out(one, key)
            else:
                self._make(one, place)
        self._places.number_all()

    def list_gone(self) -> None:
        here = {item.number for item in self._items.values()}
        for item in self._edition.items():
            if item.source_key and item.number not in here:
                self.tally.gone += 1
                why = f"The document no longer has this item; it was kept here, as item {item.number}."
                doubt = DoubtfulLine(item.source_line or 1, Doubt.GONE, item.title, why)
                self._doubts.append((doubt, item.number))

    def note(self, fields: Values) -> None:
        """Keep what the document said, for the next time; and its doubts."""
        numbers = {self._told[place].item.line: item.number for place, item in self._items.items()}
        is_draft = self._edition.status is EditionStatus.DRAFT
        for place, item in self._items.items():
            one = self._told[place]
            item.source_key = one.key
            item.source_hash = hash_of(one.values)
            if is_draft or self._is_changed:
                # Lines alone that shifted are no reason to ask again whether a sending is agreed to.
                item.source_line, item.confidence = one.item.line, one.item.confidence
        self._edition.source = source_of(self._told, fields, self._draft)
        entries = [
            reviewing.entry_of(doubt, numbers.get(doubt.item))
            for doubt in sorted(self._draft.review, key=lambda doubt: doubt.line)
        ]
        entries += [reviewing.entry_of(doubt, number) for doubt, number in self._doubts]
        reviewing.renew(self._edition, entries)

    def _bring_up_to_date(self, one: Told, found: Match, place: int) -> None:
        item = found.item
        known = self._before.get(item.source_key, {})
        before: Values = known.get("values", {})
        now = values_of(item)
        if found.how is How.TITLE:
            why = f'It was taken for item {item.number}, "{item.title}", since the two are nearly the same.'
            self._doubts.append(
                (DoubtfulLine(one.item.line, Doubt.SAME_ITEM, one.item.title, why), item.number)
            )
        is_taken = is_kept = False
        for name, value in one.values.items():
            verdict = _judge(now[name], value, before.get(name))
            if verdict is _Verdict.TAKE:
                _set(item, name, value, one)
                is_taken = True
            elif verdict is _Verdict.BOTH:
                text = one.values["picture_alt"] or one.item.title if name == "picture" else value
                self._doubt_kept(name, text, one.item.line, item.number)
                is_kept = True
        moved = self._move(one, item, known.get("place"), place)
        is_taken, is_kept = is_taken or moved is True, is_kept or moved is False
        self._is_changed |= is_taken
        self.tally.kept += is_kept
        self.tally.updated += is_taken and not is_kept
        self.tally.unchanged += not is_taken and not is_kept

    def _move(self, one: Told, item: Item, before: list[str] | None, place: int) -> bool | None:
        """Follow the document to another category; None when it has not moved it, False when staff moved it too."""
        if before is None or tuple(before) == one.place:
            return None
        now = self._places.of_item(item)
        if now == one.place:
            return None
        if now != tuple(before):
            section, category = self._places.names(one.place)
            why = f"The document now has this item under {section}, {category}; it stays where you put it."
            doubt = DoubtfulLine(one.item.line, Doubt.CHANGED_HERE, one.item.title, why)
            self._doubts.append((doubt, item.number))
            return False
        self._put(item, one.place, place)
        return True

    def _make(self, one: Told, place: int) -> None:
        item = Item(position=0, number=self._edition.next_number(), title=one.item.title, picture=None)
        for name, value in one.values.items():
            _set(item, name, value, one)
        self._put(item, one.place, place)
        self._items[place] = item
        self._is_changed = True
        self.tally.new += 1

    def _put(self, item: Item, place: Place, at: int) -> None:
        above, below = range(at - 1, -1, -1), range(at + 1, len(self._told))
        beside = chain(self._neighbours(place, above), self._neighbours(place, below))
        category = self._places.category_for(place, beside)
        self._places.put(item, category, self._neighbours(place, above), self._neighbours(place, below))

    def _neighbours(self, place: Place, order: range) -> Iterator[Item]:
        """The items of the document's category that are in the edition, the nearest first."""
        for at in order:
            if self._told[at].place != place:
                return
            if at in self._items:
                yield self._items[at]

    def _taken_out_as(self, one: Told) -> str:
        """The key that an item had which staff took out, by its names or its link; empty for a new one."""
        if one.key in self._before:
            return one.key
        here = {item.source_key for item in self._edition.items()} | {told.key for told in self._told}
        link = short_hash(one.values["url"]) if one.values["url"] else None
        out = (key for key, said in self._before.items() if said["values"]["url"] == link and key not in here)
        return next(out, "")

    def _leave_out(self, one: Told, key: str) -> None:
        self.tally.taken_out += 1
        before: Values = self._before[key]["values"]
        if {name: short_hash(value) for name, value in one.values.items()} == before:
            return
        text = "\n".join(one.values[name] for name in ("title", "url", "summary") if one.values[name])
        why = "You took this item out of the edition; the document has changed it since, and says this now."
        self._doubts.append((DoubtfulLine(one.item.line, Doubt.TAKEN_OUT, text, why), None))

    def _doubt_kept(self, name: str, text: str, line: int, number: int | None) -> None:
        words = _WORDS.get(name, name)
        why = f"The {words} was changed here and in the document: yours was kept, and this is the document's."
        text = text or "(nothing)"
        self._doubts.append((DoubtfulLine(line, Doubt.CHANGED_HERE, text, why), number))


def _set(item: Item, name: str, value: str, one: Told) -> None:
    if name == "picture":
        item.picture = one.picture
    else:
        setattr(item, name, value)
