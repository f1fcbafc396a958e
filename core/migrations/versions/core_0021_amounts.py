"""How a user has amounts written in lists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import types

revision = "core_0021"
down_revision = "core_0020"


def upgrade() -> None:
    with op.batch_alter_table("core_user", schema=None) as batch_op:
        batch_op.add_column(sa.Column("amounts", types.text(16), nullable=True))
