"""AuditRecord: who did what, when; the database itself refuses to change or delete one."""

import datetime
from typing import Any

from sqlalchemy import DDL, Index, event
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import ExecutableDDLElement

from pulse_mailer.domain.base import Base, Id


class AuditRecord(Base):
    """
    Attributes:
        action: noun and verb, such as "edition.sent".
        subject: what it was done to, such as "edition 2022-04".
        before, after: the values that changed, without secrets.
    """

    __tablename__ = "audit_records"
    __table_args__ = (Index(None, "at"),)

    id: Mapped[Id]
    at: Mapped[datetime.datetime]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]


class KeyFingerprint(Base):
    """Which keys this database was made with, so that a start with others is refused."""

    __tablename__ = "key_fingerprints"

    purpose: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]


_APPEND_ONLY_SQLITE = [
    f"CREATE TRIGGER audit_records_no_{verb} BEFORE {verb.upper()} ON audit_records "
    "BEGIN SELECT RAISE(ABORT, 'audit records are append-only'); END"
    for verb in ("update", "delete")
]
_APPEND_ONLY_POSTGRESQL = [
    (
        "CREATE OR REPLACE FUNCTION audit_records_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RAISE EXCEPTION ''audit records are append-only''; END'"
    ),
    (
        "CREATE TRIGGER audit_records_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_records "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_records_append_only()"
    ),
]
for _dialect, _statements in (("sqlite", _APPEND_ONLY_SQLITE), ("postgresql", _APPEND_ONLY_POSTGRESQL)):
    for _statement in _statements:
        _trigger: ExecutableDDLElement = DDL(_statement)  # type: ignore[no-untyped-call]  # SQLAlchemy left it so
        event.listen(AuditRecord.__table__, "after_create", _trigger.execute_if(dialect=_dialect))
