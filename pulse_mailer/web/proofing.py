"""Proof: the mail as it would go out now, to oneself or anybody, marked as a proof."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form
from pydantic import BaseModel, Field
from starlette.responses import Response

from pulse_mailer import actors
from pulse_mailer.delivery import proofing
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.approval import Proof
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.history import EditionVersion
from pulse_mailer.editions import history, reading
from pulse_mailer.errors import BadAddress, NotAllowed, PulseMailerError
from pulse_mailer.staff.roles import Right
from pulse_mailer.web import course
from pulse_mailer.web.acting import At, AtEdition
from pulse_mailer.web.signed_in import Composes
from pulse_mailer.web.who import SignedIn

PATH = f"{course.PATH}/proof"

router = APIRouter()


class Typed(BaseModel):
    """
    Attributes:
        like: the address of a subscriber as whom to see it; empty: a sample reader.
    """

    to: str = Field(default="", max_length=10_000)
    like: str = Field(default="", max_length=400)


@dataclass(frozen=True, slots=True)
class View:
    """
    Attributes:
        proofs: the newest first.
        changes: what was changed since the newest, the latest first.
        names: what people of the staff are called.
    """

    edition: Edition
    proofs: Sequence[Proof]
    changes: Sequence[EditionVersion]
    names: actors.Names = field(default_factory=actors.Names)

    @property
    def last(self) -> list[Proof]:
        """The rows of the newest, one for each address."""
        return [one for one in self.proofs if one.number == self.proofs[0].number]


@router.api_route(PATH, methods=["GET", "HEAD"])
def show(at: AtEdition, who: Composes, done: bool = False) -> Response:
    return _page(at, who, Typed(to=who.actor if _gets_mail(who.actor) else ""), done=done)


@router.post(PATH)
def send(at: AtEdition, typed: Annotated[Typed, Form()], who: Composes) -> Response:
    return at.act(lambda: _send(at, who, typed), then="proof?done=1", refused=partial(_page, at, who, typed))


def _gets_mail(actor: str) -> bool:
    """Whether mail can be sent to where somebody signs in: not to admin@localhost."""
    try:
        Address.parse(actor)
    except BadAddress:
        return False
    return True


def _send(at: At, who: SignedIn, typed: Typed) -> None:
    """
    Raises as `proofing.send()`.

    Raises:
        NotAllowed: as a reader gets it is for who may see readers.
    """
    if typed.like and not who.may(Right.PEOPLE):
        raise NotAllowed("Your role does not let you see what a reader gets.")
    mailer = at.mailer
    with mailer.database.reading() as database:
        backends = reading.edition(database, at.name).newsletter.backends
    wish = proofing.Wish(at.name, typed.to.split(), typed.like)
    proofing.send(mailer.way(backends), mailer.keys, wish, actor=who.actor)


def _page(
    at: At, who: SignedIn, typed: Typed, error: PulseMailerError | None = None, *, done: bool = False
) -> Response:
    with at.mailer.database.reading() as database:
        edition = reading.edition(database, at.name)
        found = proofing.proofs(database, edition.id)
        versions = history.versions(database, edition.id)
        names = actors.names(database)
    changes = [one for one in versions if found and one.revision > found[0].revision]
    view = View(edition, found, changes, names)
    return at.page("web/proof.html", edition, who, error, view=view, typed=typed, done=done and bool(found))
