"""Databases for tests: migrated once a session, empty for each test, on SQLite and on PostgreSQL."""

import contextlib
import secrets
import shutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import URL

from pulse_mailer import database as database_module
from pulse_mailer.database import Database
from tests.needs import from_environment, missing

BOTH_DATABASES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgres))

# As the owner of the tables, with triggers off: the audit trail refuses to be emptied.
_EMPTY = """
SET session_replication_role = replica;
SET synchronous_commit = off;
DO $$ DECLARE found text; BEGIN
  FOR found IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'
  LOOP EXECUTE format('DELETE FROM %I', found); END LOOP;
END $$
"""


@pytest.fixture(scope="session")
def postgresql_server(request: pytest.FixtureRequest) -> str:
    """The URL of a PostgreSQL server's maintenance database, as a user who may create databases."""
    url = from_environment("PULSE_TESTS_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres")
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.OperationalError:
        missing(
            request.config,
            "PostgreSQL",
            "run one, or name it: PULSE_TESTS_POSTGRESQL=postgresql://USER@HOST/DB",
        )
    return url


@contextlib.contextmanager
def new_postgresql(server: str) -> Iterator[str]:
    """Give the URL of a new, empty database on the server; it is dropped in the end."""
    name = f"pulse_mailer_test_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield f"{server.rpartition('/')[0]}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_server: str) -> Iterator[str]:
    with new_postgresql(postgresql_server) as url:
        _migrate(url)
        yield url


def _migrate(url: str) -> None:
    database = Database(url)
    database.upgrade()
    database.close()


@pytest.fixture(scope="session", autouse=True)
def _engines_are_kept() -> Iterator[None]:
    """Who opens a database gets the engine that another closed, which need not learn every statement anew."""
    make, close = database_module._engine, Database.close
    idle: dict[URL, list[Engine]] = defaultdict(list)

    def take(url: URL) -> Engine:
        return idle[url].pop() if idle[url] else make(url)

    def give_back(self: Database) -> None:
        close(self)
        if self.engine not in idle[self.url]:
            idle[self.url].append(self.engine)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database_module, "_engine", take)
        patch.setattr(Database, "close", give_back)
        yield


@pytest.fixture
def sqlite_url(migrated_sqlite: Path) -> str:
    """An empty SQLite database at its newest migration."""
    file = migrated_sqlite.with_name("pulse-mailer.db")
    for left in file.parent.glob("pulse-mailer.db*"):
        left.unlink()
    shutil.copy(migrated_sqlite, file)
    return f"sqlite:///{file}"


@pytest.fixture
def postgresql_url(migrated_postgresql: str) -> str:
    """An empty PostgreSQL database at its newest migration."""
    with psycopg.connect(migrated_postgresql, autocommit=True) as connection:
        connection.execute(_EMPTY.encode())
    return migrated_postgresql


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """
    A test that wants `database_url` runs once on each kind; those of pages, in modules named test_web_, on SQLite.

    Pages ask no database themselves: the functions they call do, which are tested on both kinds. What a page hands
    to them is seen on PostgreSQL by test_web_on_postgresql.py, which opens every page, by test_web_hostile.py, which
    sends what is hostile, and by test_web_api_verbs.py, which makes the calls. A module may name its DATABASES.
    """
    named = any("database_url" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "database_url" not in metafunc.fixturenames or named:
        return
    is_of_pages = metafunc.module.__name__.rpartition(".")[2].startswith("test_web_")
    kinds = getattr(metafunc.module, "DATABASES", BOTH_DATABASES[:1] if is_of_pages else BOTH_DATABASES)
    metafunc.parametrize("database_url", kinds, indirect=True)


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database at its newest migration."""
    found = request.getfixturevalue(f"{request.param}_url")
    assert isinstance(found, str)
    return found


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The same, opened."""
    opened = Database(database_url)
    yield opened
    opened.close()
