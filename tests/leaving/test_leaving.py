"""Somebody leaves: all that he has goes to others, he is shut out, and one undo gives everything back (M1)."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import func, select

from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.models import Activity, Audit, Change, Contact, Customer, User
from core.services import login, records, undo
from core.services.leaving import Plan, candidates, hand_over, held_by, proposed


@pytest.fixture
def office(site):
    """Zhang has three customers, a contact of one, an open task and one that is done; Li and Wang stay."""
    people = {name: site.user(name) for name in ("zhang", "li", "wang")}
    customers = [site.customer(name, "zhang") for name in ("A", "B", "C")]
    site.customer("L", "li")
    site.create("core.contact", {"customer": customers[1], "name": "Zhao"}, "zhang")
    task = {"kind": "task", "customer": customers[0], "due": "2026-01-01"}
    site.create("core.activity", {**task, "subject": "open"}, "zhang")
    site.create("core.activity", {**task, "subject": "over", "done": True}, "zhang")
    return site, people, customers


def owners(site):
    def read(ctx):
        return {one.name: one.owner_id for one in ctx.system.scalars(select(Customer))}

    return site.run(read, write=False)


def leave(site, people, plan, user="admin"):
    with site.acting(user) as ctx:
        went = hand_over(ctx, people["zhang"], plan)
        return ctx.journal.uuid, dict(sum(went.values(), Counter()))


@pytest.mark.databases
def test_all_goes_to_others_at_once_and_comes_back_at_once(office):
    site, people, _customers = office
    li, wang = people["li"], people["wang"]
    change, counts = leave(site, people, Plan((li, wang)))
    assert counts == {"core.customer": 3, "core.contact": 1, "core.activity": 1}
    given = owners(site)
    # Li has one already: Wang gets the first, then they have as many.
    assert [given[name] for name in "ABC"] == [wang, li, wang]
    with site.acting(write=False) as ctx:
        assert held_by(ctx, people["zhang"]) == []
        assert ctx.system.scalar(select(Contact.owner_id)) == li  # goes with its customer
        by_subject = {one.subject: one for one in ctx.system.scalars(select(Activity))}
        assert (by_subject["open"].owner_id, by_subject["open"].assignee_id) == (wang, wang)
        assert by_subject["over"].owner_id == people["zhang"]  # history
        rows = select(func.count()).select_from(Audit).join(Change).where(Change.uuid == change)
        assert ctx.system.scalar(rows) == 6  # one for each record, and the user
        with pytest.raises(Invalid):
            login.by_login(ctx.work, "zhang", door="test")
    site.run(lambda ctx: undo.undo(ctx, change))
    assert [owners(site)[name] for name in "ABC"] == [people["zhang"]] * 3
    with site.acting("zhang", write=False) as ctx:
        assert len(held_by(ctx, people["zhang"])) == 5
    with pytest.raises(Conflict):
        site.run(lambda ctx: undo.undo(ctx, change))


def test_customers_can_stay_in_their_unit_without_an_owner(office):
    site, people, customers = office
    told = {("core.customer", customers[0]): people["li"]}
    _change, _counts = leave(site, people, Plan((people["wang"],), True, told))
    given = owners(site)
    assert [given[name] for name in "ABC"] == [people["li"], None, None]
    with site.acting(write=False) as ctx:
        assert set(ctx.system.scalars(select(Customer.unit_id))) == {1}
        assert ctx.system.scalar(select(Contact.owner_id)) is None
        assert ctx.system.scalar(select(Activity.owner_id).where(Activity.done.is_(False))) == people["li"]


def test_what_cannot_be_given_wholly_is_not_given_at_all(office):
    site, people, _customers = office
    site.role("people", [{"entity": "core.user", "action": "*", "reach": "all", "condition": None, "deny": False}])
    site.user("hr", roles=["people", "sales_rep"])
    for user, plan, error in (
        ("admin", Plan(), Invalid),  # a task needs somebody
        ("admin", Plan((people["zhang"],)), Invalid),
        ("hr", Plan((people["li"],)), Forbidden),  # sees none of it
        ("li", Plan((people["li"],)), (Forbidden, NotFound)),
    ):
        before = owners(site)
        with pytest.raises(error):
            leave(site, people, plan, user)
        assert owners(site) == before
        assert site.run(lambda ctx: ctx.system.get_one(User, people["zhang"]).active, write=False)


def test_a_proposal_evens_the_loads_out_and_hides_nobody(office):
    site, people, _customers = office
    with site.acting(write=False) as ctx:
        found = candidates(ctx, ctx.system.get_one(User, people["zhang"]), ["core.customer"])
        assert {one.login: one.load for one in found} == {"li": 1, "wang": 0, "admin": 0}
        held = held_by(ctx, people["zhang"])
        heirs = (people["li"], people["wang"])
        given = proposed(ctx, held, Plan(heirs))
        assert given.keys() == {one.key for one in held}
        assert set(given.values()) == set(heirs)


def test_what_is_sealed_goes_along_to_another_unit(office):
    site, people, customers = office
    site.unit("east")
    heir = site.user("heir", "east")
    with site.acting() as ctx:
        entity = ctx.catalog["core.customer"]
        seal = next(verb for verb in entity.verbs if verb.name == "seal")
        records.act(ctx, entity, customers[0], seal, {"reason": "closed down"})
    leave(site, people, Plan((heir,)))
    with site.acting(write=False) as ctx:
        sealed = ctx.system.get_one(Customer, customers[0])
        assert (sealed.state, sealed.owner_id) == ("sealed", heir)


def test_only_who_may_own_a_kind_nearby_is_proposed_for_it(site):
    site.unit("east")
    site.unit("shop", "department", "east")
    site.unit("west")
    site.role("desk", [{"entity": "core.activity", "action": one, "reach": "own"} for one in ("view", "edit")])
    people = {
        login: site.user(login, unit, roles)
        for login, unit, roles in (
            ("zhang", "shop", ["sales_rep"]),
            ("ann", "shop", ["auditor"]),
            ("boss", "east", ["sales_manager"]),
            ("exec", "east", ["executive"]),
            ("rep", "east", ["sales_rep"]),
            ("wu", "west", ["sales_rep"]),
            ("desk", "shop", ["desk"]),
        )
    }
    site.create("core.activity", {"kind": "task", "subject": "x"}, "zhang")
    site.customer("A", "zhang")
    with site.acting(write=False) as ctx:
        zhang = ctx.system.get_one(User, people["zhang"])
        found = candidates(ctx, zhang, ["core.customer", "core.activity"], also=["wu"])
        assert [one.login for one in found] == ["wu", "rep", "desk", "boss", "admin"]
        assert {one.login: one.unit for one in found}["rep"] == "east"
        able = {one.login: one.may_own for one in found}
        assert able["desk"] == {"core.activity"}
        assert able["rep"] == {"core.customer", "core.activity"}
        held = held_by(ctx, zhang.id)
        given = proposed(ctx, held, Plan((people["desk"], people["rep"])))
        assert {key: to for (key, _number), to in given.items()} == {
            "core.customer": people["rep"],
            "core.activity": people["desk"],
        }
    with pytest.raises(Invalid) as refused, site.acting() as ctx:
        hand_over(ctx, people["zhang"], Plan((people["desk"],)))
    assert "may own" in refused.value.errors["heirs"][0]
    assert list(owners(site).values()) == [people["zhang"]]


def test_who_has_nothing_is_only_shut_out(site):
    gone = site.user("gone")
    with site.acting() as ctx:
        assert hand_over(ctx, gone, Plan()) == {}
    with site.acting(write=False) as ctx, pytest.raises(Invalid):
        login.by_login(ctx.work, "gone", door="test")


def test_a_customer_that_was_deleted_waits_for_nobody(office):
    site, people, customers = office
    site.run(lambda ctx: records.delete(ctx, ctx.catalog["core.customer"], customers[0], 1))
    _change, counts = leave(site, people, Plan((people["li"],)))
    assert counts["core.customer"] == 2
