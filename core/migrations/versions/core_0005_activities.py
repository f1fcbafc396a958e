"""Activities and their participants."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import types

revision = "core_0005"
down_revision = "core_0004"


def upgrade() -> None:
    op.create_table(
        "core_activity",
        sa.Column("kind", types.text(16), nullable=False),
        sa.Column("subject", types.text(200), nullable=False),
        sa.Column("content", types.long_text(), nullable=True),
        sa.Column("happens_at", types.UtcDateTime(), nullable=True),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("done", sa.Boolean().with_variant(sa.SmallInteger(), "oracle"), nullable=False),
        sa.Column("outcome", types.long_text(), nullable=True),
        sa.Column("next_step", types.text(200), nullable=True),
        sa.Column("next_at", types.UtcDateTime(), nullable=True),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("about_entity", types.text(64), nullable=True),
        sa.Column("about_id", sa.Integer(), nullable=True),
        sa.Column("subject_folded", types.text(800), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("assignee_id", sa.Integer(), nullable=True),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("deleted_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["assignee_id"], ["core_user.id"], name=op.f("fk_core_activity_assignee_id")),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["core_contact.id"], name=op.f("fk_core_activity_contact_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_core_activity_customer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["core_user.id"], name=op.f("fk_core_activity_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_activity_id")),
    )
    with op.batch_alter_table("core_activity", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_activity_about_55dd09"), ["about_entity", "about_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_core_activity_assign_020b83"), ["assignee_id", "done", "due"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_core_activity_assignee_id"), ["assignee_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_activity_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_activity_custom_5a1189"), ["customer_id", "happens_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_activity_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_activity_happens_at"), ["happens_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_activity_owner_id"), ["owner_id"], unique=False)

    op.create_table(
        "core_activity_user",
        sa.Column("activity_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["core_activity.id"], name=op.f("fk_core_activity_user_a_869f14"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_activity_user_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("activity_id", "user_id", name=op.f("pk_core_activity_user_a_7aaeb7")),
    )
    with op.batch_alter_table("core_activity_user", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_activity_user_user_id"), ["user_id"], unique=False)
