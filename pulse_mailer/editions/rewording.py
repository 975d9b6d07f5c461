"""What became of a text, word by word."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")
_MOST_WORDS = 1_500  #: in a changed stretch; comparing longer ones word by word takes seconds


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that stayed, was taken out or was put in."""

    mark: Literal["kept", "removed", "inserted"]
    text: str


@dataclass(frozen=True, slots=True)
class _Step:
    """What stood before, and what stands there now; the same when it stayed."""

    before: str
    after: str

    @property
    def is_kept(self) -> bool:
        return self.before == self.after


def reworded(before: str, after: str) -> tuple[Piece, ...]:
    """
    Give the pieces that make one text of the other: without the inserted they are the first, without the removed
    the second.
    """
    return tuple(_pieces(_joined(_steps(before, after))))


def _steps(before: str, after: str) -> Iterator[_Step]:
    # First by lines, so that long texts with a small change are compared quickly.
    for left, right in _matched(before.splitlines(keepends=True), after.splitlines(keepends=True)):
        words, others = _TOKEN.findall(left), _TOKEN.findall(right)
        if left == right or max(len(words), len(others)) > _MOST_WORDS:
            yield _Step(left, right)
        else:
            yield from (_Step(*pair) for pair in _matched(words, others))


def _matched(before: list[str], after: list[str]) -> Iterator[tuple[str, str]]:
    for _, begin, end, other_begin, other_end in SequenceMatcher(
        None, before, after, autojunk=False
    ).get_opcodes():
        yield "".join(before[begin:end]), "".join(after[other_begin:other_end])


def _joined(steps: Iterable[_Step]) -> list[_Step]:
    """Changed words with only a space between them are one change, which is easier to read than many."""
    found: list[_Step] = []
    for step in steps:
        if not step.is_kept and (parts := _change_before(found)):
            del found[-len(parts) :]
            parts.append(step)
            before, after = ("".join(getattr(part, name) for part in parts) for name in ("before", "after"))
            found.append(_Step(before, after))
        else:
            found.append(step)
    return found


def _change_before(found: list[_Step]) -> list[_Step]:
    """The change that ends what was found, with a space after it if there is one; nothing when it ends otherwise."""
    if found and not found[-1].is_kept:
        return found[-1:]
    spaced = len(found) > 1 and not found[-1].before.strip() and not found[-2].is_kept
    return found[-2:] if spaced else []


def _pieces(steps: Iterable[_Step]) -> Iterator[Piece]:
    for step in steps:
        if step.is_kept:
            yield Piece("kept", step.before)
            continue
        if step.before:
            yield Piece("removed", step.before)
        if step.after:
            yield Piece("inserted", step.after)
