"""What tests of the pages start from: an edition that went to readers, with every way it can end."""

import threading
from dataclasses import dataclass

from sqlalchemy import select

from pulse_mailer.backends.memory import Answer, MemoryBackend
from pulse_mailer.bootstrap import Mailer
from pulse_mailer.clock import now
from pulse_mailer.delivery.approving import approve, check
from pulse_mailer.delivery.dispatch import Way as Sending
from pulse_mailer.delivery.dispatch import dispatch
from pulse_mailer.delivery.planning import Approval, freeze
from pulse_mailer.domain.delivery import Delivery, Outcome, Stage
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.subscriber import Subscriber, Subscription, Way
from pulse_mailer.editions import reading
from pulse_mailer.links import Purpose
from pulse_mailer.subscribers.joining import join
from pulse_mailer.subscribers.leaving import leave
from pulse_mailer.subscribers.person import Person
from tests.unit.composing import editions

SLUG, KEY = "harbour-review", "2025-05"

#: How the other side answers; everybody else's mail is taken.
ANSWERS = {
    "full@example.org": Answer(Outcome.DEFERRED, Stage.RCPT, 452, "4.2.2", "Mailbox full"),
    "gone@example.org": Answer(Outcome.FAILED, Stage.RCPT, 550, "5.1.1", "No such user here"),
    "unsure@example.org": Answer(Outcome.UNCERTAIN, Stage.DOT, None, "", ""),
}
LEFT_BEFORE = "left.before@example.org"


@dataclass(frozen=True, slots=True)
class Reader:
    address: str
    token: str
    public_id: str


def given_draft(mailer: Mailer, edition: Edition | None = None) -> Edition:
    """The edition of tests/unit/composing/editions.py, stored and not sent."""
    with mailer.database.transaction() as database:
        made = edition or editions.edition()
        database.add(made)
        database.flush()
        return reading.edition(database, f"{made.newsletter.slug}/{made.key}")


def given_second_draft(mailer: Mailer) -> Edition:
    """The same newsletter's next edition: not sent, without a preheader, with a doubtful line."""
    next_edition = editions.edition()
    for item in next_edition.items():
        item.picture = None
    next_edition.key, next_edition.period, next_edition.preheader = "2025-06", "June 2025", ""
    next_edition.source_name = "june.docx"
    next_edition.review = [
        {"line": 14, "text": "King’s Trust", "why": "The publisher is spelled two ways.", "item": None}
    ]
    with mailer.database.transaction() as database:
        next_edition.newsletter = reading.newsletter(database, SLUG)
        database.add(next_edition)
        database.flush()
        return reading.edition(database, f"{SLUG}/2025-06")


def given_readers(mailer: Mailer, count: int = 3, slug: str = SLUG) -> None:
    """reader-1@example.org and so on, those of ANSWERS, and one who left before."""
    addresses = [f"reader-{number}@example.org" for number in range(1, count + 1)]
    with mailer.database.transaction() as database:
        newsletter = reading.newsletter(database, slug)
        for address in (*addresses, *ANSWERS, LEFT_BEFORE):
            join(
                database,
                mailer.keys,
                newsletter,
                Person.parse(address),
                way=Way.STAFF,
                actor="ann",
                wording="asked by telephone",
            )
    gone = given_reader(mailer, LEFT_BEFORE)
    with mailer.database.transaction() as database:
        leave(database, gone.public_id, way=Way.PAGE, actor="subscriber")


def given_sent(mailer: Mailer, count: int = 3) -> Edition:
    """The edition sent to its readers; what was taken is in the mailbox too."""
    edition = given_draft(mailer)
    given_readers(mailer, count)
    backend = MemoryBackend(answers=dict(ANSWERS))
    with mailer.database.transaction() as database:
        edition = reading.edition(database, f"{SLUG}/{KEY}")
        checked = approve(edition, mailer.links, forced=_errors(mailer, edition))
        freeze(database, edition, checked, mailer.links, Approval("ann", count + len(ANSWERS)))
    sending = Sending(mailer.database, mailer.links, [backend], connections=1)
    dispatch(sending, edition.id, stop=threading.Event(), watch=lambda _receipt: None)
    for message in backend.kept:
        mailer.mailbox.keep(message.sender, [message.recipient], message.data)
    return edition


def given_reader(mailer: Mailer, address: str = "reader-1@example.org") -> Reader:
    with mailer.database.transaction() as database:
        public_id = database.scalars(
            select(Subscription.public_id)
            .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
            .where(Subscriber.address == address)
        ).one()
    return Reader(address, mailer.links.token(Purpose.UNSUBSCRIBE, public_id), public_id)


def set_status(mailer: Mailer, status: EditionStatus) -> None:
    with mailer.database.transaction() as database:
        edition = reading.edition(database, f"{SLUG}/{KEY}")
        edition.status = status
        edition.starts_at = now() if status is EditionStatus.SCHEDULED else None


def delivery_id(mailer: Mailer, address: str) -> int:
    with mailer.database.transaction() as database:
        return database.scalars(select(Delivery.id).where(Delivery.address == address)).one()


def _errors(mailer: Mailer, edition: Edition) -> tuple[str, ...]:
    return tuple({finding.code.value for finding in check(edition, mailer.links).errors})
