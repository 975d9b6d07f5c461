"""
Asking SpamAssassin's daemon what it thinks of a mail: the SPAMC protocol, version 1.5, its REPORT alone.

The source is SpamAssassin's own description ("spamd/PROTOCOL"). Whoever answers is not trusted further than for a
number and some words: what comes is limited in size and time.
"""

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic

from pulse_mailer.composing.finding import MAIL, Code, Finding, error, warning
from pulse_mailer.errors import SpamdUnreachable

WARNS_FROM, BLOCKS_FROM = 3.0, 5.0  #: points; 5 is where most servers file a mail as spam
SECONDS = 30.0  #: for the answer, as a whole
REPLY_MOST = 100_000  #: bytes
_NAMED = 5  #: rules that a finding names

_STATUS = re.compile(r"SPAMD/\d\.\d (\d{1,3}) ([^\r\n]{0,200})")
_SCORE = re.compile(
    r"(?im)^Spam: *(?:True|False|Yes|No) *; *(-?\d{1,4}(?:\.\d{1,4})?) */ *(-?\d{1,4}(?:\.\d{1,4})?) *$"
)
_RULE = re.compile(r" *(-?\d{1,4}(?:\.\d{1,2})?) +([A-Z][A-Z0-9_]{1,60}) +(.*)")
_WRAPPED = re.compile(r" {24,}(\S.*)")


@dataclass(frozen=True, slots=True)
class Rule:
    """One of SpamAssassin's rules that a mail met: its points, name, and what it is about."""

    points: float
    name: str
    words: str


@dataclass(frozen=True, slots=True)
class Judgement:
    points: float
    rules: tuple[Rule, ...]

    @property
    def sentence(self) -> str:
        return f"SpamAssassin gives it {self.points:g} points; with {BLOCKS_FROM:g} most servers file a mail as spam."

    @property
    def worst(self) -> list[Rule]:
        """The rules that count most against it, the worst first."""
        return sorted((rule for rule in self.rules if rule.points > 0), key=lambda rule: -rule.points)[
            :_NAMED
        ]


def judge(message: bytes, host: str, port: int, *, seconds: float = SECONDS) -> Judgement:
    """
    Have a mail judged.

    Raises:
        SpamdUnreachable: nobody answers there, not in time, or not as spamd does; says why.
    """
    where = f"{host}:{port}"
    request = b"REPORT SPAMC/1.5\r\nContent-length: %d\r\n\r\n" % len(message) + message
    try:
        reply = _asked(request, host, port, monotonic() + seconds)
    except TimeoutError as fault:
        raise SpamdUnreachable(
            f"The spam filter at {where} did not answer in time.", remedy=_REMEDY
        ) from fault
    except OSError as fault:
        raise SpamdUnreachable(f"No spam filter answers at {where}.", remedy=_REMEDY) from fault
    return _read(reply.decode("utf-8", "replace"), where)


def findings(judgement: Judgement) -> Iterator[Finding]:
    if judgement.points < WARNS_FROM:
        return
    say = error if judgement.points >= BLOCKS_FROM else warning
    named = "; ".join(f"{rule.words} ({rule.points:g}, {rule.name})" for rule in judgement.worst)
    what = f"{judgement.sentence} What counts most: {named or 'it does not say'}."
    yield say(
        Code.SPAM_SCORE, MAIL, what, "Change what it names; ask the operator about what is no words of yours."
    )


def unknown(fault: SpamdUnreachable) -> Finding:
    """What is said when nobody could be asked; never a reason to stop."""
    return warning(Code.SPAM_UNKNOWN, MAIL, f"Its spam score is not known. {fault.what}", fault.remedy)


_REMEDY = "Look whether spamd runs there, and whether PULSE_MAILER_SPAMD names it."


def _asked(request: bytes, host: str, port: int, end: float) -> bytes:
    with socket.create_connection((host, port), timeout=max(end - monotonic(), 0.001)) as line:
        line.sendall(request)
        line.shutdown(socket.SHUT_WR)
        reply = bytearray()
        while len(reply) <= REPLY_MOST:
            left = end - monotonic()
            if left <= 0:
                raise TimeoutError
            line.settimeout(left)  # anew each time: a slow side would dribble for ever
            piece = line.recv(8192)
            if not piece:
                break
            reply += piece
    return bytes(reply[:REPLY_MOST])


def _read(reply: str, where: str) -> Judgement:
    """
    Raises:
        SpamdUnreachable: it is no answer of spamd, or one that gives no score.
    """
    head, _, report = reply.replace("\r\n", "\n").partition("\n\n")
    status, score = _STATUS.match(head), _SCORE.search(head)
    if not status:
        raise SpamdUnreachable(f"What answers at {where} is no spam filter.", remedy=_REMEDY)
    if status[1] != "0" or not score:
        said = "".join(letter for letter in status[2] if letter.isprintable())
        raise SpamdUnreachable(f"The spam filter at {where} gives no score: {said}.", remedy=_REMEDY)
    return Judgement(float(score[1]), tuple(_rules(report)))


def _rules(report: str) -> Iterator[Rule]:
    """The table at the end of the report; a description may go on over several lines."""
    found: list[list[str]] = []
    for line in report.partition("Content analysis details")[2].split("\n"):
        if rule := _RULE.fullmatch(line):
            found.append([*rule.groups()])
        elif found and (more := _WRAPPED.fullmatch(line)):
            found[-1][2] += f" {more[1]}"
    for points, name, words in found:
        plain = "".join(letter for letter in words if letter.isprintable())
        yield Rule(float(points), name, " ".join(plain.split())[:200])
