"""
Deliveries as people go through them: filtered, page by page, each page found from where the last one ended.

No page costs more than another, however far back it lies and however many there are. What no index of deliveries
tells (the receiving domain, the server's words) is looked for within one edition, whose deliveries lie together; or
by the readers of a domain, where they are few.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Select, false, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased, selectinload

from pulse_mailer.delivery import indexed, totals, wallclock
from pulse_mailer.delivery.reading import DeliveryLine, lines
from pulse_mailer.domain.delivery import Attempt, Delivery, DeliveryStatus
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.subscriber import Subscriber
from pulse_mailer.domain.total import Facet

#: How many names of a kind are offered to choose from.
OFFERED = 12
#: Deliveries read at a time where all of them are wanted.
CHUNK = 1000

#: How many deliveries are looked through for what no index tells, and then how many more; None: all the others.
_STRIDES = (2_000, None)
_LEAST_REFUSAL = 400
#: The deliveries to a domain of so few readers are found by these; of one with more there are some among the latest.
_FEW = 1_000
_OVER = tuple(status for status in EditionStatus if status.is_over)
_UNDER_WAY = (EditionStatus.SENDING, EditionStatus.PAUSED)
_WAITS = DeliveryStatus.QUEUED
_WORKED_ON = (DeliveryStatus.CLAIMED, DeliveryStatus.SENDING)


@dataclass(frozen=True, slots=True)
class Days:
    """
    From when to when deliveries came to be as they are, both days with it; in the zone that `zone()` tells.

    Attributes:
        since, until: None: from the first on, up to the last.
    """

    since: datetime.date | None = None
    until: datetime.date | None = None

    def __bool__(self) -> bool:
        return self.since is not None or self.until is not None

    def begin_at(self, zone: str) -> datetime.datetime | None:
        if self.since is None or self.since == datetime.date.min:
            return None  # no moment is before it
        return wallclock.midnight(self.since, zone)

    def end_at(self, zone: str) -> datetime.datetime | None:
        """The moment when the last day is over."""
        if self.until is None or self.until == datetime.date.max:
            return None  # there is no day after that
        return wallclock.midnight(self.until + datetime.timedelta(days=1), zone)


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    Which deliveries.

    Attributes:
        edition: wanted wherever domain, code or words are.
        code: "550", or "550 5.1.1".
        words: part of what a server said, in any attempt.
        only: the numbers of the deliveries, where a search has found all of them; None: nobody has looked yet.
    """

    edition: Edition | None = None
    status: DeliveryStatus | None = None
    domain: str = ""
    code: str = ""
    words: str = ""
    address_hash: str | None = None
    message_id: str = ""
    days: Days = field(default_factory=Days)
    only: tuple[int, ...] | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is asked of the delivery itself, besides whose edition it is."""
        asked = self.status, self.domain, self.message_id, self.days
        return any(asked) or self.address_hash is not None


@dataclass(frozen=True, slots=True)
class Page:
    """
    Attributes:
        last_id: after which the next page begins; None: this is the last.
    """

    lines: tuple[DeliveryLine, ...]
    last_id: int | None


@dataclass(frozen=True, slots=True)
class Shares:
    """
    How many there are of what can be chosen, as far as that is known without counting everything anew.

    Attributes:
        states: empty where it is not known.
        domains, codes: the most frequent ones, and those that give trouble, with their counts.
    """

    states: dict[DeliveryStatus, int]
    domains: tuple[tuple[str, int], ...] = ()
    codes: tuple[tuple[str, int], ...] = ()


def page(
    database: Session, wanted: Wanted, *, after: int | None = None, limit: int = 50, offset: int = 0
) -> Page:
    """
    One page, the latest delivery first; `after` is the `last_id` of the page before.

    Args:
        offset: leave out so many first; of what is not looked for by domain, code or words.
    """
    such = _such(database, wanted)
    if wanted.only is None and (wanted.domain or wanted.code or wanted.words):
        such = [Delivery.id.in_(_looked_for(database, wanted, such, after, limit + 1))]
    elif after is not None:
        such.append(Delivery.id < after)
    found = lines().where(*such)
    # What waits or is in hand has an index of its own; the sum keeps both databases from following the order.
    by = Delivery.id + 0 if wanted.status in (_WAITS, *_WORKED_ON) else Delivery.id
    found = found.order_by(by.desc()).limit(limit + 1).offset(offset)
    rows = [DeliveryLine(*row) for row in database.execute(found)]
    return Page(tuple(rows[:limit]), rows[limit - 1].id if len(rows) > limit else None)


def looked_for(database: Session, wanted: Wanted, *, most: int) -> tuple[int, ...]:
    """The numbers of deliveries in which a server said the wanted words, the latest first; so many at most."""
    return tuple(_looked_for(database, wanted, _such(database, wanted), None, most))


def latest(database: Session) -> Edition | None:
    """The edition whose sending began last."""
    began = select(Edition).where(Edition.frozen_at.is_not(None)).options(selectinload(Edition.newsletter))
    return database.scalars(began.order_by(Edition.frozen_at.desc(), Edition.id.desc()).limit(1)).first()


def shares(database: Session, wanted: Wanted) -> Shares:
    """How many there are of each state, domain and code, among what is wanted otherwise."""
    edition = wanted.edition
    if wanted.address_hash is not None or wanted.message_id or wanted.words or wanted.days:
        return Shares({})
    if edition is None:
        every = totals.all_states(database).values()
        return Shares({state: sum(one.get(state, 0) for one in every) for state in DeliveryStatus})
    if wanted.domain and wanted.code:
        states: dict[DeliveryStatus, int] = {}
    elif wanted.domain:
        by_domain = totals.counts(database, edition, Facet.DOMAIN, names=[wanted.domain.lower()])
        states = by_domain.get(wanted.domain.lower(), {})
    elif wanted.code:
        states = _of_code(totals.counts(database, edition, Facet.CODE), wanted.code)
    else:
        states = totals.states(database, edition)
    only = tuple(DeliveryStatus) if wanted.status is None else (wanted.status,)
    domains, codes = (
        tuple(
            (name, number)
            for name, number in totals.leading(database, edition, facet, only, limit=OFFERED)
            if name and number
        )
        for facet in (Facet.DOMAIN, Facet.CODE)
    )
    return Shares(states, domains, codes)


def count(database: Session, wanted: Wanted, found: Shares) -> int | None:
    """How many there are, where that is known or quickly told; None else."""
    if found.states:
        whole = found.states.values()
        return sum(whole) if wanted.status is None else found.states.get(wanted.status, 0)
    if wanted.address_hash is None and not wanted.message_id:
        return None
    return count_all(database, wanted)


def zone(database: Session, edition: Edition | None) -> str:
    """In which zone days are meant: the newsletter's, if only one can be meant, and else UTC."""
    if edition is not None:
        return edition.newsletter.timezone
    every = set(database.scalars(select(Newsletter.timezone)))
    return every.pop() if len(every) == 1 else "UTC"


def count_all(database: Session, wanted: Wanted) -> int:
    """How many there are, counted one by one."""
    _number, found = _looked_through(database, wanted, _such(database, wanted))
    return database.scalar(select(func.count()).select_from(found.subquery())) or 0


def _of_code(by_code: totals.Counts, code: str) -> dict[DeliveryStatus, int]:
    found: dict[DeliveryStatus, int] = {}
    for name, states in by_code.items():
        if name == code or name.startswith(f"{code} "):
            for state, number in states.items():
                found[state] = found.get(state, 0) + number
    return found


def _such(database: Session, wanted: Wanted) -> list[ColumnElement[bool]]:
    such = []
    if wanted.edition is not None:
        readers = _few_readers(database, wanted.domain)
        if readers is None:
            such.append(totals.belongs(wanted.edition))
        else:  # no range, which SQLite would rather read
            such += [Delivery.edition_id == wanted.edition.id, Delivery.address_hash.in_(readers)]
    if wanted.status is not None:
        such.append(indexed.in_state(wanted.status))
        if wanted.status is _WAITS and wanted.edition is None:
            such.append(Delivery.edition_id.in_(select(Edition.id).where(Edition.status.in_(_UNDER_WAY))))
    if wanted.domain:
        such.append(totals.in_domain(database, wanted.domain))
    if wanted.only is not None:
        such.append(Delivery.id.in_(wanted.only))
    if wanted.address_hash is not None:
        such.append(Delivery.address_hash == wanted.address_hash)
    if wanted.message_id:
        such.append(Delivery.message_id == wanted.message_id)
    if wanted.days:
        such.extend(_on(database, wanted))
    return such


def _few_readers(database: Session, domain: str) -> Select[str] | None:
    """
    The hashes of the readers at a domain; None where they are many, or no domain is asked for.

    They lead to the deliveries: a reader's address never becomes another, and is blanked in both places at once.
    """
    if not domain:
        return None
    readers = select(Subscriber.address_hash).where(Subscriber.domain_key == domain.lower())
    count = database.scalar(select(func.count()).select_from(readers.limit(_FEW + 1).subquery())) or 0
    return readers if count <= _FEW else None


def _on(database: Session, wanted: Wanted) -> list[ColumnElement[bool]]:
    """
    What holds for those that came to be as they are on these days.

    No index tells the time; what does is the editions: none changed before its sending began, nor after it was last
    counted. So only what lies between the first and the last of those that can be meant is read.
    """
    named = zone(database, wanted.edition)
    begin, end = wanted.days.begin_at(named), wanted.days.end_at(named)
    such: list[ColumnElement[bool]] = []
    meant: list[ColumnElement[bool]] = [Edition.frozen_at.is_not(None)]
    if begin is not None:
        such.append(Delivery.changed_at >= begin)
        is_open = or_(Edition.status.not_in(_OVER), Edition.counted_at.is_(None))
        meant.append(or_(is_open, Edition.counted_at >= begin - totals.UNSETTLED))
    if end is not None:
        such.append(Delivery.changed_at < end)
        meant.append(Edition.frozen_at < end)
    bounds = select(func.min(Edition.first_delivery_id), func.max(Edition.last_delivery_id)).where(*meant)
    first, last = database.execute(bounds).one()
    such.append(false() if first is None else Delivery.id.between(first, last))
    return such


def _looked_for(
    database: Session, wanted: Wanted, such: Sequence[ColumnElement[bool]], after: int | None, limit: int
) -> list[int]:
    """
    The first numbers of the deliveries with what no index tells: a domain, a reply code, a server's words.

    The latest are looked through first, and all the others where those were not enough: what is frequent is
    found at once, and what is rare in hardly more time than by looking through all of them in one go.
    """
    edition = wanted.edition
    first = edition.first_delivery_id if edition else None
    high = after - 1 if after is not None else edition.last_delivery_id if edition else None
    number, query = _looked_through(database, wanted, such)
    found: list[int] = []
    for stride in _STRIDES:
        part = query if high is None else query.where(number <= high)
        low = high - stride if stride and high is not None and first is not None else 0
        is_last = first is None or low <= first
        if not is_last:
            part = part.where(number > low)
        found += database.scalars(part.order_by(number.desc()).limit(limit - len(found)))
        if is_last or len(found) == limit:
            break
        high = low
    return found


def _looked_through(
    database: Session, wanted: Wanted, such: Sequence[ColumnElement[bool]]
) -> tuple[ColumnElement[int] | InstrumentedAttribute[int], Select[int]]:
    """The number of a delivery, and a query of the numbers of those that are wanted."""
    if wanted.only is not None or not (wanted.words or wanted.code):
        is_few = _few_readers(database, wanted.domain) is not None
        return Delivery.id + 0 if is_few else Delivery.id, select(Delivery.id).where(*such)
    number = Attempt.delivery_id
    tried = select(number).distinct()
    if wanted.edition is not None:
        tried = tried.where(totals.belongs(wanted.edition, number))
    if wanted.is_narrowed or wanted.code:
        tried = tried.join(Delivery, Delivery.id == number).where(*such)
    if wanted.words:  # of any attempt; in capitals or not
        said = func.lower(totals.plainly(database, Attempt.reply))
        tried = tried.where(said.contains(wanted.words.lower(), autoescape=True))
    if wanted.code:  # of the last attempt
        last = aliased(Attempt) if wanted.words else Attempt
        if wanted.words:
            tried = tried.join(last, last.delivery_id == Delivery.id)
        tried = tried.where(last.number == Delivery.attempt_count, *_coded(last, wanted.code))
    return number, tried


def _coded(attempt: type[Attempt], name: str) -> list[ColumnElement[bool]]:
    """What holds for an attempt with a reply code, such as "550" or "550 5.1.1"."""
    code, _, enhanced = name.partition(" ")
    such: list[ColumnElement[bool]] = []
    if code.isascii() and code.isdigit() and len(code) == 3:
        such.append(attempt.code == int(code))
        if int(code) >= _LEAST_REFUSAL:  # these few have an index of their own
            such.append(indexed.not_sent(attempt))
    else:
        such.append(attempt.code.is_(None))
        enhanced = name
    return [*such, attempt.enhanced_code == enhanced] if enhanced else such
