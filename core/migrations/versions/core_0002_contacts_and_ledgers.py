"""Contacts, the trade ledger, and how customers went from state to state."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import types

revision = "core_0002"
down_revision = "core_0001"


def upgrade() -> None:
    op.create_table(
        "core_contact",
        sa.Column("code", types.text(32), nullable=False),
        sa.Column("name", types.text(100), nullable=False),
        sa.Column("title", types.text(100), nullable=True),
        sa.Column("department", types.text(100), nullable=True),
        sa.Column("buying_role", types.text(16), nullable=True),
        sa.Column("phone", types.text(64), nullable=True),
        sa.Column("mobile", types.text(64), nullable=True),
        sa.Column("email", types.text(200), nullable=True),
        sa.Column("birthday", sa.Date(), nullable=True),
        sa.Column("birthday_lunar", sa.Boolean().with_variant(sa.SmallInteger(), "oracle"), nullable=False),
        sa.Column("is_main", sa.Boolean().with_variant(sa.SmallInteger(), "oracle"), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("code_folded", types.text(64), nullable=True),
        sa.Column("name_folded", types.text(400), nullable=True),
        sa.Column("phone_folded", types.text(64), nullable=True),
        sa.Column("mobile_folded", types.text(64), nullable=True),
        sa.Column("email_folded", types.text(800), nullable=True),
        sa.Column("sort_key", types.text(255), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("deleted_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_core_contact_customer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["core_user.id"], name=op.f("fk_core_contact_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_contact_id")),
        sa.UniqueConstraint("code", name=op.f("uq_core_contact_code")),
    )
    with op.batch_alter_table("core_contact", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_contact_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_contact_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_contact_sort_key"), ["sort_key"], unique=False)

    op.create_table(
        "core_state_step",
        sa.Column("from_state", types.text(16), nullable=True),
        sa.Column("to_state", types.text(16), nullable=False),
        sa.Column("cause", types.text(32), nullable=False),
        sa.Column("reason", types.text(400), nullable=True),
        sa.Column("document", types.text(64), nullable=True),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_core_state_step_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_state_step_id")),
    )
    with op.batch_alter_table("core_state_step", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_state_step_customer_id"), ["customer_id"], unique=False)

    op.create_table(
        "core_trade",
        sa.Column("source_key", types.text(100), nullable=False),
        sa.Column("document", types.text(64), nullable=False),
        sa.Column("kind", types.text(16), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("amount_base", types.Money(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("effective", sa.Boolean().with_variant(sa.SmallInteger(), "oracle"), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_core_trade_customer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["core_user.id"], name=op.f("fk_core_trade_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_trade_id")),
        sa.UniqueConstraint("source_key", name=op.f("uq_core_trade_source_key")),
    )
    with op.batch_alter_table("core_trade", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core_trade_customer_8625f8"), ["customer_id", "kind", "happened_on"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_core_trade_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_trade_happened_on"), ["happened_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_trade_owner_id"), ["owner_id"], unique=False)

    _number_contacts()


def _number_contacts() -> None:
    """A new site gets the rule when it is set up; one that is there already gets it here."""
    rule = sa.table(
        "core_number_rule",
        *(sa.column(name) for name in ("entity", "unit_id", "prefix", "digits", "next_number")),
    )
    here = op.get_bind().scalar(sa.select(sa.func.count()).select_from(rule))
    if here:
        values = {"entity": "core.contact", "unit_id": None, "prefix": "P", "digits": 6, "next_number": 1}
        op.execute(sa.insert(rule).values(values))
