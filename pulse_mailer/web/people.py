"""Subscribers: who is found, who is subscribed, and all of them as a file."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.subscriber import SubscriptionStatus, Way
from pulse_mailer.editions import reading as newsletters
from pulse_mailer.errors import Refused, UsageError
from pulse_mailer.subscribers import exporting, joining, searching
from pulse_mailer.subscribers.leaving import checked_reason
from pulse_mailer.subscribers.person import Person
from pulse_mailer.web import states
from pulse_mailer.web.given import TheMailer, ThePages
from pulse_mailer.web.signed_in import SeesPeople
from pulse_mailer.web.spreadsheets import spreadsheet

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Listed:
    """One newsletter's list: which there are, whose this is, and how many are in each state."""

    newsletters: list[Newsletter]
    newsletter: Newsletter | None
    counts: dict[SubscriptionStatus, int]


class Asked(BaseModel):
    """What the page is asked for: somebody, or a newsletter's list."""

    model_config = ConfigDict(frozen=True)

    q: str = Field(default="", max_length=searching.MOST_LETTERS)
    newsletter: str = Field(default="", max_length=60)
    state: SubscriptionStatus = SubscriptionStatus.ACTIVE
    after: int = Field(default=0, ge=0, lt=2**63)


class NewPerson(BaseModel):
    """What was typed of somebody who is to be added."""

    newsletter: str = Field(default="", max_length=60)
    address: str = Field(default="", max_length=1000)
    first_name: str = Field(default="", max_length=1000)
    last_name: str = Field(default="", max_length=1000)
    organisation: str = Field(default="", max_length=1000)
    wording: str = Field(default="", max_length=10_000)


@router.api_route("/subscribers", methods=["GET", "HEAD"])
def show(_who: SeesPeople, mailer: TheMailer, pages: ThePages, asked: Annotated[Asked, Query()]) -> Response:
    with mailer.database.reading() as database:
        listed = _listed(database, asked.newsletter)
        if asked.q.strip():
            found = searching.search(database, mailer.keys, asked.q, after=asked.after)
        elif listed.newsletter is not None:
            found = searching.members(database, listed.newsletter.id, asked.state, after=asked.after)
        else:
            found = searching.Found(())
    kept = asked.model_dump(mode="json", exclude_defaults=True) | {"after": found.after}
    return pages.page(
        "web/subscribers.html",
        asked=asked,
        listed=listed,
        found=found,
        later=f"?{urlencode(kept)}" if found.after else "",
        tags=states.SUBSCRIPTIONS,
    )


@router.api_route("/subscribers/export", methods=["GET", "HEAD"])
def export(who: SeesPeople, request: Request, mailer: TheMailer, newsletter: str = "") -> Response:
    with mailer.database.reading() as database:
        found = newsletters.newsletter(database, newsletter or None)
    # Who only asks what it would be takes nothing out.
    lines = exporting.export(mailer.database, found, actor=who.actor) if request.method == "GET" else ()
    return spreadsheet(lines, f"{found.slug}-subscribers.csv")


@router.api_route("/subscribers/new", methods=["GET", "HEAD"])
def ask_new(_who: SeesPeople, mailer: TheMailer, pages: ThePages, newsletter: str = "") -> Response:
    with mailer.database.reading() as database:
        listed = _listed(database, newsletter)
    typed = NewPerson(newsletter=listed.newsletter.slug if listed.newsletter else "")
    return pages.page("web/subscriber_new.html", typed=typed, listed=listed, problem=None)


@router.post("/subscribers/new")
def add(who: SeesPeople, mailer: TheMailer, pages: ThePages, typed: Annotated[NewPerson, Form()]) -> Response:
    try:
        person = Person.parse(typed.address, typed.first_name, typed.last_name, typed.organisation)
        wording = checked_reason(typed.wording)
        with mailer.database.transaction() as database:
            found = newsletters.newsletter(database, typed.newsletter or None)
            joined = joining.join(
                database, mailer.keys, found, person, way=Way.STAFF, actor=who.actor, wording=wording
            )
    except (UsageError, Refused) as problem:
        with mailer.database.reading() as database:
            listed = _listed(database, typed.newsletter)
        return pages.page("web/subscriber_new.html", typed=typed, listed=listed, problem=problem, status=422)
    return RedirectResponse(f"/subscribers/{joined.subscriber_id}?said={joined.result}", status_code=303)


def _listed(database: Session, slug: str) -> Listed:
    """
    Raises:
        NotFound: there is no newsletter of that name.
    """
    known = newsletters.newsletters(database)
    chosen = newsletters.newsletter(database, slug) if slug else next(iter(known), None)
    return Listed(known, chosen, searching.counts(database, chosen.id) if chosen else {})
