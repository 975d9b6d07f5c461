"""Send: whom it goes to, who is left out and when it begins, said before a person says yes to their number."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Form
from pydantic import Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.clock import now
from pulse_mailer.delivery import foretelling, readying, wallclock
from pulse_mailer.delivery.planning import Terms
from pulse_mailer.delivery.scheduling import Start
from pulse_mailer.delivery.wishing import Wish
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.editions import reading
from pulse_mailer.errors import PulseMailerError, UsageError
from pulse_mailer.staff.roles import Right
from pulse_mailer.subscribers import audience
from pulse_mailer.web import consent, course, rehearsal
from pulse_mailer.web.acting import At, AtEdition
from pulse_mailer.web.consent import Yes
from pulse_mailer.web.signed_in import Approves, require
from pulse_mailer.web.who import SignedIn

PATH = f"{course.PATH}/send"
_LISTED = 500

router = APIRouter()


class Wanted(Yes):
    """
    Attributes:
        when: "now", which is after the hold, or "at" a time.
        at: by the clock of the newsletter's zone: 2026-12-01T09:00.
        turn: which, where the clock shows it twice: first or second.
        first: to so many first; empty: to all at once.
        was_approved: as the page said.
        look: nothing is sent yet; the page says when it would begin and end.
    """

    when: str = Field(default="now", max_length=10)
    at: str = Field(default="", max_length=40)
    turn: str = Field(default="", max_length=10)
    first: str = Field(default="", max_length=20)
    was_approved: bool = False
    look: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it is to begin at a time, and none is named yet."""
        return self.when == "at" and not self.at

    def start(self, edition: Edition, hold_minutes: float) -> Start:
        """Raises as `Wish.start()`."""
        wish = Wish(at=self.at.replace("T", " "), turn=self.turn or None) if self.when == "at" else Wish()
        # Without a hold it begins as soon as a worker looks.
        return wish.start(edition.newsletter, hold_minutes) or Start(now())

    def terms(self, lifetime_hours: int) -> Terms:
        """
        Raises:
            UsageError: the first stage is no number of people.
        """
        first = self.first.replace(",", "").strip()
        if first and not (first.isascii() and first.isdigit() and int(first) > 0):
            raise UsageError(
                f"{self.first!r} is no number of people.", remedy="Leave it empty to send to all."
            )
        return Terms(int(first) if first else None, lifetime_hours)


@router.api_route(PATH, methods=["GET", "HEAD"])
def show(at: AtEdition, who: Approves) -> Response:
    return _page(at, who, Wanted())


@router.post(PATH)
def send(at: AtEdition, wanted: Annotated[Wanted, Form()], who: Approves) -> Response:
    if wanted.look:
        return _page(at, who, wanted)
    return at.act(lambda: _send(at, who, wanted), then="progress", refused=partial(_page, at, who, wanted))


@router.api_route(
    f"{course.PATH}/left-out", methods=["GET", "HEAD"], dependencies=[Depends(require(Right.PEOPLE))]
)
def left_out(at: AtEdition) -> Response:
    with at.mailer.database.reading() as database:
        edition = reading.edition(database, at.name)
        found, count = audience.first_left_out(database, edition.newsletter_id, _LISTED)
    return at.pages.page("web/left_out.html", edition=edition, people=found, count=count)


def _send(at: At, who: SignedIn, wanted: Wanted) -> Response | None:
    """
    Give the page to wait at, while everybody's mail is made first.

    Raises as `readying.begin()`, and where another number was typed, or no way out can be used.
    """
    mailer, settings = at.mailer, at.mailer.settings
    with mailer.database.reading() as database:
        edition = reading.edition(database, at.name)
    terms = wanted.terms(settings.lifetime_hours)
    wanted.start(edition, settings.hold_minutes)
    if edition.status in (EditionStatus.DRAFT, EditionStatus.APPROVED):
        made = consent.ready(mailer, at.name, who.actor)
        approval = wanted.approval(who.actor, asks=made.is_surprising)
        if (waits := rehearsal.waits(at, who, made, wanted)) is not None:
            return waits
        readying.check_ways(mailer.backends(edition.newsletter.backends))
    else:
        approval = wanted.approval(who.actor)
    # That took its time: a hold begins now, and a named time may be over.
    start = wanted.start(edition, settings.hold_minutes)
    with mailer.database.transaction() as database:
        readying.begin(
            database, at.name, mailer.links, approval, terms, start, was_approved=wanted.was_approved
        )
    return None


def _page(at: At, who: SignedIn, wanted: Wanted, error: PulseMailerError | None = None) -> Response:
    mailer = at.mailer
    with mailer.database.reading() as database:
        edition = reading.edition(database, at.name)
        if error is None and edition.status not in (EditionStatus.DRAFT, EditionStatus.APPROVED):
            return at.to("progress")
        facts = consent.facts(database, mailer, edition)
        forecast = _forecast(database, mailer, edition, wanted, facts.count)
    return at.page(
        "web/send.html",
        edition,
        who,
        error,
        facts=facts,
        jump=course.jump,
        wanted=wanted,
        forecast=forecast,
        hold_minutes=mailer.settings.hold_minutes,
        zone=edition.newsletter.timezone,
        asks_turn=bool(wanted.at) and _is_twice(wanted.at, edition.newsletter.timezone),
    )


def _forecast(database: Session, mailer: Mailer, edition: Edition, wanted: Wanted, count: int) -> str:
    """When it begins, where a time is named, and how long it takes; or why it cannot begin then."""
    if wanted.is_open:
        return ""
    try:
        start = wanted.start(edition, mailer.settings.hold_minutes)
    except UsageError as error:
        return error.what
    takes = foretelling.before(database, edition, mailer.settings.backends, mailer.limits, count, start.at)
    if start.zone:
        return f"It begins on {wallclock.said(start.at, start.zone)}. {takes}".strip()
    return f"{takes} Times are by the clock in {edition.newsletter.timezone}." if takes else ""


def _is_twice(at: str, zone: str) -> bool:
    """Whether the clock shows a time twice, so that one must say which."""
    try:
        first, second = (wallclock.read(at.replace("T", " "), zone, turn=turn) for turn in wallclock.TURNS)
    except UsageError:
        return False
    return first != second
