"""Retry: send an edition to those who did not get it, or to some of them, once more."""

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Form, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from pulse_mailer.delivery import deciding
from pulse_mailer.delivery.deciding import Selection
from pulse_mailer.domain.edition import Edition
from pulse_mailer.editions import reading
from pulse_mailer.web import course
from pulse_mailer.web.acting import At, AtEdition
from pulse_mailer.web.signed_in import Retries

PATH = f"{course.PATH}/retry"

router = APIRouter()


class Which(BaseModel):
    """Which of those who did not get it; as `deciding.Selection`, with one code at most."""

    model_config = ConfigDict(frozen=True)

    domain: str = Field(default="", max_length=255)
    code: str = Field(default="", max_length=20)
    permanent: bool = False
    cancelled: bool = False

    @property
    def selection(self) -> Selection:
        codes = [self.code] if self.code else None
        return Selection(codes, self.domain, permanent=self.permanent, cancelled=self.cancelled)


@dataclass(frozen=True, slots=True)
class Count:
    """
    How many would be tried again.

    Attributes:
        temporary: whom no server refused for good.
        permanent: the others, who are tried only when somebody says so.
    """

    temporary: int
    permanent: int

    @property
    def people(self) -> int:
        """How many get it when nobody says more."""
        return self.temporary or self.permanent


def count(database: Session, edition: Edition, which: Selection) -> Count:
    both = deciding.retryable(database, edition, replace(which, permanent=True))
    temporary = both and deciding.retryable(database, edition, replace(which, permanent=False))
    return Count(temporary, both - temporary)


@router.api_route(PATH, methods=["GET", "HEAD"])
def ask(at: AtEdition, which: Annotated[Which, Query()], _who: Retries) -> Response:
    return _page(at, which)


@router.post(PATH)
def retry(at: AtEdition, which: Annotated[Which, Form()], who: Retries) -> Response:
    with at.mailer.database.transaction() as database:
        edition = reading.edition(database, at.name)
        found = deciding.retry(database, edition, which.selection, by=who.actor)
    # Somebody else did so just before, or they are suppressed by now.
    return at.to("progress") if found else _page(at, which, is_refused=True)


def _page(at: At, which: Which, *, is_refused: bool = False) -> Response:
    with at.mailer.database.reading() as database:
        edition = reading.edition(database, at.name)
        found = count(database, edition, which.selection)
    return at.pages.page(
        "web/retry.html",
        status=409 if is_refused else 200,
        edition=edition,
        which=which,
        count=found,
        is_refused=is_refused,
    )
