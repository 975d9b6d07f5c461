"""The way of an edition from draft to readers: its steps, where each is, and how a refusal is said at its form."""

from dataclasses import dataclass
from typing import NamedTuple

from pulse_mailer.composing.finding import Finding
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.errors import PulseMailerError, Unmended
from pulse_mailer.staff.roles import Right
from pulse_mailer.web.who import SignedIn

PATH = "/staff/editions/{slug}/{key}"

_DRAFTED = (EditionStatus.DRAFT, EditionStatus.APPROVED)
_LETTER = ("letter", "closing", "signed_by", "signed_role")
_BESIDE_LETTER = ("subject", "preheader", "period")
_UNMENDED = "Nothing was approved or sent: something should be mended first."
_ITEM = ("publisher", "title", "url", "summary")


class Step(NamedTuple):
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Problem:
    """
    A refusal, as it stands at a form.

    Attributes:
        remedy: empty where it is a command, which pages offer as a button or a link.
    """

    what: str
    remedy: str


def base(edition: Edition) -> str:
    """The path of an edition's pages."""
    return f"/staff/editions/{edition.newsletter.slug}/{edition.key}"


def last_page(status: EditionStatus) -> str:
    """Where it is told how an edition stands whose sending was agreed to; empty before that: on its own page."""
    if status in _DRAFTED:
        return ""
    return "result" if status.is_over else "progress"


def steps(edition: Edition, who: SignedIn) -> list[Step]:
    """What is to be done with an edition as it stands, in order, for who may do it."""
    at = base(edition)
    if last := last_page(edition.status):
        return [Step(last.capitalize(), f"{at}/{last}")]
    allowed = [Step("Compose", f"{at}/compose")] if who.may(Right.COMPOSE) else []
    allowed.append(Step("Check", f"{at}/check"))
    if who.may(Right.COMPOSE):
        allowed.append(Step("Proof", f"{at}/proof"))
    allowed.append(Step("Approve", f"{at}/approve"))
    if who.may(Right.APPROVE):
        allowed.append(Step("Send", f"{at}/send"))
    return allowed


def onward(edition: Edition, who: SignedIn) -> Step:
    """The one thing that is to be done next, named by what it does."""
    at = base(edition)
    if edition.status.is_over:
        return Step("See what came of it", f"{at}/result")
    if edition.status not in _DRAFTED:
        return Step("See how far it is", f"{at}/progress")
    if edition.status is EditionStatus.APPROVED and who.may(Right.APPROVE):
        return Step("On to sending", f"{at}/send")
    if who.may(Right.COMPOSE):
        return Step("Compose", f"{at}/compose")
    return Step("Check it", f"{at}/check")


def problem(error: PulseMailerError) -> Problem:
    if isinstance(error, Unmended):  # which things, the page says itself, and with places
        return Problem(_UNMENDED, "They are listed below. Mend them, or tick that they may pass.")
    return Problem(error.what, "" if "pulse-mailer " in error.remedy else error.remedy)


def jump(edition: Edition, finding: Finding) -> str:
    """Where a finding is mended; empty where that is not in the composer."""
    at = finding.at
    anchor = ""
    if at.item is not None:
        anchor = f"item-{at.item}-{at.field}" if at.field in _ITEM else f"item-{at.item}"
    elif at.section is not None:
        names = [section.name for section in edition.sections]
        anchor = f"section-{names.index(at.section) + 1}" if at.section in names else "contents"
    elif at.field in _BESIDE_LETTER:
        anchor = f"texts-{at.field}"
    elif at.field in _LETTER:
        anchor = f"letter-{at.field}"
    return f"{base(edition)}/compose#{anchor}" if anchor else ""
