"""Merging customers: all that hangs on one moves to the other (M58)."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from core.models import Activity, Audit, Contact, Customer, CustomerState, Share
from core.services import records
from core.services.chain import verify
from core.services.undo import is_undoable

CUSTOMERS = "/core/customers"


def merge(client, target, source, status=200, **more):
    return client.post(f"{CUSTOMERS}/{target}/actions/merge", {"source": source, **more}, status=status)


def fill(site, customer_id, contacts, activities):
    for n in range(contacts):
        site.create("core.contact", {"customer": customer_id, "name": f"P{n}", "is_main": n == 0})
    for n in range(activities):
        site.create("core.activity", {"customer": customer_id, "subject": f"A{n}"})


def count(site, model, customer_id):
    with site.acting(write=False) as ctx:
        return ctx.system.scalar(select(func.count()).select_from(model).where(model.customer_id == customer_id))


@pytest.mark.databases
def test_everything_moves_and_adds_up(site, api):
    site.user("li")
    source = site.customer("Acme China", phone="1", note="old", owner="li")
    target = site.customer("Acme", email="a@acme.com")
    child = site.customer("Acme East", parent=source)
    fill(site, source, 2, 3)
    fill(site, target, 1, 4)
    site.create("core.share", {"entity": "core.customer", "record": source, "to": {"user": "li"}, "actions": ["view"]})
    merged = merge(api(), target, source).json
    assert (merged["phone"], merged["note"], merged["email"]) == ("1", "old", "a@acme.com")
    assert (merged["name"], merged["code"]) == ("Acme", "C000002")
    assert (count(site, Contact, target), count(site, Activity, target)) == (3, 7)
    assert (count(site, Contact, source), count(site, Activity, source)) == (0, 0)
    with site.acting(write=False) as ctx:
        assert ctx.system.get_one(Customer, child).parent_id == target
        assert ctx.system.scalars(select(Share.record_id)).all() == [target]
        mains = select(func.count()).select_from(Contact).where(Contact.is_main.is_(True))
        assert ctx.system.scalar(mains) == 1
        states = select(func.count()).select_from(CustomerState).filter_by(customer_id=target)
        assert ctx.system.scalar(states) == 1  # what was written down of the source stays its own
        last = ctx.system.execute(select(Audit.action, Audit.entity).order_by(Audit.id.desc()).limit(9)).all()
        assert last.count(("merge", "core.customer")) == 2
        assert {action for action, entity in last if entity != "core.customer"} == {"edit"}
        assert verify(ctx.work) is None


def test_the_source_leads_to_the_target(site, api):
    first, second, third = (site.customer(name) for name in ("A", "B", "C"))
    merge(api(), second, first)
    merge(api(), third, second)
    for gone in (first, second):
        moved = api().get(f"{CUSTOMERS}/{gone}", status=308)
        assert moved.location.endswith(f"{CUSTOMERS}/{third}")
        refused = api().patch(f"{CUSTOMERS}/{gone}", {"note": "x", "version": 1}, status=409)
        assert refused.json["code"] == "MERGED"
        api().post(f"{CUSTOMERS}/{gone}/actions/qualify", {}, status=409)
        assert api().post(f"{CUSTOMERS}/{gone}/actions/restore", {}, status=409).json["code"] == "MERGED"
    site.unit("east")
    site.user("li", "east")
    hidden = api("li").get(f"{CUSTOMERS}/{first}", status=404)
    assert hidden.body == api("li").get(f"{CUSTOMERS}/999999", status=404).body
    api("li").patch(f"{CUSTOMERS}/{first}", {"note": "x", "version": 1}, status=404)


def test_fields_are_chosen_one_by_one(site, api):
    source, target = site.customer("A", phone="1", note="a"), site.customer("B", phone="2")
    merged = merge(api(), target, source, take={"phone": "source", "note": "target"}).json
    assert (merged["phone"], merged["note"]) == ("1", None)


@pytest.mark.parametrize("field", ["code", "name", "short_name", "parent", "secrecy", "owner", "state", "nothing"])
def test_some_fields_stay_the_targets(site, api, field):
    source, target = site.customer("A"), site.customer("B")
    refused = merge(api(), target, source, 422, take={field: "source"})
    assert list(refused.json["errors"]) == [field]


def test_states_must_fit(site, api):
    from tests.customers.test_states import trade

    prospect, formal = site.customer("A", state="prospect"), site.customer("B")
    trade(site, formal, "SO-1")
    assert merge(api(), formal, prospect, 409).json["code"] == "STATE_MISMATCH"
    merge(api(), site.customer("C"), prospect)


def test_not_into_itself_nor_into_its_own_child(site, api):
    head = site.customer("Head")
    child = site.customer("Child", parent=head)
    grandchild = site.customer("Grandchild", parent=child)
    merge(api(), head, head, 422)
    for below in (child, grandchild):
        assert merge(api(), below, head, 409).json["code"] == "CYCLE"
    merge(api(), head, child)
    with site.acting(write=False) as ctx:
        assert ctx.system.get_one(Customer, grandchild).parent_id == head


def test_needs_the_right_on_both(site, api):
    site.unit("east")
    site.user("li", "east")
    site.user("boss", "east", ["sales_manager"])
    mine, other = site.customer("A", "li"), site.customer("B", "li")
    foreign = site.customer("C")
    merge(api("li"), mine, other, 403)
    merge(api("boss"), mine, foreign, 422)  # as if it were not there
    merge(api("boss"), foreign, mine, 404)
    merge(api("boss"), mine, other)


def test_what_is_wrong_with_the_call(site, api):
    target = site.customer("A")
    merge(api(), target, None, 422)
    merge(api(), target, 4711, 422)
    merge(api(), target, site.customer("B"), 422, take=["phone"])
    merge(api(), target, site.customer("C"), 422, take={"phone": "theirs"})


# --- fields that are closed to the merger --------------------------------------------------------------


def merger(site, *rules, entity="core.customer", login="ma"):
    """Somebody who merges all customers, with rights on fields: `(field, right, condition)`."""
    grants = [
        {"entity": entity, "action": action, "reach": "all"}
        for entity in ("core.customer", "core.contact")
        for action in ("view", "edit", "merge")
    ]
    lines = [
        {"entity": entity, "field": field, "right": right} | ({"condition": condition} if condition else {})
        for field, right, condition in rules
    ]
    site.role(login, grants, lines)
    site.user(login, roles=[login])
    return login


def stored(site, customer_id):
    with site.acting(write=False) as ctx:
        return ctx.system.get_one(Customer, customer_id)


@pytest.mark.parametrize("right", ["none", "mask", "read"])
def test_a_field_that_one_may_not_edit_is_left_alone_and_cannot_be_taken(site, api, right):
    ma = api(merger(site, ("phone", right, None)))
    source, target = site.customer("A", phone="021-55661101", note="a"), site.customer("B")
    refused = merge(ma, target, source, 403, take={"phone": "source"})
    assert (refused.json["code"], list(refused.json["errors"])) == ("FIELD", ["phone"])
    assert "55661101" not in refused.text
    assert (stored(site, source).merged_into_id, stored(site, target).phone, stored(site, target).note) == (None,) * 3
    assert merge(ma, target, source).json["note"] == "a"
    assert stored(site, target).phone is None


@pytest.mark.parametrize("right", ["none", "mask"])
def test_what_is_hidden_on_the_source_is_not_shown_on_the_target(site, api, right):
    ma = api(merger(site, ("phone", right, ["=", "note", "VIP"])))
    source, target = site.customer("A", phone="021-55661101", note="VIP"), site.customer("B", note="plain")
    assert merge(ma, target, source, 403, take={"phone": "source"}).json["code"] == "FIELD"
    merged = merge(ma, target, source)
    assert merged.json["phone"] is None
    assert "55661101" not in merged.text
    assert stored(site, target).phone is None


def test_what_one_may_read_on_the_source_fills_what_he_may_edit_on_the_target(site, api):
    ma = api(merger(site, ("phone", "read", ["=", "note", "VIP"])))
    source, target = site.customer("A", phone="1", note="VIP"), site.customer("B", note="plain")
    assert merge(ma, target, source).json["phone"] == "1"


def test_a_merge_opens_no_field_of_the_target(site, api):
    ma = api(merger(site, ("phone", "none", ["=", "note", "VIP"])))
    source, target = site.customer("A", note="plain"), site.customer("B", phone="1", note="VIP")
    refused = merge(ma, target, source, 403, take={"note": "source"})
    assert refused.json["code"] == "FIELD"
    assert "phone" in refused.json["detail"]
    assert (stored(site, target).note, stored(site, source).merged_into_id) == ("VIP", None)


def test_a_merge_opens_no_field_of_what_moves(site, api):
    ma = api(merger(site, ("phone", "none", ["=", "customer.note", "VIP"]), entity="core.contact"))
    source, target = site.customer("A", note="VIP"), site.customer("B", note="plain")
    contact = site.create("core.contact", {"customer": source, "name": "P", "phone": "1"})
    assert "phone" not in ma.get(f"/core/contacts/{contact}").json
    refused = merge(ma, target, source, 403)
    assert refused.json["code"] == "FIELD"
    assert "phone" in refused.json["detail"]
    assert "phone" not in ma.get(f"/core/contacts/{contact}").json
    assert stored(site, source).merged_into_id is None


@pytest.mark.parametrize(("source", "target"), [(3, 1), (1, 3), (2, 2)])
def test_the_higher_secrecy_stays(site, api, source, target):
    site.user("li")
    first = site.customer("A", secrecy=source)
    contact = site.create("core.contact", {"customer": first, "name": "Spy"})
    second = site.customer("B", secrecy=target, owner="li")
    merged = merge(api(), second, first)
    assert merged.json["secrecy"] == max(source, target)
    for hidden in (f"{CUSTOMERS}/{second}", f"/core/contacts/{contact}"):
        api("li").get(hidden, status=404)
    change = merged.headers["Change-Id"]
    api().post(f"/changes/{change}/undo", None, status=200)
    assert (stored(site, first).secrecy, stored(site, second).secrecy) == (source, target)


# --- undoing a merge that moved what the merger does not see --------------------------------------------


@pytest.fixture
def apart(site):
    """Two customers of east that `boss` and `chief` merge, and a company of north below the first."""
    for unit in ("east", "north"):
        site.unit(unit)
    for login, unit in (("boss", "east"), ("chief", "east"), ("far", "north")):
        site.user(login, unit, ["sales_manager"])
    source, target = (site.customer(name, owner="boss", unit="east", note=name) for name in ("A", "B"))
    hidden = site.customer("Hidden Qux", owner="far", unit="north", parent=source)
    return source, target, hidden


def undo(client, change, status=200):
    return client.post(f"/changes/{change}/undo", None, status=status)


@pytest.mark.databases
@pytest.mark.parametrize("who", ["boss", "chief"])
def test_a_merge_is_undone_with_what_the_merger_does_not_see(site, api, apart, who):
    source, target, hidden = apart
    boss, who = api("boss"), api(who)
    boss.get(f"{CUSTOMERS}/{hidden}", status=404)
    change = merge(boss, target, source).headers["Change-Id"]
    assert stored(site, hidden).parent_id == target
    undone = undo(who, change)
    assert stored(site, hidden).parent_id == source
    assert boss.get(f"{CUSTOMERS}/{source}").json["name"] == "A"
    told = who.get(f"/changes/{undone.json['change']}")
    assert told.json["reason"] == "撤销合并"
    for reply in (undone, told, boss.get(f"/changes/{change}")):
        assert "Qux" not in reply.text
        assert f'"id": {hidden},' not in reply.text
    with site.acting(write=False) as ctx:
        assert verify(ctx.work) is None


def test_an_undone_merge_is_not_redone_by_halves(site, api, apart):
    """The trail does not tell all that a merge did; merged anew, all of it is done, and undone again."""
    source, target, hidden = apart
    boss = api("boss")
    back = undo(boss, merge(boss, target, source).headers["Change-Id"]).headers["Change-Id"]
    assert undo(boss, back, status=409).json["code"] == "UNDO_REFUSED"
    newest = boss.get(f"{CUSTOMERS}/{source}/history").json["items"][0]
    assert (newest["change"], newest["undo"]["possible"]) == (back, False)
    assert boss.get(f"{CUSTOMERS}/{source}").json["name"] == "A"
    again = merge(boss, target, source).headers["Change-Id"]
    assert stored(site, hidden).parent_id == target
    undo(boss, again)
    assert stored(site, hidden).parent_id == source


def test_what_has_gone_elsewhere_since_stays_there(site, api, apart):
    source, target, hidden = apart
    change = merge(api("boss"), target, source).headers["Change-Id"]
    far = api("far")
    far.patch(f"{CUSTOMERS}/{hidden}", {"parent": None, "version": far.get(f"{CUSTOMERS}/{hidden}").json["version"]})
    undo(api("boss"), change)
    assert (stored(site, source).deleted_at, stored(site, hidden).parent_id) == (None, None)


def test_undo_is_offered_where_it_can_be_done(site, apart):
    source, target, _hidden = apart
    with site.acting("boss") as ctx:
        verb = next(verb for verb in ctx.catalog["core.customer"].verbs if verb.name == "merge")
        records.act(ctx, ctx.catalog["core.customer"], target, verb, {"source": source})
        ctx.work.flush()
        assert is_undoable(ctx)


def test_history_offers_the_merge_to_who_may_undo_it(site, api, apart):
    source, target, _hidden = apart
    change = merge(api("boss"), target, source, take={"note": "source"}).headers["Change-Id"]
    for login in ("boss", "chief"):
        newest = api(login).get(f"{CUSTOMERS}/{target}/history").json["items"][0]
        assert (newest["change"], newest["undo"]) == (change, {"possible": True})


def test_undo_without_the_right_to_merge_moves_nothing(site, api, apart):
    source, target, hidden = apart
    grants = [{"entity": "core.customer", "action": action, "reach": "all"} for action in ("view", "edit", "delete")]
    site.role("editor", grants, [])
    site.user("ed", "east", ["editor"])
    change = merge(api("boss"), target, source).headers["Change-Id"]
    undo(api("ed"), change, 403)
    assert stored(site, hidden).parent_id == target
