"""The picture of the dispatch bench: what one mail costs each sender, and how fast each is."""

import matplotlib as mpl

from benchmarks.documents import PAGE
from benchmarks.gates import Table
from benchmarks.senders import OURS

_OURS, _THEIRS = "#0B5563", "#9AA5B1"


def draw(table: Table) -> None:
    """Write docs/images/dispatch.svg, from the figures on smtp-sink with the fewest mails."""
    mpl.use("svg")
    from matplotlib import pyplot, ticker  # noqa: PLC0415 - only once it is told to draw without a screen

    here = sorted((case for case in table if case.server == "smtp-sink"), key=lambda case: -case.count)
    chosen = {case.sender: table[case] for case in here}  # of each sender the last, with the fewest
    chosen = dict(sorted(chosen.items(), key=lambda item: -item[1].cpu_us))
    colours = [_OURS if sender in OURS else _THEIRS for sender in chosen]
    mpl.rcParams["svg.hashsalt"] = "pulse-mailer"  # the same figures draw the same file
    picture, (left, right) = pyplot.subplots(1, 2, figsize=(10, 3.4), sharey=True, layout="constrained")
    for axes, title, values in (
        (
            left,
            "CPU for one mail of 115 KB, microseconds (less is better)",
            [one.cpu_us for one in chosen.values()],
        ),
        (right, "Mails a second (more is better)", [one.rate for one in chosen.values()]),
    ):
        bars = axes.barh(list(chosen), values, color=colours)
        axes.bar_label(bars, [f"{value:,.0f}" for value in values], padding=3)
        axes.set_xscale("log")
        axes.set_xlim(right=max(values) * 3)
        axes.xaxis.set_major_formatter(lambda value, _place: f"{value:,.0f}")
        axes.xaxis.set_minor_formatter(ticker.NullFormatter())
        axes.set_title(title, fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
    picture.savefig(PAGE.parent / "images" / "dispatch.svg", metadata={"Date": None})
    pyplot.close(picture)
