"""What duplicates of customers are found by, and where merged ones went."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db import types
from core.db.names import core_name, mail_domain, tax_key
from core.db.phones import phone_key

revision = "core_0007"
down_revision = "core_0006"


def upgrade() -> None:
    with op.batch_alter_table("core_customer", schema=None) as batch_op:
        batch_op.add_column(sa.Column("merged_into_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("core_name", types.text(200), nullable=True))
        batch_op.add_column(sa.Column("phone_key", types.text(64), nullable=True))
        batch_op.add_column(sa.Column("tax_key", types.text(64), nullable=True))
        batch_op.add_column(sa.Column("mail_domain", types.text(200), nullable=True))
        batch_op.create_index(batch_op.f("ix_core_customer_core_name"), ["core_name"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_customer_mail_domain"), ["mail_domain"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_customer_merged_7f7723"), ["merged_into_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_customer_phone_key"), ["phone_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_customer_tax_key"), ["tax_key"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_core_customer_merged_e8d32f"), "core_customer", ["merged_into_id"], ["id"]
        )
    _fill_keys(op.get_bind())


def _fill_keys(connection: sa.Connection) -> None:
    """The keys of the customers that are there already."""
    names = ("id", "name", "phone", "tax_no", "email", "core_name", "phone_key", "tax_key", "mail_domain")
    customer = sa.table("core_customer", *(sa.column(name) for name in names))
    last = 0
    while True:
        rows = connection.execute(
            sa.select(*(customer.c[name] for name in names[:5])).where(customer.c.id > last).order_by("id").limit(1000)
        ).all()
        if not rows:
            return
        last = rows[-1].id
        keys = [
            {
                "row": row.id,
                "core_name": core_name(row.name),
                "phone_key": phone_key(row.phone or ""),
                "tax_key": tax_key(row.tax_no or ""),
                "mail_domain": mail_domain(row.email or ""),
            }
            for row in rows
        ]
        found: dict[str, sa.BindParameter[str]] = {name: sa.bindparam(name) for name in names[5:]}
        connection.execute(sa.update(customer).where(customer.c.id == sa.bindparam("row")).values(**found), keys)
