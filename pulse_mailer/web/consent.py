"""What a person says yes to before an edition is approved or sent, and the form that they say it by."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from pulse_mailer import actors
from pulse_mailer.bootstrap import Mailer
from pulse_mailer.composing.finding import Finding, Severity
from pulse_mailer.delivery import approvals, approving, readying, seconding
from pulse_mailer.delivery.approvals import Standing
from pulse_mailer.delivery.planning import Approval
from pulse_mailer.delivery.readying import Ready
from pulse_mailer.domain.counting import people
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.editions import reading
from pulse_mailer.editions.comparing import Difference
from pulse_mailer.errors import CompositionError, Conflict, NotFound, UsageError
from pulse_mailer.settings import Settings
from pulse_mailer.subscribers.audience import numbers
from pulse_mailer.subscribers.reasons import Cause

#: From so many people on their number is typed.
TYPED_ABOVE = 100


class Yes(BaseModel):
    """
    Attributes:
        count, fingerprint: what the person was shown.
        typed: the number as they typed it; where that is asked for.
        forced: errors of preflight that they let pass, by code.
        since: when they said it, in seconds since 1970; 0: now. Everybody's mail may take some time to be made.
        stop: they would not have it made after all.
    """

    count: int = Field(default=0, ge=0, le=2**31)
    fingerprint: str = Field(default="", max_length=200)
    typed: str = Field(default="", max_length=40)
    forced: Annotated[list[str], Field(max_length=200)] = []
    since: float = Field(default=0.0, ge=0.0, le=1e11)
    stop: bool = False

    def approval(self, actor: str, *, asks: bool = False) -> Approval:
        """
        What they said yes to.

        Args:
            asks: the number must be typed, however small it is.

        Raises:
            UsageError: the number that was typed is another.
        """
        if asks or self.count > TYPED_ABOVE:
            typed = "".join(self.typed.split()).replace(",", "").replace(".", "")
            if typed != str(self.count):
                given = f"You typed {self.typed.strip()!r}." if self.typed.strip() else "No number was typed."
                raise UsageError(
                    f"{given} It goes to {people(self.count)}.", remedy="Type that number to say yes."
                )
        return Approval(actor, self.count, tuple(self.forced), self.fingerprint)


@dataclass(frozen=True, slots=True)
class Facts:
    """
    What is shown before a person says yes.

    Attributes:
        ready: None where it cannot be made into mail, or is on its way already.
        broken: why it cannot.
        standing: the last approval; None: there was none.
        differences: between what was approved and what is there now.
        edited_by: who changed it since a second person approved it.
        names: what people of the staff are called.
        relays: the ways out, in the order they are tried, as the sentence goes on.
    """

    edition: Edition
    ready: Ready | None
    broken: str
    standing: Standing | None
    differences: Sequence[Difference]
    edited_by: Sequence[str]
    left_out: dict[Cause, int]
    names: actors.Names
    relays: Sequence[str]

    @property
    def errors(self) -> Sequence[Finding]:
        """What preflight would have mended first."""
        return self.ready.checked.errors if self.ready and self.ready.checked else ()

    @property
    def warnings(self) -> Sequence[Finding]:
        """What is to be looked at."""
        findings = self.ready.checked.findings if self.ready and self.ready.checked else ()
        return [one for one in findings if one.severity is Severity.WARNING]

    @property
    def codes(self) -> list[str]:
        """Of the errors, each once."""
        return list(dict.fromkeys(one.code.value for one in self.errors))

    @property
    def count(self) -> int:
        return self.ready.count if self.ready else 0

    @property
    def asks(self) -> bool:
        """Whether the number of people is to be typed."""
        return self.count > TYPED_ABOVE or bool(self.ready and self.ready.is_surprising)

    @property
    def who(self) -> str:
        """By what people are called: who may not be the second person."""
        return ", ".join(self.names.of(one) for one in self.edited_by)

    def is_editor(self, actor: str) -> bool:
        return seconding.is_alone(self.edition, actor, self.edited_by)


def facts(database: Session, mailer: Mailer, edition: Edition) -> Facts:
    made, broken = None, ""
    if edition.status in (EditionStatus.DRAFT, EditionStatus.APPROVED):
        try:
            made = readying.ready(database, edition, mailer.links, check=approving.look)
        except (CompositionError, UsageError, NotFound, Conflict) as error:
            broken = error.what
    standing = approvals.standing(database, edition)
    return Facts(
        edition=edition,
        ready=made,
        broken=broken,
        standing=standing,
        differences=approvals.differences(database, edition, standing),
        edited_by=seconding.editors(database, edition.id),
        left_out=(made.plan if made else numbers(database, edition.newsletter_id)).left_out,
        names=actors.names(database),
        relays=[through(one.relay, mailer.settings) for one in mailer.backends(edition.newsletter.backends)],
    )


def through(relay: str, settings: Settings) -> str:
    """Where the mail goes, in words; a person must not wonder whether they mail real people."""
    if settings.mailbox_port and relay == f"127.0.0.1:{settings.mailbox_port}":
        return "into the mailbox on this machine, from where nothing leaves"
    return f"through {relay}"


def ready(mailer: Mailer, name: str, actor: str) -> Ready:
    """
    Make once more what a person said yes to, and see that its approval holds.

    Raises:
        Conflict: the approval does not hold; it is a draft again.
        CompositionError, Refused: it cannot be made into mail, or nobody would get it.
    """
    with mailer.database.transaction() as database:
        broken = readying.refuse_broken(database, reading.edition(database, name), by=actor)
    if broken is not None:
        raise broken
    with mailer.database.reading() as database:
        made = readying.ready(database, reading.edition(database, name), mailer.links)
    made.refuse_nobody()
    return made
