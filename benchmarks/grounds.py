"""
What a bench starts from: a database with an edition whose audience is frozen, made once and copied for each run.

The subscribers are inserted in bulk, and the edition is frozen by the program's own way, outside what is measured.
"""

import contextlib
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import insert
from sqlalchemy.orm import Session

from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.delivery import approving, planning
from pulse_mailer.domain.edition import Category, Edition, EditionStatus, Item, Section
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.subscriber import Subscriber, Subscription, SubscriptionStatus, search_keys
from pulse_mailer.editions import reading
from pulse_mailer.keys import Keys, load_or_create
from pulse_mailer.links import Links, new_public_id

BASE_URL = "http://127.0.0.1:8025"
EDITION = "2026-03"
POSTGRESQL = "postgresql://postgres@127.0.0.1:5432/postgres"

_CHUNK = 10_000
_WHERE = "url"
_SUMMARY = (
    "A study of twelve councils that moved their teams to where people live, with what it cost them, what it "
    "saved – “less than hoped” – and what they would do again. **The authors** followed 1,204 people for three "
    "years, and asked carers as well as staff; the chapter on night visits is the one to read first. "
)

Name = Callable[[int], str]


def reader(number: int) -> str:
    return f"reader-{number}@example.org"


def nameless(_number: int) -> tuple[str, str]:
    return "", ""


@dataclass(frozen=True, slots=True)
class Ground:
    """
    Attributes:
        folder: the data folder, with the keys.
        url: of the database.
    """

    folder: Path
    url: str

    @property
    def kind(self) -> str:
        return "SQLite" if self.url.startswith("sqlite") else "PostgreSQL"

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a program that works here."""
        return {"data_dir": str(self.folder), "database_url": self.url, "base_url": BASE_URL}

    def links(self) -> Links:
        return Links(BASE_URL, load_or_create(self.folder / "keys"))


@dataclass(frozen=True, slots=True)
class Size:
    """
    How many get it, how many items the edition has, and who they are.

    Attributes:
        names: the first and the last one, by number.
    """

    recipients: int
    items: int = 1
    address: Name = reader
    names: Callable[[int], tuple[str, str]] = nameless


@contextlib.contextmanager
def prepared(
    kind: str, folder: Path, size: Size, *, server: str = POSTGRESQL, keep: bool = False
) -> Iterator[Ground]:
    """
    Give a ground to copy from.

    Args:
        kind: SQLite or PostgreSQL.
        keep: leave the database of PostgreSQL where it is at the end; a file of SQLite stays with its folder.
    """
    with contextlib.ExitStack() as stack:
        if kind == "SQLite":
            folder.mkdir(parents=True, exist_ok=True)
            url = f"sqlite:///{folder / 'pulse-mailer.db'}"
        else:
            url = stack.enter_context(_new_database(server, keep=keep))
        ground = Ground(folder, url)
        _fill(ground, size)
        yield ground


def keep(ground: Ground) -> None:
    """Note in its folder where a ground is, once it is whole, so that `kept()` finds it again."""
    (ground.folder / _WHERE).write_text(ground.url)


def kept(folder: Path) -> Ground | None:
    """The ground that is kept in a folder, brought up to date; None: there is none."""
    where = folder / _WHERE
    if not where.exists():
        return None
    ground = Ground(folder, where.read_text())
    database = Database(ground.url)
    try:
        database.upgrade()
    finally:
        database.close()
    return ground


@contextlib.contextmanager
def copied(ground: Ground, folder: Path) -> Iterator[Ground]:
    """Give a copy to send from, with the same keys, for as long as the block lasts."""
    shutil.copytree(ground.folder, folder)
    try:
        if ground.kind == "SQLite":
            yield Ground(folder, f"sqlite:///{folder / 'pulse-mailer.db'}")
        else:
            server, _, name = ground.url.rpartition("/")
            with _new_database(f"{server}/postgres", template=name) as url:
                yield Ground(folder, url)
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def _new_database(server: str, *, template: str = "template1", keep: bool = False) -> Iterator[str]:
    name = f"pulse_mailer_bench_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
    try:
        yield f"{server.rpartition('/')[0]}/{name}"
    finally:
        if not keep:
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _fill(ground: Ground, size: Size) -> None:
    database = Database(ground.url)
    links = ground.links()
    try:
        database.upgrade()
        database.check_keys(links.keys)
        with database.transaction() as session:
            newsletter = _newsletter(session)
            _subscribe(session, newsletter, links.keys, size)
            session.add(edition_of(newsletter, size.items))
        with database.transaction() as session:
            edition = reading.edition(session, EDITION)
            checked = approving.approve(edition, links, forced=())
            planning.freeze(session, edition, checked, links, planning.Approval("bench", size.recipients))
        if database.is_sqlite:  # so that the file alone is the whole database, to be copied
            with database.engine.connect() as connection:
                connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            with database.engine.connect() as connection:
                connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM ANALYZE")
    finally:
        database.close()


def _newsletter(session: Session) -> Newsletter:
    newsletter = Newsletter(
        slug="pulse",
        name="Pulse",
        from_name="The Editor",
        from_address="editor@example.org",
        postal_address="1 High Street, Anytown",
        reason="You get this because you asked for it.",
        timezone="Europe/London",
        created_at=now(),
    )
    session.add(newsletter)
    session.flush()
    return newsletter


def _subscribe(session: Session, newsletter: Newsletter, keys: Keys, size: Size) -> None:
    moment = now()
    for start in range(1, size.recipients + 1, _CHUNK):
        numbers = range(start, min(start + _CHUNK, size.recipients + 1))
        people = [
            {
                "id": number,
                "address": size.address(number),
                "address_hash": keys.hash_address(size.address(number)),
                "first_name": size.names(number)[0],
                "last_name": size.names(number)[1],
                "created_at": moment,
                **search_keys(size.address(number), *size.names(number)),
            }
            for number in numbers
        ]
        ties = [
            {
                "newsletter_id": newsletter.id,
                "subscriber_id": number,
                "public_id": new_public_id(),
                "status": SubscriptionStatus.ACTIVE,
                "created_at": moment,
                "changed_at": moment,
            }
            for number in numbers
        ]
        session.execute(insert(Subscriber), people)
        session.execute(insert(Subscription), ties)


def edition_of(newsletter: Newsletter, items: int, key: str = EDITION) -> Edition:
    """A draft that preflight lets through, with so many items in categories of ten."""
    listed = [
        Item(
            position=number,
            number=number,
            publisher="Institute for Local Care",
            title=f"What good care looks like in {key}, part {number}",
            url=f"https://papers.example.org/care-{number}-{key}",
            summary=f"{_SUMMARY}{_SUMMARY}",
        )
        for number in range(1, items + 1)
    ]
    categories = [
        Category(position=place, name=f"Reports {place}", items=listed[start : start + 10])
        for place, start in enumerate(range(0, items, 10), 1)
    ]
    return Edition(
        newsletter_id=newsletter.id,
        key=key,
        period="March 2026",
        subject="Pulse, March 2026: what good care looks like",
        preheader="What good care looks like in twelve councils, and what it cost them to get there.",
        letter="Dear reader, this is the March edition of our reading list.",
        signed_by="Ann Marlowe",
        status=EditionStatus.DRAFT,
        sections=[Section(position=1, name="Care", categories=categories)],
        created_at=now(),
        changed_at=now(),
    )


def with_settings(ground: Ground, **more: str | float) -> dict[str, str]:
    """The environment's variables of a program that works here, by their whole names."""
    given = ground.settings | {name: str(value) for name, value in more.items()}
    return {f"PULSE_MAILER_{name.upper()}": value for name, value in given.items()}
