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
    """SELECT 'column', table_name, column_name, udt_name, character_maximum_length,
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

_SQLITE_COLUMNS = text('SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info(:table)')


def catalogue(database: Database) -> list[str]:
    """All that the database holds besides rows, a line each, in an order of its own; less Alembic's table."""
    with database.transaction() as session:
        if database.is_sqlite:
            found = [
                _normalised(
                    row.sql, columns=sorted(map(str, session.execute(_SQLITE_COLUMNS, {"table": row.name})))
                )
                for row in session.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
            ]
        else:
            found = [
                " ".join(str(tuple(row)).split())
                for query in _POSTGRESQL_CATALOGUE
                for row in session.execute(text(query))
            ]
    return sorted(line for line in found if "alembic_version" not in line)


def _normalised(sql: str, columns: list[str]) -> str:
    """One line, columns and constraints sorted: their order means nothing, and a migration adds at the end."""
    head, *lines = [" ".join(line.split()).rstrip(",") for line in sql.splitlines() if line.strip()]
    if not head.startswith("CREATE TABLE"):
        return " ".join([head, *lines])
    return " ".join([head, *columns, *sorted(line for line in lines if line.startswith("CONSTRAINT"))])


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


def test_items_that_were_there_before_are_numbered(fresh: Database) -> None:
    fresh.upgrade("0001")
    with fresh.transaction() as session:
        for statement in _AN_EDITION.split(";"):
            session.execute(text(statement))

    fresh.upgrade()

    with fresh.transaction() as session:
        numbered = session.execute(text("SELECT number, title FROM items ORDER BY number")).all()
        assert [tuple(row) for row in numbered] == [(1, "first"), (2, "second"), (3, "third")]
        assert session.execute(text("SELECT last_number FROM editions")).scalar_one() == 3


# Written in another order than it is read in.
_AN_EDITION = """
    INSERT INTO newsletters (id, slug, name, from_name, from_address, reply_to, postal_address, contact_lines, reason,
        language, timezone, design, theme, backends, uncertain_policy, told, created_at)
    VALUES (1, 'pulse', 'Pulse', '', '', '', '', '[]', '', 'en', 'UTC', 'digest', '{}', '[]', 'ask', '[]',
        '2026-01-01 00:00:00');
    INSERT INTO editions (id, newsletter_id, key, period, subject, preheader, letter, closing, signed_by, signed_role,
        status, source_name, source_hash, review, revision, created_at, changed_at, starts_zone, lifetime_hours,
        halt_reason, halted_by, brake_on)
    VALUES (1, 1, '2026-01', '', '', '', '', '', '', '', 'draft', '', '', '[]', 1, '2026-01-01 00:00:00',
        '2026-01-01 00:00:00', '', 48, '', '', true);
    INSERT INTO sections (id, edition_id, position, name, colour, is_news)
    VALUES (1, 1, 2, 'Later', '', false), (2, 1, 1, 'Sooner', '', false);
    INSERT INTO categories (id, section_id, position, name) VALUES (1, 1, 1, ''), (2, 2, 1, '');
    INSERT INTO items (id, category_id, position, publisher, title, url, summary, picture_alt)
    VALUES (1, 1, 1, '', 'third', '', '', ''), (2, 2, 2, '', 'second', '', '', ''), (3, 2, 1, '', 'first', '', '', '')
"""
