"""How long work shows how far it is: a bar at a terminal, elsewhere one plain line every ten seconds."""

import contextlib
import datetime
from collections.abc import Iterator
from time import monotonic
from typing import Protocol

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Column

from pulse_mailer.cli import output
from pulse_mailer.delivery.saying import lasting

_LINE_EVERY_SECONDS = 10.0


class Told(Protocol):
    def __call__(self, done: int, ends: str = "") -> None:
        """
        Args:
            done: how many of all.
            ends: when it ends, for people, where more is known than the rate so far; such as "done about 17:40".
        """


@contextlib.contextmanager
def watched(doing: str, unit: str, total: int) -> Iterator[Told]:
    """Show how far something is, how fast it goes and how long it takes yet; give what to tell the number done."""
    begun = monotonic()

    def rate(done: int) -> float:
        return done / max(monotonic() - begun, 0.001)

    def speed(done: int) -> str:
        each_second = rate(done)
        return f"{each_second:,.0f} {unit}/s" if each_second >= 1 else f"{each_second * 60:.0f} {unit}/min"

    def left(done: int) -> str:
        seconds = (total - done) / rate(done) if done else 0.0
        return f"about {lasting(datetime.timedelta(seconds=seconds))} left" if 0 < done < total else ""

    if output.errors.is_terminal:
        columns = (
            TextColumn(doing),
            BarColumn(),
            MofNCompleteColumn(table_column=Column(no_wrap=True, min_width=2 * len(str(total)) + 1)),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[ends]}"),
        )
        with Progress(*columns, console=output.errors, transient=True) as bar:
            task = bar.add_task(doing, total=total, rate="", ends="")
            yield lambda done, ends="": bar.update(
                task, completed=done, rate=speed(done), ends=ends or left(done)
            )
        return
    said = begun

    def say(done: int, ends: str = "") -> None:
        nonlocal said
        if monotonic() - said >= _LINE_EVERY_SECONDS:
            said = monotonic()
            parts = [f"{doing}: {done:,} of {total:,}", speed(done) if done else "", ends or left(done)]
            output.errors.print(", ".join(part for part in parts if part))

    yield say
