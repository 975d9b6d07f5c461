"""The tables in docs/benchmarks.md, put there between their marks by the benches themselves."""

import datetime
import platform
import re
from collections.abc import Sequence
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"


def machine() -> str:
    """The machine in a few words, and the day."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    cores = Path("/proc/cpuinfo").read_text().count("processor\t")
    name = cpu[1].strip() if cpu else platform.machine()
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    return f"{name}, {cores} cores, {platform.system()}, Python {platform.python_version()}; {day}"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def write_table(name: str, heads: Sequence[str], rows: Sequence[Sequence[str]], *after: str) -> None:
    """Put a table between the page's marks of that name; what stood there goes."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    text = PAGE.read_text()
    before, _, rest = text.partition(begin)
    _, found, behind = rest.partition(end)
    if not found:
        raise ValueError(f"{PAGE} has no marks for the table {name!r}.")
    inside = "\n\n".join([f"Taken on: {machine()}.", table(heads, rows), *after])
    PAGE.write_text(f"{before}{begin}\n{inside}\n{end}{behind}")
