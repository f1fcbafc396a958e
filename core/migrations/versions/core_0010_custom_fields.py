"""Fields that administrators define, and their values in customers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import types

revision = "core_0010"
down_revision = "core_0009"

GRANT = {"entity": "core.custom_field", "action": "*", "reach": "all", "condition": None, "deny": False}


def upgrade() -> None:
    op.create_table(
        "core_custom_field",
        sa.Column("entity", types.text(64), nullable=False),
        sa.Column("name", types.text(31), nullable=False),
        sa.Column("kind", types.text(16), nullable=False),
        sa.Column("label_zh", types.text(100), nullable=False),
        sa.Column("label_en", types.text(100), nullable=False),
        sa.Column("choices", types.JsonText(), nullable=True),
        sa.Column("required", types.boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", types.boolean(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("deleted_at", types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_custom_field_id")),
    )
    with op.batch_alter_table("core_custom_field", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_custom_field_entity"), ["entity"], unique=False)
    with op.batch_alter_table("core_customer", schema=None) as batch_op:
        batch_op.add_column(sa.Column("custom", types.JsonValues(), nullable=True))
    _let_administrators()


def _let_administrators() -> None:
    """The role `admin` names every administrative entity."""
    role = sa.table("core_role", sa.column("code", types.text(32)), sa.column("grants", types.JsonText()))
    connection = op.get_bind()
    for grants in connection.scalars(sa.select(role.c.grants).where(role.c.code == "admin")).all():
        if GRANT not in grants:
            connection.execute(sa.update(role).where(role.c.code == "admin").values(grants=[*grants, GRANT]))
