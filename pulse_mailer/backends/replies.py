"""
What a server's reply means: one table, from its words to ours.

A reply has a basic code (RFC 5321 4.2.3), often an enhanced code (RFC 3463), and text. Where both codes agree
on the class the enhanced one decides, since it says more; otherwise the basic one stands alone.
"""

import enum
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from pulse_mailer.domain.delivery import Outcome, Stage

TEXT_CHARACTERS = 500

_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)")
_POLICY_WORDS = re.compile(
    r"\b(spam|policy|reputation|block(ed|list\w*)|blacklist\w*|dmarc|dkim|spf)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Reply:
    """
    Attributes:
        code: three digits.
        enhanced_code: such as "5.1.1"; empty when the server gives none.
        text: all lines joined, without codes and control characters, at most 500 characters.
    """

    code: int
    enhanced_code: str
    text: str

    @property
    def accepted(self) -> bool:
        return self.code // 100 == 2

    @property
    def words(self) -> str:
        """The reply as people read it: "550 5.1.1 No such user"."""
        return " ".join(part for part in (str(self.code), self.enhanced_code, self.text) if part)

    @property
    def judged_enhanced_code(self) -> str:
        """The enhanced code where it agrees with the basic code's class, else none."""
        return self.enhanced_code if self.enhanced_code[:1] == str(self.code)[0] else ""


class Then(enum.Enum):
    """What follows for the session."""

    GO_ON = enum.auto()
    RECONNECT = enum.auto()
    ROUTE_REFUSED = enum.auto()  #: stop: the server takes nothing from us now
    SIGN_IN_REFUSED = enum.auto()  #: stop: our name and password are not accepted


@dataclass(frozen=True, slots=True)
class Verdict:
    outcome: Outcome
    then: Then = Then.GO_ON


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `code` and `enhanced` are regular expressions for the whole of each code."""

    stages: frozenset[Stage]
    code: str
    enhanced: str
    verdict: Verdict
    why: str
    text: re.Pattern[str] = re.compile("")

    def fits(self, stage: Stage, reply: Reply) -> bool:
        return (
            stage in self.stages
            and re.fullmatch(self.code, str(reply.code)) is not None
            and re.fullmatch(self.enhanced, reply.judged_enhanced_code) is not None
            and self.text.search(reply.text) is not None
        )


_ANYWHERE = frozenset({Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY, Stage.DOT})
_MAIL = frozenset({Stage.MAIL})
_LATER = _ANYWHERE - _MAIL  # the recipient or the mail itself may be what is refused
_BEFORE_THE_DOT = _ANYWHERE - {Stage.DOT}
_DOT = frozenset({Stage.DOT})

_SENT = Verdict(Outcome.SENT)
_DEFERRED = Verdict(Outcome.DEFERRED)
_FAILED = Verdict(Outcome.FAILED)
_CLOSING = Verdict(Outcome.RETURNED, Then.RECONNECT)
_ROUTE = Verdict(Outcome.RETURNED, Then.ROUTE_REFUSED)
_SIGN_IN = Verdict(Outcome.RETURNED, Then.SIGN_IN_REFUSED)

#: The first row that fits decides; the last two fit whatever is left.
TABLE: tuple[Row, ...] = (
    Row(_DOT, "2..", ".*", _SENT, "taken: from here on it is the server's to deliver (RFC 5321 6.1)"),
    Row(_ANYWHERE, "421", ".*", _CLOSING, "the server closes the line; it has taken nothing (RFC 5321 3.8)"),
    Row(_ANYWHERE, "53[0458]", ".*", _SIGN_IN, "it wants us signed in, or better (RFC 4954 6)"),
    Row(
        _ANYWHERE,
        "5..",
        r"5\.7\.(8|30|57)",
        _SIGN_IN,
        "credentials invalid; basic sign-in off; not signed in",
    ),
    Row(_MAIL, "[45]..", ".*", _ROUTE, "the sender is refused, so every recipient would be"),
    Row(
        _LATER, "4..", r"4\.(5\.3|3\.\d+)", _ROUTE, "too many or too busy: slow the route, blame no recipient"
    ),
    Row(_LATER, "432|454", ".*", _ROUTE, "throttled: Microsoft's 432, Amazon's 454"),
    Row(_LATER, "452", "", _ROUTE, "the server's own storage; a full mailbox would say 4.2.2"),
    Row(_LATER, "4..", ".*", _DEFERRED, "later: greylisting, full mailbox, trouble on the way"),
    Row(
        _LATER,
        "5..",
        r"5\.7\.\d+",
        _DEFERRED,
        "policy: the sender or the content, so held and never suppressed",
    ),
    Row(_LATER, "5..", "", _DEFERRED, "policy in words alone", _POLICY_WORDS),
    Row(
        _LATER,
        "5..",
        ".*",
        _FAILED,
        "never: unknown mailbox, null MX, too large; 5.2.2 full as the server sees it",
    ),
    Row(
        _BEFORE_THE_DOT,
        ".*",
        ".*",
        _CLOSING,
        "no answer to this command; before the dot nothing can have gone",
    ),
    Row(
        _DOT, ".*", ".*", Verdict(Outcome.UNCERTAIN, Then.RECONNECT), "an answer to the dot that says nothing"
    ),
)


def judge(stage: Stage, reply: Reply) -> Verdict:
    """What a reply that does not let the stage pass means, and any reply to the final dot."""
    return next(row.verdict for row in TABLE if row.fits(stage, reply))


def read_reply(lines: Sequence[bytes]) -> Reply:
    """
    Read the lines of one reply, each without its line end.

    Raises:
        ValueError: they are not a reply; the message is the first line, made safe to show.
    """
    code = lines[0][:3] if lines else b""
    if not re.fullmatch(rb"[1-5]\d\d", code) or any(line[:3] != code for line in lines):
        raise ValueError(plain(lines[0] if lines else b""))
    texts = [plain(line[4:]) for line in lines]
    found = [_ENHANCED.match(text) for text in texts]
    enhanced = next((match[1] for match in found if match), "")
    spoken = (text[match.end() :] if match else text for text, match in zip(texts, found, strict=True))
    return Reply(int(code), enhanced, " ".join(filter(None, spoken))[:TEXT_CHARACTERS])


def plain(words: bytes | str) -> str:
    """A stranger's words on one line, without control and formatting characters, at most 500 characters."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    visible = "".join(" " if unicodedata.category(letter)[0] == "C" else letter for letter in text)
    return " ".join(visible.split())[:TEXT_CHARACTERS]
