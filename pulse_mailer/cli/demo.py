"""`pulse-mailer demo`: the whole way once through, from a document to a way out, in a folder of its own."""

import contextlib
import http.client
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from pulse_mailer.bootstrap import Mailer, started
from pulse_mailer.cli import documents, drawing, loading, months, output, readership, sending
from pulse_mailer.cli.database import upgraded
from pulse_mailer.cli.findings import print_findings
from pulse_mailer.cli.trees import print_edition, print_report
from pulse_mailer.delivery import answering, approving, planning, reporting
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.delivery import DeliveryStatus
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.suppression import SuppressionReason
from pulse_mailer.editions import importing, reading
from pulse_mailer.errors import PulseMailerError, UsageError
from pulse_mailer.mailbox.catcher import Catcher
from pulse_mailer.resources import templates_dir
from pulse_mailer.settings import Settings, load
from pulse_mailer.subscribers import audience
from pulse_mailer.subscribers import importing as subscribers
from pulse_mailer.subscribers.leaving import leave_address
from pulse_mailer.subscribers.suppressing import suppress

_ACTOR = "demo"
_MARK = ".pulse-mailer-demo"
_UNSUBSCRIBED, _SUPPRESSED = 3, 1
#: What a document without its links is overridden by; everything else still blocks.
_LINK_CODES = ("link-missing", "link-placeholder")


def run(
    edition: Annotated[Path | None, typer.Option(help="Use this document instead of the sample.")] = None,
    recipients: Annotated[int, typer.Option(min=5, max=100_000, help="How many people to send it to.")] = 144,
    folder: Annotated[
        Path, typer.Option("--dir", help="Where to keep everything; made anew each time.")
    ] = Path(".demo"),
) -> None:
    """
    Do the main job once: import an edition and its readers, check, send into the built-in mailbox, unsubscribe.

    Everything is kept in a folder of its own, and no mail leaves this machine.
    """
    begun = time.monotonic()
    source = edition or _sample(_fresh(folder))
    name, data = documents.read(source)
    if edition is not None:
        _fresh(folder)
    with _mailer(folder) as mailer:
        if edition is None:
            _step(0, "Five months go by: readers join and leave, and some mail is refused")
            months.live(mailer, recipients)
        _step(1, "Import the edition")
        key = _import_edition(mailer, source, name, data)
        _step(2, "Import its readers")
        _import_readers(mailer, recipients)
        _step(3, "Check it")
        forced = _check(mailer, key, overridable=_LINK_CODES if edition else ())
        _step(4, "Send it, through SMTP, into the built-in mailbox")
        _send(mailer, key, forced)
        _step(5, "Somebody unsubscribes by the one-click button of their mail program")
        address = _unsubscribe(mailer)
        _step(6, "Ask the log")
        _ask(mailer, address)
        if edition is None:
            _step(7, "Prepare what comes next")
            months.prepare(mailer)
    output.say()
    output.good(f"Done in {time.monotonic() - begun:.1f} s; everything is in {folder}.")
    output.say(f"Next: {_serve_command(folder)}")
    output.say("Then open the link that it prints; it signs you in. Look at:")
    if edition is None:
        output.say(
            "  Editions      one to send, one that begins by itself, one to be written, and half a year that went out"
        )
        output.say(
            "  Deliveries    who got what, in the mail server's own words; one is uncertain, for you to settle"
        )
        output.say(
            "  Subscribers   who joined and left, when and how; those whose mailbox is gone are suppressed"
        )
    output.say("  Mailbox       every mail as it arrived")


def _serve_command(folder: Path) -> str:
    return (
        "make run"
        if folder == Path(".demo") and Path("Makefile").exists()
        else (f"PULSE_MAILER_DATA_DIR={folder} pulse-mailer serve --link")
    )


def _step(number: int, title: str) -> None:
    output.say()
    output.say(f"{number}. {title}", "bold")


def _fresh(folder: Path) -> Path:
    """An empty folder of ours; one that holds anything else is left alone."""
    try:
        if not _may_be_replaced(folder):
            raise UsageError(
                f"{folder} is there and was not made by the demo.", remedy="Name another folder with --dir."
            )
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        (folder / _MARK).write_text("Made by `pulse-mailer demo`, which deletes it when it is run again.\n")
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be made anew: {(error.strerror or 'unknown cause').lower()}."
        ) from error
    return folder


def _may_be_replaced(folder: Path) -> bool:
    if not folder.exists():
        return True
    return folder.is_dir() and ((folder / _MARK).exists() or not any(folder.iterdir()))


def _sample(folder: Path) -> Path:
    """The sample edition with its pictures, as staff would have it in a folder."""
    home = folder / "edition"
    home.mkdir()
    shutil.copy(templates_dir() / "demo" / "edition.md", home / "edition.md")
    drawing.draw_pictures(home / "pictures")
    return home / "edition.md"


@contextlib.contextmanager
def _mailer(folder: Path) -> Iterator[Mailer]:
    """A program of its own, with a catcher on a free port: whatever the environment says, nobody real is mailed."""
    with started(_settings(folder, smtp_port=1025), at_head=False) as ready:
        upgraded(ready)
        with (
            Catcher(ready.mailbox, port=0) as catcher,
            started(_settings(folder, smtp_port=catcher.port)) as mailer,
        ):
            yield mailer


def _settings(folder: Path, *, smtp_port: int) -> Settings:
    return load(
        data_dir=folder,
        database_url="",
        base_url="http://127.0.0.1:8025",
        smtp_host="127.0.0.1",
        smtp_port=smtp_port,
        smtp_security="none",
        smtp_username="",
        smtp_password="",
        unsubscribe_inbox="",
        bounce_inbox="",
    )


def _import_edition(mailer: Mailer, source: Path, name: str, data: bytes) -> str:
    wish = importing.Wish(found=True)
    with mailer.database.transaction() as database:
        imported = importing.import_document(
            database, name, data, documents.pictures_beside(source), wish=wish, actor=_ACTOR
        )
        key = imported.edition.key
    print_edition(_edition(mailer, key))
    return key


def _edition(mailer: Mailer, key: str) -> Edition:
    with mailer.database.transaction() as database:
        return reading.edition(database, key)


def _import_readers(mailer: Mailer, wanted: int) -> None:
    data = readership.as_csv([*readership.readers(wanted), *readership.unreadable()])
    with mailer.database.transaction() as database:
        newsletter = reading.newsletter(database, None)
        report = subscribers.import_csv(
            database, mailer.keys, newsletter, data, mapping={}, dry_run=False, actor=_ACTOR
        )
    loading.print_import(report, newsletter.name)
    _some_leave(mailer)


def _some_leave(mailer: Mailer) -> None:
    with mailer.database.transaction() as database:
        newsletter = reading.newsletter(database, None)
        first = (
            audience.audience(newsletter.id).order_by("subscription_id").limit(_UNSUBSCRIBED + _SUPPRESSED)
        )
        people = database.execute(first).all()
        for person in people[:_UNSUBSCRIBED]:
            leave_address(database, mailer.keys, Address.parse(person.address), newsletter, actor=_ACTOR)
        for person in people[_UNSUBSCRIBED:]:
            suppress(
                database,
                mailer.keys,
                Address.parse(person.address),
                reason=SuppressionReason.BOUNCED,
                note="550 5.1.1 no such user",
                actor=_ACTOR,
            )
    output.say(
        f"{_UNSUBSCRIBED} of them unsubscribed before, and {_SUPPRESSED} is suppressed: no such mailbox."
    )


def _check(mailer: Mailer, key: str, *, overridable: tuple[str, ...]) -> tuple[str, ...]:
    with mailer.database.reading() as database:
        edition = reading.edition(database, key)
        checked = approving.look(edition, mailer.links)
    forced = tuple(sorted({finding.code for finding in checked.errors if finding.code in overridable}))
    print_findings(edition, checked, forced, json=False)
    return forced


def _send(mailer: Mailer, key: str, forced: tuple[str, ...]) -> None:
    with mailer.database.transaction() as database:
        edition = reading.edition(database, key)
        checked = approving.approve(edition, mailer.links, forced=forced)
        count = audience.numbers(database, edition.newsletter_id).audience
        planning.freeze(database, edition, checked, mailer.links, planning.Approval(_ACTOR, count, forced))
    before = mailer.mailbox.count()
    sending.hand_over(mailer, edition.id)
    with mailer.database.transaction() as database:
        report = reporting.report(database, reading.edition(database, key))
    print_report(report, json=False)
    caught = mailer.mailbox.count() - before
    sent = report.by_state[DeliveryStatus.SENT]
    output.say(f"The mailbox caught {caught} mails.")
    if caught != sent or not report.adds_up:
        raise PulseMailerError(f"The ledger says {sent} were sent, and the mailbox caught {caught}.")


def _unsubscribe(mailer: Mailer) -> str:
    """POST what a mail program posts (RFC 8058) to the link in a caught mail's own header; gives whose it was."""
    from pulse_mailer.web.app import create_app
    from pulse_mailer.web.server import running

    caught = mailer.mailbox.read(mailer.mailbox.list(limit=1, offset=0)[0].id)
    link = urlsplit(caught.header("List-Unsubscribe").split(">")[0].strip("<"))
    with running(create_app(mailer)) as base_url:
        connection = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=30)
        connection.request(
            "POST",
            link.path,
            body="List-Unsubscribe=One-Click",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        status = connection.getresponse().status
        connection.close()
    address = caught.header("To")
    output.say(f"POST {link.path[:12]}… for {address}: HTTP {status}")
    if status != http.HTTPStatus.OK:
        raise PulseMailerError(f"The one-click POST was answered with {status}.")
    return address


def _ask(mailer: Mailer, address: str) -> None:
    with mailer.database.transaction() as database:
        newsletter = reading.newsletter(database, None)
        wanted = Address.parse(address)
        answers = answering.find(database, mailer.keys, wanted)
        left_out = audience.why_left_out(database, newsletter.id, mailer.keys.hash_address(wanted.key))
    output.say(answers[0].sentence)
    assert left_out is not None  # who has just unsubscribed
    output.say(f"The next edition leaves {address} out: {left_out.reason}.")
