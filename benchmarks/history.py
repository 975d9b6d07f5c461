"""
Years of history for the bench of the pages: editions that were sent, with every delivery and attempt of theirs.

One edition is frozen by the program's own way; the others are made from it inside the database, by INSERT ... SELECT,
for nobody would wait for five million deliveries to be handed over one by one. What came of each is chosen by its
number, so that every state, domain and reply code is there in about the share that a real list has.
"""

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from benchmarks.grounds import EDITION, Ground, Size, edition_of
from pulse_mailer.database import Database
from pulse_mailer.delivery import approving, consenting, planning, totals, variants
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.editions import reading

#: Where people have their mailboxes: half with three, the rest with two thousand others.
BIG = ("gmail.com", "outlook.com", "nhs.example.net")
SMALL_COUNT = 2000
ITEMS = 30
#: Besides what went out: one that is written, and one that is approved.
DRAFT, APPROVED = "2026-04", "2026-05"


def address(number: int) -> str:
    if number % 2:
        return f"reader-{number}@{BIG[number // 2 % 3]}"
    return f"reader-{number}@council-{number // 2 % SMALL_COUNT}.example.org"


def names(number: int) -> tuple[str, str]:
    """One of three hundred first names, and one of two thousand surnames."""
    return f"First{number % 300}", f"Last{number % 2000}"


def size(subscribers: int) -> Size:
    return Size(subscribers, ITEMS, address, names)


# What a delivery came to, by a number that runs evenly over all of them.
_STATE = """
    CASE WHEN n % 1000 < 8 THEN 'failed' WHEN n % 1000 < 14 THEN 'skipped' WHEN n % 50000 = 20 THEN 'uncertain'
         WHEN n % 1000 < 17 THEN 'cancelled' ELSE 'sent' END
"""
_REASON = """
    CASE WHEN n % 1000 < 4 THEN 'relay:25: 550 5.1.1 No such user here'
         WHEN n % 1000 < 8 THEN 'relay:25: 452 4.2.2 Mailbox full'
         WHEN n % 1000 < 14 THEN 'unsubscribed after the audience was fixed'
         WHEN n % 50000 = 20 THEN 'The worker ended while this was being handed over; it may or may not have gone.'
         WHEN n % 1000 < 17 THEN 'the edition was stopped' ELSE '' END
"""

_EDITIONS = """
    INSERT INTO editions ({columns}, key, period, status, frozen_at, finished_at, first_delivery_id,
                          last_delivery_id, counted_at)
    SELECT {columns}, :key, :key, 'sent', {at}, {at}, NULL, NULL, NULL FROM editions WHERE key = :first
"""
_RENDERINGS = """
    INSERT INTO renderings ({columns}, edition_id) SELECT {columns}, :edition_id FROM renderings
    WHERE edition_id = :first_id
"""
_SECTIONS = """
    INSERT INTO sections ({sections}, edition_id) SELECT {sections}, :edition_id FROM sections
    WHERE edition_id = :first_id
"""
_CATEGORIES = """
    INSERT INTO categories ({categories}, section_id)
    SELECT {categories}, (SELECT min(id) FROM sections WHERE edition_id = :edition_id) FROM categories
    WHERE section_id IN (SELECT id FROM sections WHERE edition_id = :first_id)
"""
# Each edition has items of its own: preflight has much to say of those that were in an earlier one.
_ITEMS = """
    INSERT INTO items ({items}, title, url, category_id)
    SELECT {items}, replace(title, :first, :key), replace(url, :first, :key),
           (SELECT min(categories.id) FROM categories JOIN sections ON sections.id = categories.section_id
            WHERE sections.edition_id = :edition_id)
    FROM items WHERE category_id IN (SELECT categories.id FROM categories JOIN sections
                                     ON sections.id = categories.section_id WHERE sections.edition_id = :first_id)
"""
_DELIVERIES = f"""
    INSERT INTO deliveries (edition_id, subscription_id, rendering_id, address, address_hash, slots, dated_at,
                            message_id, status, reason, attempt_count, lease_epoch, backend, relay, connection,
                            changed_at)
    SELECT :edition_id, subscription_id, :rendering_id, address, address_hash, slots, dated_at,
           'e' || :edition_id || '.' || subscription_id || '@example.org', {_STATE}, {_REASON},
           CASE WHEN n % 1000 BETWEEN 8 AND 16 THEN 0 WHEN n % 25 = 3 THEN 2 ELSE 1 END, 1, 'smtp', 'relay:25',
           1 + n % 4, {{at}}
    FROM (SELECT deliveries.*, subscription_id * 7 + :edition_id * 13 AS n FROM deliveries
          WHERE edition_id = :first_id ORDER BY id LIMIT :count) AS these
"""
_ATTEMPTS = """
    INSERT INTO attempts (delivery_id, number, worker, backend, relay, connection, started_at, ended_at, stage,
                          outcome, fault, code, enhanced_code, reply, provider_id)
    SELECT id, {number}, 'host/boot/1/2/ab', 'smtp', 'relay:25', connection, changed_at, changed_at, 'dot',
           {outcome}, {fault}, {code}, {enhanced}, {reply}, ''
    FROM deliveries WHERE edition_id = :edition_id AND {such}
"""
_TRIES = (
    {
        "number": "1", "outcome": "'deferred'", "fault": "'recipient'", "code": "451", "enhanced": "'4.7.1'",
        "reply": "'Greylisted, please come back in ' || (id % 300) || ' seconds'", "such": "attempt_count = 2",
    },
    {
        "number": "attempt_count", "outcome": "'sent'", "fault": "NULL", "code": "250", "enhanced": "'2.0.0'",
        "reply": "'Ok: queued as 4' || (id * 7919 % 1000000007)",
        "such": "status = 'sent' AND attempt_count > 0",
    },
    {
        "number": "attempt_count", "outcome": "'failed'",
        "fault": "CASE WHEN reason LIKE '%550%' THEN 'address' ELSE 'recipient' END",
        "code": "CASE WHEN reason LIKE '%550%' THEN 550 ELSE 452 END",
        "enhanced": "CASE WHEN reason LIKE '%550%' THEN '5.1.1' ELSE '4.2.2' END",
        "reply": "CASE WHEN reason LIKE '%550%' THEN 'No such user here' ELSE 'Mailbox full' END",
        "such": "status = 'failed'",
    },
    {
        "number": "attempt_count", "outcome": "'uncertain'", "fault": "NULL", "code": "NULL", "enhanced": "''",
        "reply": "'The worker ended.'", "such": "status = 'uncertain' AND attempt_count > 0",
    },
)  # fmt: skip
_BOUNDS = """
    UPDATE editions SET
      first_delivery_id = (SELECT min(id) FROM deliveries WHERE edition_id = editions.id),
      last_delivery_id = (SELECT max(id) FROM deliveries WHERE edition_id = editions.id) WHERE id = :edition_id
"""
#: The last edition is paused half-way, so that the worker of the bench has it to count and nothing to send.
_PAUSED = """
    UPDATE editions SET status = 'paused', halted_by = 'cli:ann', halt_reason = 'to be looked at'
    WHERE id = :edition_id
"""
_HALF_SENT = """
    UPDATE deliveries SET status = 'sent', next_attempt_at = NULL, attempt_count = 1, backend = 'smtp',
                          relay = 'relay:25', connection = 1
    WHERE edition_id = :edition_id AND id % 2 = 0
"""
_SUPPRESSED = """
    INSERT INTO suppressions (address_hash, reason, note, created_at, actor)
    SELECT address_hash, 'bounced', '550 5.1.1 No such user here', created_at, 'dispatcher' FROM subscribers
    WHERE id % 25 = 0
"""
_JOINED = """
    INSERT INTO subscription_events (subscription_id, kind, at, way, wording, actor)
    SELECT id, 'joined', created_at, 'import', 'asked at the conference', 'cli:ann' FROM subscriptions
"""
_AUDITED = """
    INSERT INTO audit_records (at, actor, action, subject)
    SELECT created_at, 'cli:ann', 'subscriber.imported', 'newsletter pulse' FROM subscribers WHERE id % 4 = 0
"""


def fill(ground: Ground, editions: int, deliveries: int) -> None:
    """
    Give a ground a past.

    Args:
        editions: how many, the one that is half sent included.
        deliveries: how many altogether, about.
    """
    database = Database(ground.url)
    try:
        with database.transaction() as session:
            first_id, held = session.execute(
                text("SELECT id, last_delivery_id - first_delivery_id + 1 FROM editions WHERE key = :key"),
                {"key": EDITION},
            ).one()
            session.execute(text(_SUPPRESSED))
            session.execute(text(_JOINED))
            session.execute(text(_AUDITED))
        each = min(held, (deliveries - held) // max(1, editions - 1))
        for number in range(editions - 1):
            year, month = divmod(number, 12)
            with database.transaction() as session:
                key, days_ago = f"{2023 + year}-{month + 1:02}", 30 * (editions - 1 - number)
                _copy(session, first_id, key, each, days_ago)
            print(f"  edition {number + 1} of {editions - 1}: {each:,} deliveries", flush=True)
        with database.transaction() as session:
            session.execute(text(_PAUSED), {"edition_id": first_id})
            session.execute(text(_HALF_SENT), {"edition_id": first_id})
            _attempt(session, first_id)
        _tidy(database)
        with database.transaction() as session:
            for edition_id, _name in totals.due(session):
                totals.keep(session, edition_id)
        _tidy(database)
    finally:
        database.close()


def begin_others(ground: Ground) -> None:
    """See that the editions are there that are yet to go out."""
    database, links = Database(ground.url), ground.links()
    try:
        with database.transaction() as session:
            newsletter = session.scalars(select(Newsletter)).one()
            held = set(session.scalars(select(Edition.key)))
            session.add_all(
                edition_of(newsletter, ITEMS, key) for key in (DRAFT, APPROVED) if key not in held
            )
        with database.transaction() as session:
            edition = reading.edition(session, APPROVED)
            if edition.status is EditionStatus.DRAFT:
                checked = approving.approve(edition, links, forced=())
                agreed = planning.Approval("bench", variants.plan(session, edition).count)
                consenting.approve(session, edition, checked, agreed)
    finally:
        database.close()


def _copy(session: Session, first_id: int, key: str, count: int, days_ago: int) -> None:
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    at = f"datetime('now', '-{days_ago} days')" if is_sqlite else f"now() - interval '{days_ago} days'"
    given = {"first": EDITION, "first_id": first_id, "key": key, "count": count}
    left_out = ("key", "period", "status", "frozen_at", "finished_at")
    bounds = ("first_delivery_id", "last_delivery_id", "counted_at")
    columns = _columns(session, "editions", *left_out, *bounds)
    session.execute(text(_EDITIONS.format(columns=columns, at=at)), given)
    given["edition_id"] = session.scalar(text("SELECT id FROM editions WHERE key = :key"), given)
    session.execute(text(_RENDERINGS.format(columns=_columns(session, "renderings", "edition_id"))), given)
    wanted = "SELECT min(id) FROM renderings WHERE edition_id = :edition_id"
    given["rendering_id"] = session.scalar(text(wanted), given)
    parts = {
        "sections": _columns(session, "sections", "edition_id"),
        "categories": _columns(session, "categories", "section_id"),
        "items": _columns(session, "items", "category_id", "title", "url"),
    }
    for statement in (_SECTIONS, _CATEGORIES, _ITEMS):
        session.execute(text(statement.format(**parts)), given)
    session.execute(text(_DELIVERIES.format(at=at)), given)
    _attempt(session, given["edition_id"])
    session.execute(text(_BOUNDS), given)


def _attempt(session: Session, edition_id: object) -> None:
    for tries in _TRIES:
        session.execute(text(_ATTEMPTS.format(**tries)), {"edition_id": edition_id})


def _columns(session: Session, table: str, *without: str) -> str:
    if session.get_bind().dialect.name == "sqlite":
        wanted = text("SELECT name FROM pragma_table_info(:table)")
    else:
        wanted = text("SELECT column_name FROM information_schema.columns WHERE table_name = :table")
    found = session.scalars(wanted, {"table": table})
    return ", ".join(name for name in found if name not in ("id", *without))


def _tidy(database: Database) -> None:
    """As autovacuum and `PRAGMA optimize` would have done long ago."""
    with database.engine.connect() as connection:
        free = connection.execution_options(isolation_level="AUTOCOMMIT")
        if not database.is_sqlite:
            free.exec_driver_sql("VACUUM ANALYZE")
