"""What is told of sending as plain values, alike by commands (`--json`) and by the API; kept stable."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pulse_mailer.composing.finding import Finding
from pulse_mailer.delivery.answering import Answer
from pulse_mailer.delivery.approvals import Standing
from pulse_mailer.delivery.doubts import Doubt
from pulse_mailer.delivery.reading import DeliveryDetail, DeliveryLine
from pulse_mailer.delivery.reporting import Report
from pulse_mailer.domain.approval import Proof
from pulse_mailer.domain.delivery import Attempt, DeliveryStatus
from pulse_mailer.domain.edition import Edition

_ATTEMPT = (
    "number", "worker", "backend", "relay", "connection", "started_at", "ended_at", "stage", "outcome", "fault",
    "code", "enhanced_code", "reply", "provider_id",
)  # fmt: skip
_ANSWER = ("sentence", "newsletter_slug", "edition_key", "status", "at", "delivery_id")
_PROOF = ("number", "at", "actor", "address", "revision", "variant", "fingerprint", "message_id")
_SIGNED = (
    "at", "actor", "revision", "seal", "facts", "audience_count", "voided_at", "voided_by", "void_reason",
)  # fmt: skip


def finding(found: Finding, forced: Sequence[str]) -> dict[str, Any]:
    """
    What preflight found.

    Args:
        forced: the codes of errors that are overridden.
    """
    at = asdict(found.at)
    return {
        "severity": found.severity.value,
        "code": found.code.value,
        "overridden": found.severity.value == "error" and found.code in forced,
        "place": at.pop("words"),
        **at,
        "what": found.what,
        "remedy": found.remedy,
    }


def line(found: DeliveryLine) -> dict[str, Any]:
    """A delivery in a list."""
    return {
        "id": found.id,
        "address": found.address,
        "newsletter": found.newsletter_slug,
        "edition": found.edition_key,
        "status": found.status.value,
        "reason": found.reason,
        "message_id": found.message_id,
        "attempts": found.attempt_count,
        "changed_at": found.changed_at.isoformat(),
    }


def detail(found: DeliveryDetail) -> dict[str, Any]:
    """A delivery with every attempt at it."""
    return line(found.line) | {"tries": [_attempt(attempt) for attempt in found.attempts]}


def doubt(found: Doubt) -> dict[str, Any]:
    """An uncertain delivery, with all that helps to find out whether it went."""
    return {
        "id": found.id,
        "address": found.address,
        "newsletter": found.newsletter_slug,
        "edition": found.edition_key,
        "status": DeliveryStatus.UNCERTAIN.value,
        "reason": found.reason,
        "message_id": found.message_id,
        "attempts": found.attempt_count,
        "changed_at": found.at.isoformat(),
        "began_at": found.began_at and found.began_at.isoformat(),
        "backend": found.backend,
        "relay": found.relay,
        "connection": found.connection,
        "stage": found.stage and found.stage.value,
        "worker": found.worker,
    }


def answer(found: Answer) -> dict[str, Any]:
    """Whether an address got an edition."""
    return {name: getattr(found, name) for name in _ANSWER}


def proof(found: Proof) -> dict[str, Any]:
    return {name: getattr(found, name) for name in _PROOF} | {"sent": found.is_sent, "reply": found.reply}


def approval(
    edition: Edition, standing: Standing | None, count: int, edited_by: Sequence[str]
) -> dict[str, Any]:
    """
    Whether an edition is approved, by whom, and whether that holds.

    Args:
        count: to how many it would go now.
    """
    found: dict[str, Any] = {
        "edition": edition.name,
        "status": edition.status.value,
        "revision": edition.revision,
        "needs_second": edition.newsletter.needs_second,
        "edited_by": list(edited_by),
        "audience": count,
        "approval": None,
    }
    if standing is None:
        return found
    signed = {name: getattr(standing.approval, name) for name in _SIGNED}
    stands = {"holds": standing.holds, "unlike": standing.unlike, "changes": standing.changes}
    return found | {"approval": signed | stands}


def report(found: Report) -> dict[str, Any]:
    """What came of sending an edition."""
    return {
        "edition": found.key,
        "status": found.status.value,
        "sentence": found.sentence,
        "audience": found.audience,
        "by_state": {state.value: count for state, count in found.by_state.items()},
        "adds_up": found.adds_up,
        "passed_over": found.passed_over,
        "starts_at": found.starts_at and found.starts_at.isoformat(),
        "frozen_at": found.frozen_at and found.frozen_at.isoformat(),
        "finished_at": found.finished_at and found.finished_at.isoformat(),
        "halted_by": found.halted_by,
        "halt_reason": found.halt_reason,
        "next_attempt_at": found.next_attempt_at and found.next_attempt_at.isoformat(),
        "uncertain": [line(one) for one in found.uncertain],
        "replies": [
            {
                "relay": reply.relay,
                "code": reply.code,
                "enhanced_code": reply.enhanced_code,
                "text": reply.text,
                "count": reply.count,
            }
            for reply in found.replies
        ],
        "next_steps": [step._asdict() for step in found.next_steps],
    }


def _attempt(found: Attempt) -> dict[str, Any]:
    return {name: getattr(found, name) for name in _ATTEMPT}
