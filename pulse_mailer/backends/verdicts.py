"""
What a server's reply means for a message: one table, from its words to ours.

Where the basic and the enhanced code agree on the class the enhanced one decides, since it says more; otherwise
the basic one stands alone. Whose fault it is decides what follows: an address that does not exist is never
mailed again, a policy refusal is nobody's mailbox, and a busy server rests.
"""

import enum
import re
from dataclasses import dataclass

from pulse_mailer.backends.replies import Reply
from pulse_mailer.domain.delivery import Fault, Outcome, Stage

_ANYTHING = re.compile("")
_POLICY_WORDS = re.compile(
    r"\b(spam|policy|reputation|block(ed|list\w*)|blacklist\w*|dmarc|dkim|spf)\b", re.IGNORECASE
)


class Then(enum.Enum):
    """What follows for the session."""

    GO_ON = enum.auto()
    RECONNECT = enum.auto()
    THROTTLED = enum.auto()  #: stop: the server wants less from us, whoever the recipient
    ROUTE_REFUSED = enum.auto()  #: stop: the server takes nothing from this sender
    SIGN_IN_REFUSED = enum.auto()  #: stop: our name and password are not accepted


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    Attributes:
        fault: whose fault it is that the mail was not taken; None when it was, and when nobody knows.
    """

    outcome: Outcome
    fault: Fault | None
    then: Then = Then.GO_ON


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `code` and `enhanced` are regular expressions for the whole of each code."""

    stages: frozenset[Stage]
    code: str
    enhanced: str
    verdict: Verdict
    why: str
    text: re.Pattern[str] = _ANYTHING

    def fits(self, stage: Stage, reply: Reply) -> bool:
        return (
            stage in self.stages
            and re.fullmatch(self.code, str(reply.code)) is not None
            and re.fullmatch(self.enhanced, reply.judged_enhanced_code) is not None
            and self.text.search(reply.text) is not None
        )


_ANYWHERE = frozenset({Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY, Stage.DOT})
_MAIL = frozenset({Stage.MAIL})
_RCPT = frozenset({Stage.RCPT})
_LATER = _ANYWHERE - _MAIL  # the recipient or the mail itself may be what is refused
_BEFORE_THE_DOT = _ANYWHERE - {Stage.DOT}
_DOT = frozenset({Stage.DOT})

_SENT = Verdict(Outcome.SENT, None)
_UNCERTAIN = Verdict(Outcome.UNCERTAIN, None, Then.RECONNECT)
_CLOSING = Verdict(Outcome.RETURNED, Fault.ROUTE, Then.RECONNECT)
_BUSY = Verdict(Outcome.RETURNED, Fault.ROUTE, Then.THROTTLED)
_NOT_NOW = Verdict(Outcome.RETURNED, Fault.ROUTE, Then.ROUTE_REFUSED)
_SENDER = Verdict(Outcome.RETURNED, Fault.CONFIGURATION, Then.ROUTE_REFUSED)
_SIGN_IN = Verdict(Outcome.RETURNED, Fault.CONFIGURATION, Then.SIGN_IN_REFUSED)
_LATER_MAYBE = Verdict(Outcome.DEFERRED, Fault.RECIPIENT)
_POLICY = Verdict(Outcome.DEFERRED, Fault.MESSAGE)
_NO_ADDRESS = Verdict(Outcome.FAILED, Fault.ADDRESS)
_NO_MESSAGE = Verdict(Outcome.FAILED, Fault.MESSAGE)
_NEVER = Verdict(Outcome.FAILED, Fault.RECIPIENT)

#: The first row that fits decides; the last two fit whatever is left.
TABLE: tuple[Row, ...] = (
    Row(_DOT, "2..", ".*", _SENT, "taken: from here on it is the server's to deliver (RFC 5321 6.1)"),
    Row(_ANYWHERE, "421", ".*", _CLOSING, "the server closes the line; it has taken nothing (RFC 5321 3.8)"),
    Row(_ANYWHERE, "53[0458]", ".*", _SIGN_IN, "it wants us signed in, or better (RFC 4954 6)"),
    Row(_ANYWHERE, "5..", r"5\.7\.(8|30|57)", _SIGN_IN, "credentials, basic sign-in off, not signed in"),
    Row(_ANYWHERE, "4..", r"4\.(5\.3|3\.\d+)", _BUSY, "too many or too busy: slow down, blame no recipient"),
    Row(_ANYWHERE, "432|454", ".*", _BUSY, "throttled: Microsoft's 432, Amazon's 454"),
    Row(_ANYWHERE, "452", "", _BUSY, "the server's own storage; a full mailbox would say 4.2.2"),
    Row(_MAIL, "4..", ".*", _NOT_NOW, "the sender is put off, so every recipient would be"),
    Row(_MAIL, "5..", ".*", _SENDER, "the sender is refused, so every recipient would be"),
    Row(_LATER, "4..", ".*", _LATER_MAYBE, "later: greylisting, full mailbox, trouble on the way"),
    Row(_RCPT, "5..", r"5\.(1\.(1|2|3|6|10)|4\.4)", _NO_ADDRESS, "no such mailbox or domain, or it moved"),
    Row(_RCPT, "556", ".*", _NO_ADDRESS, "the domain takes no mail: a null MX (RFC 7505)"),
    Row(_LATER, "5..", r"5\.7\.\d+", _POLICY, "policy: sender or content, so held and never suppressed"),
    Row(_LATER, "5..", "", _POLICY, "policy in words alone", _POLICY_WORDS),
    Row(_LATER, "5..", r"5\.(6\.\d+|3\.4)", _NO_MESSAGE, "what the mail holds, or its size for the server"),
    Row(_LATER, "5..", ".*", _NEVER, "never: 5.2.1 disabled, 5.2.2 full as the server sees it, no code"),
    Row(_BEFORE_THE_DOT, ".*", ".*", _CLOSING, "no answer to the command; nothing can have gone"),
    Row(_DOT, ".*", ".*", _UNCERTAIN, "an answer to the dot that says nothing"),
)


def judge(stage: Stage, reply: Reply) -> Verdict:
    """What a reply that does not let the stage pass means, and any reply to the final dot."""
    if stage is Stage.DOT and reply.accepted:
        return _SENT  # the first row, for nearly every reply, without the others' regular expressions
    return next(row.verdict for row in TABLE if row.fits(stage, reply))
