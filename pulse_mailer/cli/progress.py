"""How long work shows how far it is: a bar at a terminal, elsewhere one plain line every ten seconds."""

import contextlib
from collections.abc import Callable, Iterator
from time import monotonic

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pulse_mailer.cli import output

_LINE_EVERY_SECONDS = 10.0


@contextlib.contextmanager
def watched(doing: str, unit: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how far something is, how fast it goes and how long it takes yet; give what to tell the number done."""
    begun = monotonic()

    def rate(done: int) -> float:
        return done / max(monotonic() - begun, 0.001)

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
        if monotonic() - said >= _LINE_EVERY_SECONDS:
            said = monotonic()
            left = (
                f", {rate(done):,.0f} {unit}/s, about {(total - done) / rate(done):.0f} s left"
                if done
                else ""
            )
            output.errors.print(f"{doing}: {done:,} of {total:,}{left}")

    yield say
