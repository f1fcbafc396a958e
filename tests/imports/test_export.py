"""Exports hold what their reader may export, as he may read it, and can be imported again."""

from __future__ import annotations

import csv
import datetime as dt
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy import func, select

from core.cli.failures import sentence
from core.clock import FIRST_YEAR, LAST_YEAR
from core.entities.csvfile import CsvFile, CsvWriter
from core.entities.xlsxfile import XlsxFile, XlsxWriter
from core.errors import Forbidden
from core.models import Audit, Change, Customer
from core.services import exports, login, records
from core.services.exports import Export, export
from tests.imports.conftest import Importer, Said
from tests.support.databases import create_database, drop_database
from tests.support.site import Site

Kehu = Callable[..., Said]


def exported(site: Site, user: str = "admin", key: str = "core.customer", **rest: Any) -> Export:
    entity = site.kernel.catalog[key]
    return export(site.kernel, entity, lambda work: login.by_login(work, user, door="test"), **rest)


def column(found: Export, name: str) -> list[Any]:
    at = found.headers.index(name)
    return [row[at] for row in found.rows]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def team(site: Site) -> Site:
    site.unit("east")
    site.user("li", "east")
    site.user("wang", "east")
    site.user("boss", "east", ["sales_manager", "executive"])
    site.customer("Mine", "li", phone="13800138000")
    site.customer("Foreign", "wang")
    return site


def test_only_what_may_be_exported(team: Site) -> None:
    """A share lets somebody see a record, not take it away."""
    with team.acting("boss") as ctx:
        foreign = ctx.system.scalar(select(Customer.id).where(Customer.name == "Foreign"))
        share = {"entity": "core.customer", "record": foreign, "to": {"user": "li"}, "actions": ["view", "edit"]}
        records.create(ctx, ctx.catalog["core.share"], share)
    with team.acting("li", write=False) as ctx:
        assert ctx.db.scalar(select(func.count()).select_from(Customer)) == 2
    found = exported(team, "li")
    assert (found.count, column(found, "name")) == (1, ["Mine"])
    assert column(exported(team, "boss"), "name") == ["Mine", "Foreign"]


def test_what_may_be_exported_must_be_visible_too(team: Site) -> None:
    team.role("taker", [{"entity": "core.customer", "action": "export", "reach": "all"}])
    team.user("zhao", "east", ["taker"])
    found = exported(team, "zhao")
    assert (found.count, list(found.rows)) == (0, [])


def test_who_may_export_nothing(team: Site) -> None:
    team.user("guest", "east", ["auditor"])
    with pytest.raises(Forbidden) as refused:
        exported(team, "guest")
    assert sentence(refused.value) == "guest may not export records of core.customer."


def test_fields_appear_as_the_reader_may_read_them(team: Site) -> None:
    rules = [{"entity": "core.customer", "field": name, "right": right} for name, right in RULED]
    team.role("masked", [], [{**rule, "condition": None} for rule in rules])
    team.user("zhao", "east", ["executive", "masked"])
    rows = {row[1]: row for row in exported(team, "zhao").rows}
    headers = list(exported(team, "zhao").headers)
    assert rows["Mine"][headers.index("phone")] == "138****8000"
    assert rows["Mine"][headers.index("kind")] is None
    with pytest.raises(Forbidden):
        exported(team, "zhao", filter=["=", "phone", "13800138000"])


RULED = [("phone", "mask"), ("kind", "none")]


def test_an_export_is_written_down_before_it_begins(team: Site) -> None:
    found = exported(team, "li", filter=["=", "state", "target"])
    with team.kernel.work(write=False) as work:
        entry = work.system.scalars(select(Audit).order_by(Audit.id.desc())).first()
        assert entry is not None
        change = work.system.get_one(Change, entry.change_id)
    assert (entry.action, entry.entity, entry.record_id) == ("export", "core.customer", None)
    told = {line["field"]: line["new"] for line in entry.changes}
    assert told == {"filter": ["=", "state", "target"], "rows": 1}
    assert change.actor_id is not None
    assert len(list(found.rows)) == 1


def test_pages_stop_when_the_rights_go(team: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MOST", 2)
    for number in range(5):
        team.customer(f"More {number}", "li")
    found = exported(team, "li")
    assert found.count == 6
    taken = [next(found.rows) for _number in range(2)]
    with team.acting() as ctx:
        user = ctx.system.scalar(select(Customer.owner_id).where(Customer.name == "Mine"))
        assert user is not None
        records.change(ctx, ctx.catalog["core.user"], user, {"roles": ["auditor"]}, 1)
    assert len([*taken, *found.rows]) == 2


@pytest.mark.databases
def test_pages_join_up(site: Site, monkeypatch: pytest.MonkeyPatch, database_kind: str) -> None:
    monkeypatch.setattr(exports, "MOST", 3)
    names = [f"Customer {number}" for number in range(8)]
    for name in names:
        site.customer(name)
    found = exported(site, filter=["!=", "name", "Customer 4"])
    assert column(found, "name") == [name for name in names if name != "Customer 4"]


# --- the command -----------------------------------------------------------------------------------


def test_files_by_their_ending(kehu: Kehu, site: Site, tmp_path: Path) -> None:
    site.customer("=Acme", phone="-1", annual_revenue="-1234.50", founded_on="2001-02-28", region="310000")
    assert kehu("export", "core.customer", "out.csv").out == "Exported 1.\n"
    (row,) = read(tmp_path / "out.csv")
    assert (row["name"], row["phone"], row["annual_revenue"]) == ("'=Acme", "'-1", "-1234.50")
    assert (row["founded_on"], row["region"], row["owner"], row["unit"]) == ("2001-02-28", "310000", "admin", "hq")
    assert json.loads(kehu("export", "core.customer", "out.xlsx", "--json").out) == {"exported": 1}
    sheet = load_workbook(tmp_path / "out.xlsx").active
    assert sheet is not None
    cells = dict(zip(*sheet.iter_rows(values_only=True), strict=True))
    assert (cells["name"], cells["annual_revenue"]) == ("'=Acme", -1234.5)
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    assert sorted(one.name for one in tmp_path.iterdir() if "out" in one.name) == ["out.csv", "out.xlsx"]


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["core.customer", "out.xml"], 2, "CSV and XLSX are what is written"),
        (["core.customer", "out"], 2, "CSV and XLSX are what is written"),
        (["core.custommer", "out.csv"], 1, "did you mean 'core.customer'?"),
        (["core.customer", "out.csv", "--filter", "["], 2, "is not JSON"),
        (["core.customer", "out.csv", "--filter", '["=", "nme", "x"]'], 1, "Did you mean “name”?"),
        (["core.customer", "out.csv", "--as", "nobody"], 1, "There is no active user nobody."),
        (["core.customer", "no/such/out.csv"], 1, "No such file"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    kehu: Kehu, tmp_path: Path, arguments: list[str], code: int, reason: str
) -> None:
    said = kehu("export", *arguments)
    assert (said.code, said.out) == (code, "")
    assert reason in said.err
    assert "Traceback" not in said.err
    assert not list(tmp_path.glob("*out*")) + list(tmp_path.glob(".*out*"))


# --- out and in again ------------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
CUSTOMERS = st.lists(
    st.fixed_dictionaries(
        {"name": TEXT.map(str.strip).filter(bool) | st.sampled_from(["=1+1", "'=x", "001", "true", "2001-01-01"])},
        optional={
            "phone": st.sampled_from(["+86 21 555", "-1", "0012"]),
            "note": st.sampled_from(["a\nb", "@x\ty", "\t=x", "“”", "1,234"]),
            "employees": st.integers(0, 2**31 - 1),
            "annual_revenue": st.decimals(-(10**13), 10**13, places=4).map(str),
            "founded_on": st.dates(dt.date(FIRST_YEAR, 1, 1), dt.date(LAST_YEAR, 12, 31)).map(str),
            "region": st.sampled_from(["310000", "110000"]),
            "secrecy": st.integers(0, 3),
            "kind": st.sampled_from(["company", "person"]),
            "owner": st.sampled_from(["admin", None]),
        },
    ),
    min_size=1,
    max_size=4,
)


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Path]]:
    folder = tmp_path_factory.mktemp("round")
    site = Site(create_database("sqlite", folder))
    yield site, folder
    site.close()
    drop_database(site.settings.database_url)


@given(customers=CUSTOMERS, ending=st.sampled_from(["csv", "xlsx"]), parent=st.booleans())
def test_what_goes_out_comes_in_again(
    sites: tuple[Site, Path], customers: list[dict[str, Any]], ending: str, parent: bool
) -> None:
    site, folder = sites
    _empty(site)
    codes = [f"K{number}" for number in range(len(customers))]
    for number, (code, values) in enumerate(zip(codes, customers, strict=True)):
        above = {"parent": codes[number - 1]} if parent and number else {}
        own = {"phone": f"{values['phone']}{number}"} if "phone" in values else {}  # no customer twice
        site.create("core.customer", {**values, **above, **own, "code": code})
    found = exported(site)
    rows = list(found.rows)
    path = folder / f"out.{ending}"
    writer: Any = CsvWriter(path) if ending == "csv" else XlsxWriter(path, "core.customer")
    for row in (found.headers, *rows):
        writer.write(row)
    writer.close()
    bring = Importer(site, folder / "in.csv")
    plain = bring.bring(_table(path), match="code", formats=[("annual_revenue", "point"), ("employees", "point")])
    assert (plain.counts, plain.failed) == ((0, 0, len(rows), 0), {})
    _empty(site)
    again = bring.bring(_table(path), formats=[("annual_revenue", "point"), ("employees", "point")], blank_clears=True)
    assert (again.counts, again.failed) == ((len(rows), 0, 0, 0), {})
    assert list(exported(site).rows) == rows


def _table(path: Path) -> Any:
    return CsvFile(path) if path.suffix == ".csv" else XlsxFile(path)


def _empty(site: Site) -> None:
    """Past the guard: the next customers begin anew."""
    path = site.settings.database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in ("core_state_step", "core_search_token", "core_customer"):
            if table in tables:
                connection.execute(f"DELETE FROM {table}")
        connection.commit()


@pytest.mark.parametrize("key", ["core.contact", "core.activity", "core.trade", "core.customer_state"])
def test_what_follows_its_customer_is_exported_by_who_sees_only_some(site: Site, key: str) -> None:
    site.user("li")
    for customer in (site.customer("Mine", "li"), site.customer("Another's")):
        site.create("core.contact", {"name": "x", "customer": customer})
        site.create("core.activity", {"subject": "x", "customer": customer})
        order = {"document": "x", "kind": "order", "on": "2026-01-05", "amount_base": "1"}
        site.create("core.trade", {"source_key": f"x {customer}", "customer": customer, **order})
    found = exported(site, "li", key)
    assert column(found, "customer") == ["C000001"] * found.count
    assert found.count >= 1


def test_what_is_no_plain_value_is_json_with_every_character(team: Site) -> None:
    entity = team.kernel.catalog["core.role"]
    document = {"label": "a\ud800", "note": "“”"}
    cell = exports.cell_of(entity.field("grants"), [document])
    assert cell.encode() == b'[{"label":"a\\ud800","note":"\xe2\x80\x9c\xe2\x80\x9d"}]'
    assert json.loads(cell) == [document]
    lines = [json.loads(cell) for cell in column(exported(team, key="core.audit"), "changes")]
    assert {"field": "name", "old": None, "new": "Foreign"} in [line for found in lines for line in found]
