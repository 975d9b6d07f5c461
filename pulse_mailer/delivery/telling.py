"""
What the program tells the staff concerned by mail: kept with the change that it tells of, and handed over later.

A notice is taken before it is handed over and noted afterwards, so a program that is killed in between tells it
twice rather than never; nothing that goes wrong with one touches the edition it is about.
"""

import datetime
from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pulse_mailer.backends.base import Backend
from pulse_mailer.clock import now
from pulse_mailer.delivery import reporting
from pulse_mailer.delivery.changing import changed
from pulse_mailer.domain.delivery import DeliveryStatus, Outcome
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.message import Message
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.notice import Notice, NoticeKind
from pulse_mailer.errors import BackendError

#: While one program hands a notice over, no other takes it up; it is tried again then if nothing was noted.
TAKEN_FOR = datetime.timedelta(minutes=15)
#: A refused notice is tried again after these times, the last one again and again.
WAITS = tuple(datetime.timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
#: After this it is given up, with the words of the last refusal.
GIVEN_UP_AFTER = datetime.timedelta(days=1)


def tell(database: Session, edition_id: int, kind: NoticeKind, subject: str, body: str) -> int:
    """Queue a notice to each address that the edition's newsletter names; gives how many."""
    told: Sequence[str] = database.scalars(
        select(Newsletter.told)
        .join(Edition, Edition.newsletter_id == Newsletter.id)
        .where(Edition.id == edition_id)
    ).one()
    at = now()
    database.add_all(
        Notice(
            edition_id=edition_id,
            kind=kind,
            address=address,
            subject=subject,
            body=body,
            created_at=at,
            next_attempt_at=at,
        )
        for address in told
    )
    return len(told)


def due(database: Session) -> list[tuple[int, str]]:
    """Id and subject of the notices that are to be handed over now, the oldest first."""
    waiting = select(Notice.id, Notice.subject).where(Notice.next_attempt_at <= now()).order_by(Notice.id)
    return [(row[0], row[1]) for row in database.execute(waiting)]


def take(database: Session, notice_id: int) -> Notice | None:
    """Take a notice for handing it over; None when somebody else has it, or it went."""
    at = now()
    taking = (
        update(Notice)
        .where(Notice.id == notice_id, Notice.next_attempt_at <= at)
        .values(next_attempt_at=at + TAKEN_FOR, attempt_count=Notice.attempt_count + 1)
    )
    return database.get_one(Notice, notice_id) if changed(database, taking) else None


def carry(message: Message, backends: Sequence[Backend]) -> str:
    """Hand a notice over by the first way out that takes it; gives "", or what the last one said instead."""
    words = "There is no way out."
    for backend in backends:
        try:
            with backend.session() as session:
                (receipt,) = session.exchange([message])
        except BackendError as error:
            words = error.what
            continue
        if receipt.outcome is Outcome.SENT:
            return ""
        said = (receipt.code, receipt.enhanced_code, receipt.reply)
        words = f"{receipt.relay}: {' '.join(str(part) for part in said if part) or 'no answer'}"
    return words


def told(database: Session, notice_id: int) -> None:
    """Note that a notice was handed over."""
    database.execute(
        update(Notice).where(Notice.id == notice_id).values(sent_at=now(), next_attempt_at=None, words="")
    )


def refused(database: Session, notice_id: int, words: str) -> datetime.datetime | None:
    """Note why a notice was not taken; gives when it is tried again, or None when it was given up."""
    notice = database.get_one(Notice, notice_id)
    wait = WAITS[min(notice.attempt_count, len(WAITS)) - 1]
    given_up = now() + wait > notice.created_at + GIVEN_UP_AFTER
    notice.words = words
    notice.next_attempt_at = None if given_up else now() + wait
    return notice.next_attempt_at


def finished(database: Session, edition: Edition) -> int:
    """Tell that an edition is out, and what came of it; gives how many are told."""
    report = reporting.report(database, edition)
    subject = f"{edition.newsletter.name}: {report.sentence}"
    return tell(database, edition.id, NoticeKind.FINISHED, subject, told_of(report, report.sentence))


def told_of(report: reporting.Report, *sentences: str) -> str:
    """A notice's text: what happened, the count of each state, what servers said, and what to type next."""
    lines = [*sentences, ""]
    for state, count in report.by_state.items():
        if count:
            lines.append(f"{count:>9,}  {state.value:9}  {reporting.MEANING[state]}")
    lines.append(f"{report.audience:>9,}  all together")
    if report.replies:
        lines.append("")
    lines += [reply.sentence for reply in report.replies]
    uncertain = report.by_state[DeliveryStatus.UNCERTAIN]
    if uncertain:
        lines += ["", "Uncertain, each to be looked up at the mail server by its Message-ID:"]
        lines += [f"{line.id} {line.address} <{line.message_id}>" for line in report.uncertain[:50]]
    lines += ["", *map(str, report.next_steps), f"See it again: pulse-mailer edition report {report.name}"]
    return "\n".join(lines) + "\n"
