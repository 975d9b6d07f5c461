"""`pulse-mailer serve`: the web app, with the worker and the catcher beside it."""

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from pulse_mailer.cli import output
from pulse_mailer.settings import LOOPBACK

if TYPE_CHECKING:
    from pulse_mailer.bootstrap import Mailer
    from pulse_mailer.settings import Settings


def run(
    host: Annotated[str | None, typer.Option(help="Listen here; by default PULSE_MAILER_WEB_HOST.")] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="On this port; by default PULSE_MAILER_WEB_PORT.")
    ] = None,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Leave the sending to `pulse-mailer worker`.")
    ] = False,
    admin: Annotated[
        str,
        typer.Option(help="Who administers first, while nobody can sign in; by default PULSE_MAILER_ADMIN."),
    ] = "",
    link: Annotated[
        bool, typer.Option("--link", help="Print a one-time sign-in link for them in any case.")
    ] = False,
    no_mailbox: Annotated[
        bool, typer.Option("--no-mailbox", help="Do not start the built-in catcher.")
    ] = False,
) -> None:
    """
    Serve the pages, send what is to be sent, and catch mail, until Ctrl-C.

    Recipients reach their ways out, pictures and web copies; every other page is for staff, who sign in. While
    nobody can, a one-time link is printed for the first who administers.
    """
    from pulse_mailer.mailbox.catcher import Catcher
    from pulse_mailer.web.app import create_app
    from pulse_mailer.web.server import serve
    from pulse_mailer.worker import loop

    with output.mailer() as made, contextlib.ExitStack() as running:
        # Without the catcher pages must not say that it takes what is sent.
        unheard = {"mailbox_port": 0} if no_mailbox else {}
        mailer = replace(made, settings=made.settings.model_copy(update=unheard))
        settings = mailer.settings
        host, port = host or settings.web_host, port or settings.web_port
        app = create_app(mailer)
        first = settings.model_copy(update={"admin": admin}) if admin else settings
        print_link(mailer, first, host, port, anyway=link)
        if settings.mailbox_port:
            catcher = running.enter_context(Catcher(mailer.mailbox, port=settings.mailbox_port))
            output.say(
                f"Mailbox    catches what is sent to 127.0.0.1:{catcher.port}; see http://{host}:{port}/mailbox"
            )
        if not no_worker:
            running.enter_context(loop.in_background(mailer, output.say))
        output.say(f"Pages      http://{host}:{port}  (Ctrl-C stops)")
        serve(app, host, port, settings.trusted_proxies)
    output.say("Stopped.")


def print_link(mailer: "Mailer", settings: "Settings", host: str, port: int, *, anyway: bool) -> None:
    """Print a one-time link for the first who administers, while nobody who may can sign in, or anyway."""
    from pulse_mailer.staff import team

    with mailer.database.transaction() as database:
        if team.can_administer(database) and not anyway:
            return
        staff, token = team.first_link(database, settings.admin, actor=output.actor())
    base_url = settings.base_url
    if (
        urlsplit(base_url).hostname in LOOPBACK
    ):  # it may be reached by another port than the links in mail say
        base_url = f"http://{host if host in LOOPBACK else LOOPBACK[0]}:{port}"
    output.good(f"Sign in    {base_url}/sign-in/link/{token}")
    output.say(f"           as {staff.address}; once, within a day. Then choose a password under your name.")
