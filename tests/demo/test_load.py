"""Demo data: the same for the same seed, valid, loaded once however often it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from core.cli import kehu as root
from core.demo.customers import Demo, customers
from core.demo.loading import Added, load
from core.demo.people import PASSWORD, PEOPLE, POOLS, UNITS
from core.errors import Conflict
from core.models import (
    Activity,
    Change,
    Contact,
    Customer,
    CustomerState,
    Share,
    Trade,
    Unit,
    User,
    user_role,
)
from core.security.passwords import check_strength
from core.services import login, records
from core.services.login import Visitor
from tests.support.databases import create_database, drop_database
from tests.support.site import Site

# What differs between two sites by the clock or by chance.
PASSING = {"created_at", "updated_at", "password_hash", "old_passwords"}


def fill(site: Site, count: int = 60, seed: int = 1) -> Added:
    return load(
        site.kernel, lambda work: login.by_login(work, "admin", door="test"), count, seed, progress=lambda _n: None
    )


def dump(site: Site) -> dict[str, list[dict[str, Any]]]:
    """The rows of all tables that the demo data fills."""
    models = (Unit, User, Customer, Share, Contact, Activity, Trade, CustomerState)
    tables: list[Any] = [model.__table__ for model in models] + [user_role]
    with site.kernel.work(write=False) as work:
        return {
            table.name: [
                {name: value for name, value in row._mapping.items() if name not in PASSING}
                for row in work.system.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in tables
        }


def changes(site: Site) -> int:
    with site.kernel.work(write=False) as work:
        return work.system.scalar(select(func.count()).select_from(Change)) or 0


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Site]:
    """A second site."""
    url = create_database("sqlite", tmp_path)
    made = Site(url)
    yield made
    made.close()
    drop_database(url)


def test_the_same_seed_gives_the_same_data(site: Site, other: Site) -> None:
    added = fill(site)
    assert (added.units, added.people, added.customers) == (len(UNITS), len(PEOPLE), 60)
    assert fill(other) == added
    assert dump(site) == dump(other)


def test_another_seed_gives_other_data() -> None:
    assert names(customers(50, 1)) != names(customers(50, 2))


def test_the_first_ones_are_the_same_however_many_there_are() -> None:
    assert list(customers(20, 7)) == list(customers(80, 7))[:20]


def names(made: Iterator[Demo]) -> list[str]:
    return [demo.values["name"] for demo in made]


@pytest.mark.databases
def test_a_second_time_adds_nothing(site: Site, database_kind: str) -> None:
    fill(site, 30)
    with site.acting() as ctx:
        gone = ctx.db.scalars(select(Customer).where(Customer.code == "D00003")).one()
        records.delete(ctx, ctx.catalog["core.customer"], gone.id, gone.version)
    before, written = dump(site), changes(site)
    assert fill(site, 30) == Added()
    assert (dump(site), changes(site)) == (before, written)
    assert fill(site, 35).customers == 5


def test_everybody_logs_in_and_works_where_he_should(site: Site) -> None:
    fill(site, 0)
    for person in PEOPLE:
        check_strength(PASSWORD, person.login)
        assert login.log_in(site.kernel, person.login, PASSWORD, Visitor()), person.login
    with site.acting() as ctx:
        entity = ctx.catalog["core.user"]
        for person in PEOPLE:
            user_id = ctx.db.scalars(select(User.id).where(User.login == person.login)).one()
            shown = records.reader(ctx).document(entity, records.find(ctx, entity, user_id))
            assert (shown["unit"]["key"], [role["key"] for role in shown["roles"]]) == (person.unit, [person.role])


def test_what_was_made_can_be_believed(site: Site) -> None:
    fill(site, 300)
    made = [demo.values for demo in customers(300, 1)]
    assert len({values["name"] for values in made}) == 300
    assert 0.1 < sum(values["name"].isascii() for values in made) / 300 < 0.3
    assert all(values["email"].endswith(".example.com") for values in made)
    assert {values["state"] for values in made} == {"target", "prospect"}
    pooled = [values for values in made if values["owner"] is None]
    assert pooled
    assert all(values["unit"] in POOLS.values() for values in pooled)
    assert any(values["secrecy"] == 2 for values in made)
    with site.kernel.work(write=False) as work:
        parents = select(func.count()).select_from(Customer).where(Customer.parent_id.is_not(None))
        assert work.system.scalar(parents) == sum(values["parent"] is not None for values in made) > 0
        assert work.system.scalar(select(func.count()).select_from(Share))


def test_customers_are_in_all_states_and_something_went_on_with_them(site: Site) -> None:
    added = fill(site, 200)
    assert min(added.contacts, added.activities, added.trades) > 200
    with site.kernel.work(write=False) as work:
        states = dict(work.system.execute(select(Customer.state, func.count()).group_by(Customer.state)).all())
        assert min(states[state] for state in ("target", "prospect", "formal", "sealed")) >= 10
        mains = select(Contact.customer_id, func.count()).where(Contact.is_main.is_(True)).group_by(Contact.customer_id)
        assert {number for _customer, number in work.system.execute(mains)} == {1}
        dealt = set(work.system.scalars(select(Trade.customer_id)))
        formal = set(work.system.scalars(select(Customer.id).where(Customer.state == "formal")))
        assert dealt == formal
        rows: list[Any] = list(work.system.scalars(select(Activity)))
        assert {row.kind for row in rows} == {"visit", "call", "mail", "meeting", "note", "task"}
        assert all(row.happens_at < work.now for row in rows if row.done)
        assert any(row.due < work.today for row in rows if row.kind == "task" and not row.done)  # overdue
        assert any(row.due >= work.today for row in rows if row.kind == "task" and not row.done)
        customers_ = {one.id: one for one in work.system.scalars(select(Customer))}
        assert all(row.owner_id == customers_[row.customer_id].owner_id for row in rows)
        sealed = select(CustomerState.reason).where(CustomerState.to_state == "sealed")
        assert all(work.system.scalars(sealed))


def test_owners_see_their_customers_and_others_do_not(site: Site) -> None:
    fill(site, 120)
    made = [demo.values for demo in customers(120, 1)]
    for person in PEOPLE:
        if person.role != "sales_rep":
            continue
        own = {values["code"] for values in made if values["owner"] == person.login}
        with site.acting(person.login, write=False) as ctx:
            seen = set(ctx.db.scalars(select(Customer.code)))
        assert own
        assert own <= seen
        assert len(seen) < len(made) / 2


def test_what_is_there_of_the_own_stays_as_it_is(site: Site) -> None:
    site.user("liming", name="Li Ming himself")
    fill(site, 0)
    with site.kernel.work(write=False) as work:
        user = work.system.scalars(select(User).where(User.login == "liming")).one()
    assert (user.name, user.password_hash) == ("Li Ming himself", None)


def test_a_production_site_takes_none(database_url: str) -> None:
    site = Site(database_url, production="true")
    with pytest.raises(Conflict, match="production"):
        fill(site)
    assert len(dump(site)["core_unit"]) == 1
    site.close()


def test_the_command_says_what_it_added_and_how_to_log_in(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEHU_DATABASE_URL", site.settings.database_url)
    runner = CliRunner()
    first = runner.invoke(root, ["demo", "load", "--customers", "12", "--seed", "5"], catch_exceptions=False)
    assert first.stdout.startswith(f"Added {len(UNITS)} units, {len(PEOPLE)} people, 12 customers, ")
    assert all(word in first.stdout for word in (PASSWORD, "zhaoguodong", "Emily Carter"))
    second = runner.invoke(root, ["demo", "load", "--customers", "12", "--seed", "5"], catch_exceptions=False)
    assert second.stdout == "The demo data is there already; nothing was added.\n"
    assert (first.stderr, second.stderr) == ("", "")


def test_a_new_site_can_begin_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KEHU_DATABASE_URL", raising=False)
    monkeypatch.setenv("KEHU_PLUGINS", "")
    done = CliRunner().invoke(root, ["init", "--admin-password", "x9-Long-Enough", "--demo"], catch_exceptions=False)
    assert done.exit_code == 0
    assert "500 customers" in done.stdout
