"""The table of gifts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.api import columns as types

revision = "gifts_0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "gifts_gift",
        sa.Column("code", types.text(32), nullable=False),
        sa.Column("name", types.text(100), nullable=False),
        sa.Column("name_folded", types.text(400), nullable=True),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("price", types.Money(), nullable=True),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("deleted_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_gifts_gift_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gifts_gift_id")),
        sa.UniqueConstraint("code", name=op.f("uq_gifts_gift_code")),
    )
    with op.batch_alter_table("gifts_gift", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_gifts_gift_customer_id"), ["customer_id"], unique=False)
