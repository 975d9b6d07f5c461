"""When a person wants an edition to begin: after a hold of some minutes, or at a time by the clock of a zone."""

import datetime
from dataclasses import dataclass

from pulse_mailer.clock import now
from pulse_mailer.delivery import wallclock
from pulse_mailer.delivery.scheduling import Start
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.errors import UsageError


@dataclass(frozen=True, slots=True)
class Wish:
    """
    When a person wants an edition to begin.

    Attributes:
        hold_minutes: None: as the settings say.
        at, zone, turn: a time by the clock, in a named zone (None: the newsletter's), and which of the two where it
            comes twice.
    """

    hold_minutes: float | None = None
    at: str | None = None
    zone: str | None = None
    turn: str | None = None

    def start(self, newsletter: Newsletter, hold_minutes: float) -> Start | None:
        """
        When it begins; None: at once.

        Args:
            hold_minutes: how long the settings hold an edition.

        Raises:
            UsageError: that is no time, or not one to come.
        """
        if self.at is None:
            if self.zone is not None or self.turn is not None:
                raise UsageError("--zone and --fold go with --at.", remedy='Such as --at "2026-12-01 09:00"')
            minutes = hold_minutes if self.hold_minutes is None else self.hold_minutes
            return Start(now() + datetime.timedelta(minutes=minutes)) if minutes else None
        if self.hold_minutes is not None:
            raise UsageError(
                "--at and --hold exclude each other: until that time it can be taken back anyway."
            )
        zone = self.zone or newsletter.timezone
        at = wallclock.read(self.at, zone, turn=self.turn)
        if at <= now():
            raise UsageError(f"{wallclock.said(at, zone)} is over.", remedy="Name a time to come.")
        return Start(at, zone)
