"""
Preflight: what stands in the way of sending an edition, and what a careful editor would still change.

Each check is one function that yields findings; CHECKS is all that look at what people wrote, MAIL_CHECKS all that
look at the mail made of it. None of them asks the network or the database, so that preflight answers while
somebody types.
"""

from collections.abc import Callable, Iterable, Iterator

from pulse_mailer.composing.accesschecks import ACCESS_CHECKS
from pulse_mailer.composing.clientchecks import CLIENT_CHECKS
from pulse_mailer.composing.fieldchecks import FIELD_CHECKS
from pulse_mailer.composing.finding import Code, Finding, Severity, Spot, placed_items
from pulse_mailer.composing.headchecks import HEAD_CHECKS
from pulse_mailer.composing.itemchecks import ITEM_CHECKS
from pulse_mailer.composing.leftovers import LEFTOVER_CHECKS, LEFTOVER_MAIL_CHECKS
from pulse_mailer.composing.linkchecks import LINK_CHECKS
from pulse_mailer.composing.made import Made, made
from pulse_mailer.composing.mailchecks import LAW_CHECKS
from pulse_mailer.composing.partchecks import PART_CHECKS
from pulse_mailer.composing.periodchecks import PERIOD_CHECKS
from pulse_mailer.composing.textchecks import TEXT_CHECKS
from pulse_mailer.domain.edition import Edition, Rendering

__all__ = ["Code", "Finding", "Severity", "in_order", "preflight"]

CHECKS: tuple[Callable[[Edition], Iterator[Finding]], ...] = (
    HEAD_CHECKS + ITEM_CHECKS + LEFTOVER_CHECKS + FIELD_CHECKS + PERIOD_CHECKS + TEXT_CHECKS + LINK_CHECKS
)
MAIL_CHECKS: tuple[Callable[[Made], Iterator[Finding]], ...] = (
    LEFTOVER_MAIL_CHECKS + LAW_CHECKS + PART_CHECKS + ACCESS_CHECKS + CLIENT_CHECKS
)

# What readers see before the sections, and after them.
_BEFORE = ("", "subject", "preheader", "period", "letter", "closing", "signed_by", "signed_role")


def preflight(edition: Edition, rendering: Rendering) -> list[Finding]:
    """Everything found in an edition and the mail made of it: errors first, each kind in reading order."""
    return in_order(edition, [*of_edition(edition), *of_mail(edition, rendering)])


def of_edition(edition: Edition) -> list[Finding]:
    """What is found in what people wrote."""
    return [finding for check in CHECKS for finding in check(edition)]


def of_mail(edition: Edition, rendering: Rendering) -> list[Finding]:
    """What is found in the mail as it was made, of the whole edition or a variant of it."""
    mail = made(edition, rendering)
    return [finding for mail_check in MAIL_CHECKS for finding in mail_check(mail)]


def in_order(edition: Edition, found: Iterable[Finding]) -> list[Finding]:
    """Errors first, each kind in reading order."""
    items = {placed.item.number: number for number, placed in enumerate(placed_items(edition))}
    names = [section.name for section in edition.sections]

    def place(at: Spot) -> tuple[int, int, int]:
        if at.section is not None:
            section = names.index(at.section) if at.section in names else len(names)
            return 1, section, -1 if at.item is None else items.get(at.item, len(items))
        return (0, _BEFORE.index(at.field), 0) if at.field in _BEFORE else (2, 0, 0)

    return sorted(found, key=lambda finding: (finding.severity is not Severity.ERROR, place(finding.at)))
