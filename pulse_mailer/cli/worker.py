"""`pulse-mailer worker`: sends what is to be sent, in a process of its own; and what steers all workers."""

import dataclasses
from typing import Annotated

import typer

from pulse_mailer.cli import output
from pulse_mailer.cli.stopping import stopping
from pulse_mailer.clock import now
from pulse_mailer.errors import PulseMailerError
from pulse_mailer.settings import load

app = typer.Typer(help="Send what is to be sent; list, pause and resume all workers.")


@app.callback(invoke_without_command=True)
def run(
    context: typer.Context,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Start none; say whether one of this machine lives (exit status).")
    ] = False,
) -> None:
    """
    Send whatever edition is being sent, until it is stopped (Ctrl-C or SIGTERM); the message at hand is finished.

    Several may run beside each other on PostgreSQL; `pulse-mailer serve` holds one by itself.
    """
    if context.invoked_subcommand:
        return
    if check:
        from pulse_mailer.worker import alive

        output.say(f"A worker of this machine looked for work {alive.age_seconds(load()):.0f} s ago.")
        return
    from pulse_mailer.worker import loop

    with output.mailer() as mailer, stopping() as stop:
        output.say(f"Working: looks every {mailer.settings.worker_poll_seconds:g} s for an edition to send.")
        loop.run(mailer, stop, output.say)
        if not stop.is_set():
            raise PulseMailerError("A part of the worker ended by itself.", remedy="Start it again.")
    output.say("Stopped; nothing was left half-done.")


@app.command("list")
def list_(*, json: output.Json = False) -> None:
    """List the workers that live, what waits for them, and whether all were paused."""
    from pulse_mailer.delivery import standstill, workers
    from pulse_mailer.delivery.saying import lasting, pace

    with output.mailer() as mailer, mailer.database.reading() as database:
        stands = standstill.standstill(database)
        found, waiting = workers.workers(database), workers.queues(database)
        rate = workers.attempts_per_second(database)
    if json:
        output.print_json(
            {
                "paused": stands and {"at": stands.at, "by": stands.actor, "why": stands.why},
                "workers": [
                    {"name": one.name, "started_at": one.started_at, "seen_at": one.seen_at} for one in found
                ],
                "queues": [dataclasses.asdict(one) for one in waiting],
                "attempts_per_second": round(rate, 2),
            }
        )
        return
    if stands:
        output.trouble(f"All sending is paused by {stands.actor}: {stands.why}")
    for one in found:
        silence = now() - one.seen_at
        said = "lives" if silence < workers.SILENT else "is silent"
        output.say(f"{one.name} {said}; seen {lasting(silence)} ago, version {one.version}.")
    if not found:
        output.trouble("No worker runs. Start one: pulse-mailer worker")
    for queue in waiting:
        output.say(
            f"{queue.name} ({queue.status.words}): {queue.due_count:,} due, {queue.later_count:,} later, "
            f"{queue.leased_count:,} with a worker."
        )
    if rate:
        output.say(f"{pace(rate)} in the last minute.")


@app.command()
def pause(why: Annotated[str, typer.Option(metavar="TEXT", help="Why; everybody sees it.")] = "") -> None:
    """Let no worker hand over any mail, until `worker resume`; what is on the wire is finished."""
    from pulse_mailer.delivery import standstill

    with output.mailer() as mailer, mailer.database.transaction() as database:
        standstill.stand_still(database, by=output.actor(), why=why)
    output.good("All sending is paused. Let it go on: pulse-mailer worker resume")


@app.command()
def resume() -> None:
    """Let all workers go on."""
    from pulse_mailer.delivery import standstill

    with output.mailer() as mailer, mailer.database.transaction() as database:
        standstill.go_on(database, by=output.actor())
    output.good("Sending goes on.")
