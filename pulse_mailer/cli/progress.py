"""How long work shows how far it is: a bar at a terminal, elsewhere one plain line every ten seconds."""

import contextlib
import time
from collections.abc import Callable, Iterator

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pulse_mailer.cli import output

_LINE_EVERY_SECONDS = 10.0


@contextlib.contextmanager
def watched(doing: str, unit: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how far something is, how fast it goes and how long it takes yet; give what to tell the number done."""
    begun = time.monotonic()

    def rate(done: int) -> float:
        return done / max(time.monotonic() - begun, 0.001)

    if output.errors.is_terminal:
        columns = (
            TextColumn(doing),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=output.errors, transient=True) as bar:
            task = bar.add_task(doing, total=total, rate="")
            yield lambda done: bar.update(task, completed=done, rate=f"{rate(done):,.0f} {unit}/s")
        return
    said = begun

    def say(done: int) -> None:
        nonlocal said
        if time.monotonic() - said >= _LINE_EVERY_SECONDS:
            said = time.monotonic()
            left = (total - done) / max(rate(done), 0.001)
            output.errors.print(
                f"{doing}: {done:,} of {total:,}, {rate(done):,.0f} {unit}/s, about {left:.0f} s left"
            )

    yield say
