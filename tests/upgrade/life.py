"""What a site of a release holds: a little of everything that is stored, put there through REST."""

from __future__ import annotations

from typing import Any

from webtest import TestApp

from core.app import make_app
from core.db.base import Binnable
from core.http.paths import by_path
from core.services.login import new_token
from tests.rest.conftest import Api
from tests.support.site import Site

Json = dict[str, Any]
CUSTOMERS = "/core/customers"
NAMES = (
    *(
        "北京华科信息技术有限公司",
        "Müller & Söhne GmbH",
        "重庆长安数码有限公司",
        "O'Brien; DROP TABLE x",
        "深圳市一一科技",
    ),
    *("𠮷野家（中国）", "Zoë <b>Ångström</b>", "上海新联软件股份有限公司"),
)
# What only says who is looking and when, or grows by looking.
PASSING = {"core.token", "core.job", "core.audit"}


def client(site: Site, login: str = "admin") -> Api:
    secret = site.kernel.run(lambda work: new_token(work, login), write=True)
    assert secret is not None
    return Api(TestApp(make_app(site.kernel)), secret)


def live(site: Site) -> None:
    """Fill an empty site: people, customers in every state, all that hangs on them, changes done and undone."""
    admin = client(site)
    admin.post("/core/units", {"code": "east", "name": "华东分公司", "kind": "branch", "parent": "hq"})
    reader = {"entity": "core.customer", "action": "view", "reach": "unit", "condition": ["=", "state", "formal"]}
    admin.post("/core/roles", {"code": "reader", "name": "Reader", "grants": [reader]})
    for login, role in (("li", "sales_rep"), ("wu", "reader")):
        admin.post("/core/users", {"login": login, "name": login, "unit": "east", "roles": [role], "clearance": 2})
    rank = {"entity": "core.customer", "name": "rank", "type": "number", "label_zh": "名次", "label_en": "Rank"}
    admin.post("/core/custom-fields", rank)
    rows = [
        {
            "name": name,
            "owner": "li",
            "unit": "east",
            "phone": f"010-6243{at:04}",
            "annual_revenue": f"{at}.5",
            "custom.rank": at,
        }
        for at, name in enumerate(NAMES)
    ]
    done = admin.post(f"{CUSTOMERS}/bulk", {"rows": rows}, status=200).json
    ids = [one["id"] for one in done["rows"]]
    _around(admin, ids[0])
    _through_all_states(admin, ids)
    _merged_and_undone(admin, ids)


def _around(admin: Api, customer: int) -> None:
    """All that hangs on one customer."""
    contact = admin.post("/core/contacts", {"customer": customer, "name": "赵总", "mobile": "13800001111"}).json
    visit = {"kind": "visit", "subject": "first talk", "customer": customer, "contact": contact["id"]}
    admin.post("/core/activities", visit)
    admin.attach(customer, "报价.pdf", b"%PDF-1.7 offer")
    admin.act(f"{CUSTOMERS}/{customer}", "share", {"to": {"user": "wu"}, "actions": ["view"]})


def _through_all_states(admin: Api, ids: list[int]) -> None:
    admin.act(f"{CUSTOMERS}/{ids[1]}", "qualify", {"reason": "budget is there"})
    trade = {"customer": ids[2], "source_key": "erp:1", "document": "SO-1", "kind": "order", "on": "2026-03-01"}
    admin.post("/core/trades", {**trade, "amount_base": "1200.00"})
    admin.act(f"{CUSTOMERS}/{ids[3]}", "seal", {"reason": "closed down"})


def _merged_and_undone(admin: Api, ids: list[int]) -> None:
    admin.act(f"{CUSTOMERS}/{ids[4]}", "merge", {"source": ids[5]})
    edited = admin.patch(f"{CUSTOMERS}/{ids[6]}", {"note": "wrong", "version": 1})
    admin.post(f"/changes/{edited.headers['Change-Id']}/undo", status=200)
    admin.patch(f"{CUSTOMERS}/{ids[7]}", {"note": "to be undone by a later release", "version": 1})
    admin.delete(f"{CUSTOMERS}/{ids[6]}", version=3)


def facts(site: Site) -> dict[str, Any]:
    """What the administrator reads, by address: records, binned ones too, and the customers' histories."""
    admin, found = client(site), {}
    for path, entity in by_path(site.kernel.catalog).items():
        if entity.key in PASSING:
            continue
        shown = admin.get(path, limit="100").json["items"]
        if entity.key == "core.customer":
            for one in shown:
                found[f"{path}/{one['id']}/history"] = admin.get(f"{path}/{one['id']}/history").json["items"]
        if issubclass(entity.model, Binnable):
            shown += admin.get(path, deleted="1").json["items"]
        found.update({f"{path}/{one['id']}": one for one in shown})
    return found
