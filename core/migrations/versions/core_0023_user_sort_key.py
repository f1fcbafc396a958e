"""Users sorted by name as everything else is: by pinyin, among the Latin names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import types
from core.db.folding import sort_key

revision = "core_0023"
down_revision = "core_0022"


def upgrade() -> None:
    with op.batch_alter_table("core_user", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sort_key", types.text(255), nullable=True))
    user = sa.table("core_user", *(sa.column(name) for name in ("id", "name", "sort_key")))
    connection = op.get_bind()
    keys = [{"row": row.id, "key": sort_key(row.name)} for row in connection.execute(sa.select(user.c.id, user.c.name))]
    if keys:
        found = sa.update(user).where(user.c.id == sa.bindparam("row")).values(sort_key=sa.bindparam("key"))
        connection.execute(found, keys)
