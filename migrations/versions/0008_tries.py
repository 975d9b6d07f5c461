"""How often people try to show who they are, counted for all processes together."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tries",
        sa.Column("what_hash", sa.String(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("what_hash", name=op.f("pk_tries")),
    )
    op.create_index(op.f("ix_tries_began_at"), "tries", ["began_at"])


def downgrade() -> None:
    op.drop_table("tries")
