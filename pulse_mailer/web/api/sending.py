"""An edition on its way: approved, sent or scheduled, halted, and what came of it."""

import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.delivery import (
    approvals,
    consenting,
    ledger,
    reporting,
    scheduling,
    seconding,
    shapes,
    steering,
)
from pulse_mailer.delivery.planning import Approval, Terms
from pulse_mailer.delivery.wishing import Wish
from pulse_mailer.domain.delivery import DeliveryStatus
from pulse_mailer.domain.edition import EditionStatus
from pulse_mailer.editions import reading
from pulse_mailer.subscribers.audience import numbers
from pulse_mailer.web.api import agreeing
from pulse_mailer.web.api.calls import Codes, Expected, Key, Name, Number, Slug
from pulse_mailer.web.api.editions import PATH
from pulse_mailer.web.given import TheMailer
from pulse_mailer.web.signed_in import Approves, Halts, Reads

router = APIRouter(tags=["sending"])


class SignedShown(BaseModel):
    at: datetime.datetime
    actor: str
    revision: int
    seal: str
    facts: dict[str, Any]
    audience_count: int
    voided_at: datetime.datetime | None
    voided_by: str
    void_reason: str
    holds: bool
    unlike: list[str]
    changes: list[str]


class ApprovalShown(BaseModel):
    """Whether an edition is approved, by whom, and whether that holds."""

    edition: str
    status: EditionStatus
    revision: int
    needs_second: bool = Field(description="A second person must approve it before it is sent.")
    edited_by: list[str]
    audience: int = Field(description="To so many people it would go now.")
    approval: SignedShown | None


class Consent(BaseModel, extra="forbid"):
    """A person's yes to an edition and its number of people."""

    confirm_count: Number = Field(
        description="How many people it goes to, as `approval` says it; refused when it is another number.",
        examples=[1284],
    )
    force: Codes = Field(default=[], description="Preflight's errors that are overridden, by code.")

    def by(self, actor: str) -> Approval:
        return Approval(actor, self.confirm_count, tuple(self.force))


class Sending(Consent):
    """When an edition begins, and how."""

    at: Name = Field(
        default="",
        description="A time by the clock of `zone`; empty: after the hold.",
        examples=["2026-12-01 09:00"],
    )
    zone: Name = Field(
        default="", description="Empty: the newsletter's time zone.", examples=["Europe/London"]
    )
    fold: Name = Field(
        default="", description="first or second, when the clock shows `at` twice.", examples=[""]
    )
    hold_minutes: float | None = Field(
        default=None, ge=0, le=30, description="Left out: as the settings say; 0: begin at once."
    )
    first: Number | None = Field(default=None, description="To so many first; then wait for a person's word.")
    lifetime_hours: int | None = Field(
        default=None, ge=1, le=240, description="How long those who were put off are tried again."
    )

    def wish(self) -> Wish:
        return Wish(self.hold_minutes, self.at or None, self.zone or None, self.fold or None)


class ReplyShown(BaseModel):
    relay: str
    code: int | None
    enhanced_code: str
    text: str
    count: int


class NextStepShown(BaseModel):
    what: str
    command: str


class ReportShown(BaseModel):
    """What came of sending an edition; times in UTC."""

    edition: str
    status: EditionStatus
    sentence: str = Field(examples=["Sent: April 2026 went to 1,283 of 1,284; 1 refused."])
    audience: int = Field(description="How many deliveries were made when sending began.")
    by_state: dict[DeliveryStatus, int]
    adds_up: bool
    passed_over: int
    starts_at: datetime.datetime | None
    frozen_at: datetime.datetime | None
    finished_at: datetime.datetime | None
    halted_by: str
    halt_reason: str
    next_attempt_at: datetime.datetime | None
    uncertain_count: int
    replies: list[ReplyShown]
    next_steps: list[NextStepShown]


class Why(BaseModel, extra="forbid"):
    why: Name = Field(default="", description="The reason, which is kept.", examples=["a wrong date"])


class Resumption(BaseModel, extra="forbid"):
    first: Number | None = Field(default=None, description="Only with so many more; then it pauses again.")
    brake: bool | None = Field(
        default=None, description="Whether many refusals pause it again; left out: as before."
    )


@router.get(f"{PATH}/approval")
def show_approval(slug: Slug, key: Key, mailer: TheMailer, who: Reads) -> ApprovalShown:
    """Whether an edition is approved, by whom, whether that holds, and to how many it would go now."""
    with mailer.database.reading() as database:
        edition = reading.edition(database, f"{slug}/{key}")
        standing = approvals.standing(database, edition)
        count = numbers(database, edition.newsletter_id).audience
        edited_by = seconding.editors(database, edition.id)
        return ApprovalShown.model_validate(shapes.approval(edition, standing, count, edited_by))


@router.post(f"{PATH}/approve")
def approve_edition(
    slug: Slug, key: Key, consent: Consent, mailer: TheMailer, who: Approves, expected: Expected
) -> ApprovalShown:
    """Approve an edition as it is; any change makes that void."""
    agreeing.approve(mailer, f"{slug}/{key}", consent.by(who.actor), expected)
    return show_approval(slug, key, mailer, who)


@router.post(f"{PATH}/unapprove")
def unapprove_edition(slug: Slug, key: Key, why: Why, mailer: TheMailer, who: Approves) -> ReportShown:
    """Take an approval back: the edition is a draft again."""
    with mailer.database.transaction() as database:
        consenting.unapprove(database, reading.edition(database, f"{slug}/{key}"), by=who.actor, why=why.why)
    return _report(mailer, f"{slug}/{key}")


@router.post(f"{PATH}/send", status_code=202)
def send_edition(
    slug: Slug, key: Key, wish: Sending, mailer: TheMailer, who: Approves, expected: Expected
) -> ReportShown:
    """
    Have an edition sent, after the hold or at a time; a running worker sends it.

    Asked again it is refused (409), as it is no draft any more: no key of idempotency is needed.
    """
    name = f"{slug}/{key}"
    terms = Terms(wish.first, wish.lifetime_hours or mailer.settings.lifetime_hours)
    agreeing.send(mailer, name, wish.by(who.actor), expected, wish.wish(), terms)
    return _report(mailer, name)


@router.post(f"{PATH}/take-back")
def take_edition_back(slug: Slug, key: Key, mailer: TheMailer, who: Halts) -> ReportShown:
    """Make an edition that is held or scheduled a draft again; nothing of it was sent."""
    with mailer.database.transaction() as database:
        scheduling.take_back(database, reading.edition(database, f"{slug}/{key}"), by=who.actor)
    return _report(mailer, f"{slug}/{key}")


@router.post(f"{PATH}/pause")
def pause_edition(slug: Slug, key: Key, why: Why, mailer: TheMailer, who: Halts) -> ReportShown:
    """Halt an edition that is being sent; the mails at hand are finished, the rest waits."""
    with mailer.database.transaction() as database:
        edition = reading.edition(database, f"{slug}/{key}")
        steering.pause(database, edition.id, by=who.actor, why=why.why)
    return _report(mailer, f"{slug}/{key}")


@router.post(f"{PATH}/resume")
def resume_edition(slug: Slug, key: Key, wish: Resumption, mailer: TheMailer, who: Approves) -> ReportShown:
    """Let a paused edition go on."""
    with mailer.database.transaction() as database:
        edition = reading.edition(database, f"{slug}/{key}")
        steering.resume(database, edition, by=who.actor, first=wish.first, brake_on=wish.brake)
    return _report(mailer, f"{slug}/{key}")


@router.post(f"{PATH}/stop")
def stop_edition(slug: Slug, key: Key, why: Why, mailer: TheMailer, who: Halts) -> ReportShown:
    """End the sending of an edition for good: whoever waits does not get it."""
    with mailer.database.transaction() as database:
        edition = reading.edition(database, f"{slug}/{key}")
        steering.refuse_to_stop(edition)
        # What a program that is gone had in hand is given back first, and then cancelled like the rest.
        ledger.expire(database, edition.id)
        steering.stop(database, edition, by=who.actor, why=why.why)
    return _report(mailer, f"{slug}/{key}")


@router.get(f"{PATH}/report")
def show_report(slug: Slug, key: Key, mailer: TheMailer, who: Reads) -> ReportShown:
    """What came of sending an edition: a count for each state, which add up to the audience."""
    return _report(mailer, f"{slug}/{key}")


def _report(mailer: Mailer, name: str) -> ReportShown:
    """Without the uncertain deliveries themselves, whose addresses want another scope."""
    with mailer.database.reading() as database:
        found = reporting.report(database, reading.edition(database, name))
    return ReportShown.model_validate(shapes.report(found) | {"uncertain_count": len(found.uncertain)})
