"""
The demo's months: five editions that went out, one that may go, one that begins by itself, one to be written.

Made by what makes them at work, only with the clock set back.
"""

import datetime
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from pulse_mailer import clock
from pulse_mailer.bootstrap import Mailer
from pulse_mailer.cli import documents, output, readership
from pulse_mailer.delivery import (
    approving,
    consenting,
    deciding,
    doubts,
    planning,
    reporting,
    scheduling,
    wallclock,
)
from pulse_mailer.delivery.approving import Checked
from pulse_mailer.delivery.dispatch import dispatch
from pulse_mailer.delivery.planning import Approval, Terms
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.subscriber import Way
from pulse_mailer.domain.suppression import SuppressionReason
from pulse_mailer.editions import beginning, collecting, importing, picking, reading
from pulse_mailer.editions.collecting import Proposal
from pulse_mailer.resources import templates_dir
from pulse_mailer.subscribers import audience
from pulse_mailer.subscribers import importing as subscribers
from pulse_mailer.subscribers.leaving import leave, leave_address
from pulse_mailer.subscribers.suppressing import suppress
from pulse_mailer.worker import steps

_ACTOR = "demo"
_MONTH = datetime.timedelta(days=31)
_HALF_AN_HOUR = datetime.timedelta(minutes=30)
_DAYS = datetime.timedelta(days=2)
_FIRST_SHARE, _SHARE = (
    0.5,
    0.1,
)  #: of the readers: those who are there first, and those who join in each month


@dataclass(frozen=True, slots=True)
class _Past:
    """
    An edition that went out.

    Attributes:
        troubled: who joins before it at one of the domains that the catcher makes trouble for.
    """

    key: str
    troubled: tuple[str, ...] = ()


_PAST = (
    _Past("2026-06", ("rowan.pike@nobody.example", "m.delacroix@later.example")),
    _Past("2026-07"),
    _Past("2026-08", ("s.whitaker@silent.example", "old.desk@nobody.example")),
    _Past("2026-09", ("tilda.moss@nobody.example",)),
    _Past("2026-10", ("j.arkwright@silent.example",)),
)
_READY, _SCHEDULED, _DRAFT = "2026-12", "2027-01", "2027-02"
_STARTS_IN = datetime.timedelta(days=28)

_INBOX = (
    ("Hallow Foundation", "Respite that families choose themselves", "respite-families-choose", "Reports",
     "Adult Social Care and Health",
     "Vouchers for a break were spent on eleven different things, a residential week being the rarest of them."),
    ("Panel for Early Help", "The second visit: why parents return to a hub", "the-second-visit", "Briefings",
     "Children and Young People",
     "Parents came back where somebody had remembered the child's name, and seldom because of a programme."),
    ("Wexmoor Policing Laboratory", "Body cameras and complaints, four years on", "cameras-four-years-on", "Reports",
     "Safer Communities", "Complaints fell in the first year and came back in the third. The report asks why."),
    ("Ashgrove Trust", "A letter that says what happens next", "what-happens-next", "Tools and Guidance",
     "Adult Social Care and Health", "Six letters from a financial assessment, rewritten with those who had one."),
)  # fmt: skip


def live(mailer: Mailer, wanted: int) -> None:
    """Send the past editions, a month apart, to readers who join and leave meanwhile."""
    people = readership.readers(wanted)
    for number, past in enumerate(_PAST):
        ago = _ago(len(_PAST) - number)
        share = _FIRST_SHARE + _SHARE * max(0, number - 1)
        there = people[: round(wanted * share)]
        with clock.set_back(ago):
            edition_id = _begin(mailer, past, there)
            _dispatch(mailer, edition_id)
        with clock.set_back(ago - _HALF_AN_HOUR):
            _dispatch(mailer, edition_id)  # what was put off
            _tell(mailer, past.key)
        with clock.set_back(ago - _DAYS):
            _afterwards(mailer, edition_id, past, keep_doubt=past is _PAST[-1])


def _ago(months: int) -> datetime.timedelta:
    """How long ago it was nine in the morning, so many months ago."""
    present = clock.now()
    return present - (present - months * _MONTH).replace(hour=9, minute=0, second=0, microsecond=0)


def prepare(mailer: Mailer) -> None:
    """An inbox, and the editions to come: one approved, one that begins by itself, one to be written."""
    edition, approval, checked = _approvable(mailer, _import(mailer, _READY))
    with mailer.database.transaction() as database:
        consenting.approve(database, reading.edition(database, edition.key), checked, approval)
    output.say(f"{edition.period} is approved, and may be sent to {approval.count} readers.")
    edition, approval, checked = _approvable(mailer, _import(mailer, _SCHEDULED))
    zone = edition.newsletter.timezone
    at = wallclock.read(f"{clock.now() + _STARTS_IN:%Y-%m-%d} 09:00", zone)
    with mailer.database.transaction() as database:
        start = scheduling.Start(at, zone)
        scheduling.schedule(
            database, reading.edition(database, edition.key), checked, approval, start, Terms()
        )
    output.say(f"{edition.period} begins by itself on {wallclock.said(at, zone)}.")
    _draft(mailer)
    output.say(
        f"{_DRAFT} is a draft with things still to be written; {len(_INBOX) - 1} more items wait in the inbox."
    )


def _import(mailer: Mailer, key: str) -> str:
    name, data = documents.read(templates_dir() / "demo" / "months" / f"{key}.md")
    with mailer.database.transaction() as database:
        importing.import_document(
            database, name, data, lambda _path: None, wish=importing.Wish(found=True), actor=_ACTOR
        )
    return key


def _approvable(mailer: Mailer, key: str) -> tuple[Edition, Approval, Checked]:
    with mailer.database.reading() as database:
        edition = reading.edition(database, key)
        count = audience.numbers(database, edition.newsletter_id).audience
        return edition, Approval(_ACTOR, count), approving.approve(edition, mailer.links, forced=())


def _begin(mailer: Mailer, past: _Past, people: Sequence[list[str]]) -> int:
    _import(mailer, past.key)
    rows = [*people, *([address, "", "", ""] for address in past.troubled)]
    with mailer.database.transaction() as database:
        newsletter = reading.newsletter(database, None)
        subscribers.import_csv(
            database,
            mailer.keys,
            newsletter,
            readership.as_csv(rows),
            mapping={},
            dry_run=False,
            actor=_ACTOR,
        )
    edition, approval, checked = _approvable(mailer, past.key)
    with mailer.database.transaction() as database:
        planning.freeze(database, reading.edition(database, past.key), checked, mailer.links, approval)
    return edition.id


def _dispatch(mailer: Mailer, edition_id: int) -> None:
    dispatch(steps.way_of(mailer, edition_id), edition_id, stop=threading.Event(), early=True)


def _tell(mailer: Mailer, key: str) -> None:
    with mailer.database.transaction() as database:
        edition = reading.edition(database, key)
        found = reporting.report(database, edition)
    states = ", ".join(f"{count} {state.value}" for state, count in found.by_state.items() if count)
    output.say(f"{edition.period}: {states}.")


def _afterwards(mailer: Mailer, edition_id: int, past: _Past, *, keep_doubt: bool) -> None:
    """Readers leave by their link, one complains, and staff settle what was uncertain."""
    with mailer.database.transaction() as database:
        newsletter = reading.newsletter(database, None)
        in_doubt = doubts.uncertain(database, edition_id)
        if in_doubt and not keep_doubt:
            ids = [doubt.id for doubt in in_doubt]
            deciding.settle(database, ids, sent=True, by=_ACTOR, why="the reader says that it came")
        for doubt in in_doubt:
            address = Address.parse(doubt.address)
            leave_address(database, mailer.keys, address, newsletter, _ACTOR, reason="asked by telephone")
        # The first readers of the file stay: later steps of the demo speak of them.
        going = audience.audience(newsletter.id).order_by("subscription_id").offset(20).limit(2)
        for person, way in zip(database.execute(going).all(), (Way.PAGE, Way.ONE_CLICK), strict=False):
            leave(database, person.public_id, way=way, actor="subscriber", edition_id=edition_id)
        if past is _PAST[1]:
            complaining = audience.audience(newsletter.id).order_by("subscription_id").offset(20).limit(1)
            for person in database.execute(complaining):
                address = Address.parse(person.address)
                suppress(database, mailer.keys, address, reason=SuppressionReason.COMPLAINED, actor=_ACTOR)


def _draft(mailer: Mailer) -> None:
    with mailer.database.transaction() as database:
        newsletter = reading.newsletter(database, None)
        known = collecting.opened(database, newsletter)
        added = [
            collecting.propose(
                database,
                newsletter,
                known,
                Proposal(
                    "page",
                    title,
                    f"https://example.org/inbox/{slug}",
                    publisher,
                    summary,
                    section=section,
                    category=category,
                ),
                actor=_ACTOR,
            )
            for publisher, title, slug, category, section, summary in _INBOX
        ]
        beginning.begin(
            database, newsletter, _DRAFT, actor=_ACTOR, source=reading.edition(database, _SCHEDULED)
        )
        picking.place(database, [added[0].candidate.id], picking.Place(_DRAFT), actor=_ACTOR)
