"""
How many deliveries of an edition are in which state, and of which domain or reply code.

The answers are stored, so that a page need not count millions of rows. Of an edition that is over they hold until
somebody changes its deliveries, who says so by `outdate()`; of one that is being sent a worker counts them every few
seconds, by domain and code only those in trouble, which are few. Where nobody did, and where there are but few, they
are counted on the spot.
"""

import datetime
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Subquery,
    case,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy import cast as as_sql
from sqlalchemy.orm import InstrumentedAttribute, Session

from pulse_mailer.clock import now
from pulse_mailer.delivery import indexed
from pulse_mailer.domain.delivery import Attempt, Delivery, DeliveryStatus
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.total import Facet, Total

#: What was counted so soon after the end is counted again: a worker that was frozen may have brought evidence since.
UNSETTLED = datetime.timedelta(hours=1)
#: How often, in that time.
AGAIN = datetime.timedelta(minutes=5)
#: How often one that is being sent is counted, and from what age on that is not told any more.
EVERY = datetime.timedelta(seconds=10)
STALE = datetime.timedelta(seconds=30)
#: So few deliveries are counted on the spot while they are sent: that takes no longer than a page.
SMALL = 10_000

Counts = dict[str, dict[DeliveryStatus, int]]

_UNDER_WAY = (EditionStatus.SENDING, EditionStatus.PAUSED)


def states(database: Session, edition: Edition, *, exact: bool = False) -> dict[DeliveryStatus, int]:
    """
    How many of an edition's deliveries are in each state; every state is there.

    Args:
        exact: at this moment, also while it is being sent.
    """
    counted = counts(database, edition, Facet.STATE, exact=exact).get("", {})
    return {state: counted.get(state, 0) for state in DeliveryStatus}


def counts(
    database: Session,
    edition: Edition,
    facet: Facet,
    *,
    names: Sequence[str] | None = None,
    exact: bool = False,
) -> Counts:
    """
    By name (domain, reply code; "" for states alone) and state.

    Args:
        names: only of these; None: of all.
        exact: as for `states()`.
    """
    told = _told(database, edition, facet, exact=exact)
    wanted = select(told.c.name, told.c.status, told.c.count)
    found: Counts = {}
    for name, status, count in database.execute(
        wanted if names is None else wanted.where(told.c.name.in_(names))
    ):
        found.setdefault(name, {})[status] = count
    return found


def leading(
    database: Session,
    edition: Edition,
    facet: Facet,
    states: Sequence[DeliveryStatus] = tuple(DeliveryStatus),
    *,
    limit: int,
) -> list[tuple[str, int]]:
    """The names with most deliveries in these states, and how many; then those with most deliveries altogether."""
    told = _told(database, edition, facet)
    such = func.sum(case((told.c.status.in_(states), told.c.count), else_=0))
    ordered = (
        select(told.c.name, such)
        .group_by(told.c.name)
        .order_by(such.desc(), func.sum(told.c.count).desc(), told.c.name)
        .limit(limit)
    )
    return [(row[0], int(row[1])) for row in database.execute(ordered)]


def all_states(database: Session) -> dict[int, dict[DeliveryStatus, int]]:
    """By edition, for each whose sending began."""
    began = list(database.scalars(select(Edition).where(Edition.frozen_at.is_not(None))))
    found: dict[int, dict[DeliveryStatus, int]] = {edition.id: {} for edition in began}
    stored = select(Total.edition_id, Total.status, Total.count).where(
        Total.edition_id.in_(found), Total.facet == Facet.STATE
    )
    for edition_id, status, count in database.execute(stored):
        found[edition_id][status] = count
    for edition in began:
        if not _holds(edition):
            found[edition.id] = states(database, edition)
    return found


def outdate(database: Session, edition_ids: Sequence[int]) -> None:
    """Note that deliveries of these editions change."""
    database.execute(update(Edition).where(Edition.id.in_(edition_ids)).values(counted_at=None))


def due(database: Session) -> list[tuple[int, str]]:
    """Id and name of the editions that a worker is to count now."""
    at = now()
    under_way = Edition.status.in_(_UNDER_WAY) & (Edition.counted_at < at - EVERY)
    again = (Edition.finished_at > at - UNSETTLED) & (Edition.counted_at < at - AGAIN)
    wanted = (
        select(Edition.id, Newsletter.slug, Edition.key)
        .join(Newsletter, Newsletter.id == Edition.newsletter_id)
        .where(Edition.frozen_at.is_not(None), or_(Edition.counted_at.is_(None), under_way, again))
        .order_by(Edition.id)
    )
    return [(row[0], f"{row[1]}/{row[2]}") for row in database.execute(wanted)]


def keep(database: Session, edition_id: int) -> None:
    """Count an edition, and store what comes of it."""
    wanted = select(Edition).where(Edition.id == edition_id).with_for_update()
    edition = database.scalars(wanted, execution_options={"populate_existing": True}).one()
    database.execute(delete(Total).where(Total.edition_id == edition.id))
    columns = ["edition_id", "facet", "name", "status", "count"]
    for facet in Facet:
        counted = _counted(database, edition, facet).subquery()
        kind = literal(facet, Total.facet.type)
        rows = select(literal(edition.id), kind, counted.c.name, counted.c.status, counted.c.count)
        database.execute(insert(Total).from_select(columns, rows))
    edition.counted_at = now()


def is_whole(edition: Edition) -> bool:
    """Whether all of its deliveries are counted by domain and code, and not only those in trouble."""
    return edition.status.is_over


def belongs(edition: Edition, column: InstrumentedAttribute[int] = Delivery.id) -> ColumnElement[bool]:
    """
    What holds for the deliveries of an edition, by where they lie: they were made together, so that a range is read.

    Args:
        column: the number of the delivery, in whichever table.
    """
    if edition.first_delivery_id is not None:
        return column.between(edition.first_delivery_id, edition.last_delivery_id)
    if column is Delivery.id:
        return Delivery.edition_id == edition.id
    return column.in_(select(Delivery.id).where(Delivery.edition_id == edition.id))


def audience(database: Session, edition: Edition) -> int:
    """How many deliveries it has, whatever became of them."""
    if edition.first_delivery_id is not None and edition.last_delivery_id is not None:
        return edition.last_delivery_id - edition.first_delivery_id + 1
    return database.scalar(select(func.count(Delivery.id)).where(Delivery.edition_id == edition.id)) or 0


def in_domain(database: Session, domain: str) -> ColumnElement[bool]:
    """What holds for a delivery to a receiving domain."""
    return plainly(database, Delivery.address).endswith(f"@{domain.lower()}", autoescape=True)


def plainly(database: Session, text: ColumnElement[str] | InstrumentedAttribute[str]) -> ColumnElement[str]:
    """Text compared letter by letter, as SQLite does: by a language's rules PostgreSQL takes three times as long."""
    return text.collate("C") if database.get_bind().dialect.name == "postgresql" else text.collate("BINARY")


def _holds(edition: Edition, *, exact: bool = False) -> bool:
    """Whether what is stored of it can be told."""
    if edition.counted_at is None or edition.status.is_over:
        return edition.counted_at is not None
    return not exact and edition.counted_at > now() - STALE and not _is_small(edition)


def _is_small(edition: Edition) -> bool:
    first, last = edition.first_delivery_id, edition.last_delivery_id
    return first is not None and last is not None and last - first < SMALL


def domain_of(database: Session) -> ColumnElement[str]:
    """The receiving domain of a delivery; empty where the address was erased."""
    at = func.instr if database.get_bind().dialect.name == "sqlite" else func.strpos
    place = at(Delivery.address, "@")
    return case((place > 0, func.substr(Delivery.address, place + 1)), else_="")


def reply_code() -> ColumnElement[str]:
    """The reply code of an attempt as it is told: "550 5.1.1", "250"; empty when there was no answer."""
    return func.trim(func.coalesce(as_sql(Attempt.code, String), "") + " " + Attempt.enhanced_code)


def _told(database: Session, edition: Edition, facet: Facet, *, exact: bool = False) -> Subquery:
    """Name, status and count, as stored or counted on the spot."""
    if not _holds(edition, exact=exact):
        return _counted(database, edition, facet).subquery()
    stored = select(Total.name, Total.status, Total.count)
    return stored.where(Total.edition_id == edition.id, Total.facet == facet).subquery()


def _counted(database: Session, edition: Edition, facet: Facet) -> Select[str, DeliveryStatus, int]:
    told = _with_last_try(edition) if facet is Facet.CODE else _bare(edition)
    names: dict[Facet, ColumnElement[str]] = {
        Facet.STATE: literal(""),
        Facet.DOMAIN: domain_of(database),
        Facet.CODE: func.coalesce(reply_code(), ""),
    }
    if facet is not Facet.STATE and not is_whole(edition):
        told = told.where(indexed.in_trouble())
    inner = told.add_columns(names[facet].label("name"), Delivery.status.label("status")).subquery()
    return select(inner.c.name, inner.c.status, func.count().label("count")).group_by(
        inner.c.name, inner.c.status
    )


def _bare(edition: Edition) -> Select[Any]:
    return select().select_from(Delivery).where(belongs(edition))


def _with_last_try(edition: Edition) -> Select[Any]:
    last = (Attempt.delivery_id == Delivery.id) & (Attempt.number == Delivery.attempt_count)
    its = belongs(edition, Attempt.delivery_id)
    return select().select_from(Delivery).outerjoin(Attempt, last & its).where(belongs(edition))
