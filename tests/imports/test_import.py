"""Rows become records, or fail as a whole and say why."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from core.cli.failures import sentence
from core.errors import Forbidden
from core.models import Audit, Change, Customer, Share
from core.services import imports, records, writes
from core.services.chunks import chunked
from core.services.work import Ctx
from tests.imports.conftest import Importer
from tests.support.site import Site

HEADER = ("name", "phone", "employees", "founded_on", "region")


def stored(site: Site, *names: str) -> list[tuple[Any, ...]]:
    """The attributes of all customers, in the order in which they were made."""
    columns = [getattr(Customer, name) for name in names]
    with site.kernel.work(write=False) as work:
        return [tuple(row) for row in work.system.execute(select(*columns).order_by(Customer.id))]


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "chunked", partial(chunked, size=3))


@pytest.mark.databases
def test_good_rows_are_stored_and_bad_ones_leave_nothing(site: Site, bring: Importer, database_kind: str) -> None:
    site.customer("Old", code="C1")
    said = bring(
        [
            ("code", *HEADER),
            ("", "Acme", "021-1", "13938.0", "2001-02-28", "310000"),
            ("", "Date", "", "", "2001-02-30", ""),
            ("", "Number", "", str(2**63), "", ""),
            ("", "Word", "", "many", "", ""),
            ("", "Region", "", "", "", "999999"),
            ("", "", "021-2", "", "", ""),
            ("C1", "Taken", "", "", "", ""),
            ("C2", "Free", "", "", "", ""),
            ("", "上海𠮷", "", "", "", ""),
        ]
    )
    assert said.counts == (3, 0, 0, 6)
    assert said.failed == {
        3: "founded_on: There is no such day.",
        4: "employees: Give a whole number from 0 to 2147483647.",
        5: "employees: Give a whole number.",
        6: "region: There is no such record, or you may not see it.",
        7: "name: This is needed.",
        8: "code C1 is taken already.",
    }
    rows = stored(site, "name", "employees", "code")
    assert [row[:2] for row in rows] == [("Old", None), ("Acme", 13938), ("Free", None), ("上海𠮷", None)]
    assert [row[2] for row in rows[:3]] == ["C1", "C000001", "C2"]


def test_new_records_get_what_a_form_would_give_them(site: Site, bring: Importer) -> None:
    bring([("name", "state"), ("Acme", "prospect"), ("Beta", "")])
    with site.acting() as ctx:
        owner = ctx.identity
        rows = stored(site, "name", "state", "kind", "secrecy", "owner_id", "unit_id", "developed_on")
    place = (owner.user_id, owner.unit_id, ctx.today)
    assert rows == [("Acme", "prospect", "company", 1, *place), ("Beta", "target", "company", 1, *place)]


def test_all_faults_of_a_row_are_said(bring: Importer) -> None:
    said = bring([HEADER, ("Acme", "021", "x", "y", "310000")])
    assert said.failed == {2: "employees: Give a whole number.; founded_on: Give a date such as 2026-06-30."}


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-x", "@a", "<script>alert(1)</script>", "'; DROP TABLE core_customer;--", "{{ 7*7 }}", "\u202eabc"],
)
def test_hostile_text_is_stored_as_it_is(site: Site, bring: Importer, text: str) -> None:
    assert bring([("name",), (text,)]).counts == (1, 0, 0, 0)
    assert stored(site, "name") == [(text,)]


def test_text_that_no_field_can_hold(site: Site, bring: Importer) -> None:
    said = bring([("name", "note"), ("a\x00b", ""), ("long", "x" * 65536), ("two\nlines", ""), ("fits", "y" * 20000)])
    assert said.counts == (1, 0, 0, 3)
    assert "control characters" in said.failed[2]
    assert said.failed[3] == "note: At most 20000 characters."
    assert said.failed[4] == "name: Write it on one line."


def test_rows_of_another_width_fail(bring: Importer) -> None:
    said = bring(b'name,phone\nAcme\nBeta,1,2\n"Gam"ma,1\nDelta,1\n')
    assert said.counts == (1, 0, 0, 3)
    assert said.failed[2] == "This row has 1 cells, the header has 2."
    assert said.failed[3] == "This row has 3 cells, the header has 2."
    assert "quotation mark" in said.failed[4]


# --- matching --------------------------------------------------------------------------------------


@pytest.mark.databases
def test_a_second_time_nothing_changes(site: Site, bring: Importer, database_kind: str) -> None:
    rows = [HEADER, ("Acme", "021", "13938.0", "2001-02-28", "310000"), ("上海华达", "", "", "", "")]
    assert bring(rows, match="name").counts == (2, 0, 0, 0)
    before = stored(site, "name", "version", "updated_at")
    assert bring(rows, match="name").counts == (0, 0, 2, 0)
    assert stored(site, "name", "version", "updated_at") == before


def test_only_what_changed_is_changed_and_blank_cells_leave_a_value_alone(site: Site, bring: Importer) -> None:
    customer = site.customer("Acme", phone="021", employees=5, region="310000")
    said = bring([HEADER, ("Acme", "", "6", "", "310000")], match="name")
    assert said.counts == (0, 1, 0, 0)
    assert stored(site, "phone", "employees", "version") == [("021", 6, 2)]
    with site.kernel.work(write=False) as work:
        last = work.system.scalars(select(Audit).where(Audit.record_id == customer).order_by(Audit.change_id.desc()))
        assert [change["field"] for change in last.first().changes] == ["employees"]  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["ACME ltd", "  Acme Ltd ", "\u3000Ａｃｍｅ Ｌｔｄ"])
def test_names_match_trimmed_and_folded(site: Site, bring: Importer, text: str) -> None:
    site.customer("Acme Ltd")
    assert bring([("name", "phone"), (text, "021")], match="name").counts == (0, 1, 0, 0)
    assert stored(site, "name", "phone") == [("Acme Ltd", "021")]  # what it was matched by is no change
    assert bring([("name", "phone"), (text, "021")], match="name").counts == (0, 0, 1, 0)


@pytest.mark.parametrize("text", ["c000001", "Ｃ000001", " C000001 "])
def test_what_a_row_was_matched_by_is_no_change(site: Site, bring: Importer, text: str) -> None:
    site.customer("Acme")
    assert bring([("code", "phone"), (text, "021")], match="code").counts == (0, 1, 0, 0)
    assert stored(site, "code", "phone") == [("C000001", "021")]


def test_phones_match_by_their_digits_and_never_by_having_none(site: Site, bring: Importer) -> None:
    site.customer("Acme", phone="+86 (21) 555-01")
    site.customer("Beta", phone="none")
    rows = [("name", "phone"), ("Acme 2", "8621 55501"), ("Gamma", "unknown"), ("Delta", "")]
    assert bring(rows, match="phone").counts == (2, 1, 0, 0)
    assert [name for (name,) in stored(site, "name")] == ["Acme 2", "Beta", "Gamma", "Delta"]


@pytest.mark.parametrize(("field", "value", "text"), [("employees", 7, "7.0"), ("email", "a@x.example", "a@x.example")])
def test_fields_that_are_not_folded_match_by_value(
    site: Site, bring: Importer, field: str, value: Any, text: str
) -> None:
    site.customer("Acme", **{field: value})
    assert bring([(field, "name"), (text, "New")], match=field).counts == (0, 1, 0, 0)
    assert stored(site, "name") == [("New",)]


def test_two_matches_are_an_error(site: Site, bring: Importer) -> None:
    site.customer("Acme")
    site.customer("ACME")
    said = bring([("name", "phone"), ("acme", "021"), ("Beta", "")], match="name")
    assert said.counts == (1, 0, 0, 1)
    assert said.failed == {2: "2 records match by name."}


def test_a_match_in_the_recycle_bin_is_an_error(site: Site, bring: Importer) -> None:
    binned, twice = site.customer("Acme"), site.customer("Beta")
    with site.acting() as ctx:
        for record in (binned, twice):
            records.delete(ctx, ctx.catalog["core.customer"], record, 1)
    site.customer("Beta")
    said = bring([("name", "phone"), ("Acme", "1"), ("Beta", "2")], match="name")
    assert said.counts == (0, 1, 0, 1)
    assert said.failed == {2: "The matching record is in the recycle bin. Restore it first."}


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("gap", [0, 4])
def test_a_row_meets_what_an_earlier_one_made(site: Site, bring: Importer, gap: int) -> None:
    """In its own chunk and in a later one."""
    between = [(f"Other {number}", "", "") for number in range(gap)]
    rows = [("name", "phone", "employees"), ("Acme", "1", ""), *between, ("acme", "2", ""), ("acme", "2", "")]
    rows += [("ACME", "", "3"), ("acme", "2", "x"), ("ACME", "2", "3")]
    assert bring(rows, match="name").counts == (1 + gap, 2, 2, 1)
    assert stored(site, "name", "phone", "employees")[0] == ("Acme", "2", 3)


def test_a_failed_row_makes_no_match(site: Site, bring: Importer) -> None:
    said = bring([("name", "employees"), ("Acme", "x"), ("Acme", "1"), ("Acme", "1")], match="name")
    assert said.counts == (1, 0, 1, 1)


def test_a_parent_may_come_late(site: Site, bring: Importer) -> None:
    rows = [("code", "name", "parent"), ("A1", "Child", "P1"), ("P1", "Parent", ""), ("A2", "Child", "P1")]
    assert bring(rows).failed == {2: "parent: There is no such record, or you may not see it."}
    assert bring(rows, match="code").counts == (1, 0, 2, 0)


def test_a_failed_change_leaves_the_record_as_it_was(site: Site, bring: Importer) -> None:
    site.customer("Acme", phone="1", employees=1)
    said = bring(
        [("name", "phone", "employees"), ("Acme", "2", "x"), ("Acme", "3", "2"), ("Acme", "4", "99999999999")],
        match="name",
    )
    assert said.counts == (0, 1, 0, 2)
    assert stored(site, "phone", "employees", "version") == [("3", 2, 2)]
    with site.kernel.work(write=False) as work:
        last = work.system.scalars(select(Audit).order_by(Audit.change_id.desc(), Audit.seq)).first()
        assert last is not None
        assert [change["new"] for change in last.changes] == ["3", 2]


# --- whose rights ----------------------------------------------------------------------------------


@pytest.fixture
def team(site: Site) -> Site:
    site.unit("east")
    site.user("li", "east")
    site.user("wang", "east")
    site.user("boss", "east", ["sales_manager"])
    return site


def test_a_hidden_record_never_matches(team: Site, bring: Importer) -> None:
    team.customer("Acme", "wang", phone="secret")
    team.customer("Mine", "li")
    said = bring([("name", "phone"), ("Acme", "1"), ("Mine", "2")], match="name", user="li")
    assert said.counts == (1, 1, 0, 0)
    assert stored(team, "name", "phone") == [("Acme", "secret"), ("Mine", "2"), ("Acme", "1")]


def test_rights_that_are_missing_fail_their_rows(team: Site, bring: Importer) -> None:
    shared = team.customer("Acme", "wang")
    with team.acting() as ctx:
        share = {"entity": "core.customer", "record": shared, "to": {"user": "li"}, "actions": ["view"]}
        records.create(ctx, ctx.catalog["core.share"], share)
    rows = [("name", "phone", "owner"), ("Acme", "1", ""), ("Beta", "2", "wang"), ("Gamma", "3", "li")]
    said = bring(rows, match="name", user="li")
    assert said.counts == (1, 0, 0, 2)
    assert said.failed[2] == "Your role does not let you change this record."
    assert said.failed[3] == "Your role does not let you create this record, or not for this owner and unit."


def test_who_may_write_nothing_imports_nothing(team: Site, bring: Importer) -> None:
    team.user("reader", "east", ["executive"])
    for match in (None, "name"):
        with pytest.raises(Forbidden) as refused:
            bring([("name",), ("Acme",)], match=match, user="reader")
        assert sentence(refused.value) == "reader may not write records of core.customer."
    assert stored(team, "name") == []


def test_a_masked_field_cannot_be_probed(team: Site, bring: Importer) -> None:
    team.role("masked", [], [{"entity": "core.customer", "field": "phone", "right": "mask", "condition": None}])
    team.user("zhao", "east", ["sales_rep", "masked"])
    with pytest.raises(Forbidden) as refused:
        bring([("name", "phone"), ("Acme", "021")], match="phone", user="zhao")
    assert sentence(refused.value) == "You may not match by phone."


def test_what_he_may_not_see_is_not_cleared_by_a_blank(team: Site, bring: Importer) -> None:
    """As an export leaves it: the reference and the closed field are blank cells of his file."""
    team.role("closed", [], [{"entity": "core.customer", "field": "tax_no", "right": "none", "condition": None}])
    team.user("zhao", "east", ["sales_rep", "closed"])
    hidden, seen = team.customer("Group"), team.customer("Seen", "zhao")
    team.customer("Acme", phone="021", tax_no="7", parent=hidden, owner="zhao")
    team.customer("Beta", phone="022", tax_no="8", parent=seen, owner="zhao")
    rows = [("name", "tax_no", "phone", "parent"), ("Acme", "", "", ""), ("Beta", "", "022", "")]
    assert bring(rows, match="name", blank_clears=True, user="zhao").counts == (0, 2, 0, 0)
    assert stored(team, "name", "tax_no", "phone", "parent_id")[2:] == [
        ("Acme", "7", None, hidden),
        ("Beta", "8", "022", None),
    ]
    guess = [("name", "tax_no"), ("Acme", "8")]
    assert "tax_no" in bring(guess, match="name", blank_clears=True, user="zhao").failed[2]


def test_shares_are_judged_by_what_they_open(team: Site, bring: Importer) -> None:
    customer = team.customer("Acme", "li")
    rows = [("entity", "record", "to", "actions"), ("core.customer", str(customer), "user:wang", '["view"]')]
    assert bring(rows, key="core.share", user="boss").counts == (1, 0, 0, 0)
    assert bring(rows, key="core.share", user="li").counts == (0, 0, 0, 1)
    with team.kernel.work(write=False) as work:
        assert [share.record_id for share in work.system.scalars(select(Share))] == [customer]


def test_people_units_and_roles_are_imported_too(site: Site, bring: Importer) -> None:
    assert bring([("code", "name", "kind"), ("east", "华东", "branch")], key="core.unit", match="code").counts[0] == 1
    rows = [("login", "name", "unit", "roles"), ("li", "李", "east", "sales_rep;dealer"), ("wang", "王", "west", "")]
    said = bring(rows, key="core.user", match="login")
    assert said.counts == (1, 0, 0, 1)
    assert bring(rows[:2], key="core.user", match="login").counts == (0, 0, 1, 0)
    other = [("login", "name"), ("ＬＩ", "李")]
    assert bring(other, key="core.user", match="login").counts == (0, 0, 1, 0)
    changed = bring([("login", "name"), ("Li", "李四")], key="core.user", match="login")
    assert (changed.counts, changed.failed) == ((0, 1, 0, 0), {})


# --- the whole -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_chunks")
def test_a_dry_run_counts_the_same_and_keeps_nothing(site: Site, bring: Importer) -> None:
    site.customer("Old", phone="1")
    before = stored(site, "name", "phone", "version")
    rows = [("code", "name", "phone", "parent")]
    rows += [("", "Old", "2", ""), ("P1", "Parent", "", ""), ("", "x", "", "nobody"), ("", "Old", "2", "")]
    rows += [("", "Child", "", "P1"), ("P1", "Other", "", ""), ("", "parent", "5", ""), ("", "Child", "", "P1")]
    dry = bring(rows, match="name", dry_run=True)
    assert stored(site, "name", "phone", "version") == before
    with site.kernel.work(write=False) as work:
        changes = len(work.system.scalars(select(Change.id)).all())
    assert bring(rows, match="name") == dry
    assert dry.counts == (2, 2, 2, 2)
    with site.kernel.work(write=False) as work:
        assert len(work.system.scalars(select(Change.id)).all()) == changes + 3


@pytest.mark.usefixtures("small_chunks")
def test_all_chunks_are_one_batch(site: Site, bring: Importer) -> None:
    before = len(changes_of(site))
    bring([("name",), *((f"Customer {number}",) for number in range(7))])
    made = changes_of(site)[before:]
    assert len(made) == len({change.uuid for change in made}) == 3
    assert len({change.batch for change in made}) == 1


def changes_of(site: Site) -> list[Change]:
    with site.kernel.work(write=False) as work:
        return list(work.system.scalars(select(Change).order_by(Change.id)))


@pytest.mark.usefixtures("small_chunks")
def test_an_import_that_was_cut_off_is_repeated(site: Site, bring: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("name", "phone"), *((f"Customer {number}", str(number)) for number in range(8))]
    add = writes.add

    def fall(ctx: Ctx, entity: Any, taken: Any) -> Any:
        if taken.values["name"] == "Customer 4":
            raise RuntimeError("power cut")
        return add(ctx, entity, taken)

    monkeypatch.setattr(writes, "add", fall)
    with pytest.raises(RuntimeError):
        bring(rows, match="name")
    monkeypatch.setattr(writes, "add", add)
    assert len(stored(site, "name")) == 3
    assert bring(rows, match="name").counts == (5, 0, 3, 0)
    assert stored(site, "code", "name", "phone") == [
        (f"C{number + 1:06}", f"Customer {number}", str(number)) for number in range(8)
    ]


def test_numbers_skip_those_taken_by_hand(site: Site, bring: Importer) -> None:
    for code in ("C000002", "C000003", "C000005"):
        site.customer("Old", code=code)
    bring([("name",), ("a",), ("b",), ("c",)])
    site.customer("d")
    assert [code for (code,) in stored(site, "code")[3:]] == ["C000001", "C000004", "C000006", "C000007"]


def test_the_trade_ledger_is_imported_and_makes_customers_formal(site: Site, bring: Importer) -> None:
    for code in ("A", "B", "C"):
        site.customer(code, code=code)
    header = ("customer", "source_key", "document", "kind", "on", "amount_base")
    kind = site.settings.formal_on
    rows = [header, ("A", "erp:1", "SO-1", kind, "2026-01-05", "100"), ("B", "erp:2", "SO-2", kind, "2026-01-06", "2")]
    rows += [("A", "erp:3", "SO-3", kind, "2026-01-07", "x"), ("nobody", "erp:4", "SO-4", kind, "2026-01-07", "1")]
    assert bring(rows, key="core.trade", match="source_key").counts == (2, 0, 0, 2)
    assert [state for (state,) in stored(site, "state")] == ["formal", "formal", "target"]
    assert bring(rows, key="core.trade", match="source_key").counts == (0, 0, 2, 2)
