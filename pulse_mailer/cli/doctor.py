"""`pulse-mailer doctor`: every setting with its source, and whether all that Pulse Mailer needs is there."""

import dataclasses
from typing import Annotated

import typer

from pulse_mailer import examining, settings
from pulse_mailer.cli import output
from pulse_mailer.examining import Check, State
from pulse_mailer.web.pages import public_pages

Offline = Annotated[bool, typer.Option("--offline", help="Do not connect to any mail server.")]


def run(*, offline: Offline = False, json: output.Json = False) -> None:
    """Show every setting and where it came from; check database, keys, templates, backends, base URL."""
    loaded = settings.load()
    shown = examining.effective(loaded)
    checks = list(examining.examine(loaded, offline=offline, read_pages=public_pages))
    well = all(check.state is not State.FAILED for check in checks)
    if json:
        plain = [dataclasses.asdict(check) for check in checks]
        output.print_json({"well": well, "settings": shown, "checks": plain})
    else:
        output.print_table(
            ["Setting", "Value", "From"], [[row["name"], row["value"], row["source"]] for row in shown]
        )
        output.say(f"The variable of each is {settings.PREFIX} and its name in capitals.")
        output.say()
        _print(checks)
    raise typer.Exit(0 if well else 1)


def _print(checks: list[Check]) -> None:
    styles = {State.GOOD: "green", State.WARNING: "yellow", State.FAILED: "red"}
    for check in checks:
        output.say(f"{check.state.value:8} {check.name}: {check.what}", styles[check.state])
        if check.remedy:
            output.say(f"{'':8} {check.remedy}")
    wrong = sum(check.state is State.FAILED for check in checks)
    warned = sum(check.state is State.WARNING for check in checks)
    output.say()
    if wrong:
        output.say(f"{wrong} of {len(checks)} checks failed.", "red")
    else:
        output.good(f"All is well{f', with {warned} to look at' if warned else ''}.")
