"""Staff's first page: every edition with how it stands, and the next one begun."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from pulse_mailer import actors
from pulse_mailer.bootstrap import Mailer
from pulse_mailer.clock import now
from pulse_mailer.delivery.overview import Progress, overview
from pulse_mailer.domain.edition import EditionStatus
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.editions import beginning, reading
from pulse_mailer.errors import PulseMailerError
from pulse_mailer.staff.roles import Right
from pulse_mailer.subscribers.audience import numbers
from pulse_mailer.web import course, states
from pulse_mailer.web.given import TheMailer, ThePages
from pulse_mailer.web.pages import Pages
from pulse_mailer.web.signed_in import Composes, require

router = APIRouter()

_OPEN = (EditionStatus.DRAFT, EditionStatus.APPROVED, EditionStatus.SCHEDULED)


class Typed(BaseModel):
    """
    Attributes:
        source: the key of the edition that it is begun from; empty: from the newsletter's programme.
    """

    newsletter: str = Field(default="", max_length=200)
    key: str = Field(default="", max_length=200)
    source: str = Field(default="", max_length=200)


@dataclass(frozen=True, slots=True)
class Card:
    """One edition in the list; `progress` is None until its sending begins."""

    line: reading.EditionLine
    progress: Progress | None
    tag: states.Tag

    @property
    def address(self) -> str:
        """Where one goes on with it, or sees what came of it."""
        last = course.last_page(self.line.status)
        return f"/staff/editions/{self.line.slug}/{self.line.key}" + (f"/{last}" if last else "")


@dataclass(frozen=True, slots=True)
class Shelf:
    """
    A newsletter's editions, the newest first.

    Attributes:
        audience: how many would get the next one.
        next_key: what it may be called.
    """

    newsletter: Newsletter
    cards: Sequence[Card]
    audience: int
    next_key: str
    names: actors.Names = field(default_factory=actors.Names)


@router.api_route("/", methods=["GET", "HEAD"], dependencies=[Depends(require(Right.READ))])
def home(mailer: TheMailer, pages: ThePages) -> Response:
    return _page(mailer, pages, Typed())


@router.post("/staff/editions")
def begin(typed: Annotated[Typed, Form()], who: Composes, mailer: TheMailer, pages: ThePages) -> Response:
    """Begin an edition, and go on writing it."""
    try:
        with mailer.database.transaction() as database:
            newsletter = reading.newsletter(database, typed.newsletter)
            source = reading.edition(database, f"{newsletter.slug}/{typed.source}") if typed.source else None
            key, period = beginning.named(typed.key)
            made = beginning.begin(database, newsletter, key, actor=who.actor, source=source, period=period)
            address = f"{course.base(made)}/compose"
    except PulseMailerError as error:
        return _page(mailer, pages, typed, error)
    return RedirectResponse(address, 303)


def _page(mailer: Mailer, pages: Pages, typed: Typed, error: PulseMailerError | None = None) -> Response:
    with mailer.database.reading() as database:
        shelves = _shelves(database)
    values: dict[str, Any] = {"typed": typed, "problem": course.problem(error) if error else None}
    status = error.http_status if error else 200
    count = mailer.mailbox.count()
    return pages.page("web/home.html", status=status, shelves=shelves, mail_count=count, **values)


def _shelves(database: Session) -> list[Shelf]:
    lines, progress, names = reading.editions(database), overview(database), actors.names(database)
    cards: dict[str, list[Card]] = {}
    for line in lines:
        found = progress.get((line.slug, line.key))
        cards.setdefault(line.slug, []).append(Card(line, found, states.of_edition(line.status, found)))
    return [
        _shelf(database, newsletter, cards.get(newsletter.slug, []), names)
        for newsletter in reading.newsletters(database)
    ]


def _shelf(database: Session, newsletter: Newsletter, cards: Sequence[Card], names: actors.Names) -> Shelf:
    is_wanted = any(card.line.status in _OPEN for card in cards)
    return Shelf(
        newsletter=newsletter,
        cards=cards,
        audience=numbers(database, newsletter.id).audience if is_wanted else 0,
        next_key=beginning.next_key([card.line.key for card in cards], now().date()),
        names=names,
    )
