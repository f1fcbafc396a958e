"""The search index, and how names are spoken. `kehu db upgrade` fills both."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import types

revision = "core_0010"
down_revision = "core_0009"


def upgrade() -> None:
    op.create_table(
        "core_search_field",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entity", types.text(64), nullable=False),
        sa.Column("name", types.text(64), nullable=False),
        sa.Column("reached", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_search_field_id")),
    )
    op.create_table(
        "core_search_token",
        sa.Column("field", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("token", types.text(24), nullable=False),
        sa.Column("record_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("field", "token", "record_id", name=op.f("pk_core_search_token_fi_4be031")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("core_customer", schema=None) as batch_op:
        batch_op.add_column(sa.Column("name_spoken", types.text(800), nullable=True))
        batch_op.add_column(sa.Column("short_name_spoken", types.text(400), nullable=True))
    with op.batch_alter_table("core_contact", schema=None) as batch_op:
        batch_op.add_column(sa.Column("name_spoken", types.text(400), nullable=True))
