"""Where something is to stand among its like."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from pulse_mailer.errors import UsageError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Spot:
    """
    A place in words: at the end, unless it says otherwise.

    Attributes:
        into: the section or category; empty: the one where it is.
        before, after: what it is to stand beside, which says into which by itself.
        first: at the beginning.

    Raises:
        UsageError: it says two things at once.
    """

    into: str = ""
    before: str = ""
    after: str = ""
    first: bool = False

    def __post_init__(self) -> None:
        if sum(map(bool, (self.before, self.after, self.first))) > 1:
            raise UsageError("Before, after and first are three different places.", remedy="Name one.")
        if self.into and self.beside:
            raise UsageError(
                f"Beside {self.beside!r} says where it goes already.", remedy="Leave out the other."
            )

    @property
    def beside(self) -> str:
        return self.before or self.after

    @property
    def number(self) -> int:
        """
        The item that it names.

        Raises:
            UsageError: what it names is no number.
        """
        if not (self.beside.isascii() and self.beside.isdigit()):
            raise UsageError(f"{self.beside!r} is no item's number.", remedy="Such as: 12")
        return int(self.beside)

    @property
    def words(self) -> str:
        if self.beside:
            return f"{'before' if self.before else 'after'} {self.beside}"
        return "first" if self.first else "last"

    def put(self, things: Sequence[T], among: list[T], beside: T | None = None) -> None:
        """Put things there, in their order, none of which is among the others yet."""
        end = 0 if self.first else len(among)
        place = end if beside is None else among.index(beside) + bool(self.after)
        among[place:place] = things
