"""Indexes that let pages count an audience, and who left by an edition's links, without looking at everybody."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    columns = ["newsletter_id", "status", "choice"]
    op.create_index(op.f("ix_subscriptions_newsletter_id_status_choice"), "subscriptions", columns)
    known = sa.text("edition_id IS NOT NULL")
    op.create_index(
        "ix_subscription_events_of_edition",
        "subscription_events",
        ["edition_id"],
        sqlite_where=known,
        postgresql_where=known,
    )


def downgrade() -> None:
    op.drop_index("ix_subscription_events_of_edition", "subscription_events")
    op.drop_index(op.f("ix_subscriptions_newsletter_id_status_choice"), "subscriptions")
