"""The report of an edition: a count for each state, what servers said, how it stands, and what to type next."""

import datetime
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import func, or_, select, true
from sqlalchemy.orm import Session

from pulse_mailer.delivery import indexed, totals
from pulse_mailer.delivery.answering import moment
from pulse_mailer.delivery.reading import DeliveryLine, lines
from pulse_mailer.delivery.variants import passed_over_words
from pulse_mailer.domain.counting import people
from pulse_mailer.domain.delivery import Attempt, Delivery, DeliveryStatus, Outcome
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.newsletter import Newsletter, UncertainPolicy

PROGRAM = "dispatcher"  #: who halted an edition, when no person did

_STANDS = {
    EditionStatus.SENDING: "Being sent",
    EditionStatus.PAUSED: "Paused",
    EditionStatus.SENT: "Finished",
    EditionStatus.STOPPED: "Stopped",
}
_MOST_LISTED = 1000
_HALTED = (EditionStatus.PAUSED, EditionStatus.STOPPED)

#: What a state means, for who reads a report.
MEANING = {
    DeliveryStatus.SENT: "the mail server took it",
    DeliveryStatus.QUEUED: "waiting",
    DeliveryStatus.CLAIMED: "waiting, with a worker",
    DeliveryStatus.SENDING: "being handed over, or was when its worker ended",
    DeliveryStatus.DEFERRED: "the server asked to try later",
    DeliveryStatus.UNCERTAIN: "no answer came: may or may not have gone",
    DeliveryStatus.FAILED: "the server refused it",
    DeliveryStatus.SKIPPED: "left or suppressed meanwhile",
    DeliveryStatus.CANCELLED: "the edition was stopped first",
}
#: The same within a sentence.
_WORDS = {
    DeliveryStatus.QUEUED: "waiting",
    DeliveryStatus.CLAIMED: "waiting",
    DeliveryStatus.SENDING: "being handed over",
    DeliveryStatus.DEFERRED: "to be tried again",
    DeliveryStatus.UNCERTAIN: "uncertain",
    DeliveryStatus.FAILED: "failed",
    DeliveryStatus.SKIPPED: "left out",
    DeliveryStatus.CANCELLED: "not sent",
}


#: What may be done with an edition as it stands, and by which command.
_TAKE_BACK = (("Take it back", "take-back"),)
_STEPS: dict[EditionStatus, tuple[tuple[str, str], ...]] = {
    EditionStatus.DRAFT: (("Send it", "send"),),
    EditionStatus.APPROVED: _TAKE_BACK,
    EditionStatus.SCHEDULED: _TAKE_BACK,
    EditionStatus.SENDING: (("A running worker sends it, and so does", "send"), ("Halt it", "pause")),
    EditionStatus.PAUSED: (("Let it go on", "resume"), ("Or end it for good", "stop")),
    EditionStatus.SENT: (),
    EditionStatus.STOPPED: (),
}


#: What came of a try, before the name of who was asked.
_ANSWERED = {
    Outcome.SENT: "taken by",
    Outcome.DEFERRED: "put off by",
    Outcome.FAILED: "refused by",
    Outcome.RETURNED: "not taken by",
    Outcome.UNCERTAIN: "without an answer from",
}


class NextStep(NamedTuple):
    """What a person may do next, and the command that does it."""

    what: str
    command: str

    def __str__(self) -> str:
        return f"{self.what}: {self.command}"


@dataclass(frozen=True, slots=True)
class Reply:
    """What servers answered, and to how many."""

    relay: str
    code: int | None
    enhanced_code: str
    text: str
    outcome: Outcome
    count: int

    @property
    def words(self) -> str:
        """The server's own words: "550 5.1.1 No such user"."""
        return (
            " ".join(str(part) for part in (self.code, self.enhanced_code, self.text) if part) or "no answer"
        )

    @property
    def sentence(self) -> str:
        """How many were answered so, and by whom."""
        return f"{self.count:,} {_ANSWERED[self.outcome]} {self.relay}: {self.words}"


@dataclass(frozen=True, slots=True)
class Report:
    """
    An edition's deliveries by state.

    Attributes:
        name: newsletter and key, as commands know it.
        audience: how many deliveries were made when sending began.
        uncertain: each that nobody can be sure of.
        asks: whether a person is wanted for those; not where the newsletter prefers a gap.
        replies: the last answers other than "taken", the most frequent first.
        starts_at: when it begins by itself; None: it does not, or has begun.
        agreed_count: how many people were agreed to when it was scheduled.
        first_count: to so many first; None: to all.
        passed_over: how many got nothing, since they chose only sections that it does not have.
        stage_left: how many of a first stage have still to be handed over.
        next_attempt_at: when the first of those that were put off is tried again; None: nobody was.
        timezone: of the times in its sentences.
    """

    name: str
    key: str
    period: str
    status: EditionStatus
    audience: int
    by_state: dict[DeliveryStatus, int]
    uncertain: tuple[DeliveryLine, ...]
    asks: bool
    replies: tuple[Reply, ...]
    starts_at: datetime.datetime | None
    agreed_count: int
    first_count: int | None
    passed_over: int
    stage_left: int
    halt_reason: str
    halted_by: str
    next_attempt_at: datetime.datetime | None
    frozen_at: datetime.datetime | None
    finished_at: datetime.datetime | None
    timezone: str

    @property
    def adds_up(self) -> bool:
        return sum(self.by_state.values()) == self.audience

    @property
    def sentence(self) -> str:
        """How far it is."""
        title = self.period or self.key
        if self.starts_at is not None:
            first = f"; to {self.first_count:,} of them first" if self._is_staged else ""
            at = moment(self.starts_at, self.timezone)
            return f"Scheduled: {title} begins by itself on {at}, for {people(self.agreed_count)}{first}."
        if self.frozen_at is None:
            return f"{title} has not been sent."
        stands, told = _STANDS.get(self.status, self.status.value), {DeliveryStatus.SENT}
        uncertain = self.by_state[DeliveryStatus.UNCERTAIN]
        if uncertain and self.status.is_over:
            stands += f", {uncertain:,} uncertain"
            told.add(DeliveryStatus.UNCERTAIN)
        counts = Counter[str]()
        for state, count in self.by_state.items():
            if count and state not in told:
                counts[_WORDS[state]] += count
        rest = [f"{count:,} {words}" for words, count in counts.items()]
        sent = self.by_state[DeliveryStatus.SENT]
        return f"{stands}: {title} went to {sent:,} of {self.audience:,}" + (
            f"; {', '.join(rest)}." if rest else "."
        )

    @property
    def _is_staged(self) -> bool:
        return self.first_count is not None and self.first_count < self.agreed_count

    @property
    def remarks(self) -> tuple[str, ...]:
        """Why it stands as it does: a sentence each."""
        said = []
        if self.halted_by and self.status in _HALTED:
            who = "the program" if self.halted_by == PROGRAM else self.halted_by
            said.append(f"{_STANDS[self.status]} by {who}: {self.halt_reason or 'no reason was given.'}")
        if self.passed_over:
            said.append(passed_over_words(self.passed_over))
        if self.stage_left:
            said.append(f"It goes to {self.stage_left:,} more of them, and then waits for your word.")
        if self.next_attempt_at is not None and self.status is EditionStatus.SENDING:
            said.append(
                f"Those that were put off are tried again from {moment(self.next_attempt_at, self.timezone)} on."
            )
        return tuple(said)

    @property
    def next_steps(self) -> tuple[NextStep, ...]:
        """What a person may do next."""
        name = self.name
        steps = [NextStep(what, f"pulse-mailer edition {does} {name}") for what, does in _STEPS[self.status]]
        if self.by_state[DeliveryStatus.UNCERTAIN] and self.asks:
            what = "Settle the uncertain ones (with --resend instead of --sent they are sent once more)"
            steps.append(
                NextStep(what, f"pulse-mailer delivery settle --edition {name} --all --sent --why TEXT")
            )
        if self.by_state[DeliveryStatus.FAILED] and self.status.is_over:
            steps.append(NextStep("Try those that failed once more", f"pulse-mailer edition retry {name}"))
        return tuple(steps)


def report(database: Session, edition: Edition, *, exact: bool = True) -> Report:
    """
    Count an edition's deliveries by state; the sum is the audience at any moment.

    Args:
        exact: at this moment, also of a large one that is being sent; else as counted some seconds ago.
    """
    # The audience is counted by itself, so that the sum is a check and not the same figure twice.
    audience = totals.audience(database, edition)
    put_off = select(func.min(Delivery.next_attempt_at)).where(
        totals.belongs(edition), indexed.in_state(DeliveryStatus.DEFERRED)
    )
    newsletter = database.get_one(Newsletter, edition.newsletter_id)
    return Report(
        name=f"{newsletter.slug}/{edition.key}",
        key=edition.key,
        period=edition.period,
        status=edition.status,
        audience=audience,
        by_state=totals.states(database, edition, exact=exact),
        uncertain=tuple(_uncertain(database, edition)),
        asks=newsletter.uncertain_policy is not UncertainPolicy.GAP,
        replies=tuple(_replies(database, edition)),
        starts_at=edition.starts_at,
        agreed_count=int((edition.agreed or {}).get("count", 0)),
        first_count=edition.first_count,
        passed_over=edition.passed_over_count if edition.frozen_at else 0,
        stage_left=_stage_left(database, edition),
        halt_reason=edition.halt_reason,
        halted_by=edition.halted_by,
        next_attempt_at=database.scalar(put_off),
        frozen_at=edition.frozen_at,
        finished_at=edition.finished_at,
        timezone=(edition.starts_at and edition.starts_zone) or newsletter.timezone,
    )


def _uncertain(database: Session, edition: Edition) -> Iterator[DeliveryLine]:
    such = totals.belongs(edition), indexed.in_state(DeliveryStatus.UNCERTAIN)
    found = lines().where(*such).order_by(Delivery.address, Delivery.id).limit(_MOST_LISTED)
    return (DeliveryLine(*row) for row in database.execute(found))


def _stage_left(database: Session, edition: Edition) -> int:
    if edition.stage_until_id is None or edition.status is not EditionStatus.SENDING:
        return 0
    left = select(func.count()).where(
        totals.belongs(edition),
        Delivery.id <= edition.stage_until_id,
        Delivery.status.in_((DeliveryStatus.QUEUED, DeliveryStatus.CLAIMED, DeliveryStatus.SENDING)),
    )
    return database.scalar(left) or 0


def _replies(database: Session, edition: Edition) -> Sequence[Reply]:
    answer = Attempt.relay, Attempt.code, Attempt.enhanced_code, Attempt.reply, Attempt.outcome
    counted = (
        select(*answer, func.count().label("count"))
        .join(Delivery, Delivery.id == Attempt.delivery_id)
        .where(
            totals.belongs(edition),
            totals.belongs(edition, Attempt.delivery_id),
            Attempt.number == Delivery.attempt_count,
            indexed.not_sent(),
            # Once it is over these are all, and few among many that were put off first and taken later.
            indexed.in_trouble() if edition.status.is_over else true(),
            # A doubt that was settled is no news any more, and who was tried again waits for another answer.
            or_(Attempt.outcome != Outcome.UNCERTAIN, Delivery.status == DeliveryStatus.UNCERTAIN),
            or_(Attempt.outcome != Outcome.FAILED, Delivery.status == DeliveryStatus.FAILED),
        )
        .group_by(*answer)
        .order_by(func.count().desc())
        .limit(20)
    )
    return [
        Reply(relay, code, enhanced_code, reply, outcome, count)
        for relay, code, enhanced_code, reply, outcome, count in database.execute(counted)
    ]
