"""
How much a backend may be given: what the setting `rates` says, and presets for what providers allow.

A preset is the provider's published figure, as read on the day it names; accounts differ, and providers change
their minds, so the setting may give other figures beside a preset's name.
"""

import datetime
import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pulse_mailer.backends import BACKENDS
from pulse_mailer.domain.counting import counted
from pulse_mailer.errors import BadSetting
from pulse_mailer.settings import variable


@dataclass(frozen=True, slots=True)
class Limits:
    """
    At most so many mails in any second, minute, hour and day (rolling), over so many connections; None: no limit.

    Attributes:
        connections: of each worker.
    """

    per_second: int | None = None
    per_minute: int | None = None
    per_hour: int | None = None
    per_day: int | None = None
    connections: int | None = None

    @property
    def counts(self) -> bool:
        """Whether the number of mails is limited at all."""
        return any((self.per_second, self.per_minute, self.per_hour, self.per_day))

    @property
    def burst(self) -> int:
        """How many mails may go at once: a twentieth of a second's worth, and at least one."""
        return max(1, int(self._slowest_rate / 20)) if self._paces else 0

    @property
    def spacing(self) -> datetime.timedelta:
        """
        The time from one mail to the next, to the microsecond; 0 where nothing paces them.

        A burst and what follows it stay within the limit in any second and any minute: that is why the rate is
        the limit's own only up to 40 a second, and above up to 5 % less.
        """
        spans = (math.ceil(span * 1e6 / (count - self.burst + 1)) for count, span in self._paces)
        return datetime.timedelta(microseconds=max(spans, default=0))

    @property
    def rate(self) -> float | None:
        """How many go in a second, hour and day aside; None: as many as the server takes."""
        return 1 / self.spacing.total_seconds() if self.spacing else None

    @property
    def _paces(self) -> list[tuple[int, int]]:
        return [(count, span) for count, span in ((self.per_second, 1), (self.per_minute, 60)) if count]

    @property
    def _slowest_rate(self) -> float:
        return min(count / span for count, span in self._paces)

    def __str__(self) -> str:
        """As the setting writes it: "30/minute, 10000/day, 3 connections"."""
        said = [f"{count}/{unit}" for unit, name in UNITS.items() if (count := getattr(self, name))]
        if self.connections:
            said.append(f"{counted(self.connections, 'connection')}")
        return ", ".join(said)


UNLIMITED = Limits()
UNITS = {"second": "per_second", "minute": "per_minute", "hour": "per_hour", "day": "per_day"}


@dataclass(frozen=True, slots=True)
class Preset:
    """
    Attributes:
        note: what to know before one relies on it.
        source: the provider's page that says it.
        quoted: the page was not read itself, only where others quote it.
        read_on: when it was read.
    """

    limits: Limits
    note: str
    source: str
    quoted: bool = False
    read_on: datetime.date = datetime.date(2026, 11, 22)


PRESETS: dict[str, Preset] = {
    "microsoft-365": Preset(
        Limits(per_minute=30, per_day=10_000, connections=3),
        "Exchange Online by SMTP, for each mailbox.",
        "https://learn.microsoft.com/en-us/exchange/troubleshoot/send-emails/smtp-submission-improvements",
    ),
    "microsoft-graph": Preset(
        Limits(per_minute=30, per_day=10_000, connections=4),
        "Exchange Online by Graph, for each mailbox; the mailbox's own limits hold there, too.",
        "https://learn.microsoft.com/en-us/graph/throttling-limits",
        quoted=True,
    ),
    "gmail": Preset(
        Limits(per_day=500),
        "A personal account by smtp.gmail.com.",
        "https://support.google.com/mail/answer/22839",
        quoted=True,
    ),
    "google-workspace": Preset(
        Limits(per_day=2_000),
        "A Workspace user by smtp.gmail.com; 500 while the account is on trial.",
        "https://support.google.com/a/answer/166852",
    ),
    "google-relay": Preset(
        Limits(per_day=10_000),
        "smtp-relay.gmail.com, for each user; the organisation has a limit of its own beside it.",
        "https://support.google.com/a/answer/2956491",
        quoted=True,
    ),
    "ses-sandbox": Preset(
        Limits(per_second=1, per_day=200),
        "A new Amazon SES account; once out of the sandbox, write what the console shows.",
        "https://docs.aws.amazon.com/ses/latest/dg/quotas.html",
    ),
    "resend": Preset(
        Limits(per_second=100, connections=2),
        "2 requests a second, counted with 50 mails each; with another batch size write your own figure.",
        "https://resend.com/docs/api-reference/rate-limit",
    ),
    "resend-free": Preset(
        Limits(per_second=100, per_day=100, connections=2),
        "The free plan; it allows 3,000 a month, too, which is not counted here.",
        "https://resend.com/docs/knowledge-base/account-quotas-and-limits",
    ),
    "sendgrid-trial": Preset(
        Limits(per_day=100),
        "The trial of 60 days.",
        "https://support.sendgrid.com/hc/en-us/articles/35270136965403",
    ),
}

_COUNT = re.compile(r"(\d{1,9})\s*/\s*([a-z]+)")
_CONNECTIONS = re.compile(r"(\d{1,3})\s+connections?")
_SAYS = "Write it like smtp=30/minute,10000/day; ses=14/second; or name a preset: smtp=microsoft-365."


def read(text: str) -> dict[str, Limits]:
    """
    The limits of each backend that the setting `rates` names; who is not named has none.

    Figures beside a preset's name replace the preset's own: `smtp=microsoft-365,1 connection`.

    Raises:
        BadSetting: says which part is wrong, and how it is written.
    """
    found: dict[str, Limits] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        backend, equals, said = (piece.strip() for piece in part.partition("="))
        if not equals or not backend or not said:
            raise _bad(f"“{part}” is not NAME=LIMITS.")
        if backend not in BACKENDS and ":" not in backend:
            raise _bad(f"there is no backend “{backend}”.{_meant(backend, BACKENDS)}")
        if backend in found:
            raise _bad(f"“{backend}” is named twice.")
        found[backend] = _limits(backend, said)
    return found


def _limits(backend: str, said: str) -> Limits:
    """Read what stands behind a backend's name: at most one preset, then figures."""
    pieces = [piece.strip().lower() for piece in said.split(",")]
    preset = PRESETS.get(pieces[0])
    figures: dict[str, int] = {}
    for piece in pieces[1:] if preset else pieces:
        name, count = _figure(backend, piece)
        if name in figures:
            raise _bad(f"“{backend}” has two limits of one kind, “{piece}” among them.")
        figures[name] = count
    return replace(preset.limits if preset else UNLIMITED, **figures)


def _figure(backend: str, piece: str) -> tuple[str, int]:
    """Name and value of the field that "30/minute" or "3 connections" stands for."""
    counted, connected = _COUNT.fullmatch(piece), _CONNECTIONS.fullmatch(piece)
    if counted and (name := UNITS.get(counted[2])) and int(counted[1]):
        return name, int(counted[1])
    if connected and int(connected[1]):
        return "connections", int(connected[1])
    if piece in PRESETS:
        raise _bad(f"“{backend}”: the preset “{piece}” must stand first, and alone of its kind.")
    if counted and counted[2] not in UNITS:
        raise _bad(f"“{backend}”: “{counted[2]}” is none of {', '.join(UNITS)}.")
    if counted or connected:
        raise _bad(f"“{backend}”: “{piece}” would let nothing go; a limit is 1 or more.")
    raise _bad(f"“{backend}”: “{piece}” is neither a limit nor a preset.{_meant(piece, PRESETS)}")


def _meant(word: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f" Did you mean {near[0]}?" if near else ""


def _bad(what: str) -> BadSetting:
    return BadSetting(f"{variable('rates')}: {what}", remedy=_SAYS)
