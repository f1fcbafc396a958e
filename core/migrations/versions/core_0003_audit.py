"""audit entries that can be searched, changes that undo others"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import types

revision = "core_0003"
down_revision = "core_0002"

_COPIES = (("batch", types.text(36)), ("happened_at", types.UtcDateTime()), ("door", types.text(16)))


def upgrade() -> None:
    with op.batch_alter_table("core_change", schema=None) as batch_op:
        batch_op.add_column(sa.Column("undoes", types.text(36), nullable=True))

    with op.batch_alter_table("core_audit", schema=None) as batch_op:
        for name, kind in _COPIES:
            batch_op.add_column(sa.Column(name, kind, nullable=True))
        batch_op.add_column(sa.Column("actor_id", sa.Integer(), nullable=True))

    for name in ("batch", "happened_at", "door", "actor_id"):
        op.execute(
            f"UPDATE core_audit SET {name} = "
            f"(SELECT core_change.{name} FROM core_change WHERE core_change.id = core_audit.change_id)"
        )

    with op.batch_alter_table("core_audit", schema=None) as batch_op:
        for name, kind in _COPIES:
            batch_op.alter_column(name, existing_type=kind, nullable=False)
        batch_op.create_index(batch_op.f("ix_core_audit_actor_id"), ["actor_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_audit_happened_at"), ["happened_at"], unique=False)
