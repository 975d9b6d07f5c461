"""
The first schema.

What the models say today is written out here once more, on purpose: a migration must not change when they do.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ANY_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
MOMENT = sa.DateTime(timezone=True)

TABLES = (
    "audit_records",
    "key_fingerprints",
    "newsletters",
    "pictures",
    "routes",
    "staff",
    "subscribers",
    "suppressions",
    "usages",
    "editions",
    "programme_categories",
    "programme_sections",
    "subscriptions",
    "notices",
    "renderings",
    "sections",
    "subscription_events",
    "categories",
    "deliveries",
    "attempts",
    "items",
)

APPEND_ONLY = {
    "sqlite": """
        CREATE TRIGGER audit_records_no_update BEFORE UPDATE ON audit_records
        BEGIN SELECT RAISE(ABORT, 'audit records are append-only'); END;;
        CREATE TRIGGER audit_records_no_delete BEFORE DELETE ON audit_records
        BEGIN SELECT RAISE(ABORT, 'audit records are append-only'); END
        """,
    "postgresql": """
        CREATE FUNCTION audit_records_append_only() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN RAISE EXCEPTION ''audit records are append-only''; END';;
        CREATE TRIGGER audit_records_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_records
        FOR EACH STATEMENT EXECUTE FUNCTION audit_records_append_only()
        """,
}


def upgrade() -> None:
    op.create_table(
        "audit_records",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("before", ANY_JSON, nullable=True),
        sa.Column("after", ANY_JSON, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_records")),
    )
    op.create_index("ix_audit_records_at", "audit_records", ["at"])

    op.create_table(
        "key_fingerprints",
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("purpose", name=op.f("pk_key_fingerprints")),
    )

    op.create_table(
        "newsletters",
        sa.Column("id", ID, nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("from_name", sa.String(), nullable=False),
        sa.Column("from_address", sa.String(), nullable=False),
        sa.Column("reply_to", sa.String(), nullable=False),
        sa.Column("postal_address", sa.String(), nullable=False),
        sa.Column("contact_lines", ANY_JSON, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("design", sa.String(), nullable=False),
        sa.Column("theme", ANY_JSON, nullable=False),
        sa.Column("backends", ANY_JSON, nullable=False),
        sa.Column(
            "uncertain_policy",
            _one_of("ck_newsletters_uncertain_policy", "ask", "gap", "repeat"),
            nullable=False,
        ),
        sa.Column("told", ANY_JSON, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("name <> ''", name=op.f("ck_newsletters_has_a_name")),
        sa.CheckConstraint(
            "slug <> '' AND slug = lower(slug)", name=op.f("ck_newsletters_slug_is_lower_case")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_newsletters")),
        sa.UniqueConstraint("slug", name=op.f("uq_newsletters_slug")),
    )

    op.create_table(
        "pictures",
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "media_type IN ('image/png', 'image/jpeg', 'image/gif')",
            name=op.f("ck_pictures_mail_can_show_it"),
        ),
        sa.CheckConstraint("width > 0 AND height > 0", name=op.f("ck_pictures_has_a_size")),
        sa.PrimaryKeyConstraint("content_hash", name=op.f("pk_pictures")),
    )

    op.create_table(
        "routes",
        sa.Column("backend", sa.String(), nullable=False),
        sa.Column("rests_until", MOMENT, nullable=True),
        sa.Column("trouble_count", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("paced_until", MOMENT, nullable=True),
        sa.CheckConstraint("trouble_count >= 0", name=op.f("ck_routes_trouble_count_is_a_count")),
        sa.PrimaryKeyConstraint("backend", name=op.f("pk_routes")),
    )

    op.create_table(
        "staff",
        sa.Column("id", ID, nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "role",
            _one_of("ck_staff_role", "viewer", "composer", "approver", "operator", "admin"),
            nullable=False,
        ),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("address", name=op.f("uq_staff_address")),
    )

    op.create_table(
        "subscribers",
        sa.Column("id", ID, nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("address_hash", sa.String(), nullable=False),
        sa.Column("first_name", sa.String(), nullable=False),
        sa.Column("last_name", sa.String(), nullable=False),
        sa.Column("organisation", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("erased_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscribers")),
        sa.UniqueConstraint("address_hash", name=op.f("uq_subscribers_address_hash")),
    )

    op.create_table(
        "suppressions",
        sa.Column("id", ID, nullable=False),
        sa.Column("address_hash", sa.String(), nullable=False),
        sa.Column(
            "reason",
            _one_of("ck_suppressions_suppression_reason", "bounced", "complained", "erased", "staff"),
            nullable=False,
        ),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppressions")),
        sa.UniqueConstraint("address_hash", name=op.f("uq_suppressions_address_hash")),
    )

    op.create_table(
        "usages",
        sa.Column("backend", sa.String(), nullable=False),
        sa.Column("begins_at", MOMENT, nullable=False),
        sa.Column("mails", sa.Integer(), nullable=False),
        sa.CheckConstraint("mails >= 0", name=op.f("ck_usages_mails_is_a_count")),
        sa.PrimaryKeyConstraint("backend", "begins_at", name=op.f("pk_usages")),
    )
    op.create_index("ix_usages_begins_at", "usages", ["begins_at"])

    op.create_table(
        "editions",
        sa.Column("id", ID, nullable=False),
        sa.Column("newsletter_id", ID, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("preheader", sa.String(), nullable=False),
        sa.Column("letter", sa.String(), nullable=False),
        sa.Column("closing", sa.String(), nullable=False),
        sa.Column("signed_by", sa.String(), nullable=False),
        sa.Column("signed_role", sa.String(), nullable=False),
        sa.Column(
            "status",
            _one_of(
                "ck_editions_edition_status",
                "draft",
                "approved",
                "scheduled",
                "sending",
                "paused",
                "sent",
                "stopped",
            ),
            nullable=False,
        ),
        sa.Column("source_name", sa.String(), nullable=False),
        sa.Column("source_hash", sa.String(), nullable=False),
        sa.Column("review", ANY_JSON, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("agreed", ANY_JSON, nullable=True),
        sa.Column("starts_at", MOMENT, nullable=True),
        sa.Column("starts_zone", sa.String(), nullable=False),
        sa.Column("lifetime_hours", sa.Integer(), nullable=False),
        sa.Column("first_count", sa.Integer(), nullable=True),
        sa.Column("stage_until_id", ID, nullable=True),
        sa.Column("halt_reason", sa.String(), nullable=False),
        sa.Column("halted_by", sa.String(), nullable=False),
        sa.Column("brake_on", sa.Boolean(), nullable=False),
        sa.Column("frozen_at", MOMENT, nullable=True),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.CheckConstraint("key <> ''", name=op.f("ck_editions_has_a_key")),
        sa.CheckConstraint("lifetime_hours > 0", name=op.f("ck_editions_lifetime_is_a_time")),
        sa.CheckConstraint("first_count > 0", name=op.f("ck_editions_first_count_is_a_count")),
        sa.CheckConstraint(
            "(status = 'scheduled') = (starts_at IS NOT NULL)",
            name=op.f("ck_editions_starts_while_scheduled"),
        ),
        _refers("fk_editions_newsletter_id_newsletters", "newsletter_id", "newsletters.id", "RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_editions")),
        sa.UniqueConstraint("newsletter_id", "key", name=op.f("uq_editions_newsletter_id_key")),
    )

    op.create_table(
        "programme_categories",
        sa.Column("id", ID, nullable=False),
        sa.Column("newsletter_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        _refers(
            "fk_programme_categories_newsletter_id_newsletters", "newsletter_id", "newsletters.id", "CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programme_categories")),
        sa.UniqueConstraint("newsletter_id", "name", name=op.f("uq_programme_categories_newsletter_id_name")),
    )

    op.create_table(
        "programme_sections",
        sa.Column("id", ID, nullable=False),
        sa.Column("newsletter_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("colour", sa.String(), nullable=False),
        sa.Column("is_news", sa.Boolean(), nullable=False),
        _refers(
            "fk_programme_sections_newsletter_id_newsletters", "newsletter_id", "newsletters.id", "CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programme_sections")),
        sa.UniqueConstraint("newsletter_id", "name", name=op.f("uq_programme_sections_newsletter_id_name")),
    )

    op.create_table(
        "subscriptions",
        sa.Column("id", ID, nullable=False),
        sa.Column("newsletter_id", ID, nullable=False),
        sa.Column("subscriber_id", ID, nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column(
            "status",
            _one_of("ck_subscriptions_subscription_status", "pending", "active", "unsubscribed"),
            nullable=False,
        ),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.CheckConstraint("length(public_id) = 16", name=op.f("ck_subscriptions_public_id_has_16_letters")),
        _refers("fk_subscriptions_newsletter_id_newsletters", "newsletter_id", "newsletters.id", "RESTRICT"),
        _refers("fk_subscriptions_subscriber_id_subscribers", "subscriber_id", "subscribers.id", "RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint(
            "newsletter_id", "subscriber_id", name=op.f("uq_subscriptions_newsletter_id_subscriber_id")
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_subscriptions_public_id")),
    )
    op.create_index("ix_subscriptions_subscriber_id", "subscriptions", ["subscriber_id"])

    op.create_table(
        "notices",
        sa.Column("id", ID, nullable=False),
        sa.Column("edition_id", ID, nullable=False),
        sa.Column(
            "kind",
            _one_of("ck_notices_notice_kind", "paused", "finished", "stage-sent", "not-begun"),
            nullable=False,
        ),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("next_attempt_at", MOMENT, nullable=True),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("words", sa.String(), nullable=False),
        sa.CheckConstraint("attempt_count >= 0", name=op.f("ck_notices_attempt_count_is_a_count")),
        _refers("fk_notices_edition_id_editions", "edition_id", "editions.id", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    _partial_index("ix_notices_due", "notices", ["next_attempt_at"], "next_attempt_at IS NOT NULL")
    op.create_index("ix_notices_edition_id", "notices", ["edition_id"])

    op.create_table(
        "renderings",
        sa.Column("id", ID, nullable=False),
        sa.Column("edition_id", ID, nullable=False),
        sa.Column("variant", sa.String(), nullable=False),
        sa.Column("design", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("segments", ANY_JSON, nullable=False),
        sa.Column("mjml", sa.String(), nullable=False),
        sa.Column("html", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("web_html", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        _refers("fk_renderings_edition_id_editions", "edition_id", "editions.id", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_renderings")),
        sa.UniqueConstraint("edition_id", "variant", name=op.f("uq_renderings_edition_id_variant")),
    )

    op.create_table(
        "sections",
        sa.Column("id", ID, nullable=False),
        sa.Column("edition_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("colour", sa.String(), nullable=False),
        sa.Column("is_news", sa.Boolean(), nullable=False),
        _refers("fk_sections_edition_id_editions", "edition_id", "editions.id", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sections")),
    )
    op.create_index("ix_sections_edition_id", "sections", ["edition_id"])

    op.create_table(
        "subscription_events",
        sa.Column("id", ID, nullable=False),
        sa.Column("subscription_id", ID, nullable=False),
        sa.Column("kind", _one_of("ck_subscription_events_event_kind", "joined", "left"), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column(
            "way",
            _one_of("ck_subscription_events_way", "import", "staff", "page", "one-click", "undo"),
            nullable=False,
        ),
        sa.Column("wording", sa.String(), nullable=False),
        sa.Column("edition_id", ID, nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        _refers("fk_subscription_events_edition_id_editions", "edition_id", "editions.id", "SET NULL"),
        _refers(
            "fk_subscription_events_subscription_id_subscriptions",
            "subscription_id",
            "subscriptions.id",
            "CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription_events")),
    )
    op.create_index(
        "ix_subscription_events_subscription_id_at", "subscription_events", ["subscription_id", "at"]
    )

    op.create_table(
        "categories",
        sa.Column("id", ID, nullable=False),
        sa.Column("section_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        _refers("fk_categories_section_id_sections", "section_id", "sections.id", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_categories")),
    )
    op.create_index("ix_categories_section_id", "categories", ["section_id"])

    op.create_table(
        "deliveries",
        sa.Column("id", ID, nullable=False),
        sa.Column("edition_id", ID, nullable=False),
        sa.Column("subscription_id", ID, nullable=False),
        sa.Column("rendering_id", ID, nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("address_hash", sa.String(), nullable=False),
        sa.Column("slots", ANY_JSON, nullable=False),
        sa.Column("dated_at", MOMENT, nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column(
            "status",
            _one_of(
                "ck_deliveries_delivery_status",
                "queued",
                "claimed",
                "sending",
                "sent",
                "deferred",
                "uncertain",
                "failed",
                "skipped",
                "cancelled",
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", MOMENT, nullable=True),
        sa.Column("lease_owner", sa.String(), nullable=True),
        sa.Column("lease_epoch", sa.Integer(), nullable=False),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("backend", sa.String(), nullable=False),
        sa.Column("relay", sa.String(), nullable=False),
        sa.Column("connection", sa.Integer(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "(status IN ('claimed', 'sending')) = (lease_owner IS NOT NULL)",
            name=op.f("ck_deliveries_leased_while_worked_on"),
        ),
        sa.CheckConstraint(
            "(status IN ('queued', 'deferred')) = (next_attempt_at IS NOT NULL)",
            name=op.f("ck_deliveries_due_while_it_waits"),
        ),
        sa.CheckConstraint(
            "(lease_owner IS NULL) = (lease_until IS NULL)", name=op.f("ck_deliveries_lease_is_whole")
        ),
        sa.CheckConstraint("attempt_count >= 0", name=op.f("ck_deliveries_attempt_count_is_a_count")),
        _refers("fk_deliveries_edition_id_editions", "edition_id", "editions.id", "RESTRICT"),
        _refers("fk_deliveries_rendering_id_renderings", "rendering_id", "renderings.id", "RESTRICT"),
        _refers(
            "fk_deliveries_subscription_id_subscriptions", "subscription_id", "subscriptions.id", "RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("edition_id", "address_hash", name=op.f("uq_deliveries_edition_id_address_hash")),
        sa.UniqueConstraint("message_id", name=op.f("uq_deliveries_message_id")),
    )
    op.create_index("ix_deliveries_address_hash", "deliveries", ["address_hash"])
    _partial_index(
        "ix_deliveries_due",
        "deliveries",
        ["edition_id", "next_attempt_at", "id"],
        "next_attempt_at IS NOT NULL",
    )
    _partial_index(
        "ix_deliveries_leased", "deliveries", ["lease_owner", "edition_id"], "lease_owner IS NOT NULL"
    )
    op.create_index("ix_deliveries_subscription_id", "deliveries", ["subscription_id"])

    op.create_table(
        "attempts",
        sa.Column("id", ID, nullable=False),
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("backend", sa.String(), nullable=False),
        sa.Column("relay", sa.String(), nullable=False),
        sa.Column("connection", sa.Integer(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=False),
        sa.Column(
            "stage",
            _one_of("ck_attempts_stage", "marked", "mail", "rcpt", "data", "body", "dot"),
            nullable=False,
        ),
        sa.Column(
            "outcome",
            _one_of("ck_attempts_outcome", "sent", "deferred", "failed", "returned", "uncertain"),
            nullable=False,
        ),
        sa.Column(
            "fault",
            _one_of("ck_attempts_fault", "address", "recipient", "message", "route", "configuration"),
            nullable=True,
        ),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("enhanced_code", sa.String(), nullable=False),
        sa.Column("reply", sa.String(), nullable=False),
        sa.Column("provider_id", sa.String(), nullable=False),
        _refers("fk_attempts_delivery_id_deliveries", "delivery_id", "deliveries.id", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
        sa.UniqueConstraint("delivery_id", "number", name=op.f("uq_attempts_delivery_id_number")),
    )

    op.create_table(
        "items",
        sa.Column("id", ID, nullable=False),
        sa.Column("category_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("publisher", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("picture_hash", sa.String(), nullable=True),
        sa.Column("picture_alt", sa.String(), nullable=False),
        sa.Column("source_line", sa.Integer(), nullable=True),
        sa.CheckConstraint("title <> ''", name=op.f("ck_items_has_a_title")),
        _refers("fk_items_category_id_categories", "category_id", "categories.id", "CASCADE"),
        _refers("fk_items_picture_hash_pictures", "picture_hash", "pictures.content_hash", "RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_items")),
    )
    op.create_index("ix_items_category_id", "items", ["category_id"])
    for statement in APPEND_ONLY[op.get_bind().dialect.name].split(";;"):
        op.execute(statement)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_records_append_only()")


def _partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _refers(constraint: str, column: str, target: str, on_delete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(constraint), ondelete=on_delete)


def _one_of(constraint: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=op.f(constraint), native_enum=False, create_constraint=True, length=20)
