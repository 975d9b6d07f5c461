"""How deep a list entry stands, judged by its indentation and its number, as people type them."""

from dataclasses import dataclass

MAX_LEVEL = 5  #: of a list entry, from 0; what is deeper is kept at this level

DEEPER = f"Lists may be {MAX_LEVEL + 1} levels deep: it was kept at the deepest of them."
CONTINUED = (
    "It stands at the margin, but its number goes on with the list inside the entry above: it was put there."
)
INSIDE = (
    "A number right under a bullet that is no further to the left: it was taken as a list inside that entry."
)


@dataclass(slots=True)
class _List:
    indent: int
    ordered: bool
    number: int


class Levels:
    """The lists that are open at a place in a document, outermost first."""

    def __init__(self) -> None:
        self._open: list[_List] = []

    @property
    def depth(self) -> int:
        return len(self._open)

    def close(self) -> None:
        self._open.clear()

    def enter(self, entry: tuple[int, bool, int], *, apart: bool) -> tuple[int, str]:
        """
        Take an entry (its indent in columns, whether it is numbered, its number) in and give its level, and
        why that is doubtful, or nothing. `apart` says that a blank line stands before it.
        """
        indent, ordered, number = entry
        if self._goes_on_inside(indent, ordered, number):
            self._open[-1].number = number
            return len(self._open) - 1, CONTINUED
        while self._open and indent < self._open[-1].indent:
            self._open.pop()
        top = self._open[-1] if self._open else None
        new = _List(indent, ordered, number)
        if top is None:
            self._open.append(new)
            return 0, ""
        if (
            ordered
            and not top.ordered
            and indent == top.indent
            and not apart
            and len(self._open) <= MAX_LEVEL
        ):
            self._open.append(new)
            return len(self._open) - 1, INSIDE
        return self._beside_or_below(new, top)

    def _beside_or_below(self, new: _List, top: _List) -> tuple[int, str]:
        # A list of the other kind may be set in by a single space; one of the same kind takes two.
        if new.indent < top.indent + (2 if new.ordered == top.ordered else 1):
            self._settle(new)
        elif len(self._open) > MAX_LEVEL:
            return MAX_LEVEL, DEEPER
        else:
            self._open.append(new)
        return len(self._open) - 1, ""

    def _goes_on_inside(self, indent: int, ordered: bool, number: int) -> bool:
        if not ordered or len(self._open) < 2:
            return False
        above, inner = self._open[-2:]
        return inner.ordered and not above.ordered and indent <= above.indent and number == inner.number + 1

    def _settle(self, new: _List) -> None:
        """Put an entry beside the innermost one; a bullet after numbers right under a bullet goes back out."""
        if len(self._open) > 1 and self._open[-1].ordered and not new.ordered:
            outer = self._open[-2]
            if not outer.ordered and outer.indent == new.indent:
                self._open.pop()
        new.indent = min(new.indent, self._open[-1].indent)
        self._open[-1] = new
