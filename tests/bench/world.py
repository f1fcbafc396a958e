"""The bench's data: customers of which a restricted representative sees 1 030, a manager a tenth, an executive all."""

from __future__ import annotations

import csv
import datetime as dt
import random
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update

from core.db import engine as engines
from core.db.folding import sort_key
from core.models import Customer, Epoch, Share, Term
from core.services.search import rebuild
from tests.support.site import Site

OWNED, SHARED, REPS = 1000, 30, 100
REP, MANAGER, EXECUTIVE = "rep0", "head0", "boss"


def fill(site: Site, customers: int) -> None:
    """Units, representatives and customers, written past the services: only reading is measured."""
    for number in range(10):
        site.unit(f"u{number}")
    reps = [site.user(f"rep{number}", f"u{number % 10}") for number in range(REPS)]
    site.user(MANAGER, "u0", roles=["sales_manager"])
    site.user(EXECUTIVE, roles=["executive"])
    engine = engines.create(site.settings.database_url, pooled=False)
    with engine.connect().execution_options(**{engines.WRITE: True}) as connection:
        with site.acting(write=False) as ctx:
            units = [node.id for node in ctx.work.org.nodes.values() if node.parent_id is not None]
        terms = list(connection.scalars(select(Term.id).where(Term.list_name == "region")))
        chance = random.Random(7)
        now = dt.datetime.now(dt.UTC)
        rows = [_customer(number, reps, units, terms, chance, now) for number in range(customers)]
        for start in range(0, customers, 2000):
            connection.execute(insert(Customer), rows[start : start + 2000])
        foreign = chance.sample(range(OWNED + 1, customers), SHARED)
        shares = [
            {
                "entity": "core.customer",
                "record_id": number,
                "to_user_id": reps[0],
                "actions": ["view"],
                "version": 1,
                "created_at": now,
                "updated_at": now,
            }
            for number in foreign
        ]
        connection.execute(insert(Share), shares)
        connection.execute(update(Epoch).values(number=Epoch.number + 1))
        connection.commit()
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("ANALYZE core_customer")
    engine.dispose()


def index(site: Site) -> None:
    """Fold the names and index them, as an upgrade does."""
    rebuild.begin(site.kernel)
    rebuild.rebuild(site.kernel)


def _customer(
    number: int, reps: list[int], units: list[int], terms: list[int], chance: random.Random, now: dt.datetime
) -> dict[str, Any]:
    owner = reps[0] if number < OWNED else reps[1 + number % (len(reps) - 1)]
    name = f"{chance.choice('华东北南中西新远大明')}{chance.choice('科信达通联创')}{number}有限公司"
    code = f"C{number:06}"
    return {
        "code": code,
        "name": name,
        "sort_key": sort_key(name),
        "phone": f"138{number * 7919 % 10**8:08}",
        "kind": "company",
        "state": chance.choice(("target", "prospect")),
        "region_id": chance.choice(terms),
        "owner_id": owner,
        "unit_id": units[number % len(units)],
        "secrecy": 1,
        "employees": chance.randrange(10_000),
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }


def write_customers(path: Path, count: int) -> None:
    """A CSV file of customers as a company might hand them over, each only once in it."""
    chance = random.Random(3)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(("name", "short_name", "phone", "email", "address", "tax_no", "region", "employees", "founded_on"))
        for number in range(count):
            short = f"{chance.choice('华东北南中西新远大明')}{chance.choice('科信达通联创')}{count}{number}"
            tax = f"91{count % 10}{number:015}"
            mail, street = f"info@x{number}.example", f"上海市浦东新区张江路{number}号"
            phone = f"021-{50_000_000 + number}"
            out.writerow((f"{short}有限公司", short, phone, mail, street, tax, "310000", number % 5000, "2001-02-28"))
