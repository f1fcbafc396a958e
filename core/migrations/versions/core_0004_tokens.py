"""Tokens become records; replies to be repeated are kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import types

revision = "core_0004"
down_revision = "core_0003"


def upgrade() -> None:
    with op.batch_alter_table("core_token", schema=None) as batch_op:
        batch_op.add_column(sa.Column("name", types.text(200), nullable=True))
        batch_op.add_column(sa.Column("expires_at", types.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("created_by_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("updated_at", types.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("updated_by_id", sa.Integer(), nullable=True))
    op.execute("UPDATE core_token SET updated_at = created_at WHERE updated_at IS NULL")
    with op.batch_alter_table("core_token", schema=None) as batch_op:
        batch_op.alter_column("updated_at", existing_type=types.UtcDateTime(), nullable=False)

    op.create_table(
        "core_idempotency",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("key_hash", types.text(64), nullable=False),
        sa.Column("request_hash", types.text(64), nullable=False),
        sa.Column("rights_hash", types.text(64), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", types.JsonText(), nullable=True),
        sa.Column("content", types.long_text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_idempotency_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "key_hash", name=op.f("pk_core_idempotency_use_ec5d83")),
    )
    with op.batch_alter_table("core_idempotency", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_idempotency_created_at"), ["created_at"], unique=False)
