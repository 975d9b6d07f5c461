"""Progress: the hold with its way back, then how far it is, what servers say, and pause, resume and stop."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Form
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from pulse_mailer import actors
from pulse_mailer.clock import now
from pulse_mailer.delivery import (
    forecast,
    foretelling,
    ledger,
    reporting,
    saying,
    scheduling,
    steering,
    workers,
)
from pulse_mailer.delivery.reporting import Report
from pulse_mailer.domain.delivery import FINAL, DeliveryStatus
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.editions import reading
from pulse_mailer.errors import PulseMailerError, UsageError
from pulse_mailer.staff.roles import Right
from pulse_mailer.web import course, states
from pulse_mailer.web.acting import At, AtEdition
from pulse_mailer.web.checking import NO_MORE
from pulse_mailer.web.signed_in import Approves, Halts, Reads, require
from pulse_mailer.web.who import SignedIn

PATH = f"{course.PATH}/progress"

router = APIRouter()


class Asked(BaseModel):
    """
    Attributes:
        why: the reason, which is kept.
        first: with so many more only; empty: with all.
    """

    why: str = Field(default="", max_length=1000)
    first: str = Field(default="", max_length=20)


@dataclass(frozen=True, slots=True)
class View:
    """
    Attributes:
        ends: when it ends, as a sentence; may be empty.
        pace: how fast it goes: "14 a second"; empty when nothing tells.
        is_idle: no worker is there that would send it.
        names: what people of the staff are called.
    """

    edition: Edition
    report: Report
    tag: states.Tag
    ends: str
    pace: str
    is_idle: bool
    names: actors.Names

    @property
    def sent(self) -> int:
        return self.report.by_state[DeliveryStatus.SENT]

    @property
    def settled(self) -> int:
        return sum(count for state, count in self.report.by_state.items() if state in FINAL)

    @property
    def waiting(self) -> int:
        """Still to be sent, those at hand included."""
        return self.report.audience - self.settled

    @property
    def percent(self) -> int:
        return 100 * self.settled // self.report.audience if self.report.audience else 0

    @property
    def seconds_left(self) -> int:
        """Until it begins by itself."""
        starts_at = self.edition.starts_at
        return max(round((starts_at - now()).total_seconds()), 0) if starts_at else 0

    @property
    def left(self) -> str:
        return f"{self.seconds_left // 60}:{self.seconds_left % 60:02d}"


@router.api_route(PATH, methods=["GET", "HEAD"])
def show(at: AtEdition, who: Reads) -> Response:
    return _page(at, who)


@router.get(f"{PATH}/live", dependencies=[Depends(require(Right.READ))])
def live(at: AtEdition, was: str = EditionStatus.SENDING.value) -> Response:
    """How far it is, for the page's own script; once it stands otherwise the page is shown anew."""
    view = _view(at)
    if view.edition.status.value != was:
        return Response(status_code=NO_MORE, headers={"HX-Refresh": "true"})
    template = (
        "web/progress_hold.html"
        if view.edition.status is EditionStatus.SCHEDULED
        else "web/progress_bar.html"
    )
    return at.pages.page(template, view=view, tags=states.DELIVERIES)


@router.post(f"{course.PATH}/take-back")
def take_back(at: AtEdition, who: Halts) -> Response:
    return at.change(
        lambda database, edition: scheduling.take_back(database, edition, by=who.actor),
        then="progress",
        refused=partial(_page, at, who),
    )


@router.post(f"{course.PATH}/pause")
def pause(at: AtEdition, asked: Annotated[Asked, Form()], who: Halts) -> Response:
    return at.change(
        lambda database, edition: steering.pause(database, edition.id, by=who.actor, why=asked.why),
        then="progress",
        refused=partial(_page, at, who),
    )


@router.post(f"{course.PATH}/resume")
def resume(at: AtEdition, asked: Annotated[Asked, Form()], who: Approves) -> Response:
    return at.change(
        lambda database, edition: steering.resume(database, edition, by=who.actor, first=_count(asked.first)),
        then="progress",
        refused=partial(_page, at, who),
    )


@router.post(f"{course.PATH}/stop")
def stop(at: AtEdition, asked: Annotated[Asked, Form()], who: Halts) -> Response:
    def verb(database: Session, edition: Edition) -> None:
        # What a program that is gone had in hand is given back first, and then cancelled like the rest.
        ledger.expire(database, edition.id)
        steering.stop(database, edition, by=who.actor, why=asked.why)

    return at.change(verb, then="result", refused=partial(_page, at, who))


def _count(typed: str) -> int | None:
    """
    Raises:
        UsageError: it is no number of people.
    """
    plain = typed.replace(",", "").strip()
    if plain and not (plain.isascii() and plain.isdigit() and int(plain) > 0):
        raise UsageError(f"{typed!r} is no number of people.", remedy="Leave it empty to go on with all.")
    return int(plain) if plain else None


def _view(at: At) -> View:
    mailer = at.mailer
    with mailer.database.reading() as database:
        edition = reading.edition(database, at.name)
        found = reporting.report(database, edition, exact=False)
        sends = edition.status is EditionStatus.SENDING
        rest = foretelling.rest(database, edition, mailer.settings.backends, mailer.limits) if sends else None
        rate = forecast.measured_rate(database, edition.id, now()) if sends else None
        names = actors.names(database)
        is_idle = not workers.anybody(database)
    return View(
        edition=edition,
        report=found,
        tag=states.of_edition(edition.status, None),
        ends=rest.sentence if rest else "",
        pace=saying.pace(rate) if rate else "",
        is_idle=is_idle,
        names=names,
    )


def _page(at: At, who: SignedIn, error: PulseMailerError | None = None) -> Response:
    view = _view(at)
    if error is None and view.edition.status.is_over:
        return at.to("result")
    return at.page("web/progress.html", view.edition, who, error, view=view, tags=states.DELIVERIES)
