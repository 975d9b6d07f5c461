"""Alembic's way in: the connection comes from pulse_mailer.database, never from an ini file."""

from typing import Any, Literal

from alembic import context

from pulse_mailer.domain.base import UtcDateTime
from pulse_mailer.domain.metadata import metadata


def _frozen(_kind: str, found: Any, _context: Any) -> str | Literal[False]:
    """What a migration says for our own column types: it must not change when they do."""
    return "sa.DateTime(timezone=True)" if isinstance(found, UtcDateTime) else False


connection = context.config.attributes["connection"]
if connection.dialect.name == "postgresql":
    # A migration that cannot get its lock gives up instead of queueing everybody behind it.
    connection.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
context.configure(
    connection=connection,
    target_metadata=metadata,
    compare_type=True,
    render_item=_frozen,
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
