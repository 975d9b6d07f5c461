"""The declarative base, the naming of constraints, the column types that tables share, and rows as plain values."""

import datetime
import enum
import functools
from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Enum, Integer, MetaData, String, inspect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime.datetime]):
    """An aware time, kept in UTC; SQLite, which knows no zones, keeps it without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self, value: datetime.datetime | None, dialect: Dialect
    ) -> datetime.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored; use clock.now()")
        utc = value.astimezone(datetime.UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(
        self, value: datetime.datetime | None, _dialect: Dialect
    ) -> datetime.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=datetime.UTC) if value.tzinfo is None else value.astimezone(datetime.UTC)


def one_of(words: type[enum.StrEnum], *, constrained: bool = True) -> Enum:
    """
    A text column that the database itself holds to the words of an enumeration.

    Args:
        constrained: False for a column that a migration adds to a table: SQLite can add no constraint to one.
    """
    name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in words.__name__).lstrip(
        "_"
    )
    return Enum(
        words,
        native_enum=False,
        create_constraint=constrained,
        validate_strings=True,
        length=20,
        name=name,
        values_callable=lambda found: [word.value for word in found],
    )


AnyJson = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

#: Text that is compared byte by byte on both databases, so that an index of it answers what begins with something.
ByBytes = String().with_variant(String(collation="C"), "postgresql")

Id = Annotated[int, mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)]


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads this name from the class
        datetime.datetime: UtcDateTime,
        dict[str, Any]: AnyJson,
        dict[str, str]: AnyJson,
        list[Any]: AnyJson,
        list[str]: AnyJson,
        list[dict[str, str]]: AnyJson,
    }


def loaded(row: Base) -> tuple[Any, ...]:
    """
    All that a row says, and the rows that were loaded with it: values that can be compared and hashed as text.

    Whatever is not among them cannot be read from the row either: it raises, as `lazy="raise"` has it.
    """
    columns, relations = _names(type(row))
    absent = inspect(row).unloaded
    values = tuple(getattr(row, name) for name in columns)
    return *values, *((name, _beside(getattr(row, name))) for name in relations if name not in absent)


def _beside(found: Base | list[Base] | None) -> Any:
    if isinstance(found, Base):
        return loaded(found)
    return found if found is None else [loaded(row) for row in found]


@functools.cache
def _names(kind: type[Base]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns that are read along with a row, and its relationships."""
    mapper = inspect(kind)
    columns = tuple(column.key for column in mapper.column_attrs if not column.deferred)
    return columns, tuple(mapper.relationships.keys())
