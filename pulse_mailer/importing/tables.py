"""A table in a Word document: of data, it becomes a line a row; where it only places things, it stays paragraphs."""

from dataclasses import dataclass, field

from pulse_mailer.importing.blocks import Block, Kind, Line, Reading
from pulse_mailer.importing.draft import Doubt
from pulse_mailer.importing.inline import visible

_DATUM = 80  #: letters of a cell's text at most, where a table is one of data
BETWEEN = " · "


@dataclass(slots=True)
class Table:
    """
    Attributes:
        rows: for each row, where the blocks of each of its cells begin.
        is_simple: whether no other table lies in it.
    """

    rows: list[list[int]] = field(default_factory=list)
    is_simple: bool = True

    def end(self, reading: Reading) -> None:
        """Make of its blocks, which are the last ones, what they mean; say so where it has cells side by side."""
        if not any(len(row) > 1 for row in self.rows):
            return
        first, blocks = self.rows[0][0] if self.rows[0] else len(reading.blocks), reading.blocks
        if first == len(blocks):
            return
        line, why = blocks[first].line, "A table; each of its cells became a paragraph."
        cells = self._cells(blocks)
        if self.is_simple and all(_is_datum(cell) for row in cells for cell in row):
            why = "A table; each of its rows became a line of a list."
            blocks[first:] = [_as_line(row) for row in cells if any(row)]
        reading.doubt(line, Doubt.TABLE, "", why)

    def _cells(self, blocks: list[Block]) -> list[list[list[Block]]]:
        begins = [begin for row in self.rows for begin in row]
        pieces = iter([blocks[a:b] for a, b in zip(begins, [*begins[1:], len(blocks)], strict=True)])
        return [[next(pieces) for _ in row] for row in self.rows]


def _is_datum(cell: list[Block]) -> bool:
    return not cell or (
        len(cell) == 1 and cell[0].is_outer_paragraph and len(visible(cell[0].text)) <= _DATUM
    )


def _as_line(row: list[list[Block]]) -> Block:
    filled = [cell[0] for cell in row if cell]
    return Block(Kind.ENTRY, [Line(filled[0].line, BETWEEN.join(block.text for block in filled))])
