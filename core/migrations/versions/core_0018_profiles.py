"""The kind of start page that a role gives."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import types

revision = "core_0018"
down_revision = "core_0017"


def upgrade() -> None:
    with op.batch_alter_table("core_role", schema=None) as batch_op:
        batch_op.add_column(sa.Column("profile", types.text(16), nullable=True))
    role = sa.table("core_role", sa.column("code", types.text(32)), sa.column("profile", types.text(16)))
    for code, profile in (("sales_manager", "manager"), ("executive", "executive")):
        op.execute(role.update().where(role.c.code == code).values(profile=profile))
