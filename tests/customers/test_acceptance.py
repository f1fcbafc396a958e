"""The examples by which the customer master is accepted, through the doors that people and programs use.

M8 is in tests/events, M37 in tests/jobs, M38 in tests/notices; the rest of each row is tested beside its code.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update
from webtest import TestApp

from core.app import make_app
from core.cli import kehu as root
from core.db.guard import unscoped
from core.models import Audit, Change
from core.services.login import new_token
from tests.rest.conftest import Api, api, app  # noqa: F401 - fixtures
from tests.support.site import Site
from tests.web.conftest import Browser

Client = Callable[..., Api]
CUSTOMERS, CONTACTS, ACTIVITIES, TRADES = "/core/customers", "/core/contacts", "/core/activities", "/core/trades"


@pytest.fixture
def kehu(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """The command, on the site's database."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEHU_DATABASE_URL", site.settings.database_url)
    monkeypatch.setenv("KEHU_PLUGINS", "")
    return lambda *arguments: CliRunner().invoke(root, list(arguments), catch_exceptions=False)


def test_m24_a_phone_number_is_one_row_and_an_altered_row_is_named(
    site: Site,
    api: Client,  # noqa: F811
    kehu: Callable[..., Any],
) -> None:
    made = api().customer("A", phone="010-1")
    api().patch(f"{CUSTOMERS}/{made['id']}", {"phone": "010-2", "version": 1})
    with site.acting() as ctx:
        rows = ctx.system.scalars(select(Audit).where(Audit.entity == "core.customer").order_by(Audit.id)).all()
        assert [row.action for row in rows] == ["create", "edit"]
        assert rows[1].changes == [{"field": "phone", "old": "010-1", "new": "010-2"}]
        uuid = ctx.system.scalars(select(Change.uuid).where(Change.id == rows[1].change_id)).one()
    assert kehu("audit", "verify").exit_code == 0
    with site.kernel.work(write=True) as work:
        forged = [{"field": "phone", "old": "010-1", "new": "010-3"}]
        unscoped(work.connection, update(Audit).where(Audit.id == rows[1].id).values(changes=forged))
    said = kehu("audit", "verify")
    assert said.exit_code == 1
    assert uuid in said.output


def test_m36_of_100_rows_3_are_bad(site: Site, api: Client, kehu: Callable[..., Any], tmp_path: Path) -> None:  # noqa: F811
    bad = {17: ("", "5"), 42: ("Row 42", "many"), 99: ("Row 99", "1.5")}
    rows = [bad.get(number, (f"Row {number}", str(number))) for number in range(1, 101)]
    with (tmp_path / "in.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("name", "employees"), *rows])
    said = kehu("import", "core.customer", "in.csv", "--errors", "bad.csv", "--json")
    assert said.exit_code == 0
    assert json.loads(said.stdout) == {"created": 97, "updated": 0, "skipped": 0, "failed": 3}
    with (tmp_path / "bad.csv").open(encoding="utf-8-sig", newline="") as file:
        header, *failed = list(csv.reader(file))
    assert [row[:2] for row in failed] == [list(row) for row in bad.values()]
    assert header[:2] == ["name", "employees"]
    assert all(row[2:] for row in failed)  # with the reason
    assert api().get(CUSTOMERS, count="1", limit="1").json["total"] == 97


@pytest.mark.parametrize("state", ["target", "prospect"])
def test_m46_a_customer_with_nothing_but_a_name(site: Site, api: Client, state: str) -> None:  # noqa: F811
    made = api().post(CUSTOMERS, {"name": "华信软件", "state": state}, 201).json
    today = site.kernel.clock.day(site.kernel.clock.now()).isoformat()
    assert (made["code"], made["state"], made["developed_on"]) == ("C000001", state, today)
    assert list(api().post(CUSTOMERS, {"state": state}, 422).json["errors"]) == ["name"]


def test_m47_the_customer_administrator_enters_customers(site: Site, api: Client) -> None:  # noqa: F811
    """A site where representatives only look: the right to create is one of their role."""
    site.role("viewer", [{"entity": "*", "action": "view", "reach": "own"}])
    site.user("li", roles=["viewer"])
    site.user("qian", roles=["customer_admin"])
    api("li").post(CUSTOMERS, {"name": "New"}, 403)
    first = api("qian").post(CUSTOMERS, {"name": "北京华信软件有限公司", "owner": "li"}, 201).json
    again = api("qian").post(CUSTOMERS, {"name": "华信软件(北京)有限公司"}, 201).json  # checked when it is saved
    assert [(one["level"], one["id"]) for one in again["warnings"]] == [("high", first["id"])]
    assert api("li").names() == ["北京华信软件有限公司"]


@pytest.mark.databases
def test_m48_an_order_makes_a_customer_formal_and_debts_keep_it_open(site: Site, api: Client) -> None:  # noqa: F811
    admin = api()
    customer = admin.customer("A", state="prospect")
    path = f"{CUSTOMERS}/{customer['id']}"
    day = {"customer": customer["id"], "on": "2026-03-02"}
    order = admin.post(
        TRADES, {**day, "source_key": "x/1", "document": "SO-1", "kind": "order", "amount_base": "900"}
    ).json
    assert admin.get(path).json["state"] == "formal"
    steps = admin.get("/core/customer-states", filter=f'["=", "customer", {customer["id"]}]', sort="-id").json["items"]
    assert (steps[0]["to"], steps[0]["cause"], steps[0]["document"]) == ("formal", "order", "SO-1")
    admin.post(TRADES, {**day, "source_key": "x/2", "document": "I-1", "kind": "invoice", "amount_base": "900"})
    admin.post(TRADES, {**day, "source_key": "x/3", "document": "R-1", "kind": "receipt", "amount_base": "400"})
    refused = admin.act(path, "seal", {"reason": "over"}, status=409).json
    assert refused["code"] == "AR_NOT_ZERO"
    assert "500.00" in refused["detail"]
    admin.patch(f"{TRADES}/{order['id']}", {"effective": False, "version": 1})
    assert admin.get(path).json["state"] == "prospect"


def test_m55_one_main_contact_and_a_phone_however_it_is_written(site: Site, api: Client) -> None:  # noqa: F811
    admin, customer = api(), site.customer("A")
    first = admin.post(CONTACTS, {"customer": customer, "name": "A", "is_main": True, "phone": "010-6243 1234"}).json
    second = admin.post(CONTACTS, {"customer": customer, "name": "B", "is_main": False}).json
    admin.patch(f"{CONTACTS}/{second['id']}", {"is_main": True, "version": 1})
    assert admin.get(f"{CONTACTS}/{first['id']}").json["is_main"] is False
    for written in ("010-6243 1234", "+86 10 62431234", "62431234", "1234"):
        hits = admin.get("/search", q=written).json["items"]
        assert [(hit["entity"], hit["id"]) for hit in hits] == [("core.contact", first["id"])], written
        listed = admin.get(CONTACTS, filter=json.dumps(["contains", "phone", written])).json["items"]
        assert [one["id"] for one in listed] == [first["id"]], written


def test_m56_a_visit_that_is_done_leads_to_the_next_one(site: Site, api: Client) -> None:  # noqa: F811
    admin, customer = api(), site.customer("A")
    visit = admin.post(ACTIVITIES, {"kind": "visit", "subject": "First visit", "customer": customer}).json
    soon = (site.kernel.clock.now() + dt.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    admin.patch(f"{ACTIVITIES}/{visit['id']}", {"done": True, "next_at": soon, "next_kind": "visit", "version": 1})
    (planned,) = admin.get(ACTIVITIES, filter='["=", "done", false]').json["items"]
    assert (planned["kind"], planned["at"], planned["customer"]["id"]) == ("visit", soon, customer)

    # On the pages it is red from then on, and says so to those who do not see colours.
    for hours, red in ((0, 0), (2, 1)):
        clock = site.kernel.clock.at(site.kernel.clock.now() + dt.timedelta(hours=hours))
        browser = Browser(make_app(replace(site.kernel, clock=clock)))
        browser.log_in()
        for path in (ACTIVITIES, f"{ACTIVITIES}/{planned['id']}"):
            shown = browser.get(path).html.select(".due.overdue")
            assert len(shown) == red, (path, hours)
            assert all("Overdue" in one.text for one in shown)
        assert not browser.get(f"{ACTIVITIES}/{visit['id']}").html.select(".overdue")


def test_m58_merging(site: Site, api: Client) -> None:  # noqa: F811
    admin = api()
    names = ("北京用友软件股份有限公司", "用友软件(北京)有限公司")
    source, target = (admin.post(CUSTOMERS, {"name": name}).json["id"] for name in names)
    found = admin.post(f"{CUSTOMERS}/check-duplicates", {"name": names[1]}, 200).json["items"]
    assert [(one["level"], one["by"]) for one in found] == [("high", "name")] * 2
    for customer, people, work in ((source, 2, 3), (target, 1, 4)):
        for number in range(people):
            admin.post(CONTACTS, {"customer": customer, "name": f"P{number}"})
        for number in range(work):
            admin.post(ACTIVITIES, {"customer": customer, "subject": f"A{number}"})
    formal = admin.customer("金蝶软件")["id"]
    order = {"source_key": "x", "document": "SO-1", "kind": "order", "on": "2026-03-02", "amount_base": "1"}
    admin.post(TRADES, {"customer": formal, **order})
    refused = admin.act(f"{CUSTOMERS}/{formal}", "merge", {"source": source}, status=409)
    assert refused.json["code"] == "STATE_MISMATCH"
    admin.act(f"{CUSTOMERS}/{target}", "merge", {"source": source})
    of_target = json.dumps(["=", "customer", target])
    totals = [admin.get(path, filter=of_target, count="1").json["total"] for path in (CONTACTS, ACTIVITIES)]
    assert totals == [3, 7]
    assert admin.get(f"{CUSTOMERS}/{source}", 308).location.endswith(f"{CUSTOMERS}/{target}")


def test_m59_a_group_adds_up_and_has_no_rings(site: Site, api: Client) -> None:  # noqa: F811
    admin = api()
    head = admin.customer("H")["id"]
    a, b = (admin.customer(name, parent=head)["id"] for name in ("A", "B"))
    for number, (customer, amount) in enumerate(
        ((head, "7"), (a, "100"), (b, "50"), (admin.customer("X")["id"], "999"))
    ):
        document = {"source_key": str(number), "document": f"I-{number}", "kind": "invoice", "on": "2026-03-02"}
        admin.post(TRADES, {"customer": customer, "amount_base": amount, **document})
    below = admin.get(TRADES, filter=json.dumps(["under", "customer", head])).json["items"]
    assert sum(float(one["amount_base"]) for one in below) == 157
    refused = admin.patch(f"{CUSTOMERS}/{head}", {"parent": a, "version": 1}, 422)
    assert (refused.json["code"], list(refused.json["errors"])) == ("CYCLE", ["parent"])


def test_m60_a_share_for_reading_ends_with_its_last_day(site: Site, api: Client) -> None:  # noqa: F811
    for unit, login in (("east", "li"), ("west", "wang")):
        site.unit(unit)
        site.user(login, unit)
    path = f"{CUSTOMERS}/{site.customer('A', 'li')}"
    secret = site.kernel.run(lambda work: new_token(work, "wang"), write=True)
    assert secret is not None

    def at(moment: str) -> tuple[Api, Api]:
        """The administrator and wang, at that time in China."""
        clock = site.kernel.clock.at(dt.datetime.fromisoformat(f"{moment}+08:00"))
        kernel = replace(site.kernel, clock=clock)
        own = kernel.run(lambda work: new_token(work, "admin"), write=True)
        assert own is not None
        there = TestApp(make_app(kernel))
        return Api(there, own), Api(there, secret)

    admin, wang = at("2026-06-10T09:00:00")
    wang.get(path, 404)
    shared = {"to": {"user": "wang"}, "actions": ["view"], "until": "2026-07-01T00:00:00+08:00"}
    admin.act(path, "share", shared)
    for moment in ("2026-06-10T09:00:01", "2026-06-30T23:59:00"):
        _admin, wang = at(moment)
        read = wang.get(path).json
        wang.patch(path, {"note": "x", "version": read["version"]}, 403)
    _admin, wang = at("2026-07-01T00:00:00")
    wang.get(path, 404)
    wang.patch(path, {"note": "x", "version": read["version"]}, 404)
