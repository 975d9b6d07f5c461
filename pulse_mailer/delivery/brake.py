"""The brake: so many refusals that a person should look before more mail goes out."""

from collections import deque

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from pulse_mailer.domain.delivery import Attempt, Delivery, Fault, Outcome, Stage
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.message import Receipt

POLICY_IN_A_ROW = 5
SHARE = 0.10
WINDOW = 200
#: Fewer refusals than this say nothing, nor do refusals among fewer tries.
LEAST_REFUSED = 5
LEAST_TRIED = 20

#: So many mails in a row without an answer are more than an accident of all connections at once.
LEAST_UNCERTAIN = 10
#: So many of the latest tries of all editions are looked through: a few editions' worth, and quickly read.
_REMEMBERED = 5 * WINDOW

_HELD_AGAINST = {Fault.ADDRESS, Fault.RECIPIENT, Fault.MESSAGE}


class Brake:
    """Counts the latest tries of an edition: those that `remembering()` finds, and then one worker's own."""

    def __init__(self, at_once: int = 1) -> None:
        """
        Args:
            at_once: how many mails may be uncertain when all connections break in one moment.
        """
        self._most_uncertain = max(LEAST_UNCERTAIN, 2 * at_once + 1)
        self._uncertain_in_a_row = 0
        self._latest: deque[tuple[bool, bool]] = deque(maxlen=WINDOW)
        self._policy_in_a_row = 0

    def count(self, outcome: Outcome, fault: Fault | None) -> bool:
        """Take a try into account; whether it speaks against going on."""
        if outcome is Outcome.RETURNED:
            return False  # the way there, not the mail
        if outcome is Outcome.UNCERTAIN:
            self._uncertain_in_a_row += 1
            return True
        self._uncertain_in_a_row = 0
        policy = fault is Fault.MESSAGE
        refused = policy or (outcome is Outcome.FAILED and fault in _HELD_AGAINST)
        self._latest.append((refused, policy))
        self._policy_in_a_row = self._policy_in_a_row + 1 if policy else 0
        return refused

    def feel(self, receipt: Receipt) -> str:
        """Why the edition should be paused, as people read it; empty: it may go on."""
        if not self.count(receipt.outcome, receipt.fault):
            return ""
        if receipt.outcome is Outcome.UNCERTAIN:
            if self._uncertain_in_a_row < self._most_uncertain:
                return ""
            return (
                f"{self._uncertain_in_a_row} mails in a row were handed to {receipt.relay} without an answer."
            )
        said = " ".join(str(part) for part in (receipt.code, receipt.enhanced_code, receipt.reply) if part)
        if self._policy_in_a_row >= POLICY_IN_A_ROW:
            return (
                f"{self._policy_in_a_row} mails in a row were refused, whoever they were for: “{said}”. "
                "Ask those who run the server why."
            )
        count, tried = sum(refused for refused, _ in self._latest), len(self._latest)
        if tried >= LEAST_TRIED and count >= LEAST_REFUSED and count >= SHARE * tried:
            return f"{count} of the last {tried} mails were refused. The last answer: “{said}”."
        return ""

    @property
    def policy_share(self) -> bool:
        """Whether refusals for what the mail is make up half of what it felt: then the recipients wait again."""
        refused = [policy for refused, policy in self._latest if refused]
        return sum(refused) * 2 >= len(refused) > 0


def remembering(database: Session, edition: Edition, at_once: int) -> Brake:
    """
    A brake that has felt what came of an edition since it last began or went on, whichever worker tried it.

    A worker's turn may be over after a few mails, where limits are tight; each alone would never reach a share.
    """
    latest = aliased(Attempt, select(Attempt).order_by(Attempt.id.desc()).limit(_REMEMBERED).subquery())
    # A refusal that comes a second time says nothing new, and a worker that ended says nothing of the server.
    known = exists().where(
        Attempt.delivery_id == latest.delivery_id,
        Attempt.number < latest.number,
        Attempt.fault == Fault.MESSAGE,
    )
    tries = (
        select(latest.outcome, latest.fault)
        .join(Delivery, Delivery.id == latest.delivery_id)
        .where(Delivery.edition_id == edition.id, latest.ended_at > edition.changed_at, ~known)
        .where((latest.outcome != Outcome.UNCERTAIN) | (latest.stage != Stage.MARKED))
        .order_by(latest.id)
    )
    brake = Brake(at_once)
    for row in database.execute(tries):
        brake.count(row[0], row[1])
    return brake
