"""What users are told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import types

revision = "core_0012"
down_revision = "core_0011"


def upgrade() -> None:
    op.create_table(
        "core_notification",
        sa.Column("once", types.text(64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("kind", types.text(64), nullable=False),
        sa.Column("message", types.JsonText(), nullable=False),
        sa.Column("about_entity", types.text(64), nullable=True),
        sa.Column("about_id", sa.Integer(), nullable=True),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("is_read", sa.Boolean().with_variant(sa.SmallInteger(), "oracle"), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["core_user.id"], name=op.f("fk_core_notification_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_notification_id")),
        sa.UniqueConstraint("once", name=op.f("uq_core_notification_once")),
    )
    with op.batch_alter_table("core_notification", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_notification_us_8b6d12"), ["user_id", "is_read", "id"], unique=False)
