"""The receiving domain of each subscriber, by which the deliveries to a small one are found."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BY_BYTES = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("subscribers", sa.Column("domain_key", BY_BYTES, server_default="", nullable=False))
    at = "instr" if op.get_bind().dialect.name == "sqlite" else "strpos"
    op.execute(
        f"UPDATE subscribers SET domain_key = substr(address_key, {at}(address_key, '@') + 1) "  # noqa: S608 - two names of ours
        "WHERE address_key <> ''"
    )
    op.create_index(op.f("ix_subscribers_domain_key"), "subscribers", ["domain_key"])


def downgrade() -> None:
    op.drop_index(op.f("ix_subscribers_domain_key"), "subscribers")
    op.drop_column("subscribers", "domain_key")
