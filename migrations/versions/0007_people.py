"""Subscribers in the app: what they are searched by, counts by state, and files that wait to be confirmed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ANY_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
MOMENT = sa.DateTime(timezone=True)
BY_BYTES = sa.String().with_variant(sa.String(collation="C"), "postgresql")
KEYS = ("address_key", "name_key", "surname_key")
CHUNK = 10_000

_subscribers = sa.table(
    "subscribers",
    *(sa.column(name) for name in ("id", "address", "first_name", "last_name", *KEYS)),
)


def upgrade() -> None:
    for name in KEYS:
        op.add_column("subscribers", sa.Column(name, BY_BYTES, server_default="", nullable=False))
    _fill_keys()
    op.create_index(op.f("ix_subscribers_address_key_id"), "subscribers", ["address_key", "id"])
    op.create_index(op.f("ix_subscribers_name_key"), "subscribers", ["name_key"])
    op.create_index(op.f("ix_subscribers_surname_key"), "subscribers", ["surname_key"])
    op.create_index(
        op.f("ix_subscriptions_newsletter_id_status_id"), "subscriptions", ["newsletter_id", "status", "id"]
    )
    op.create_table(
        "uploads",
        sa.Column("id", ID, nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("newsletter_id", ID, nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("mapping", ANY_JSON, nullable=False),
        sa.Column("wording", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["newsletter_id"], ["newsletters.id"], ondelete="CASCADE",
            name=op.f("fk_uploads_newsletter_id_newsletters"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_uploads_token_hash")),
    )  # fmt: skip


def _fill_keys() -> None:
    connection, last = op.get_bind(), 0
    known = _subscribers.c
    named = (
        sa.select(known.id, known.address, known.first_name, known.last_name).order_by(known.id).limit(CHUNK)
    )
    one = sa.update(_subscribers).where(known.id == sa.bindparam("known_id"))
    while rows := connection.execute(named.where(known.id > last)).all():
        connection.execute(
            one,
            [
                {
                    "known_id": row.id,
                    "address_key": row.address.lower(),
                    "name_key": _folded(row.first_name, row.last_name),
                    "surname_key": _folded(row.last_name, row.first_name),
                }
                for row in rows
            ],
        )
        last = rows[-1].id


def _folded(*names: str) -> str:
    return " ".join(" ".join(names).casefold().split())


def downgrade() -> None:
    op.drop_table("uploads")
    op.drop_index(op.f("ix_subscriptions_newsletter_id_status_id"), "subscriptions")
    for name in ("surname_key", "name_key", "address_key_id"):
        op.drop_index(op.f(f"ix_subscribers_{name}"), "subscribers")
    for name in KEYS:
        op.drop_column("subscribers", name)
