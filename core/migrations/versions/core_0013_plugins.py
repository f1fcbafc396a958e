"""What plugins were given, whether they run, and what they have missed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import types

revision = "core_0013"
down_revision = "core_0012"


def upgrade() -> None:
    with op.batch_alter_table("core_plugin", schema=None) as batch_op:
        batch_op.add_column(sa.Column("running", types.boolean(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("critical", types.boolean(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("given", types.JsonText(), nullable=False, server_default="[]"))
    op.create_table(
        "core_plugin_missed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plugin", types.text(16), nullable=False),
        sa.Column("hook", types.text(64), nullable=False),
        sa.Column("arguments", types.JsonText(), nullable=False),
        sa.Column("missed_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_plugin_missed_id")),
    )
    op.create_index(op.f("ix_core_plugin_missed_plugin"), "core_plugin_missed", ["plugin"])
