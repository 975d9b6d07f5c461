"""
Every page there is, on the demo's newsletter: for the browser that judges each, and for the pictures in the docs.

`tests/browser/test_every_page.py` holds this list against the app's routes: a new page comes in here.
"""

import datetime
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.clock import now
from pulse_mailer.delivery import readying, scheduling, steering
from pulse_mailer.delivery.planning import Approval, Terms
from pulse_mailer.delivery.variants import plan
from pulse_mailer.domain.correction import Fix
from pulse_mailer.domain.delivery import Delivery, DeliveryStatus
from pulse_mailer.domain.staff import Role, Staff
from pulse_mailer.domain.subscriber import Subscriber, Subscription, SubscriptionStatus
from pulse_mailer.editions import importing, reading
from pulse_mailer.editions.correcting import correct
from pulse_mailer.links import Purpose
from pulse_mailer.resources import templates_dir
from pulse_mailer.subscribers import uploading
from pulse_mailer.subscribers.uploading import Brought
from tests.staff_given import address, given_staff

SLUG = "civic-pulse"
SENT, CORRECTED, SCHEDULED, UNWRITTEN = "2026-11", "2026-10", "2027-01", "2027-02"
READY, HELD, PAUSED = "2027-03", "2026-12", "2027-04"

#: GET routes that show no page of ours, by how they begin, and why.
NO_PAGE = {
    "/api/v1": "for programs",
    "/api-reference/openapi.json": "for programs",
    "/assets/": "a file",
    "/favicon.ico": "a file",
    "/robots.txt": "a file",
    "/pictures/": "a file",
    "/healthz/": "for programs",
    "/deliveries.csv": "a file",
    "/subscribers/export": "a file",
    "/deliveries/{delivery_id}/mail.eml": "a file",
    "/deliveries/{delivery_id}/mail": "the mail itself, for a frame: tests/browser/test_mail_look.py",
    "/mailbox/{mail_id}/html": "the mail itself, for a frame",
    "/newsletters/{slug}/look/preview": "the mail itself, for a frame",
    "/staff/editions/{slug}/{key}/preview": "the mail itself, for a frame",
    "/editions/{slug}/feed": "a feed",
    "/editions/{slug}/{key}.txt": "plain text",
    "/subscribers/{subscriber_id}/data": "a file",
    "/staff/editions/{slug}/{key}/check/links": "a part of the page that checks",
    "/staff/editions/{slug}/{key}/check/spam": "a part of the page that checks",
    "/staff/editions/{slug}/{key}/compose/contents": "a part of the composer",
    "/staff/editions/{slug}/{key}/compose/meter": "a part of the composer",
    "/staff/editions/{slug}/{key}/progress/live": "a part of the page of the progress",
    "/sign-in/oidc": "leads to an issuer",
    "/sign-in/code": "for who is half signed in: tests/browser/test_sign_in.py",
    "/staff/editions/{slug}/{key}/rehearsal": "a part of the page that waits for everybody's mail",
    "/u/{token}/undo": "leads back",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """
    A page, as somebody has it before them.

    Attributes:
        says: what there is to see.
        role: of whom; None: signed out.
        status: of the answer.
    """

    path: str
    says: str
    role: Role | None = Role.ADMIN
    status: int = 200


def demo(home: Path) -> None:
    """
    Do what `make demo` does.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    command = [sys.executable, "-m", "pulse_mailer", "demo", "--dir", str(home)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def every_page(mailer: Mailer) -> dict[str, Shown]:
    """Bring the demo's newsletter to where each page has something to show; gives the pages by name."""
    given_staff(mailer)
    _write_on(mailer)
    _send_on(mailer)
    return {**_editions(), **_readers(mailer), **_operators(mailer), **_people(mailer), **_staff(mailer)}


def _write_on(mailer: Mailer) -> None:
    """Two more drafts, and one that went out put right."""
    document = templates_dir() / "demo" / "edition.md"
    with mailer.database.transaction() as database:
        for key in (READY, PAUSED):
            wish = importing.Wish(newsletter=SLUG, key=key)
            importing.import_document(
                database, document.name, document.read_bytes(), lambda _path: None, wish=wish, actor="ann"
            )
        fix = Fix(None, "signed_role", "Head of Research and Reading")
        note = "Her role was cut short."
        correct(database, mailer.links, f"{SLUG}/{CORRECTED}", [fix], note=note, actor="ann")


def _send_on(mailer: Mailer) -> None:
    """One in its hold, and one paused before anybody had it."""
    for key, start in ((HELD, scheduling.Start(now() + datetime.timedelta(minutes=5))), (PAUSED, None)):
        with mailer.database.transaction() as database:
            edition = reading.edition(database, f"{SLUG}/{key}")
            approval = Approval("ann", plan(database, edition).count)
            readying.begin(
                database,
                f"{SLUG}/{key}",
                mailer.links,
                approval,
                Terms(),
                start,
                was_approved=key == HELD,
            )
            if key == PAUSED:
                steering.pause(database, edition.id, by="ann", why="A reader found a wrong date.")


def _editions() -> dict[str, Shown]:
    def of(key: str, page: str = "") -> str:
        return f"/staff/editions/{SLUG}/{key}{page}"

    return {
        "editions": Shown("/", "All editions: their state, their readers, and what comes next"),
        "compose": Shown(of(READY, "/compose"), "Composing: the edition, and the mail as it will be"),
        "compose-unwritten": Shown(of(UNWRITTEN, "/compose"), "A new edition: what is still to be written"),
        "history": Shown(of(READY, "/history"), "The history of an edition, with each change"),
        "check": Shown(of(UNWRITTEN, "/check"), "Checking: what is in the way, and a way to each place"),
        "check-clean": Shown(of(READY, "/check"), "Checking, with nothing in the way"),
        "proof": Shown(of(READY, "/proof"), "A proof to anybody"),
        "approve": Shown(of(READY, "/approve"), "Approving, with what changed since"),
        "send": Shown(of(READY, "/send"), "Sending: to whom, to whom not, and when"),
        "left-out": Shown(of(READY, "/left-out"), "Who is left out, and why"),
        "hold": Shown(of(HELD, "/progress"), "The hold: it begins soon, and may be stopped"),
        "scheduled": Shown(of(SCHEDULED, "/progress"), "It begins by itself at a time"),
        "paused": Shown(of(PAUSED, "/progress"), "Paused: who has it already, and what waits"),
        "result": Shown(of(SENT, "/result"), "The result: a sum that adds up"),
        "report": Shown(of(SENT, "/report"), "The report: by state, domain and the server's answer"),
        "retry": Shown(of("2026-06", "/retry"), "Trying again whom it did not reach"),
        "edition": Shown(of(SENT), "An edition that went out: who got it, and the mail itself"),
        "edition-corrected": Shown(of(CORRECTED), "One that was put right on the web"),
        "edition-draft": Shown(of(READY), "A draft: what comes next"),
        "edition-as-text": Shown(of(READY, "?show=text&width=375"), "A draft, as plain text"),
    }


def _readers(mailer: Mailer) -> dict[str, Shown]:
    reader = "amara.okafor@example.org"
    return {
        "leave": Shown(_link(mailer, Purpose.UNSUBSCRIBE, reader, "/u/"), "Leaving, for a reader", None),
        "left": Shown(
            _link(mailer, Purpose.UNSUBSCRIBE, _who_left(mailer).address, "/u/"), "Who has left already", None
        ),
        "leave-broken": Shown("/u/nonsense", "A way out whose link is damaged", None, 404),
        "choose": Shown(
            _link(mailer, Purpose.PREFERENCES, reader, "/p/"), "A reader's choice of sections", None
        ),
        "archive": Shown(f"/editions/{SLUG}", "The archive on the web", None),
        "archive-search": Shown(f"/editions/{SLUG}/search", "Searching it", None),
        "archive-found": Shown(f"/editions/{SLUG}/search?q=library", "What was found", None),
        "archive-nothing": Shown(f"/editions/{SLUG}/search?q=zebra", "What was not", None),
        "web-copy": Shown(
            f"/editions/{SLUG}/{CORRECTED}", "An edition on the web, with its correction", None
        ),
    }


def _operators(mailer: Mailer) -> dict[str, Shown]:
    with mailer.database.reading() as database:
        found = {
            status: database.scalars(select(Delivery.id).where(Delivery.status == status).limit(1)).one()
            for status in (DeliveryStatus.FAILED, DeliveryStatus.UNCERTAIN, DeliveryStatus.SENT)
        }
    failed = found[DeliveryStatus.FAILED]
    mail = mailer.mailbox.list(limit=1)[0].id
    gone = "rowan.pike@nobody.example"
    return {
        "deliveries": Shown("/deliveries", "Deliveries: one field to find a reader, and who got what"),
        "answer": Shown("/deliveries?q=amara.okafor@example.org", "Did this reader get it?"),
        "answer-none": Shown("/deliveries?q=nonsense@", "What is no address", status=422),
        "answer-words": Shown("/deliveries?q=no+such+mailbox", "Found by a server's words"),
        "deliveries-edition": Shown(f"/deliveries?edition={SLUG}/{SENT}", "The deliveries of one edition"),
        "delivery": Shown(f"/deliveries/{found[DeliveryStatus.SENT]}", "One delivery, from beginning to end"),
        "delivery-failed": Shown(f"/deliveries/{failed}", "One that failed"),
        "delivery-headers": Shown(f"/deliveries/{failed}?show=headers", "The headers as they were sent"),
        "delivery-text": Shown(f"/deliveries/{failed}?show=text", "The plain text as it was sent"),
        "delivery-uncertain": Shown(f"/deliveries/{found[DeliveryStatus.UNCERTAIN]}", "One in doubt"),
        "suppress": Shown(f"/deliveries/{failed}/suppress", "Writing to somebody no more"),
        "uncertain": Shown("/uncertain", "What only a person can settle"),
        "suppressions": Shown("/suppressions", "To whom nothing is sent"),
        "suppression-lift": Shown(f"/suppressions/remove?address={gone}", "Writing to somebody again"),
        "workers": Shown("/workers", "Who sends, and what waits"),
        "health": Shown("/health", "Whether all is well"),
        "settings": Shown("/settings", "The settings as they are in force"),
        "mailbox": Shown("/mailbox", "The built-in mailbox"),
        "mailbox-mail": Shown(f"/mailbox/{mail}", "A mail in it"),
        "mailbox-headers": Shown(f"/mailbox/{mail}?show=headers", "Its headers"),
        "mailbox-source": Shown(f"/mailbox/{mail}?show=source", "Its source"),
    }


def _people(mailer: Mailer) -> dict[str, Shown]:
    left = _who_left(mailer)
    file = f"Email,First name\nnew.reader@example.net,Noor\nnonsense,X\n{left.address},Dilys\n".encode()
    with mailer.database.transaction() as database:
        newsletter = reading.newsletter(database, SLUG)
        brought = Brought("subscribers.csv", file, "asked for it at the spring meeting", {})
        token = uploading.keep(database, newsletter, brought, actor=address(Role.ADMIN))
    return {
        "subscribers": Shown("/subscribers", "Subscribers"),
        "subscribers-left": Shown("/subscribers?state=unsubscribed", "Those who left"),
        "subscribers-nobody": Shown("/subscribers?q=zebra", "Nobody found"),
        "subscriber": Shown(f"/subscribers/{left.id}", "A person: consent, and all that was sent"),
        "subscriber-erase": Shown(f"/subscribers/{left.id}/erase", "Erasing a person"),
        "subscriber-new": Shown("/subscribers/new", "Adding one"),
        "import": Shown("/subscribers/import", "Importing a file"),
        "import-preview": Shown(f"/subscribers/import/{token}", "What would come of it, row by row"),
        "newsletters": Shown("/newsletters", "Newsletters"),
        "newsletter": Shown(f"/newsletters/{SLUG}", "A newsletter's settings"),
        "programme": Shown(f"/newsletters/{SLUG}/programme", "Its sections"),
        "look": Shown(f"/newsletters/{SLUG}/look", "Its look, tried on"),
        "look-pale": Shown(f"/newsletters/{SLUG}/look?brand=%23FFEE88", "A colour that nobody could read"),
    }


def _staff(mailer: Mailer) -> dict[str, Shown]:
    with mailer.database.reading() as database:
        someone = database.scalars(select(Staff.id).where(Staff.address == address(Role.COMPOSER))).one()
    return {
        "sign-in": Shown("/sign-in", "Signing in", None),
        "sign-in-link": Shown("/sign-in/link/nonsense", "A link that is used up", None, 404),
        "account": Shown("/account", "One's own account"),
        "second-factor": Shown("/account/second-factor", "A second factor"),
        "team": Shown("/team", "The team"),
        "team-one": Shown(f"/team/{someone}", "Somebody of the team"),
        "audit": Shown("/audit", "Who did what, and when"),
        "api-reference": Shown("/api-reference", "The API, for whoever writes programs"),
        "api-calls": Shown("/api-reference/team", "What programs may ask of the team"),
        "nothing": Shown("/nothing", "A page that is not there", status=404),
    }


def _who_left(mailer: Mailer) -> Subscriber:
    """Whoever unsubscribed last."""
    with mailer.database.reading() as database:
        return database.scalars(
            select(Subscriber)
            .join(Subscription, Subscription.subscriber_id == Subscriber.id)
            .where(Subscription.status == SubscriptionStatus.UNSUBSCRIBED)
            .order_by(Subscription.changed_at.desc(), Subscription.id)
            .limit(1)
        ).one()


def _link(mailer: Mailer, purpose: Purpose, reader: str, begins: str) -> str:
    with mailer.database.reading() as database:
        public_id = database.scalars(
            select(Subscription.public_id)
            .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
            .where(Subscriber.address == reader)
        ).one()
    return begins + mailer.links.token(purpose, public_id)
