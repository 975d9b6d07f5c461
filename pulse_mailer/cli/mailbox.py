"""`pulse-mailer mailbox`: the built-in catcher by itself."""

from typing import Annotated

import typer

from pulse_mailer.cli import output
from pulse_mailer.settings import load


def run(
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="SMTP port; by default 1025.")] = None,
    web_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of its page.")] = 8026,
    host: Annotated[str, typer.Option(help="Take mail here; its page stays on 127.0.0.1.")] = "127.0.0.1",
    private_network: Annotated[
        bool, typer.Option("--private-network", help="Allow another host: only our own programs reach it.")
    ] = False,
) -> None:
    """
    Catch mail: a real SMTP server on this machine that keeps what it gets, and shows it on a page.

    Nothing that it takes is ever passed on.
    """
    from pulse_mailer.mailbox.catcher import Catcher
    from pulse_mailer.mailbox.store import Mailbox
    from pulse_mailer.web.app import create_mailbox_app
    from pulse_mailer.web.server import serve

    settings = load()
    mailbox = Mailbox(settings.mailbox_dir)
    smtp_port = port or settings.mailbox_port or 1025
    with Catcher(mailbox, host, smtp_port, private_network=private_network) as catcher:
        output.say(f"Catching   what is sent to {catcher.host}:{catcher.port}")
        output.say(f"See it on  http://127.0.0.1:{web_port}/mailbox  (Ctrl-C stops)")
        serve(create_mailbox_app(mailbox, settings.base_url), "127.0.0.1", web_port)
    output.say("Stopped.")
