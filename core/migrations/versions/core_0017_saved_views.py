"""Views of lists that people keep, and which of them opens first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import types

revision = "core_0017"
down_revision = "core_0016"


def upgrade() -> None:
    op.create_table(
        "core_saved_view",
        sa.Column("entity", types.text(64), nullable=False),
        sa.Column("name", types.text(60), nullable=False),
        sa.Column("asked", types.JsonText(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("deleted_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["core_user.id"], name=op.f("fk_core_saved_view_owner_id")),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["core_unit.id"], name=op.f("fk_core_saved_view_unit_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_saved_view_id")),
    )
    with op.batch_alter_table("core_saved_view", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_saved_view_enti_080f1e"), ["entity", "owner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_saved_view_enti_6137eb"), ["entity", "unit_id"], unique=False)
    with op.batch_alter_table("core_user", schema=None) as batch_op:
        batch_op.add_column(sa.Column("first_views", types.JsonText(), nullable=True))
