"""The composer: one edition as it is being written, and the exact mail beside it."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.responses import Response

from pulse_mailer import actors
from pulse_mailer.composing import remembering
from pulse_mailer.composing.finding import Finding
from pulse_mailer.composing.headchecks import (
    HEAD_CHECKS,
    PREHEADER_LEAST,
    PREHEADER_MOST,
    SUBJECT_GOOD,
    SUBJECT_MOST,
)
from pulse_mailer.domain.correction import EDITION_FIELDS, ITEM_FIELDS, Correction
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.names import fold
from pulse_mailer.editions import changing, correcting, following, history, inbox, places, reading
from pulse_mailer.editions.history import Spell
from pulse_mailer.editions.inbox import Waiting
from pulse_mailer.errors import CompositionError, NotFound, UsageError
from pulse_mailer.staff.roles import Right
from pulse_mailer.web import states
from pulse_mailer.web.given import TheMailer, ThePages
from pulse_mailer.web.pages import told
from pulse_mailer.web.signed_in import require

_RECENT = 200  #: revisions, in which the last change is looked for

PATH = "/staff/editions/{slug}/{key}/compose"

router = APIRouter(dependencies=[Depends(require(Right.COMPOSE))])


@dataclass(frozen=True, slots=True)
class View:
    """
    What the page shows.

    Attributes:
        may_reopen: people agreed to it, and this person said that that may be void.
        last: the last change; None when no history is kept yet.
        page: a word of this very page, by which those that are open are told apart.
        names: what people of the staff are called, by how records name them.
        programme: sections that the newsletter has, and the edition not yet.
        possible: the same of categories, as Section/Category; they are made with the first item that goes there.
        notes: what preflight says of the edition's own texts, by field.
        categories: (handle, what it is called) of every category, in reading order.
    """

    edition: Edition
    tag: states.Tag
    may_reopen: bool
    last: Spell | None
    page: str
    categories: Sequence[tuple[str, str]]
    programme: Sequence[str]
    possible: Sequence[str]
    waiting: Sequence[Waiting]
    notes: dict[str, list[Finding]]
    corrections: Sequence[Correction]
    names: actors.Names

    @property
    def base(self) -> str:
        return f"/staff/editions/{self.edition.newsletter.slug}/{self.edition.key}"

    @property
    def is_agreed(self) -> bool:
        return self.edition.status in changing.AGREED

    @property
    def is_over(self) -> bool:
        """Whether the mail cannot change any more."""
        return self.edition.status is not EditionStatus.DRAFT and not self.is_agreed

    @property
    def is_open(self) -> bool:
        """Whether it may be written in as the page stands."""
        return not self.is_over and (self.may_reopen or not self.is_agreed)

    @property
    def zone(self) -> str:
        return self.edition.newsletter.timezone

    @property
    def sections(self) -> list[tuple[str, str]]:
        """(handle, name) of every section."""
        return [
            (self.handle(place, one.name), one.name) for place, one in enumerate(self.edition.sections, 1)
        ]

    def handle(self, place: int, name: str) -> str:
        """What a form calls a section: its name, or its place where that does not tell."""
        alike = [one for one in self.edition.sections if fold(one.name) == fold(name)]
        return name if len(alike) == 1 else f"#{place}"

    def category_handle(self, section: int, place: int) -> str:
        """What a form calls a category, by the places of its section and its own."""
        before = sum(len(one.categories) for one in self.edition.sections[: section - 1])
        return self.categories[before + place - 1][0]


LIMITS = {
    "subject": (0, SUBJECT_GOOD, SUBJECT_MOST),
    "preheader": (PREHEADER_LEAST, PREHEADER_MOST, PREHEADER_MOST),
}


def view(database: Session, edition: Edition, *, may_reopen: bool, with_inbox: bool = True) -> View:
    spells = history.spells(history.versions(database, edition.id, most=_RECENT))
    is_public = bool(edition.frozen_at)
    return View(
        edition=edition,
        tag=states.of_edition(edition.status, None),
        may_reopen=may_reopen and edition.status in changing.AGREED,
        last=spells[0] if spells else None,
        page=secrets.token_hex(8),
        categories=_categories(edition),
        programme=_programme(edition),
        possible=_possible(edition),
        waiting=inbox.candidates(database, edition.newsletter_id) if with_inbox else (),
        notes=notes(edition),
        corrections=correcting.corrections(database, edition.id) if is_public else (),
        names=actors.names(database),
    )


def notes(edition: Edition) -> dict[str, list[Finding]]:
    """What preflight says of subject, preheader, period and letter, by field."""
    found: dict[str, list[Finding]] = {}
    for check in HEAD_CHECKS:
        for finding in check(edition):
            found.setdefault(finding.at.field, []).append(finding)
    return found


def values(shown: View) -> dict[str, Any]:
    """What the templates of the page are given."""
    return {
        "view": shown,
        "names": shown.names,
        "edition": shown.edition,
        "limits": LIMITS,
        "edition_fields": EDITION_FIELDS,
        "item_fields": ITEM_FIELDS,
        "path": places.path,
    }


@router.api_route(PATH, methods=["GET", "HEAD"])
def show(slug: str, key: str, mailer: TheMailer, pages: ThePages, reopen: bool = False) -> Response:
    with mailer.database.reading() as database:
        shown = view(database, reading.edition(database, f"{slug}/{key}"), may_reopen=reopen)
    return pages.page("web/compose.html", **values(shown))


@router.get(f"{PATH}/contents")
def contents(slug: str, key: str, mailer: TheMailer, pages: ThePages, reopen: bool = False) -> Response:
    with mailer.database.reading() as database:
        shown = view(database, reading.edition(database, f"{slug}/{key}"), may_reopen=reopen)
    return pages.page("web/compose_changed.html", said="", **values(shown))


@router.get(f"{PATH}/meter")
def show_meter(slug: str, key: str, mailer: TheMailer, pages: ThePages) -> Response:
    with mailer.database.reading() as database:
        edition = reading.edition(database, f"{slug}/{key}")
        measured, broken = None, ""
        try:
            measured = remembering.measure(edition, mailer.links)
        except (CompositionError, NotFound, UsageError) as error:
            broken = told(error)
    return pages.page("web/compose_meter.html", edition=edition, meter=measured, broken=broken)


def _categories(edition: Edition) -> list[tuple[str, str]]:
    named = [places.path(section, category) for section, category in places.categories(edition)]
    handles = [
        f"#{head}/#{tail}"
        for head, section in enumerate(edition.sections, 1)
        for tail, _ in enumerate(section.categories, 1)
    ]
    is_clear = [len([one for one in named if fold(one) == fold(name)]) == 1 for name in named]
    return [
        (name if clear else handle, name)
        for name, handle, clear in zip(named, handles, is_clear, strict=True)
    ]


def _programme(edition: Edition) -> list[str]:
    """Names of sections that the newsletter has and the edition not yet."""
    here = {fold(section.name) for section in edition.sections}
    return [one.name for one in edition.newsletter.sections if fold(one.name) not in here]


def _possible(edition: Edition) -> list[str]:
    named = [
        places.path(section, category)
        for section in following.skeleton(edition.newsletter)
        for category in section.categories
    ]
    here = {fold(places.path(section, category)) for section, category in places.categories(edition)}
    return [name for name in named if fold(name) not in here]
