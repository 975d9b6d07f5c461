"""Check: what stands in the way of sending an edition, each with the place where it is mended."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.responses import Response

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.composing import visiting
from pulse_mailer.composing.finding import Finding, Severity
from pulse_mailer.composing.mailchecks import wire_bytes
from pulse_mailer.composing.preflight import in_order
from pulse_mailer.composing.spamd import BLOCKS_FROM, WARNS_FROM, Judgement
from pulse_mailer.delivery import approving
from pulse_mailer.delivery.variants import names
from pulse_mailer.domain.edition import Edition
from pulse_mailer.editions import drafting, reading
from pulse_mailer.errors import CompositionError, NotFound, SpamdUnreachable, UsageError
from pulse_mailer.staff.roles import Right
from pulse_mailer.web import course
from pulse_mailer.web.acting import At, AtEdition
from pulse_mailer.web.given import TheJudgements, TheRounds
from pulse_mailer.web.judgements import Judgements
from pulse_mailer.web.pages import told
from pulse_mailer.web.rounds import Round, Rounds
from pulse_mailer.web.signed_in import Composes, Reads, require

PATH = f"{course.PATH}/check"
#: htmx stops asking when it is answered so.
NO_MORE = 286

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Spam:
    """
    What the spam filter says.

    Attributes:
        judgement: None: it was not asked yet, or does not answer.
        trouble: why it does not.
    """

    judgement: Judgement | None = None
    trouble: str = ""

    @property
    def tone(self) -> str:
        """How bad it is, as the pages colour it; empty where it is not."""
        points = self.judgement.points if self.judgement else 0.0
        return "bad" if points >= BLOCKS_FROM else "trouble" if points >= WARNS_FROM else ""


@dataclass(frozen=True, slots=True)
class View:
    """
    Attributes:
        broken: why it cannot be made into mail, or empty.
        round: the last visit to its links since the program began.
        wire_bytes: of the whole mail.
        spam: None: there is no spam filter to ask, or the mail was sent already.
    """

    edition: Edition
    findings: Sequence[Finding]
    broken: str
    round: Round | None
    link_count: int
    html_bytes: int = 0
    wire_bytes: int = 0
    spam: Spam | None = None

    @property
    def errors(self) -> list[Finding]:
        return [one for one in self.findings if one.severity is Severity.ERROR]

    @property
    def warnings(self) -> list[Finding]:
        return [one for one in self.findings if one.severity is Severity.WARNING]


@router.api_route(PATH, methods=["GET", "HEAD"])
def show(
    at: AtEdition, who: Reads, rounds: TheRounds, judgements: TheJudgements, ask: bool = False
) -> Response:
    """Everything that is found; with `ask` the page waits for the spam filter."""
    view = _view(at, rounds, judgements, ask=ask)
    return at.page("web/check.html", view.edition, who, view=view, jump=course.jump)


@router.get(f"{PATH}/spam", dependencies=[Depends(require(Right.READ))])
def spam(at: AtEdition, rounds: TheRounds, judgements: TheJudgements) -> Response:
    """What the spam filter says, for the page's own script, since it takes its time."""
    view = _view(at, rounds, judgements, ask=True)
    if view.spam is None:
        return Response(status_code=HTTPStatus.NO_CONTENT)
    return at.pages.page("web/check_spam.html", spam=view.spam)


@router.post(f"{PATH}/links", dependencies=[Depends(require(Right.COMPOSE))])
def visit(at: AtEdition, rounds: TheRounds) -> Response:
    """Go to every link; the page shows how far that is."""
    last = rounds.of(at.name)
    rounds.begin(at.mailer, at.name, again=last is not None and last.is_over)
    return at.to("check#links")


@router.post(f"{PATH}/keep")
def keep(at: AtEdition, field: Annotated[str, Form()], who: Composes) -> Response:
    """Let a text stay as the edition before had it."""
    with at.mailer.database.transaction() as database:
        drafting.keep(database, at.name, [field], actor=who.actor)
    return at.to("check")


@router.get(f"{PATH}/links", dependencies=[Depends(require(Right.READ))])
def links(at: AtEdition, rounds: TheRounds) -> Response:
    """How far the visit is, for the page's own script; once it is over the page is shown anew."""
    found = rounds.of(at.name)
    if found is None or found.is_over:
        return Response(status_code=NO_MORE, headers={"HX-Refresh": "true"})
    return at.pages.page("web/check_links.html", round=found)


def _view(at: At, rounds: Rounds, judgements: Judgements, *, ask: bool) -> View:
    mailer = at.mailer
    with mailer.database.reading() as database:
        edition = reading.edition(database, at.name)
        last, links_there = rounds.of(at.name), visiting.addresses(edition)
        try:
            checked = approving.look(edition, mailer.links, names(database, edition))
        except (CompositionError, UsageError, NotFound) as error:  # its text; its colours; its design
            return View(edition, (), told(error), last, len(links_there))
    found = list(checked.findings)
    if last is not None and last.is_over and not last.trouble:
        found = [one for one in found if one.code not in visiting.CODES] + list(last.findings)
    asks = bool(mailer.settings.spamd) and edition.frozen_at is None
    return View(
        edition=edition,
        findings=in_order(edition, found),
        broken="",
        round=last,
        link_count=len(links_there),
        html_bytes=len(checked.rendering.html.encode()),
        wire_bytes=wire_bytes(checked.rendering),
        spam=_spam(mailer, edition, checked.rendering.fingerprint, judgements, ask=ask) if asks else None,
    )


def _spam(mailer: Mailer, edition: Edition, fingerprint: str, judgements: Judgements, *, ask: bool) -> Spam:
    if not ask:
        return Spam(judgements.known(fingerprint))
    try:
        return Spam(judgements.ask(mailer, edition, fingerprint))
    except SpamdUnreachable as fault:
        return Spam(trouble=fault.what)
