"""Jobs and the moments of their schedules."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import types

revision = "core_0006"
down_revision = "core_0005"


def upgrade() -> None:
    op.create_table(
        "core_due_slot",
        sa.Column("job_key", types.text(64), nullable=False),
        sa.Column("due_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("job_key", "due_at", name=op.f("pk_core_due_slot_job_ke_cb18fc")),
    )
    op.create_table(
        "core_job",
        sa.Column("uuid", types.text(36), nullable=False),
        sa.Column("slot", types.text(200), nullable=False),
        sa.Column("job_key", types.text(64), nullable=False),
        sa.Column("unique_key", types.text(120), nullable=True),
        sa.Column("payload", types.JsonText(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("on_behalf", types.text(200), nullable=True),
        sa.Column("state", types.text(16), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("run_at", types.UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("cancel_asked", sa.Boolean().with_variant(sa.SmallInteger(), "oracle"), nullable=False),
        sa.Column("lease", types.text(36), nullable=True),
        sa.Column("lease_until", types.UtcDateTime(), nullable=True),
        sa.Column("runner", types.text(100), nullable=True),
        sa.Column("started_at", types.UtcDateTime(), nullable=True),
        sa.Column("ended_at", types.UtcDateTime(), nullable=True),
        sa.Column("result", types.JsonText(), nullable=True),
        sa.Column("error", types.text(400), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["core_user.id"], name=op.f("fk_core_job_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_job_id")),
        sa.UniqueConstraint("slot", name=op.f("uq_core_job_slot")),
        sa.UniqueConstraint("uuid", name=op.f("uq_core_job_uuid")),
    )
    with op.batch_alter_table("core_job", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core_job_state_prior_9a2ef5"), ["state", "priority", "run_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_core_job_unique_key"), ["unique_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_job_user_id"), ["user_id"], unique=False)
