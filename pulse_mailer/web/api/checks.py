"""What stands in the way of sending an edition: preflight, and visits to where its links lead."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.delivery import approving, readying, rehearsals, shapes
from pulse_mailer.delivery.readying import Ready
from pulse_mailer.delivery.variants import names
from pulse_mailer.domain.rehearsal import Rehearsal
from pulse_mailer.editions import reading
from pulse_mailer.web.api.calls import Codes, Key, Slug
from pulse_mailer.web.api.editions import PATH
from pulse_mailer.web.given import TheMailer, TheRounds
from pulse_mailer.web.rehearsing import Work
from pulse_mailer.web.rounds import Round
from pulse_mailer.web.signed_in import Approves, Composes, Reads

router = APIRouter(tags=["sending"])


class FindingShown(BaseModel):
    """What preflight found."""

    severity: str = Field(description="`error` blocks sending; `warning` wants an eye.")
    code: str
    overridden: bool
    place: str
    item: int | None
    section: str | None
    category: str | None
    field: str
    line: int | None
    what: str
    remedy: str


class LinksShown(BaseModel):
    """How far the last visits to an edition's links are, since the program began."""

    begun: bool
    over: bool
    total: int = Field(description="So many pages are visited; not those where somebody went lately.")
    done: int
    findings: list[FindingShown] = Field(description="Once they are over; `check` tells them too.")
    trouble: str = Field(description="Why they came to nothing.")


class RehearsalShown(BaseModel):
    """How far the making of everybody's mail is."""

    begun: bool
    over: bool
    total: int = Field(description="So many mails are made, and thrown away.")
    done: int
    failed: int = Field(description="So many could not be made; the edition is not sent before they can.")
    findings: list[FindingShown] = Field(
        description="Once it is over: whose mail that is, the first of them."
    )
    trouble: str = Field(description="Why it ended before all were made; then begin again.")


class Visits(BaseModel, extra="forbid"):
    again: bool = Field(default=False, description="Also pages where somebody went lately.")


@router.get(f"{PATH}/check")
def check_edition(
    slug: Slug,
    key: Key,
    mailer: TheMailer,
    who: Reads,
    force: Annotated[Codes, Query(description="Codes of errors that are overridden.")] = [],  # noqa: B006 - FastAPI copies it
) -> list[FindingShown]:
    """Run preflight: errors block sending, warnings do not."""
    with mailer.database.reading() as database:
        edition = reading.edition(database, f"{slug}/{key}")
        checked = approving.look(edition, mailer.links, names(database, edition))
    approving.refuse_unknown(edition, checked, force)
    return [FindingShown.model_validate(shapes.finding(one, force)) for one in checked.findings]


@router.post(f"{PATH}/links", status_code=202)
def visit_links(
    slug: Slug, key: Key, wish: Visits, mailer: TheMailer, rounds: TheRounds, who: Composes
) -> LinksShown:
    """Begin to visit every link of an edition, which takes up to two minutes, unless that goes on already."""
    rounds.begin(mailer, f"{slug}/{key}", again=wish.again)
    return _links(rounds.of(f"{slug}/{key}"))


@router.get(f"{PATH}/links")
def show_links(slug: Slug, key: Key, mailer: TheMailer, rounds: TheRounds, who: Reads) -> LinksShown:
    """How far the visits to an edition's links are."""
    with mailer.database.reading() as database:
        reading.edition(database, f"{slug}/{key}")
    return _links(rounds.of(f"{slug}/{key}"))


@router.post(f"{PATH}/rehearsal", status_code=202)
def rehearse_edition(slug: Slug, key: Key, mailer: TheMailer, who: Approves) -> RehearsalShown:
    """
    Begin to make everybody's mail once and throw it away, unless that goes on already.

    `approve` and `send` do that too, and answer once it is done; whoever has done it before waits for little then.
    """
    made, last = _rehearsal(mailer, f"{slug}/{key}")
    made.refuse_nobody()
    if last is None or not last.goes_on or last.mails != rehearsals.mails_of(made, mailer.links):
        Work(mailer, made).start()
    return show_rehearsal(slug, key, mailer, who)


@router.get(f"{PATH}/rehearsal")
def show_rehearsal(slug: Slug, key: Key, mailer: TheMailer, who: Approves) -> RehearsalShown:
    """How far the making of everybody's mail is, whoever began it."""
    made, last = _rehearsal(mailer, f"{slug}/{key}")
    if last is None:
        return RehearsalShown(begun=False, over=False, total=0, done=0, failed=0, findings=[], trouble="")
    failed = None
    if last.ended_at and last.failed_count:
        failed = rehearsals.failed(mailer.database, made, mailer.links, last)
    is_gone = not last.goes_on and last.ended_at is None
    return RehearsalShown(
        begun=True,
        over=not last.goes_on,
        total=last.total_count,
        done=last.done_count,
        failed=last.failed_count,
        findings=[FindingShown.model_validate(shapes.finding(one, ())) for one in failed.findings]
        if failed
        else [],
        trouble="The program that made them is gone." if is_gone else last.halted,
    )


def _rehearsal(mailer: Mailer, name: str) -> tuple[Ready, Rehearsal | None]:
    with mailer.database.reading() as database:
        edition = reading.edition(database, name)
        made = readying.ready(database, edition, mailer.links, check=approving.look)
        return made, rehearsals.of(database, edition.id)


def _links(found: Round | None) -> LinksShown:
    last = found or Round()
    return LinksShown(
        begun=found is not None,
        over=last.is_over,
        total=last.total,
        done=last.done,
        findings=[FindingShown.model_validate(shapes.finding(one, ())) for one in last.findings],
        trouble=last.trouble,
    )
