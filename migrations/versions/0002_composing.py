"""
Composing: inbox and feeds, versions, approvals and proofs, corrections and what the archive holds, logos, visits of
links, chosen sections.

Columns are added with a default, which the models name too: SQLite adds none without one, and an earlier release
that still writes beside this one knows nothing of them.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ANY_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
MOMENT = sa.DateTime(timezone=True)

# The items of each edition in reading order, from 1.
NUMBERED = """
    UPDATE items SET number = found.number
    FROM (
        SELECT items.id, row_number() OVER (
            PARTITION BY sections.edition_id
            ORDER BY sections.position, categories.position, items.position, items.id
        ) AS number
        FROM items
        JOIN categories ON categories.id = items.category_id
        JOIN sections ON sections.id = categories.section_id
    ) AS found
    WHERE found.id = items.id
"""
COUNTED = """
    UPDATE editions SET last_number = (
        SELECT count(*) FROM items
        JOIN categories ON categories.id = items.category_id
        JOIN sections ON sections.id = categories.section_id
        WHERE sections.edition_id = editions.id
    )
"""


def upgrade() -> None:
    op.create_table(
        "visits",
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("remedy", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("url", name=op.f("pk_visits")),
    )
    op.create_table(
        "feeds",
        sa.Column("id", ID, nullable=False),
        sa.Column("newsletter_id", ID, nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("section", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("publisher", sa.String(), nullable=False),
        sa.Column("etag", sa.String(), nullable=False),
        sa.Column("modified", sa.String(), nullable=False),
        sa.Column("fetched_at", MOMENT, nullable=True),
        sa.Column("trouble", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("url <> ''", name=op.f("ck_feeds_has_a_url")),
        sa.ForeignKeyConstraint(
            ["newsletter_id"],
            ["newsletters.id"],
            name=op.f("fk_feeds_newsletter_id_newsletters"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feeds")),
        sa.UniqueConstraint("newsletter_id", "url", name=op.f("uq_feeds_newsletter_id_url")),
    )
    op.create_table(
        "logos",
        sa.Column("newsletter_id", ID, autoincrement=False, nullable=False),
        sa.Column("picture_hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["newsletter_id"],
            ["newsletters.id"],
            name=op.f("fk_logos_newsletter_id_newsletters"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["picture_hash"],
            ["pictures.content_hash"],
            name=op.f("fk_logos_picture_hash_pictures"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("newsletter_id", name=op.f("pk_logos")),
    )
    op.create_table(
        "approvals",
        sa.Column("id", ID, nullable=False),
        sa.Column("edition_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("seal", sa.String(), nullable=False),
        sa.Column("facts", ANY_JSON, nullable=False),
        sa.Column("audience_count", sa.Integer(), nullable=False),
        sa.Column("voided_at", MOMENT, nullable=True),
        sa.Column("voided_by", sa.String(), nullable=False),
        sa.Column("void_reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.id"], name=op.f("fk_approvals_edition_id_editions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
    )
    op.create_index("ix_approvals_edition_id", "approvals", ["edition_id"])

    op.create_table(
        "candidates",
        sa.Column("id", ID, nullable=False),
        sa.Column("newsletter_id", ID, nullable=False),
        sa.Column("feed_id", ID, nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "waiting",
                "placed",
                "dropped",
                name=op.f("ck_candidates_candidate_status"),
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("publisher", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("section", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("picture_hash", sa.String(), nullable=True),
        sa.Column("picture_alt", sa.String(), nullable=False),
        sa.Column("trouble", sa.String(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("edition_id", ID, nullable=True),
        sa.Column("item_number", sa.Integer(), nullable=True),
        sa.CheckConstraint("source IN ('page', 'feed', 'document')", name=op.f("ck_candidates_has_a_source")),
        sa.CheckConstraint("title <> ''", name=op.f("ck_candidates_has_a_title")),
        sa.ForeignKeyConstraint(
            ["edition_id"],
            ["editions.id"],
            name=op.f("fk_candidates_edition_id_editions"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["feed_id"], ["feeds.id"], name=op.f("fk_candidates_feed_id_feeds"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["newsletter_id"],
            ["newsletters.id"],
            name=op.f("fk_candidates_newsletter_id_newsletters"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["picture_hash"],
            ["pictures.content_hash"],
            name=op.f("fk_candidates_picture_hash_pictures"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_candidates")),
    )
    op.create_index("ix_candidates_edition_id", "candidates", ["edition_id"])
    op.create_index("ix_candidates_newsletter_id_status", "candidates", ["newsletter_id", "status"])
    op.create_index("ix_candidates_newsletter_id_url", "candidates", ["newsletter_id", "url"])

    op.create_table(
        "corrections",
        sa.Column("id", ID, nullable=False),
        sa.Column("edition_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("web_html", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"],
            ["editions.id"],
            name=op.f("fk_corrections_edition_id_editions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrections")),
    )
    op.create_index("ix_corrections_edition_id", "corrections", ["edition_id"])

    op.create_table(
        "edition_versions",
        sa.Column("id", ID, nullable=False),
        sa.Column("edition_id", ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"],
            ["editions.id"],
            name=op.f("fk_edition_versions_edition_id_editions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edition_versions")),
        sa.UniqueConstraint("edition_id", "revision", name=op.f("uq_edition_versions_edition_id_revision")),
    )
    op.create_table(
        "proofs",
        sa.Column("id", ID, nullable=False),
        sa.Column("edition_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("variant", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("is_sent", sa.Boolean(), nullable=False),
        sa.Column("reply", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.id"], name=op.f("fk_proofs_edition_id_editions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proofs")),
        sa.UniqueConstraint(
            "edition_id", "number", "address", name=op.f("uq_proofs_edition_id_number_address")
        ),
    )

    op.create_table(
        "publications",
        sa.Column("edition_id", ID, autoincrement=False, nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("preheader", sa.String(), nullable=False),
        sa.Column("html", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"],
            ["editions.id"],
            name=op.f("fk_publications_edition_id_editions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("edition_id", name=op.f("pk_publications")),
    )
    op.create_table(
        "archive_entries",
        sa.Column("id", ID, nullable=False),
        sa.Column("edition_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("publisher", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"],
            ["editions.id"],
            name=op.f("fk_archive_entries_edition_id_editions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archive_entries")),
        sa.UniqueConstraint("edition_id", "number", name=op.f("uq_archive_entries_edition_id_number")),
    )

    op.add_column(
        "categories", sa.Column("is_hidden", sa.Boolean(), server_default=sa.false(), nullable=False)
    )

    op.add_column("editions", sa.Column("source", ANY_JSON, server_default=sa.text("'{}'"), nullable=False))
    op.add_column("editions", sa.Column("to_write", ANY_JSON, server_default=sa.text("'[]'"), nullable=False))
    op.add_column("editions", sa.Column("begun_from", sa.String(), server_default="", nullable=False))
    op.add_column(
        "editions", sa.Column("last_number", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column(
        "editions", sa.Column("passed_over_count", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )

    op.add_column("items", sa.Column("number", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("items", sa.Column("is_hidden", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("items", sa.Column("is_short", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("items", sa.Column("source_key", sa.String(), server_default="", nullable=False))
    op.add_column("items", sa.Column("source_hash", sa.String(), server_default="", nullable=False))
    op.add_column(
        "items",
        sa.Column(
            "confidence",
            sa.Enum("sure", "likely", "doubtful", name="confidence", native_enum=False, length=20),
            nullable=True,
        ),
    )

    op.add_column(
        "newsletters", sa.Column("needs_second", sa.Boolean(), server_default=sa.false(), nullable=False)
    )

    op.add_column("sections", sa.Column("is_hidden", sa.Boolean(), server_default=sa.false(), nullable=False))

    op.add_column("subscriptions", sa.Column("choice", sa.String(), server_default="", nullable=False))

    op.execute(NUMBERED)
    op.execute(COUNTED)


def downgrade() -> None:
    op.drop_column("subscriptions", "choice")

    op.drop_column("sections", "is_hidden")

    op.drop_column("newsletters", "needs_second")

    op.drop_column("items", "confidence")
    op.drop_column("items", "source_hash")
    op.drop_column("items", "source_key")
    op.drop_column("items", "is_short")
    op.drop_column("items", "is_hidden")
    op.drop_column("items", "number")

    op.drop_column("editions", "passed_over_count")
    op.drop_column("editions", "last_number")
    op.drop_column("editions", "begun_from")
    op.drop_column("editions", "to_write")
    op.drop_column("editions", "source")

    op.drop_column("categories", "is_hidden")

    op.drop_table("archive_entries")
    op.drop_table("publications")
    op.drop_table("proofs")
    op.drop_table("edition_versions")
    op.drop_index("ix_corrections_edition_id")

    op.drop_table("corrections")
    op.drop_index("ix_candidates_newsletter_id_url")
    op.drop_index("ix_candidates_newsletter_id_status")
    op.drop_index("ix_candidates_edition_id")

    op.drop_table("candidates")
    op.drop_index("ix_approvals_edition_id")

    op.drop_table("approvals")
    op.drop_table("logos")
    op.drop_table("feeds")
    op.drop_table("visits")
