"""The database's door: which URLs it takes, and what it says when nobody answers."""

import contextlib
import socket
import threading
import time
import traceback
from pathlib import Path

import pytest
from sqlalchemy import text

from pulse_mailer.database import Database
from pulse_mailer.errors import BadSetting, DatabaseUnreachable, KeysMismatch
from pulse_mailer.keys import Keys


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "mysql://me@localhost/pulse",
        "postgresql+nosuchdriver://me@localhost/pulse",
        "sqlite+nosuchdriver:///x.db",
    ],
)
def test_url_of_no_database_that_we_know_is_refused(url: str) -> None:
    with pytest.raises(BadSetting, match="PULSE_MAILER_DATABASE_URL"):
        Database(url)


def test_password_is_not_shown() -> None:
    database = Database("postgresql://me:hunter2@localhost/pulse")
    assert "hunter2" not in database.shown
    assert "me:***@localhost" in database.shown


def test_an_error_names_its_statement_and_nobodys_address(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/pulse.db")
    address = f"{'ann'}@example.org"  # whole, it would stand in the traceback as this line of code
    with pytest.raises(DatabaseUnreachable) as refused, database.transaction() as session:
        session.execute(text("SELECT * FROM nowhere WHERE address = :address"), {"address": address})
    told = "".join(traceback.format_exception(refused.value))
    assert "FROM nowhere" in told
    assert address not in told
    database.close()


def test_server_that_does_not_answer_is_said_in_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port, and nobody answers
        database = Database(f"postgresql://me:hunter2@127.0.0.1:{taken.getsockname()[1]}/pulse")
        with pytest.raises(DatabaseUnreachable) as refused:
            database.check_revision()
    assert "\n" not in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert refused.value.again


def test_folder_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnreachable, match="unable to open"):
        Database(f"sqlite:///{tmp_path}/none/pulse.db").check_revision()


def test_file_that_is_no_database_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("not a database at all, only words " * 100)
    with pytest.raises(DatabaseUnreachable, match="not a database"):
        Database(f"sqlite:///{tmp_path}/x.db").check_revision()


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)]
)
def test_sqlite_keeps_what_it_said_it_kept(sqlite_url: str, pragma: str, value: object) -> None:
    database = Database(sqlite_url)
    with database.transaction() as session:
        assert session.execute(text(f"PRAGMA {pragma}")).scalar_one() == value
    database.close()


def test_transaction_that_reads_first_waits_for_one_that_writes(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    order: list[str] = []
    reading = threading.Event()

    def second() -> None:
        reading.wait()
        with database.transaction() as session:
            session.execute(text("SELECT count(*) FROM editions"))
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with database.transaction() as session:
        session.execute(text("SELECT count(*) FROM editions"))
        reading.set()
        thread.join(0.3)
        session.execute(text("INSERT INTO key_fingerprints VALUES ('x', 'y')"))
        order.append("first")
    thread.join()
    database.close()
    assert order == ["first", "second"]


def test_known_keys_are_checked_while_somebody_else_writes(sqlite_url: str, keys: Keys) -> None:
    database = Database(sqlite_url)
    database.check_keys(keys)
    with database.transaction():
        begun = time.monotonic()
        database.check_keys(keys)
    assert time.monotonic() - begun < 5, "it waited for the writer"
    database.close()


def test_keys_of_another_database_are_refused(sqlite_url: str, keys: Keys) -> None:
    database = Database(sqlite_url)
    database.check_keys(keys)
    with pytest.raises(KeysMismatch, match="'address'"):
        database.check_keys(Keys(links=keys.links, address=b"x" * 32))
    database.close()


def test_a_new_link_key_is_remembered_beside_the_old(sqlite_url: str, keys: Keys) -> None:
    database = Database(sqlite_url)
    database.check_keys(keys)
    database.check_keys(Keys(links=keys.links | {"2": b"y" * 32}, address=keys.address))
    with pytest.raises(KeysMismatch, match="'link:2'"):
        database.check_keys(Keys(links=keys.links | {"2": b"z" * 32}, address=keys.address))
    database.close()


def test_too_many_at_once_is_said_in_one_line(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(sqlite_url)
    monkeypatch.setattr(database.engine.pool, "_timeout", 0.01)
    with contextlib.ExitStack() as readers:
        for _ in range(15):  # as many as the pool has
            readers.enter_context(database.reading()).execute(text("SELECT 1"))
        with pytest.raises(DatabaseUnreachable, match="too busy"):
            database.check_revision()
    database.close()


@pytest.mark.postgres
def test_postgresql_waits_for_nobody_for_ever(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    with database.reading() as session:
        assert session.execute(text("SHOW lock_timeout")).scalar_one() == "30s"
        assert session.execute(text("SHOW idle_in_transaction_session_timeout")).scalar_one() == "1min"
    database.close()


@pytest.mark.postgres
def test_what_the_url_says_of_waiting_stands(postgresql_url: str) -> None:
    database = Database(f"{postgresql_url}?options=-c%20lock_timeout%3D200ms&connect_timeout=3")
    with database.transaction() as first:
        first.execute(text("LOCK TABLE editions"))
        with pytest.raises(DatabaseUnreachable, match="lock timeout"), database.transaction() as second:
            second.execute(text("LOCK TABLE editions"))
    database.close()


@pytest.mark.postgres
def test_a_transaction_left_open_too_long_is_said_in_one_line(postgresql_url: str) -> None:
    database = Database(f"{postgresql_url}?options=-c%20idle_in_transaction_session_timeout%3D50ms")

    def dawdle() -> None:
        with database.transaction() as session:
            session.execute(text("SELECT 1"))
            time.sleep(0.3)
            session.execute(text("SELECT 1"))

    with pytest.raises(DatabaseUnreachable, match="idle"):
        dawdle()
    database.close()
