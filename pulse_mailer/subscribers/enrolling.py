"""Many people made subscribers at once, by statements over a temporary table."""

import contextlib
import datetime
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import psycopg
from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Integer,
    MetaData,
    String,
    Table,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Session

from pulse_mailer.clock import now
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.subscriber import (
    EventKind,
    Subscriber,
    Subscription,
    SubscriptionEvent,
    SubscriptionStatus,
    Way,
    search_keys,
)
from pulse_mailer.links import new_public_id
from pulse_mailer.subscribers.joining import REFUSING, insert_new, look_up
from pulse_mailer.subscribers.reasons import CAUSE, why
from pulse_mailer.subscribers.rows import RefusedRow, Row

_NAMES = ("first_name", "last_name", "organisation")
_KEYS = ("address_key", "name_key", "surname_key", "domain_key")
_PERSON = ("address", "address_hash", *_NAMES, *_KEYS)

# In metadata of its own, since it is no part of the schema.
_entries = Table(
    "entries",
    MetaData(),
    Column("line", Integer, nullable=False),
    Column("address", String, nullable=False),
    Column("address_hash", String, nullable=False),
    *(Column(name, String, nullable=False) for name in _NAMES),
    Column("public_id", String, nullable=False),
    Column("choice", String, nullable=False),
    *(Column(name, String, nullable=False) for name in _KEYS),
    prefixes=["TEMPORARY"],
)


class Entry(NamedTuple):
    """
    Attributes:
        choice: of sections, as Subscriptions hold it; only who joins gets it.
    """

    row: Row
    address_hash: str
    choice: str = ""


@dataclass(frozen=True, slots=True)
class Consent:
    """
    How the people came to be subscribed.

    Attributes:
        wording: what they agreed to, as far as it is known.
    """

    way: Way
    actor: str
    wording: str


@dataclass(frozen=True, slots=True)
class Enrolled:
    """
    What came of a chunk.

    Attributes:
        unchanged_count: were subscribed, or have yet to confirm.
    """

    joined_count: int
    updated_count: int
    unchanged_count: int
    refused: list[RefusedRow]


@contextlib.contextmanager
def enrolment(database: Session) -> Iterator[None]:
    """All chunks within it are stored, or none: an error takes back what came before."""
    with database.begin_nested():
        _entries.create(database.connection(), checkfirst=False)
        with _by_index(database):
            yield
        _entries.drop(database.connection(), checkfirst=False)


@contextlib.contextmanager
def _by_index(database: Session) -> Iterator[None]:
    """
    Keep PostgreSQL to its indexes meanwhile, and to the order in which our statements name the tables.

    For each chunk it would rather read whole tables, six times over: ten times slower on 300,000 subscribers. Of
    tables that fill up in this very transaction it knows nothing, and would begin with all subscriptions.
    """
    if database.get_bind().dialect.name != "postgresql":
        yield
        return
    ways = {"enable_hashjoin": "off", "enable_mergejoin": "off", "jit": "off", "join_collapse_limit": "1"}
    for way, value in ways.items():
        database.execute(text(f"SET LOCAL {way} = {value}"))
    yield
    for way in ways:
        database.execute(text(f"SET LOCAL {way} TO DEFAULT"))


def enrol(
    database: Session, newsletter: Newsletter, entries: Sequence[Entry], consent: Consent, *, dry_run: bool
) -> Enrolled:
    """
    Subscribe entries, of which no two have the same address, within an `enrolment`.

    Who left, is suppressed or erased is refused. A dry run finds out the same, and stores nothing.
    """
    _fill(database, entries)
    refused = _refuse(database, newsletter)
    subscribed, to_update = _subscribed(database, newsletter.id)
    joined = len(entries) - len(refused) - subscribed
    if not dry_run:
        _fill_in_names(database)
        joined = _insert(database, newsletter.id, consent)
    database.execute(delete(_entries))
    unchanged = len(entries) - len(refused) - joined - to_update
    return Enrolled(joined, to_update, unchanged, refused)


def _fill(database: Session, entries: Sequence[Entry]) -> None:
    """
    By the drivers' own fast ways, in the order of the hashes.

    In that order all that follows reads and writes the indexes page by page instead of all over the place.
    """
    rows = [
        (
            row.line,
            row.address,
            address_hash,
            row.first_name,
            row.last_name,
            row.organisation,
            new_public_id(),
            choice,
            *search_keys(row.address, row.first_name, row.last_name).values(),
        )
        for row, address_hash, choice in sorted(entries, key=operator.attrgetter("address_hash"))
    ]
    connection = database.connection()
    driver = connection.connection.driver_connection
    if isinstance(driver, psycopg.Connection):
        with driver.cursor().copy("COPY entries FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    else:
        values = ", ".join("?" * len(_entries.columns))
        connection.exec_driver_sql(f"INSERT INTO entries VALUES ({values})", rows)  # noqa: S608 - question marks alone


def _refuse(database: Session, newsletter: Newsletter) -> list[RefusedRow]:
    """Take out of the table those who must not be subscribed."""
    query = look_up(_entries, newsletter.id).where(CAUSE.in_(cause.value for cause in REFUSING))
    refused = [
        RefusedRow(row.line, row.address, why(row, newsletter.timezone))
        for row in database.execute(query).all()
    ]
    if refused:
        database.execute(delete(_entries).where(_entries.c.line.in_([row.line for row in refused])))
    return refused


def _subscribed(database: Session, newsletter_id: int) -> tuple[int, int]:
    """How many entries are subscribed already, and of how many of those the names can be filled in."""
    own = and_(Subscription.subscriber_id == Subscriber.id, Subscription.newsletter_id == newsletter_id)
    to_fill = func.count(case((_names_missing(), Subscription.id)))
    # Outer joins and no WHERE, so that SQLite begins with the entries: it knows nothing of how many there are,
    # and would rather go through all subscriptions for each.
    query = (
        select(func.count(Subscription.id), to_fill)
        .select_from(_entries)
        .outerjoin(Subscriber, Subscriber.address_hash == _entries.c.address_hash)
        .outerjoin(Subscription, own)
    )
    subscribed, to_update = database.execute(query).one()
    return subscribed, to_update


def _fill_in_names(database: Session) -> None:
    names = {
        name: case((getattr(Subscriber, name) == "", _entries.c[name]), else_=getattr(Subscriber, name))
        for name in _NAMES
    }
    known = Subscriber.address_hash == _entries.c.address_hash
    filled = database.connection().execute(
        update(Subscriber)
        .where(known, _names_missing())
        .values(names)
        .returning(Subscriber.id, Subscriber.address, Subscriber.first_name, Subscriber.last_name)
    )
    keys = [{"id": row.id, **search_keys(row.address, row.first_name, row.last_name)} for row in filled]
    if keys:
        database.execute(update(Subscriber), keys)


def _insert(database: Session, newsletter_id: int, consent: Consent) -> int:
    """Make Subscribers, Subscriptions and events of entries that lack them; give how many joined."""
    moment = literal(now(), Subscriber.created_at.type)
    unknown = ~exists().where(Subscriber.address_hash == _entries.c.address_hash)
    persons = select(*(_entries.c[name] for name in _PERSON), moment).where(unknown)
    database.execute(
        insert_new(database, Subscriber, "address_hash").from_select([*_PERSON, "created_at"], persons)
    )
    untied = ~exists().where(
        Subscription.newsletter_id == newsletter_id, Subscription.subscriber_id == Subscriber.id
    )
    ties = {
        "newsletter_id": literal(newsletter_id),
        "subscriber_id": Subscriber.id,
        "public_id": _entries.c.public_id,
        "choice": _entries.c.choice,
        "status": literal(SubscriptionStatus.ACTIVE, Subscription.status.type),
        "created_at": moment,
        "changed_at": moment,
    }
    database.execute(
        insert_new(database, Subscription, "newsletter_id", "subscriber_id").from_select(
            list(ties), select(*ties.values()).select_from(_known()).where(untied)
        )
    )
    return _note(database, consent, moment)


def _note(database: Session, consent: Consent, moment: ColumnElement[datetime.datetime]) -> int:
    """An event for every Subscription that was just made: it has the public id that its entry was given."""
    values = {
        "subscription_id": Subscription.id,
        "kind": literal(EventKind.JOINED, SubscriptionEvent.kind.type),
        "at": moment,
        "way": literal(consent.way, SubscriptionEvent.way.type),
        "wording": literal(consent.wording),
        "actor": literal(consent.actor),
    }
    made = select(*values.values()).join(_entries, _entries.c.public_id == Subscription.public_id)
    note = insert(SubscriptionEvent).from_select(list(values), made)
    return database.connection().execute(note, execution_options={"preserve_rowcount": True}).rowcount


def _known() -> FromClause:
    return _entries.join(Subscriber, Subscriber.address_hash == _entries.c.address_hash)


def _names_missing() -> ColumnElement[bool]:
    return or_(*(and_(getattr(Subscriber, name) == "", _entries.c[name] != "") for name in _NAMES))
