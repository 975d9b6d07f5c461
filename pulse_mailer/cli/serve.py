"""`pulse-mailer serve`: the web app, with the worker and the catcher beside it."""

import contextlib
from typing import Annotated

import typer

from pulse_mailer.cli import output


def run(
    host: Annotated[str | None, typer.Option(help="Listen here; by default PULSE_MAILER_WEB_HOST.")] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="On this port; by default PULSE_MAILER_WEB_PORT.")
    ] = None,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Leave the sending to `pulse-mailer worker`.")
    ] = False,
    no_mailbox: Annotated[
        bool, typer.Option("--no-mailbox", help="Do not start the built-in catcher.")
    ] = False,
) -> None:
    """
    Serve the pages, send what is to be sent, and catch mail, until Ctrl-C.

    Recipients reach their ways out, pictures and web copies; every other page answers on this machine only.
    """
    from pulse_mailer.mailbox.catcher import Catcher
    from pulse_mailer.web.app import create_app
    from pulse_mailer.web.server import serve
    from pulse_mailer.worker import loop

    with output.mailer() as mailer, contextlib.ExitStack() as running:
        settings = mailer.settings
        host, port = host or settings.web_host, port or settings.web_port
        app = create_app(mailer)
        if settings.mailbox_port and not no_mailbox:
            catcher = running.enter_context(Catcher(mailer.mailbox, port=settings.mailbox_port))
            output.say(
                f"Mailbox    catches what is sent to 127.0.0.1:{catcher.port}; see http://{host}:{port}/mailbox"
            )
        if not no_worker:
            running.enter_context(loop.in_background(mailer, output.say))
        output.say(f"Pages      http://{host}:{port}  (Ctrl-C stops)")
        serve(app, host, port)
    output.say("Stopped.")
