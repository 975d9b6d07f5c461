"""The migrations make exactly the schema that the models describe, and can be undone and done again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from pulse_mailer.database import Database
from pulse_mailer.domain.metadata import metadata
from pulse_mailer.errors import DatabaseAhead, DatabaseBehind, DatabaseError
from tests.databases import new_postgresql

_POSTGRESQL_CATALOGUE = (
    """SELECT 'column', table_name, ordinal_position, column_name, udt_name, character_maximum_length,
              is_nullable, column_default
       FROM information_schema.columns WHERE table_schema = 'public'""",
    """SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
       FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    """SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid)
       FROM pg_trigger WHERE NOT tgisinternal""",
    """SELECT 'function', proname, pg_get_functiondef(oid)
       FROM pg_proc WHERE pronamespace = 'public'::regnamespace""",
)


def catalogue(database: Database) -> list[str]:
    """All that the database holds besides rows, a line each, in an order of its own; less Alembic's table."""
    with database.transaction() as session:
        if database.is_sqlite:
            found = [
                _normalised(row.sql)
                for row in session.execute(text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"))
            ]
        else:
            found = [
                " ".join(str(tuple(row)).split())
                for query in _POSTGRESQL_CATALOGUE
                for row in session.execute(text(query))
            ]
    return sorted(line for line in found if "alembic_version" not in line)


def _normalised(sql: str) -> str:
    """One line, columns in their order, constraints sorted: their order in the text means nothing."""
    head, *lines = [" ".join(line.split()).rstrip(",") for line in sql.splitlines() if line.strip()]
    if not head.startswith("CREATE TABLE"):
        return " ".join([head, *lines])
    constraints = sorted(line for line in lines if line.startswith("CONSTRAINT"))
    return " ".join([head, *(line for line in lines if line not in constraints), *constraints])


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database that no migration has touched."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'fresh.db'}")
        yield database
        database.close()
        return
    with new_postgresql(request.getfixturevalue("postgresql_server")) as url:
        database = Database(url)
        yield database
        database.close()


def test_migrations_make_what_the_models_say(fresh: Database) -> None:
    with fresh.engine.begin() as connection:
        metadata.create_all(connection)
    models = catalogue(fresh)
    with fresh.engine.begin() as connection:
        metadata.drop_all(connection)
        if not fresh.is_sqlite:
            connection.execute(text("DROP FUNCTION audit_records_append_only()"))
    assert catalogue(fresh) == []

    fresh.upgrade()

    assert catalogue(fresh) == models
    assert any("TRIGGER" in line for line in models)
    assert all(any(table in line for line in models) for table in metadata.tables)


def test_downgrade_leaves_nothing_and_upgrade_makes_it_again(fresh: Database) -> None:
    fresh.upgrade()
    first = catalogue(fresh)

    fresh.downgrade("base")
    assert catalogue(fresh) == []

    fresh.upgrade()
    assert catalogue(fresh) == first


def test_upgrade_at_the_newest_migration_changes_nothing(fresh: Database) -> None:
    fresh.upgrade()
    first = catalogue(fresh)
    fresh.upgrade()
    assert catalogue(fresh) == first


def test_every_constraint_has_a_name() -> None:
    unnamed = [
        f"{table.name}: {constraint}"
        for table in metadata.tables.values()
        for constraint in table.constraints
        if not constraint.name
    ]
    assert unnamed == []


def test_database_behind_names_the_command(fresh: Database) -> None:
    with pytest.raises(DatabaseBehind, match="pulse-mailer db upgrade"):
        fresh.check_revision()


def test_database_at_the_newest_migration_is_accepted(fresh: Database) -> None:
    fresh.upgrade()
    fresh.check_revision()
    current, head = fresh.revisions()
    assert current == head


def test_failed_migration_leaves_the_database_as_it_was(fresh: Database) -> None:
    with fresh.engine.begin() as connection:
        connection.execute(text("CREATE TABLE items (mine integer)"))  # in the way of the last table
    before = catalogue(fresh)
    with pytest.raises(DatabaseError, match="items"):
        fresh.upgrade()
    assert catalogue(fresh) == before


def test_database_of_a_newer_release_is_left_alone(fresh: Database) -> None:
    fresh.upgrade()
    with fresh.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseAhead, match="newer release"):
        fresh.check_revision()
    with pytest.raises(DatabaseAhead, match="newer release"):
        fresh.upgrade()
