"""Many rows at once: what becomes of them is what becomes of them one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select

from core.cli.failures import sentence
from core.errors import Forbidden, KehuError
from core.models import Audit, Customer
from core.services import records
from core.services.bulk import Result, store
from core.services.intake import Intake
from core.services.matching import Matcher
from core.services.trail import PROBE
from core.services.work import Ctx
from plugins import Rules
from tests.support.site import Site

Row = Mapping[str, str]
NAMES = ("Acme", "ACME", "Beta", "Gamma", "Delta", "x" * 201, "\x00")
CODES = ("A1", "A2", "A3", "old", "binned")

ROWS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "name": st.sampled_from(NAMES),
            "code": st.sampled_from(CODES),
            "parent": st.sampled_from((*CODES, "hidden", "nobody")),
            "employees": st.sampled_from(("1", "2", "many")),
            "region": st.sampled_from(("310000", "110000", "nowhere")),
            "owner": st.sampled_from(("li", "wang", "gone")),
            "secrecy": st.sampled_from(("1", "3")),
            "state": st.sampled_from(("prospect", "formal")),
            "nonsense": st.just("x"),
        },
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def shared_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(f"sqlite:///{tmp_path_factory.mktemp('bulk')}/kehu.db")
    site.unit("east")
    site.user("li", "east")
    site.user("wang", "east")
    site.user("gone", "east", active=False)
    site.user("boss", "east", ["sales_manager"])
    site.customer("Old", "li", code="old", employees=1)
    site.customer("acme", "li")
    site.customer("Beta", "wang", code="hidden")
    binned = site.customer("Gamma", "li", code="binned")
    with site.acting() as ctx:
        records.delete(ctx, ctx.catalog["core.customer"], binned, 1)
    yield site
    site.close()


class _Undo(Exception):
    pass


def told(site: Site, user: str, write: Callable[[Ctx], list[Result]]) -> Any:
    """What writing the rows said, stored and audited; all of it is taken back."""
    found: Any = None
    try:
        with site.acting(user) as ctx:
            known = set(ctx.system.scalars(select(Customer.id)))
            written = write(ctx)
            rows = ctx.work.system.execute(
                select(Customer.id, Customer.name, Customer.code, Customer.employees, Customer.parent_id)
                .add_columns(Customer.region_id, Customer.owner_id, Customer.version, Customer.sort_key)
                .order_by(Customer.id)
            ).all()
            audit = [(entry.action, entry.record_id, _without_numbers(entry.changes)) for entry in ctx.journal.entries]
            found = (
                [
                    (one.status, one.same, one.id, one.refusal and (type(one.refusal), sentence(one.refusal)))
                    for one in written
                ],
                [(*row[:2], row[2] if row[2] in CODES or row[0] in known else "made", *row[3:]) for row in rows],
                sorted(audit, key=lambda entry: (entry[1], entry[0])),
            )
            raise _Undo
    except _Undo:
        return found


def _without_numbers(changes: Sequence[Any]) -> list[Any]:
    """Numbers of rows that failed are lost, and which were lost may differ."""
    return [change for change in changes if change["field"] != "code" or change["new"] in CODES]


def one_by_one(ctx: Ctx, rows: Sequence[Row], match: str | None) -> list[Result]:
    """By the services for one record, each row in a savepoint of its own."""
    entity = ctx.catalog["core.customer"]
    field = entity.field(match) if match else None
    written = []
    for row in rows:
        since = len(ctx.journal.entries)
        try:
            with ctx.savepoint():
                found = None
                if field is not None:
                    matcher = Matcher(ctx, entity, field)
                    key = matcher.key(row.get(field.name))
                    matcher.prefetch([key])
                    found = matcher.find(key)
                intake = Intake(ctx, entity, text=True)
                if found is None:
                    record = records.create(ctx, entity, row, intake=intake)
                else:
                    version = records.find(ctx, entity, found.id).version
                    record = records.change(ctx, entity, found.id, row, version, intake=intake)
            changed = len(ctx.journal.entries) > since
            new = found is None
            written.append(Result(201 if new else 200, record.id, same=not new and not changed))
        except KehuError as error:
            written.append(Result(error.status, refusal=error))
    return written


def compare(site: Site, rows: Sequence[Row], match: str | None, user: str) -> None:
    def many(ctx: Ctx) -> list[Result]:
        entity = ctx.catalog["core.customer"]
        return store(ctx, entity, rows, match, text=True)

    assert told(site, user, many) == told(site, user, lambda ctx: one_by_one(ctx, rows, match))


@given(rows=ROWS, match=st.sampled_from((None, "code", "name")), user=st.sampled_from(("admin", "li", "boss")))
def test_many_at_once_and_one_by_one_are_the_same(
    shared_site: Site, rows: list[dict[str, str]], match: str | None, user: str
) -> None:
    compare(shared_site, rows, match, user)


def test_two_changes_cannot_close_a_circle(shared_site: Site) -> None:
    rows = [{"code": "A1", "name": "a"}, {"code": "A2", "name": "b"}]
    rows += [{"code": "A1", "parent": "A2"}, {"code": "old", "employees": "7"}, {"code": "A2", "parent": "A1"}]
    compare(shared_site, rows, "code", "admin")


def test_a_number_that_another_row_brings_is_not_given_away(shared_site: Site) -> None:
    """One by one the second row would come too late for its own code."""
    rows = [{"name": "a"}, {"name": "b", "code": "C000002"}, {"name": "c"}]
    with shared_site.acting() as ctx:
        written = store(ctx, ctx.catalog["core.customer"], rows)
        codes = [ctx.system.get_one(Customer, one.id).code for one in written]
    assert codes == ["C000003", "C000002", "C000004"]


def test_rows_of_json_values(shared_site: Site) -> None:
    def write(ctx: Ctx) -> list[Result]:
        entity = ctx.catalog["core.customer"]
        rows: list[dict[str, Any]] = [
            {"code": "A1", "name": "x", "employees": 3},
            {"code": "A2", "name": "y", "employees": "3"},
        ]
        return store(ctx, entity, [*rows, {"code": "old", "employees": 1}], "code")

    said = told(shared_site, "admin", write)[0]
    assert [one[:2] for one in said] == [(201, False), (422, False), (200, True)]
    assert said[1][3][1] == "employees: Give a whole number."


def test_statements_do_not_grow_with_the_rows(site: Site) -> None:
    def count(rows: int) -> int:
        statements: list[str] = []
        event.listen(site.kernel.database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
        with site.acting() as ctx:
            sent = [
                {"name": f"{rows} {n}", "owner": "admin", "region": "310000", "employees": str(n)} for n in range(rows)
            ]
            assert {one.status for one in store(ctx, ctx.catalog["core.customer"], sent, text=True)} == {201}
        return len(statements)

    site.customer("The first makes the rule for numbers")
    assert count(10) == count(200)


def test_rules_that_do_not_say_what_they_look_for_see_every_row_stored(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    class Counting(Rules):
        def prepare(self, ctx: Ctx, record: Any, values: dict[str, Any], creating: bool) -> None:
            seen.append(len(ctx.system.scalars(select(Customer.id)).all()))
            values |= {"code": values["name"], "unit": ctx.identity.unit_id}

    entity = site.kernel.catalog["core.customer"]
    monkeypatch.setitem(vars(entity), "rules", Counting())
    with site.acting() as ctx:
        store(ctx, entity, [{"name": "a"}, {"name": "b"}, {"name": "c"}])
    assert seen == [0, 1, 2]


def test_who_may_not_ask_by_a_field_may_not_match_by_it(shared_site: Site) -> None:
    shared_site.role("masked", [], [{"entity": "core.customer", "field": "phone", "right": "mask", "condition": None}])
    shared_site.user("zhao", "east", ["sales_rep", "masked"])
    entity = shared_site.kernel.catalog["core.customer"]
    with shared_site.acting("zhao") as ctx, pytest.raises(Forbidden):
        store(ctx, entity, [{"name": "a"}], "phone")


def test_a_row_that_meets_a_hidden_customer_is_written_down(site: Site) -> None:
    site.unit("east")
    for login in ("li", "wang"):
        site.user(login, "east")
    foreign = site.customer("Acme", "wang", tax_no="91310000MA1FL0AB0X")
    with site.acting("li") as ctx:
        rows = [{"name": "Other", "tax_no": "91310000MA1FL0AB0X"}, {"name": "Beta"}]
        assert [one.status for one in store(ctx, ctx.catalog["core.customer"], rows)] == [409, 201]
    with site.kernel.work(write=False) as work:
        probes = work.system.scalars(select(Audit.record_id).where(Audit.action == PROBE)).all()
    assert probes == [foreign]
