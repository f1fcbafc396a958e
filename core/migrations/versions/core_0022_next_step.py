"""What kind the next step of an activity is, and a day for it that has no time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import types

revision = "core_0022"
down_revision = "core_0021"


def upgrade() -> None:
    with op.batch_alter_table("core_activity", schema=None) as batch_op:
        batch_op.add_column(sa.Column("next_kind", types.text(16), nullable=True))
        batch_op.add_column(sa.Column("next_due", sa.Date(), nullable=True))
