"""The engine, the scope of a transaction, and the migrations."""

import contextlib
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
import sqlalchemy.exc
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InternalError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from pulse_mailer.domain.auditing import KeyFingerprint
from pulse_mailer.errors import (
    BadSetting,
    DatabaseAhead,
    DatabaseBehind,
    DatabaseUnreachable,
    KeysMismatch,
    MigrationFailed,
)
from pulse_mailer.keys import Keys
from pulse_mailer.resources import migrations_dir

_REMEDY = (
    "Check PULSE_MAILER_DATABASE_URL, and that the database runs, can be written and is held by nobody else."
)

#: libpq's parameters, where the URL does not say otherwise: nobody waits for ever for a server that is gone, nor
#: for a program that was frozen with its transaction open.
_POSTGRESQL = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
    # Our queries are short: to compile one takes longer than to run it.
    "options": "-c lock_timeout=30s -c idle_in_transaction_session_timeout=1min -c jit=off",
}

#: An execution option, and on SQLite what a connection is set to at present.
_READS_ONLY = "reads_only"


class Database:
    """
    One database, SQLite or PostgreSQL.

    There are two ways to work with it: `transaction()`, a session that commits at its end or changes nothing, and
    `reading()`, a session that cannot change anything.
    """

    def __init__(self, url: str) -> None:
        try:
            self.url = make_url(url)
        except ArgumentError as error:
            raise BadSetting("PULSE_MAILER_DATABASE_URL is not a database URL.") from error
        if self.url.drivername == "postgresql":
            self.url = self.url.set(drivername="postgresql+psycopg")
        if self.url.get_backend_name() not in ("sqlite", "postgresql"):
            raise BadSetting(
                "PULSE_MAILER_DATABASE_URL names a database that Pulse Mailer does not know.",
                remedy="Use sqlite:///FILE or postgresql://USER@HOST/NAME.",
            )
        try:
            self.engine = _engine(self.url)
        except NoSuchModuleError as error:
            raise BadSetting("PULSE_MAILER_DATABASE_URL names a driver that is not installed.") from error
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        for_reading = self.engine.execution_options(**{_READS_ONLY: True}, postgresql_readonly=True)
        self._reading_sessions = sessionmaker(for_reading, autoflush=False)

    @property
    def shown(self) -> str:
        """Its URL for people: without the password."""
        return self.url.render_as_string(hide_password=True)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Session]:
        """
        Raises:
            DatabaseUnreachable: it does not answer; nothing was changed.
        """
        with _reachable(self), self._sessions.begin() as session:
            yield session

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """
        A session to look with: it waits for no writer, holds none up, and the database refuses any change.

        Raises:
            DatabaseUnreachable: it does not answer.
        """
        with _reachable(self), self._reading_sessions() as session:
            yield session

    @contextlib.contextmanager
    def line(self) -> Iterator[Connection]:
        """
        One connection, for a writer that begins and commits many short transactions on it.

        Raises:
            DatabaseUnreachable: it does not answer; what was not committed is not there.
        """
        with _reachable(self), self.engine.connect() as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()

    def revisions(self) -> tuple[str | None, str]:
        """The migration that the database is at (None: it is empty), and the newest that there is."""
        head = _migrations(migrations_dir()).head
        if head is None:
            raise DatabaseBehind("The folder of migrations is empty: the installation is incomplete.")
        with self.reading() as database:
            return MigrationContext.configure(database.connection()).get_current_revision(), head

    def check_revision(self) -> None:
        """
        Raises:
            DatabaseBehind: the database is not at the newest migration.
            DatabaseAhead: a newer release made it.
        """
        current, head = self.revisions()
        self._refuse_newer(current)
        if current != head:
            raise DatabaseBehind(
                f"The database {self.shown} is at migration {current or 'none'}; this program needs {head}.",
                remedy="Bring it up to date: pulse-mailer db upgrade",
            )

    def upgrade(self, revision: str = "head") -> None:
        """
        Run the migrations up to a revision, in one transaction.

        Raises:
            DatabaseAhead: a newer release made it.
            MigrationFailed: the database refused; nothing was changed.
        """
        with self.migrating() as config:
            alembic.command.upgrade(config, revision)

    def downgrade(self, revision: str) -> None:
        """Undo the migrations down to a revision; raises as `upgrade()`."""
        with self.migrating() as config:
            alembic.command.downgrade(config, revision)

    def check_keys(self, keys: Keys) -> None:
        """
        Hold the keys against the fingerprints that the database keeps; a new one keeps these.

        Raises:
            KeysMismatch: links already sent would break, or people who left would not be recognised.
        """
        prints = keys.fingerprints()
        with (
            self.reading() as database
        ):  # nearly always all are kept, and nobody's writing need be waited for
            if self._new_prints(database, prints) == {}:
                return
        with self.transaction() as database:
            for purpose, fingerprint in self._new_prints(database, prints).items():
                database.add(KeyFingerprint(purpose=purpose, fingerprint=fingerprint))

    def _new_prints(self, database: Session, prints: dict[str, str]) -> dict[str, str]:
        """The fingerprints that the database does not keep yet. Raises as `check_keys()`."""
        kept = {row.purpose: row.fingerprint for row in database.scalars(select(KeyFingerprint))}
        for purpose, fingerprint in kept.items():
            if prints.get(purpose) != fingerprint:
                raise KeysMismatch(
                    f"The key {purpose!r} is not the one that {self.shown} was made with.",
                    remedy="Bring back the key files that belong to this database.",
                )
        return {purpose: prints[purpose] for purpose in prints.keys() - kept.keys()}

    @contextlib.contextmanager
    def migrating(self) -> Iterator[alembic.config.Config]:
        """Alembic's configuration, with a connection in a transaction; for its commands."""
        self._refuse_newer(self.revisions()[0])
        try:
            with _reachable(self), self.engine.begin() as connection:
                config = _alembic(migrations_dir())
                config.attributes["connection"] = connection
                yield config
        except DBAPIError as error:
            raise MigrationFailed(
                f"The migration of {self.shown} failed and changed nothing: {_first_line(error)}."
            ) from error

    def _refuse_newer(self, current: str | None) -> None:
        if current is not None and current not in _migrations(migrations_dir()).known:
            raise DatabaseAhead(
                f"The database {self.shown} is at migration {current}, which this program does not know.",
                remedy="A newer release made it: install that one.",
            )


@dataclass(frozen=True, slots=True)
class _Migrations:
    """The shipped ones: the newest, and all."""

    head: str | None
    known: frozenset[str]


@functools.cache
def _migrations(folder: Path) -> _Migrations:
    """Read once a process: each of them is a module."""
    scripts = ScriptDirectory.from_config(_alembic(folder))
    return _Migrations(
        scripts.get_current_head(), frozenset(script.revision for script in scripts.walk_revisions())
    )


def _alembic(folder: Path) -> alembic.config.Config:
    config = alembic.config.Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config


@contextlib.contextmanager
def _reachable(database: Database) -> Iterator[None]:
    try:
        yield
    except sqlalchemy.exc.DatabaseError as error:
        # Bare, it is SQLite's word for a file that is damaged or no database; Internal is PostgreSQL's for a
        # transaction that was left open too long. Its other children are the caller's.
        if type(error) not in (OperationalError, InternalError, sqlalchemy.exc.DatabaseError):
            raise
        raise DatabaseUnreachable(
            f"The database {database.shown} cannot be used: {_first_line(error)}.", remedy=_REMEDY
        ) from error
    except _driver_faults(database) as error:
        raise DatabaseUnreachable(
            f"The database {database.shown} cannot be used: {_first_words(error)}.", remedy=_REMEDY
        ) from error
    except sqlalchemy.exc.TimeoutError as error:
        raise DatabaseUnreachable(
            f"The database {database.shown} is too busy: no connection became free in time.",
            remedy="Try again.",
        ) from error


def _driver_faults(database: Database) -> tuple[type[Exception], ...]:
    """What a cursor of the driver's own raises; the ledger's most frequent statements go through one."""
    driver = database.engine.dialect.loaded_dbapi
    return (driver.OperationalError, driver.InternalError)


def _first_line(error: DBAPIError) -> str:
    return _first_words(error.orig)


def _first_words(error: BaseException | None) -> str:
    return next(iter(str(error).strip().splitlines()), "no answer").rstrip(".")


def _engine(url: URL) -> Engine:
    sqlite = url.get_backend_name() == "sqlite"
    waits = {} if sqlite else {name: value for name, value in _POSTGRESQL.items() if name not in url.query}
    # What goes wrong is logged with its statement; the values in it are people's addresses.
    engine = create_engine(url, pool_pre_ping=not sqlite, hide_parameters=True, connect_args=waits)
    if sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, record: Any) -> None:
    # autocommit off in the driver: it would begin late and let DDL escape the transaction.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")
    record.info[_READS_ONLY] = False


def _begin_sqlite(connection: Connection) -> None:
    # By the driver's own means: the ledger begins a thousand transactions a second.
    driver: Any = connection.connection.driver_connection
    reads_only = connection.get_execution_options().get(_READS_ONLY, False)
    if connection.info[_READS_ONLY] is not reads_only:
        driver.execute(f"PRAGMA query_only={'ON' if reads_only else 'OFF'}")
        connection.info[_READS_ONLY] = reads_only
    # IMMEDIATE: a transaction that reads first and writes later would otherwise fail without waiting.
    driver.execute("BEGIN" if reads_only else "BEGIN IMMEDIATE")
