"""
Rehearsals as they are kept: how far one is, that it was stopped, and which readers' mails were made already.

So a page can tell of one that another program does, one that is cut off goes on from where it was, and nobody's mail
is made twice while the reader and the edition stay as they are.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.delivery import rehearsing
from pulse_mailer.delivery.readying import Ready
from pulse_mailer.delivery.rehearsing import Proven, Rehearsed
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.rehearsal import Rehearsal
from pulse_mailer.errors import Refused
from pulse_mailer.links import Links

_TOLD_EVERY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Run:
    """
    A rehearsal that was begun.

    Attributes:
        name: its own, by which it knows its row.
        known: what was proven before.
    """

    name: str
    made: Ready
    known: tuple[Proven, ...]

    @property
    def edition(self) -> Edition:
        return self.made.edition


def mails_of(made: Ready, links: Links) -> str:
    """A hash of the mails that are filled: another one means that there is something new to rehearse."""
    told = {one.variant: one.fingerprint for one in made.renderings if one.variant in made.plan.names}
    return hashlib.sha256(json.dumps([links.keys.signing_kid, told], sort_keys=True).encode()).hexdigest()


def of(database: Session, edition_id: int) -> Rehearsal | None:
    """The last one of an edition."""
    return database.get(Rehearsal, edition_id)


def rehearse(
    database: Database, made: Ready, links: Links, *, progress: Callable[[int], None] = lambda _count: None
) -> Rehearsed:
    """
    Make everybody's mail once and throw it away; keep how far it is, and what need not be made again.

    Args:
        progress: told how many are done.

    Raises:
        Refused: somebody stopped it.
    """
    return go(database, begin(database, made, links), links, progress=progress)


def begin(database: Database, made: Ready, links: Links) -> Run:
    """Say that everybody's mail is being made from now on; it is to be done by `go()`."""
    edition_id, moment, name = made.edition.id, now(), secrets.token_hex(8)
    with database.transaction() as session:
        last = of(session, edition_id)
        known = tuple(Proven(*page) for page in last.pages) if last else ()
        begun = {
            "run": name,
            "mails": mails_of(made, links),
            "begun_at": moment,
            "seen_at": moment,
            "ended_at": None,
            "halted": "",
            "total_count": made.count,
            "done_count": 0,
            "failed_count": 0,
            "pages": known,
        }
        dialect = sqlite if database.is_sqlite else postgresql
        row = dialect.insert(Rehearsal).values(edition_id=edition_id, **begun)
        session.execute(row.on_conflict_do_update(index_elements=["edition_id"], set_=begun))
    return Run(name, made, known)


def go(
    database: Database, run: Run, links: Links, *, progress: Callable[[int], None] = lambda _count: None
) -> Rehearsed:
    """Do what was begun. Raises as `rehearse()`."""
    proven: list[Proven] = []
    found, told_at = Rehearsed(0, 0, 0, ()), monotonic()
    for page in rehearsing.pages(database, run.made, links, run.known):
        proven.append(page.proven)
        found = found.and_of(page)
        if monotonic() - told_at >= _TOLD_EVERY_SECONDS:
            told_at = monotonic()
            _keep(database, run, found, [*proven, *_after(proven[-1], run.known)])
            progress(found.count)
    _keep(database, run, found, proven, is_over=True)
    progress(found.count)
    return found


def halt(database: Session, edition_id: int, why: str) -> None:
    """Have a rehearsal that goes on end soon, and nothing follow it; `why` is for people."""
    going = (Rehearsal.edition_id == edition_id, Rehearsal.ended_at.is_(None))
    database.execute(update(Rehearsal).where(*going).values(ended_at=now(), halted=why))


def failed(database: Database, made: Ready, links: Links, last: Rehearsal) -> Rehearsed | None:
    """Whose mail could not be made in a rehearsal that is over, the first of them; None: it can by now."""
    known = [Proven(*page) for page in last.pages]
    for page in rehearsing.pages(database, made, links, known):
        if page.failed_count:
            return Rehearsed(last.done_count, 0, last.failed_count, page.findings)
    return None


def _after(last: Proven, known: Sequence[Proven]) -> list[Proven]:
    return [one for one in known if one.last_id > last.last_id]


def _keep(
    database: Database, run: Run, found: Rehearsed, proven: Sequence[Proven], *, is_over: bool = False
) -> None:
    """
    Raises:
        Refused: somebody stopped it.
    """
    moment = now()
    ours = (Rehearsal.edition_id == run.edition.id, Rehearsal.run == run.name)
    values = {
        "seen_at": moment,
        "done_count": found.count,
        "failed_count": found.failed,
        "pages": proven,
        **({"ended_at": moment} if is_over else {}),
    }
    with database.transaction() as session:
        told = update(Rehearsal).where(*ours, Rehearsal.ended_at.is_(None)).values(values)
        if session.scalar(told.returning(Rehearsal.edition_id)):
            return
        last = of(session, run.edition.id)
    # Where somebody else began one meanwhile, theirs is kept, and this one is as good.
    if last is not None and last.run == run.name:
        raise Refused(f"The rehearsal of {run.edition.key} was stopped: {last.halted}", remedy="Begin again.")
