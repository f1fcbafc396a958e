"""Fields that administrators define for contacts and activities."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import types

revision = "core_0014"
down_revision = "core_0013"


def upgrade() -> None:
    for table in ("core_contact", "core_activity"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("custom", types.JsonValues(), nullable=True))
