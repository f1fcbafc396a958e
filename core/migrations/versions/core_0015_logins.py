"""Logins without case and width."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import types
from core.db.folding import fold

revision = "core_0015"
down_revision = "core_0014"


def upgrade() -> None:
    with op.batch_alter_table("core_user", schema=None) as batch_op:
        batch_op.add_column(sa.Column("login_folded", types.text(128), nullable=True))
        batch_op.create_index(batch_op.f("ix_core_user_login_folded"), ["login_folded"], unique=False)
    connection = op.get_bind()
    user = sa.table("core_user", sa.column("id"), sa.column("login"), sa.column("login_folded"))
    rows = connection.execute(sa.select(user.c.id, user.c.login)).all()
    folded = [{"row": row.id, "folded": fold(row.login)[:128]} for row in rows]
    if folded:
        statement = sa.update(user).where(user.c.id == sa.bindparam("row"))
        connection.execute(statement.values(login_folded=sa.bindparam("folded")), folded)
