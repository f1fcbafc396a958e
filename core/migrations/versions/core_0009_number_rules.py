"""Numbering rules become records: with a version, when and by whom."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from alembic import op

from core.db import types

revision = "core_0009"
down_revision = "core_0008"


def upgrade() -> None:
    with op.batch_alter_table("core_number_rule", schema=None) as batch_op:
        batch_op.add_column(sa.Column("version", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("created_at", types.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("created_by_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("updated_at", types.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("updated_by_id", sa.Integer(), nullable=True))
    rule = sa.table(
        "core_number_rule",
        sa.column("version", sa.Integer()),
        sa.column("created_at", types.UtcDateTime()),
        sa.column("updated_at", types.UtcDateTime()),
    )
    now = dt.datetime.now(dt.UTC)
    op.execute(sa.update(rule).values(version=1, created_at=now, updated_at=now))
    with op.batch_alter_table("core_number_rule", schema=None) as batch_op:
        batch_op.alter_column("version", existing_type=sa.Integer(), nullable=False)
        batch_op.alter_column("created_at", existing_type=types.UtcDateTime(), nullable=False)
        batch_op.alter_column("updated_at", existing_type=types.UtcDateTime(), nullable=False)
