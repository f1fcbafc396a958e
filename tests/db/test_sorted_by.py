"""Sorted by what is shown: choices as declared, terms as in their list, people and records by name; and nothing
told of what the reader does not see.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select

from core.db.folding import sort_key
from core.entities.listing import ask
from core.errors import Forbidden
from core.models import Term, User
from core.services.records import listing
from core.services.work import Ctx
from core.web.lists.columns import may_sort
from tests.db.test_paging import MOMENTS, acting, pages, past_the_guard, store
from tests.support.site import Site

STAMPS = {"version": 1, "created_at": MOMENTS[0], "updated_at": MOMENTS[0]}
PEOPLE = ["王芳", "Emily", "李明", "张伟", "李明"]  # two of the same name

some = st.lists(
    st.fixed_dictionaries(
        {
            "owner": st.none() | st.integers(0, len(PEOPLE) - 1),
            "level": st.none() | st.integers(0, 4),
            "kind": st.sampled_from(["person", "company"]),
        }
    ),
    max_size=12,
)
sorts = st.lists(st.sampled_from(["owner", "level", "kind"]), min_size=1, max_size=3, unique=True).flatmap(
    lambda names: st.tuples(*(st.sampled_from([name, f"-{name}"]) for name in names)).map(",".join)
)


def people(ctx: Ctx) -> list[Any]:
    unit = ctx.work.system.scalar(select(User.unit_id))
    rows = [
        {"login": f"u{at}", "name": name, "sort_key": sort_key(name), "unit_id": unit, "clearance": 1, "active": True,
         "old_passwords": [], "epoch": 1, **STAMPS}
        for at, name in enumerate(PEOPLE)
    ]  # fmt: skip
    past_the_guard(ctx.work).execute(insert(User), rows)
    return list(ctx.system.execute(select(User.id, User.sort_key).where(User.login.like("u_")).order_by(User.id)))


def levels(ctx: Ctx) -> list[Any]:
    """Terms whose order is neither that of their labels nor that of their ids; two at the same place."""
    rows = [
        {"list_name": "level", "code": f"z{at}", "label_zh": label, "label_en": label, "position": place,
         "active": True, **STAMPS}
        for at, (label, place) in enumerate([("b", 3), ("c", 1), ("a", 2), ("d", 2), ("e", 0)])
    ]  # fmt: skip
    past_the_guard(ctx.work).execute(insert(Term), rows)
    return list(ctx.system.execute(select(Term.id, Term.position).where(Term.code.like("z_")).order_by(Term.id)))


def in_order(rows: Sequence[tuple[int, dict[str, Any]]], sort: str) -> list[int]:
    ordered = sorted(rows)
    for part in reversed(sort.split(",")):
        name, descending = part.removeprefix("-"), part.startswith("-")
        there = [row for row in ordered if row[1][name] is not None]
        there.sort(key=lambda row: row[1][name], reverse=descending)
        # Python keeps equals in their order when it reverses: so do the pages, by the keys that follow.
        ordered = there + [row for row in ordered if row[1][name] is None]
    return [number for number, _values in ordered]


@pytest.mark.databases
@given(rows=some, sort=sorts, limit=st.integers(1, 5))
def test_the_pages_are_in_the_order_of_what_is_shown(shared_site, rows, sort, limit):
    with acting(shared_site) as ctx:
        owners, terms = people(ctx), levels(ctx)
        stored = [
            {
                "owner_id": None if row["owner"] is None else owners[row["owner"]].id,
                "level_id": None if row["level"] is None else terms[row["level"]].id,
                "kind": row["kind"],
            }
            for row in rows
        ]
        store(ctx.work, stored)
        found = [record for page in pages(ctx, sort, limit) for record in page]
        assert all(len(page) == limit for page in pages(ctx, sort, limit)[:-1])
        numbers = sorted(record.id for record in found)
        keys = [
            {
                "owner": None if row["owner"] is None else (owners[row["owner"]].sort_key, owners[row["owner"]].id),
                "level": None if row["level"] is None else (terms[row["level"]].position, terms[row["level"]].id),
                "kind": ["company", "person"].index(row["kind"]),
            }
            for row in rows
        ]
        assert [record.id for record in found] == in_order(list(zip(numbers, keys, strict=True)), sort)


def test_choices_are_sorted_as_they_are_declared(site: Site) -> None:
    kind: Any = site.kernel.catalog["core.customer"].field("state").type
    declared = list(kind.choices)
    assert declared != sorted(declared)
    with acting(site, *({"state": state} for state in ["gone", *sorted(declared)])) as ctx:
        for sort, order in (("state", [*declared, "gone"]), ("-state", ["gone", *reversed(declared)])):
            wanted = ask(ctx.rights, ctx.catalog["core.customer"], sort=sort)
            assert [record.state for record in listing(ctx, wanted).records] == order


@pytest.mark.databases
def test_a_record_that_is_hidden_from_the_reader_is_as_good_as_none(site: Site) -> None:
    site.user("li")
    mine, theirs = site.customer("Middle", "li"), site.customer("Aaa hidden")
    site.user("su", clearance=3)
    hidden_last = site.customer("Zzz hidden")
    at = {}
    for name, parent in (("one", theirs), ("two", mine), ("three", hidden_last), ("four", None)):
        at[name] = site.create("core.customer", {"name": name, "owner": "li", "parent": parent})
    for sort in ("parent", "-parent"):
        with site.acting("li", write=False) as ctx:
            entity = ctx.catalog["core.customer"]
            seen, cursor = [], None
            while True:
                page = listing(ctx, ask(ctx.rights, entity, sort=sort, limit=1, cursor=cursor))
                seen += [record.id for record in page.records]
                cursor = page.next
                if cursor is None:
                    break
        # whichever way: the one that is seen, then all others by their own ids
        assert seen == [at["two"], *sorted({mine, at["one"], at["three"], at["four"]})]


def test_who_may_not_ask_by_the_name_may_not_sort_by_it(site: Site) -> None:
    closed = {"entity": "core.customer", "field": "name", "right": "mask", "condition": None}
    grants = [{"entity": "*", "action": "view", "reach": "all"}]
    site.role("blind", grants, [closed])
    site.user("mo", roles=["blind"])
    with site.acting("mo", write=False) as ctx:
        contact = ctx.catalog["core.contact"]
        assert not may_sort(ctx, contact, contact.field("customer"))
        with pytest.raises(Forbidden):
            ask(ctx.rights, contact, sort="customer")
        assert may_sort(ctx, contact, contact.field("name"))
