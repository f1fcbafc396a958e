"""The life of a customer by REST alone: entered, warned of, visited, qualified, shared, merged, unmerged, sealed."""

from __future__ import annotations

import pytest

CUSTOMERS = "/core/customers"


@pytest.fixture
def people(site):
    site.unit("east")
    site.user("li", "east")
    site.user("wu", "east")
    site.user("boss", "east", ["sales_manager"])
    return site


@pytest.mark.databases
def test_a_customers_life(people, api):
    li, wu, boss = api("li"), api("wu"), api("boss")

    # Entered, and a second one that is much the same is warned of.
    first = li.post(CUSTOMERS, {"name": "用友软件(北京)有限公司", "phone": "010-6243 1234"}).json
    assert first["state"] == "target"
    twin = li.post(CUSTOMERS, {"name": "北京用友软件股份有限公司", "note": "from the fair"})
    assert [(one["level"], one["id"]) for one in twin.json["warnings"]] == [("high", first["id"])]
    twin_id, path = twin.json["id"], f"{CUSTOMERS}/{first['id']}"

    # A contact, a visit to him, and what comes next.
    contact = li.post("/core/contacts", {"customer": first["id"], "name": "赵总", "is_main": True}).json
    visit = li.post(
        "/core/activities",
        {"kind": "visit", "subject": "first talk", "customer": first["id"], "contact": contact["id"]},
    ).json
    done = {"done": True, "result": "wants 40 seats", "next_step": "offer", "next_at": "2027-01-05T01:00:00Z"}
    li.patch(f"/core/activities/{visit['id']}", {**done, "version": visit["version"]})
    planned = li.get("/core/activities", filter=f'["=", "customer", {first["id"]}]', sort="id").json["items"]
    assert [(one["subject"], one["done"]) for one in planned] == [("first talk", True), ("offer", False)]

    # Qualified; shared with a colleague for reading.
    assert li.act(path, "qualify", {"reason": "budget is there"}).json["state"] == "prospect"
    wu.get(path, status=404)
    li.act(path, "share", {"to": {"user": "wu"}, "actions": ["view"]}, status=403)
    boss.act(path, "share", {"to": {"user": "wu"}, "actions": ["view"]})
    read = wu.get(path).json
    wu.patch(path, {"note": "mine", "version": read["version"]}, status=403)

    # Merged by the manager, and set apart again as if nothing had been.
    li.post("/core/contacts", {"customer": twin_id, "name": "钱经理", "is_main": True})
    before = [boss.get(f"{CUSTOMERS}/{one}").json for one in (first["id"], twin_id)]
    merged = boss.act(path, "merge", {"source": twin_id})
    assert merged.json["note"] == "from the fair"
    boss.get(f"{CUSTOMERS}/{twin_id}", status=308)
    boss.post(f"/changes/{merged.headers['Change-Id']}/undo", status=200)
    after = [boss.get(f"{CUSTOMERS}/{one}").json for one in (first["id"], twin_id)]
    for was, now in zip(before, after, strict=True):
        changed = {"version", "updated_at", "updated_by"}
        assert {k: v for k, v in was.items() if k not in changed} == {k: v for k, v in now.items() if k not in changed}
    contacts = boss.get("/core/contacts", sort="name", fields="name,customer,is_main").json["items"]
    assert {(one["name"], one["customer"]["id"], one["is_main"]) for one in contacts} == {
        ("赵总", first["id"], True),
        ("钱经理", twin_id, True),
    }

    # Sealed: nobody changes it, until it is unsealed, then it is pooled.
    li.act(path, "seal", {"reason": "closed down"}, status=403)
    sealed = boss.act(path, "seal", {"reason": "closed down"}).json
    assert li.patch(path, {"note": "x", "version": sealed["version"]}, status=409).json["code"] == "SEALED"
    back = boss.act(path, "unseal", {"reason": "under new owners"}).json
    assert (back["state"], back["owner"]) == ("prospect", None)

    # And all of it can be read afterwards.
    actions = [one["action"] for one in api().get(f"{path}/history").json["items"]]
    assert {"create", "qualify", "merge", "seal", "unseal"} <= set(actions)
    steps = boss.get("/core/customer-states", filter=f'["=", "customer", {first["id"]}]', sort="id").json["items"]
    assert [(one["from"], one["to"], one["reason"]) for one in steps] == [
        (None, "target", None),
        ("target", "prospect", "budget is there"),
        ("prospect", "sealed", "closed down"),
        ("sealed", "prospect", "under new owners"),
    ]
