"""History, changes and undo through REST (M24)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event

from core.services import records

CUSTOMERS = "/core/customers"


class Changing:
    """A customer of li's, and short ways to change it and to undo."""

    def __init__(self, site: Any, api: Any) -> None:
        self.site, self.api = site, api
        for login in ("li", "wang"):
            site.user(login)
        site.user("boss", roles=("sales_manager",))
        self.li, self.boss, self.admin = api("li"), api("boss"), api()
        for client in (self.li, self.boss, self.admin):
            client.headers["Accept-Language"] = "en"
        reply = self.li.post(CUSTOMERS, {"name": "Acme", "phone": "13812345678", "level": "vip"})
        self.made, self.path = reply.headers["Change-Id"], f"{CUSTOMERS}/{reply.json['id']}"
        self.id = reply.json["id"]

    def record(self, client: Any = None) -> Any:
        return (client or self.admin).get(self.path).json

    def edit(self, client: Any = None, **values: Any) -> str:
        client = client or self.li
        reply = client.patch(self.path, {**values, "version": self.record(client)["version"]})
        return str(reply.headers["Change-Id"])

    def undo(self, change: str, client: Any = None, status: int = 200) -> Any:
        return (client or self.li).post(f"/changes/{change}/undo", None, status)

    def history(self, client: Any = None, **query: Any) -> Any:
        return (client or self.li).get(f"{self.path}/history", **query).json


@pytest.fixture
def here(site, api):
    return Changing(site, api)


# --- history -------------------------------------------------------------------------------------------


def test_history_is_newest_first_with_labels(here):
    change = here.edit(level=None, name="Acme 2")
    new, first = here.history()["items"]
    assert (new["change"], new["action"], new["door"], new["actor"]["key"]) == (change, "edit", "rest", "li")
    assert new["changes"] == [
        {"field": "name", "old": "Acme", "new": "Acme 2"},
        {"field": "level", "old": first["changes"][4]["new"], "new": None},
    ]
    assert first["changes"][4]["field"] == "level"
    assert first["changes"][4]["new"]["key"] == "vip"
    assert (first["change"], first["action"]) == (here.made, "create")


def test_history_comes_in_pages(here):
    for number in range(5):
        here.edit(name=f"Acme {number}")
    whole = here.history()["items"]
    page = here.history(limit="4")
    rest = here.history(limit="4", cursor=page["next"])
    assert page["items"] + rest["items"] == whole
    assert rest["next"] is None
    here.li.get(f"{here.path}/history", cursor="x", status=400)
    here.li.get(f"{here.path}/history", limit="501", status=400)


def test_history_is_for_those_who_see_the_record(here, api):
    here.li.get(f"{here.path}/history")
    api("wang").get(f"{here.path}/history", status=404)
    api("wang").get(f"{CUSTOMERS}/4711/history", status=404)


def test_history_masks_what_the_reader_may_not_see(here, site, api):
    view = {"entity": "core.customer", "action": "view", "reach": "all"}
    rules = [{"entity": "core.customer", "field": name, "right": right}
             for name, right in (("phone", "mask"), ("level", "none"))]  # fmt: skip
    site.role("looker", [view], rules)
    site.user("zhou", roles=("looker",))
    here.edit(phone="13912345678", level=None)
    new, _first = here.history(api("zhou"))["items"]
    assert new["changes"] == [{"field": "phone", "old": "138****5678", "new": "139****5678"}]
    assert new["undo"]["possible"] is False


def test_history_costs_the_same_however_long_it_is(here):
    counted: list[str] = []
    event.listen(here.site.kernel.database.engine, "before_cursor_execute", lambda *a: counted.append(a[2]))
    here.history()
    few = len(counted)
    for number in range(8):
        here.edit(name=f"Acme {number}", level=None if number % 2 else "vip")
    counted.clear()
    assert len(here.history()["items"]) == 9
    assert len(counted) == few


def test_history_says_what_can_be_undone(here):
    change = here.edit(name="Acme 2")
    here.edit(here.admin, name="Acme 3")
    newest, middle, first = here.history()["items"]
    assert newest["undo"] == {"possible": True}
    assert middle["undo"]["possible"] is False
    assert "later" in middle["undo"]["reason"]
    assert first["undo"]["possible"] is False
    here.undo(newest["change"])
    undo, newest, middle, first = here.history()["items"]
    assert undo["undo"] == {"possible": True}
    assert "already" in newest["undo"]["reason"]
    assert middle["undo"] == {"possible": True}
    assert middle["change"] == change
    assert here.history(here.api("boss"))["items"][0]["undo"]["possible"] is True


# --- undo ----------------------------------------------------------------------------------------------


def test_undo_sets_the_fields_back_and_is_a_change_itself(here):
    before = here.record()
    change = here.edit(name="Acme 2", level=None, employees=7)
    answer = here.undo(change)
    assert answer.json == {"change": answer.headers["Change-Id"], "records": 1, "failed": [], "next": None}
    after = here.record()
    assert after["version"] == before["version"] + 2
    assert {**after, "version": 0, "updated_at": 0} == {**before, "version": 0, "updated_at": 0}
    again = here.undo(answer.json["change"])
    assert here.record()["name"] == "Acme 2"
    assert here.record()["level"] is None
    here.undo(again.json["change"])
    assert here.record()["name"] == "Acme"
    assert here.record()["level"]["key"] == "vip"


def test_undoing_twice_is_said(here):
    change = here.edit(name="Acme 2")
    here.undo(change)
    refused = here.undo(change, status=409).json
    assert refused["code"] == "UNDO_CONFLICT"
    assert "already" in refused["detail"]


def test_undo_of_a_creation_bins_and_of_that_brings_back(here):
    gone = here.undo(here.made, here.admin).json
    here.admin.get(here.path, status=404)
    here.undo(gone["change"], here.admin)
    assert here.record()["name"] == "Acme"


def test_who_created_but_may_not_delete_cannot_undo_it(here):
    refused = here.undo(here.made, status=403)
    assert here.record()["name"] == "Acme"
    assert "delete" in refused.json["detail"]


def test_a_later_change_of_the_same_field_stands_in_the_way(here):
    change = here.edit(name="Acme 2", employees=7)
    later = here.edit(here.admin, name="Acme 3", website="acme.cn")
    refused = here.undo(change, status=409).json
    assert refused["code"] == "UNDO_CONFLICT"
    (conflict,) = refused["conflicts"]
    assert conflict["record"]["id"] == here.id
    assert (conflict["fields"], conflict["change"], conflict["actor"]["key"]) == (["name"], later, "admin")
    assert conflict["changes"] == [{"field": "name", "old": "Acme 2", "new": "Acme 3"}]
    assert (here.record()["name"], here.record()["employees"]) == ("Acme 3", 7)
    here.undo(later, here.admin)
    here.undo(change)
    assert here.record()["name"] == "Acme"


def test_another_field_is_nobodys_business(here):
    change = here.edit(name="Acme 2")
    here.edit(here.admin, website="acme.cn")
    here.undo(change)
    assert (here.record()["name"], here.record()["website"]) == ("Acme", "acme.cn")


def test_a_deleted_record_is_gone(here):
    change = here.edit(name="Acme 2")
    here.admin.delete(here.path, here.record()["version"])
    refused = here.undo(change, status=409).json
    assert refused["code"] == "UNDO_CONFLICT"


def test_assigning_is_undone_by_who_may_assign(here, api):
    reply = here.boss.act(here.path, "assign", {"owner": "wang"})
    here.undo(reply.headers["Change-Id"], api("wang"), status=403)
    assert here.record()["owner"]["key"] == "wang"
    here.undo(reply.headers["Change-Id"], here.boss)
    assert here.record()["owner"]["key"] == "li"
    (newest, *_rest) = here.history()["items"]
    assert newest["action"] == "undo-assign"


def test_what_one_does_not_see_is_as_absent(here, api):
    change = here.edit(name="Acme 2")
    stranger, absent = api("wang"), "0" * 8 + "-0000-4000-8000-" + "0" * 12
    hidden = stranger.post(f"/changes/{change}/undo", None, 404)
    nothing = stranger.post(f"/changes/{absent}/undo", None, 404)
    assert hidden.body == nothing.body
    assert stranger.get(f"/changes/{change}", status=404).body == stranger.get(f"/changes/{absent}", status=404).body
    stranger.get("/changes/x", status=404)


def test_shares_come_and_go(here, api):
    wang = api("wang")
    given = here.boss.act(here.path, "share", {"to": {"user": "wang"}, "actions": ["view", "edit"]})
    wang.get(here.path)
    gone = here.undo(given.headers["Change-Id"], here.boss).json["change"]
    wang.get(here.path, status=404)
    here.undo(gone, here.boss)
    wang.get(here.path)
    ended = here.boss.act(here.path, "unshare", {"to": {"user": "wang"}})
    here.undo(ended.headers["Change-Id"], here.li, status=403)
    here.undo(ended.headers["Change-Id"], here.boss)
    wang.get(here.path)


def test_a_password_is_not_set_back(here):
    number = here.admin.get("/core/users", filter='["=","login","wang"]').json["items"][0]["id"]
    reply = here.admin.act(f"/core/users/{number}", "set-password", {"password": "x9-Another-Long-One"})
    refused = here.undo(reply.headers["Change-Id"], here.admin, status=409).json
    assert refused["code"] == "UNDO_REFUSED"
    assert "never set back" in refused["detail"]


def test_roles_are_set_back_and_end_sessions(here):
    number = here.admin.get("/core/users", filter='["=","login","wang"]').json["items"][0]["id"]
    reply = here.admin.patch(f"/core/users/{number}", {"roles": ["dealer", "sales_rep"], "version": 1})
    here.undo(reply.headers["Change-Id"], here.admin)
    assert [role["key"] for role in here.admin.get(f"/core/users/{number}").json["roles"]] == ["sales_rep"]


def test_an_owner_who_has_left_is_not_set_back(here):
    reply = here.boss.act(here.path, "assign", {"owner": "wang"})
    number = here.admin.get("/core/users", filter='["=","login","li"]').json["items"][0]["id"]
    here.admin.act(f"/core/users/{number}", "deactivate")
    refused = here.undo(reply.headers["Change-Id"], here.boss, status=409).json
    assert refused["code"] == "UNDO_CONFLICT"
    assert "owner" in refused["errors"]


def test_a_hidden_field_is_not_set_back(here, site, api):
    grants = [{"entity": "core.customer", "action": action, "reach": "all"} for action in ("view", "edit")]
    site.role("editor", grants, [{"entity": "core.customer", "field": "phone", "right": "mask"}])
    site.user("zhou", roles=("editor",))
    change = here.edit(phone="13912345678", name="Acme 2")
    refused = here.undo(change, api("zhou"), status=403).json
    assert refused["code"] == "FIELD"
    assert "1381234" not in str(refused)
    assert here.record()["name"] == "Acme 2"


def test_one_that_may_only_read_undoes_nothing(here, api):
    change = here.edit(name="Acme 2")
    api("li", read_only=True).post(f"/changes/{change}/undo", None, 403)
    here.undo(change)


# --- changes -------------------------------------------------------------------------------------------


def test_changes_are_ones_own_or_all_for_the_auditor(here, api, site):
    site.user("sun", roles=("auditor",))
    change = here.edit(here.boss, name="Acme 2")
    mine = here.li.get("/changes").json["items"]
    assert [one["change"] for one in mine] == [here.made]
    assert mine[0]["did"] == [{"entity": "core.customer", "action": "create", "records": 1}]
    sun = api("sun")
    both = sun.get("/changes", record=f"core.customer/{here.id}").json["items"]
    assert [one["change"] for one in both] == [change, here.made]
    assert [one["actor"]["key"] for one in sun.get("/changes", actor="li").json["items"]] == ["li"]
    page = sun.get("/changes", limit="1").json
    assert sun.get("/changes", limit="1", cursor=page["next"]).json["items"][0]["change"] != page["items"][0]["change"]
    here.li.get("/changes", record="customer", status=400)
    assert here.li.get("/changes", actor="boss").json["items"] == []


def test_one_change_in_full(here, api, site):
    site.user("sun", roles=("auditor",))
    mine = here.li.get(f"/changes/{here.made}").json
    (entry,) = mine["entries"]
    assert (entry["record"]["label"], entry["action"]) == ("Acme", "create")
    assert {"field": "name", "old": None, "new": "Acme"} in entry["changes"]
    (closed,) = api("sun").get(f"/changes/{here.made}").json["entries"]
    assert closed["record"] == {"restricted": True}
    assert all(line["new"] == {"restricted": True} for line in closed["changes"])
    undone = here.undo(here.edit(name="Acme 2")).json["change"]
    assert here.li.get(f"/changes/{undone}").json["undoes"] == here.li.get("/changes").json["items"][1]["change"]


def test_what_was_deleted_with_its_customer_comes_back_with_it(site, api):
    """In one change, and in the bin with it again."""
    customer = site.customer("Acme")
    with site.acting() as ctx:
        values = {"customer": customer, "name": "Li"}
        contact = records.create(ctx, ctx.catalog["core.contact"], values).id
    with site.acting() as ctx:
        records.delete(ctx, ctx.catalog["core.contact"], contact, 1)
        records.delete(ctx, ctx.catalog["core.customer"], customer, 1)
        change = ctx.journal.batch
    for status in (200, 404, 200):
        answer = api().post(f"/changes/{change}/undo", None, status=200).json
        assert answer["records"] == 2
        change = answer["change"]
        api().get(f"/core/contacts/{contact}", status=status)
        api().get(f"/core/customers/{customer}", status=status)
