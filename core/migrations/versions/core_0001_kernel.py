"""The kernel's first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import types

revision = "core_0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "core_chain_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", types.text(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_chain_head_id")),
    )
    op.create_table(
        "core_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", types.text(36), nullable=False),
        sa.Column("batch", types.text(36), nullable=False),
        sa.Column("happened_at", types.UtcDateTime(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("on_behalf", types.text(200), nullable=True),
        sa.Column("door", types.text(16), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=True),
        sa.Column("token_id", sa.Integer(), nullable=True),
        sa.Column("address", types.text(64), nullable=True),
        sa.Column("reason", types.text(400), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("prev_hash", types.text(64), nullable=True),
        sa.Column("hash", types.text(64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_change_id")),
        sa.UniqueConstraint("number", name=op.f("uq_core_change_number")),
        sa.UniqueConstraint("uuid", name=op.f("uq_core_change_uuid")),
    )
    with op.batch_alter_table("core_change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_change_actor_id"), ["actor_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_change_batch"), ["batch"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_change_happened_at"), ["happened_at"], unique=False)

    op.create_table(
        "core_epoch",
        sa.Column("name", types.text(16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_core_epoch_name")),
    )
    op.create_table(
        "core_login_attempt",
        sa.Column("login_hash", types.text(64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("login_hash", name=op.f("pk_core_login_attempt_l_ea453c")),
    )
    op.create_table(
        "core_plugin",
        sa.Column("name", types.text(16), nullable=False),
        sa.Column("version", types.text(64), nullable=False),
        sa.Column("enabled_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_core_plugin_name")),
    )
    op.create_table(
        "core_role",
        sa.Column("code", types.text(32), nullable=False),
        sa.Column("name", types.text(200), nullable=False),
        sa.Column("grants", types.JsonText(), nullable=False),
        sa.Column("field_rights", types.JsonText(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("deleted_at", types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_role_id")),
        sa.UniqueConstraint("code", name=op.f("uq_core_role_code")),
    )
    op.create_table(
        "core_term",
        sa.Column("list_name", types.text(32), nullable=False),
        sa.Column("code", types.text(64), nullable=False),
        sa.Column("label_zh", types.text(200), nullable=False),
        sa.Column("label_en", types.text(200), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean().with_variant(sa.SmallInteger(), "oracle"), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("deleted_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["core_term.id"], name=op.f("fk_core_term_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_term_id")),
        sa.UniqueConstraint("list_name", "code", name=op.f("uq_core_term_list_name_code")),
    )
    with op.batch_alter_table("core_term", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_term_parent_id"), ["parent_id"], unique=False)

    op.create_table(
        "core_unit",
        sa.Column("code", types.text(32), nullable=False),
        sa.Column("name", types.text(200), nullable=False),
        sa.Column("kind", types.text(16), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("base_currency", types.text(3), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("deleted_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["core_unit.id"], name=op.f("fk_core_unit_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_unit_id")),
        sa.UniqueConstraint("code", name=op.f("uq_core_unit_code")),
    )
    with op.batch_alter_table("core_unit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_unit_parent_id"), ["parent_id"], unique=False)

    op.create_table(
        "core_audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("change_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("action", types.text(32), nullable=False),
        sa.Column("entity", types.text(64), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=True),
        sa.Column("changes", types.JsonText(), nullable=False),
        sa.ForeignKeyConstraint(["change_id"], ["core_change.id"], name=op.f("fk_core_audit_change_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_audit_id")),
    )
    with op.batch_alter_table("core_audit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_audit_change_id"), ["change_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_audit_entity_record_id"), ["entity", "record_id"], unique=False)

    op.create_table(
        "core_number_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entity", types.text(64), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("prefix", types.text(16), nullable=False),
        sa.Column("digits", sa.Integer(), nullable=False),
        sa.Column("next_number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["core_unit.id"], name=op.f("fk_core_number_rule_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_number_rule_id")),
        sa.UniqueConstraint("entity", "unit_id", name=op.f("uq_core_number_rule_ent_17ea33")),
    )
    op.create_table(
        "core_user",
        sa.Column("login", types.text(64), nullable=False),
        sa.Column("name", types.text(200), nullable=False),
        sa.Column("email", types.text(200), nullable=True),
        sa.Column("phone", types.text(64), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("language", types.text(16), nullable=True),
        sa.Column("time_zone", types.text(64), nullable=True),
        sa.Column("theme", types.text(16), nullable=True),
        sa.Column("clearance", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean().with_variant(sa.SmallInteger(), "oracle"), nullable=False),
        sa.Column("password_hash", types.text(200), nullable=True),
        sa.Column("old_passwords", types.JsonText(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("deleted_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["unit_id"], ["core_unit.id"], name=op.f("fk_core_user_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_user_id")),
        sa.UniqueConstraint("login", name=op.f("uq_core_user_login")),
    )
    with op.batch_alter_table("core_user", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_user_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "core_customer",
        sa.Column("code", types.text(32), nullable=False),
        sa.Column("name", types.text(200), nullable=False),
        sa.Column("short_name", types.text(100), nullable=True),
        sa.Column("kind", types.text(16), nullable=False),
        sa.Column("state", types.text(16), nullable=False),
        sa.Column("level_id", sa.Integer(), nullable=True),
        sa.Column("industry_id", sa.Integer(), nullable=True),
        sa.Column("region_id", sa.Integer(), nullable=True),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("phone", types.text(64), nullable=True),
        sa.Column("email", types.text(200), nullable=True),
        sa.Column("website", types.text(200), nullable=True),
        sa.Column("address", types.text(400), nullable=True),
        sa.Column("tax_no", types.text(64), nullable=True),
        sa.Column("employees", sa.Integer(), nullable=True),
        sa.Column("annual_revenue", types.Money(), nullable=True),
        sa.Column("founded_on", sa.Date(), nullable=True),
        sa.Column("developed_on", sa.Date(), nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("note", types.long_text(), nullable=True),
        sa.Column("code_folded", types.text(64), nullable=True),
        sa.Column("name_folded", types.text(800), nullable=True),
        sa.Column("short_name_folded", types.text(400), nullable=True),
        sa.Column("phone_folded", types.text(64), nullable=True),
        sa.Column("sort_key", types.text(255), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("secrecy", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("deleted_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["industry_id"], ["core_term.id"], name=op.f("fk_core_customer_industry_id")),
        sa.ForeignKeyConstraint(["level_id"], ["core_term.id"], name=op.f("fk_core_customer_level_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["core_user.id"], name=op.f("fk_core_customer_owner_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["core_customer.id"], name=op.f("fk_core_customer_parent_id")),
        sa.ForeignKeyConstraint(["region_id"], ["core_term.id"], name=op.f("fk_core_customer_region_id")),
        sa.ForeignKeyConstraint(["source_id"], ["core_term.id"], name=op.f("fk_core_customer_source_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["core_unit.id"], name=op.f("fk_core_customer_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_customer_id")),
        sa.UniqueConstraint("code", name=op.f("uq_core_customer_code")),
    )
    with op.batch_alter_table("core_customer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_customer_industry_id"), ["industry_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_customer_level_id"), ["level_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_customer_owner_97a6e6"), ["owner_id", "sort_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_customer_parent_id"), ["parent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_customer_region_id"), ["region_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_customer_sort_key_id"), ["sort_key", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_customer_source_id"), ["source_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_customer_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_customer_unit_i_6282e1"), ["unit_id", "sort_key"], unique=False)

    op.create_table(
        "core_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("secret_hash", types.text(64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("seen_at", types.UtcDateTime(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.Column("address", types.text(64), nullable=True),
        sa.Column("agent", types.text(200), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_session_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_session_id")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_core_session_secret_hash")),
    )
    with op.batch_alter_table("core_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_session_user_id"), ["user_id"], unique=False)

    op.create_table(
        "core_share",
        sa.Column("to_user_id", sa.Integer(), nullable=True),
        sa.Column("to_unit_id", sa.Integer(), nullable=True),
        sa.Column("to_role_id", sa.Integer(), nullable=True),
        sa.Column("actions", types.JsonText(), nullable=False),
        sa.Column("from_at", types.UtcDateTime(), nullable=True),
        sa.Column("until_at", types.UtcDateTime(), nullable=True),
        sa.Column("source_entity", types.text(64), nullable=True),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("entity", types.text(64), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["to_role_id"], ["core_role.id"], name=op.f("fk_core_share_to_role_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["to_unit_id"], ["core_unit.id"], name=op.f("fk_core_share_to_unit_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["to_user_id"], ["core_user.id"], name=op.f("fk_core_share_to_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_share_id")),
    )
    with op.batch_alter_table("core_share", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_share_entity_record_id"), ["entity", "record_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_share_to_role_id"), ["to_role_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_share_to_unit_id"), ["to_unit_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_share_to_user_id"), ["to_user_id"], unique=False)

    op.create_table(
        "core_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("secret_hash", types.text(64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("read_only", sa.Boolean().with_variant(sa.SmallInteger(), "oracle"), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("ended_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["core_user.id"], name=op.f("fk_core_token_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_token_id")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_core_token_secret_hash")),
    )
    with op.batch_alter_table("core_token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_token_user_id"), ["user_id"], unique=False)

    op.create_table(
        "core_user_role",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["role_id"], ["core_role.id"], name=op.f("fk_core_user_role_role_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_user_role_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "role_id", name=op.f("pk_core_user_role_user_a808dc")),
    )
    with op.batch_alter_table("core_user_role", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_user_role_role_id"), ["role_id"], unique=False)
