"""Files that people import, and what became of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import types

revision = "core_0016"
down_revision = "core_0015"


def upgrade() -> None:
    op.create_table(
        "core_import",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("entity", types.text(64), nullable=False),
        sa.Column("file_name", types.text(200), nullable=False),
        sa.Column("file_encoding", types.text(16), nullable=False),
        sa.Column("shape", types.text(64), nullable=False),
        sa.Column("file_columns", types.JsonText(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("choices", types.JsonText(), nullable=False),
        sa.Column("preview", types.JsonText(), nullable=True),
        sa.Column("state", types.text(16), nullable=False),
        sa.Column("n_created", sa.Integer(), nullable=False),
        sa.Column("n_updated", sa.Integer(), nullable=False),
        sa.Column("n_skipped", sa.Integer(), nullable=False),
        sa.Column("n_failed", sa.Integer(), nullable=False),
        sa.Column("batch", types.text(36), nullable=True),
        sa.Column("started_at", types.UtcDateTime(), nullable=True),
        sa.Column("ended_at", types.UtcDateTime(), nullable=True),
        sa.Column("reverting", types.text(36), nullable=True),
        sa.Column("n_reverted", sa.Integer(), nullable=False),
        sa.Column("n_stayed", sa.Integer(), nullable=False),
        sa.Column("not_reverted", types.JsonText(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["core_user.id"], name=op.f("fk_core_import_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_import_id")),
    )
    with op.batch_alter_table("core_import", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_import_user_id_shape"), ["user_id", "shape"], unique=False)

    op.create_table(
        "core_import_part",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", types.JsonText(), nullable=False),
        sa.Column("failed", types.JsonText(), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"], ["core_import.id"], name=op.f("fk_core_import_part_import_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_core_import_part_imp_2f9aa9")),
    )
