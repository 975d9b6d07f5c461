"""The blocks that every kind of document is read into before anybody asks what they mean."""

import enum
from dataclasses import dataclass, field

from pulse_mailer.importing.draft import Doubt, DoubtfulLine, DraftPicture


class Kind(enum.Enum):
    HEADING = enum.auto()
    PARAGRAPH = enum.auto()
    ENTRY = enum.auto()  #: of a bullet or numbered list
    QUOTE = enum.auto()
    PICTURE = enum.auto()


@dataclass(frozen=True, slots=True)
class Line:
    """
    Attributes:
        number: in the document, from 1; of the paragraph in Word.
        text: inline Markdown with links already judged.
    """

    number: int
    text: str


@dataclass(slots=True)
class Block:
    """
    Attributes:
        lines: as the document broke them; empty for a picture.
        level: of a heading, 1 to 6; of a list entry, from 0; of a paragraph, how many list levels it is in.
        number: of a numbered entry.
    """

    kind: Kind
    lines: list[Line]
    level: int = 0
    ordered: bool = False
    number: int = 0
    picture: DraftPicture | None = None

    @property
    def line(self) -> int:
        return self.lines[0].number

    @property
    def text(self) -> str:
        """All its lines as one, with runs of white space made one space."""
        return " ".join(" ".join(line.text for line in self.lines).split())

    @property
    def marker(self) -> str:
        """What stands before a list entry."""
        if self.kind is not Kind.ENTRY:
            return ""
        return f"{self.number}. " if self.ordered else "- "

    @property
    def marked_lines(self) -> list[Line]:
        """Its lines, the first with the marker of a list entry."""
        first, *others = self.lines
        return [Line(first.number, self.marker + first.text), *others]

    @property
    def is_outer_paragraph(self) -> bool:
        """Whether it stands at the margin, in no list."""
        return self.kind is Kind.PARAGRAPH and self.level == 0


@dataclass(slots=True)
class Reading:
    """A document as its reader saw it: its blocks in order, and what it was in doubt about."""

    blocks: list[Block] = field(default_factory=list)
    doubts: list[DoubtfulLine] = field(default_factory=list)

    def doubt(self, line: int, doubt: Doubt, text: str, why: str) -> None:
        self.doubts.append(DoubtfulLine(line=line, doubt=doubt, text=text, why=why))
