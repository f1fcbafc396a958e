"""What customers may be given."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.api import columns as types

revision = "gifts_0002"
down_revision = "gifts_0001"


def upgrade() -> None:
    op.create_table(
        "gifts_wishes",
        sa.Column("no_alcohol", types.boolean(), nullable=True),
        sa.Column("budget", types.Money(), nullable=True),
        sa.Column("favourite_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["favourite_id"], ["gifts_gift.id"], name=op.f("fk_gifts_wishes_favourite_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["id"], ["core_customer.id"], name=op.f("fk_gifts_wishes_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gifts_wishes_id")),
    )
    with op.batch_alter_table("gifts_wishes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_gifts_wishes_budget"), ["budget"], unique=False)
        batch_op.create_index(batch_op.f("ix_gifts_wishes_favourite_id"), ["favourite_id"], unique=False)
