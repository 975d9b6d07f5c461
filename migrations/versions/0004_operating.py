"""Operating: where an edition's deliveries are, stored totals, what is in trouble, workers and their standstill."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
STATES = (
    "queued", "claimed", "sending", "sent", "deferred", "uncertain", "failed", "skipped", "cancelled",
)  # fmt: skip

BOUNDS = """
    UPDATE editions SET first_delivery_id = found.first_id, last_delivery_id = found.last_id
    FROM (
        SELECT edition_id, min(id) AS first_id, max(id) AS last_id FROM deliveries GROUP BY edition_id
        HAVING max(id) - min(id) + 1 = count(*)
    ) AS found
    WHERE found.edition_id = editions.id
"""


def upgrade() -> None:
    op.add_column("editions", sa.Column("first_delivery_id", ID))
    op.add_column("editions", sa.Column("last_delivery_id", ID))
    op.add_column("editions", sa.Column("counted_at", MOMENT))
    op.execute(BOUNDS)
    op.create_table(
        "totals",
        sa.Column("edition_id", ID, nullable=False),
        sa.Column("facet", _one_of("ck_totals_facet", "state", "domain", "code"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("status", _one_of("ck_totals_delivery_status", *STATES), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.CheckConstraint("count > 0", name=op.f("ck_totals_count_is_a_count")),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.id"], name=op.f("fk_totals_edition_id_editions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("edition_id", "facet", "name", "status", name=op.f("pk_totals")),
    )
    op.create_table(
        "workers",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_workers")),
    )
    op.create_table(
        "standstills",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_standstills_is_the_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standstills")),
    )
    trouble = "status IN ('deferred', 'uncertain', 'failed', 'skipped', 'cancelled')"
    _partial_index("ix_deliveries_in_trouble", "deliveries", ["status", "id"], trouble)
    _partial_index("ix_attempts_not_sent", "attempts", ["delivery_id"], "outcome <> 'sent'")


def downgrade() -> None:
    op.drop_index("ix_attempts_not_sent", "attempts")
    op.drop_index("ix_deliveries_in_trouble", "deliveries")
    for table in ("standstills", "workers", "totals"):
        op.drop_table(table)
    for column in ("counted_at", "last_delivery_id", "first_delivery_id"):
        op.drop_column("editions", column)


def _partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _one_of(constraint: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=op.f(constraint), native_enum=False, create_constraint=True, length=20)
