"""Duplicates: what is refused, what is warned of, and what is told of hidden ones (M58)."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from core.errors import Conflict, TooMany
from core.models import Audit, Customer
from core.services import bulk, duplicates, likeness, records
from core.services.chain import verify
from core.services.trail import PROBE

CUSTOMERS = "/core/customers"
CHECK = f"{CUSTOMERS}/check-duplicates"


def found(site, user="admin", **values):
    with site.acting(user) as ctx:
        return [(hit.level, hit.by) for hit in duplicates.find(ctx, values)]


@pytest.mark.databases
def test_levels(site):
    site.customer(
        "北京用友软件股份有限公司", phone="010-6243 1234", tax_no="91110000-802 100 433B", email="info@yonyou.com"
    )
    assert found(site, name="甲", tax_no="91110000802100433b") == [("certain", "tax_no")]
    assert found(site, name="用友软件(北京)有限公司") == [("high", "name")]
    assert found(site, name="用友软件", phone="+86 10 62431234") == [("certain", "name")]
    assert found(site, name="乙", phone="0086 (10) 6243-1234") == [("possible", "phone")]
    assert found(site, name="乙", email="someone@yonyou.com") == [("possible", "email")]
    assert found(site, name="金蝶软件") == []
    assert found(site) == []


def test_a_deleted_customer_is_no_duplicate(site):
    customer_id = site.customer("华信软件")
    with site.acting() as ctx:
        records.delete(ctx, ctx.catalog["core.customer"], customer_id, 1)
    assert found(site, name="华信软件") == []


def test_certain_is_refused_and_may_be_overruled(site, api):
    site.user("li")
    first = site.customer("Acme", "li", tax_no="A1")
    refused = api("li").post(CUSTOMERS, {"name": "Other", "tax_no": "a-1"}, status=409)
    assert (refused.json["code"], refused.json["allowable"]) == ("DUPLICATE", False)
    assert refused.json["duplicates"] == [
        {"level": "certain", "by": "tax_no", "id": first, "label": "Acme", "key": "C000001"}
    ]
    api("li").post(CUSTOMERS, {"name": "Other", "tax_no": "a-1", "allow_duplicate": True}, status=409)
    made = api().post(CUSTOMERS, {"name": "Other", "tax_no": "a-1", "allow_duplicate": True}, status=201)
    assert made.json["warnings"][0]["by"] == "tax_no"
    api().post(CUSTOMERS, {"name": "X", "allow_duplicate": "yes"}, status=422)
    assert "allow_duplicate" not in api().get(f"{CUSTOMERS}/{made.json['id']}").json


@pytest.mark.parametrize(
    ("row", "plain", "asked"),
    [
        ({"name": "华信软件"}, 201, 409),  # the same name alone: a form asks, see `ask_if_alike`
        ({"name": "华信软件", "phone": "010 62431234"}, 409, 409),
        ({"name": "Other", "tax_no": "a-1"}, 409, 409),
        ({"name": "Other", "phone": "010 62431234"}, 201, 201),
    ],
)
def test_every_door_refuses_the_same(site, api, row, plain, asked):
    site.customer("华信软件有限公司", phone="010-6243 1234", tax_no="A1")
    client, entity = api(), site.kernel.catalog["core.customer"]
    refused = client.post(CUSTOMERS, row | {"ask_if_alike": True}, status=asked).json
    if asked == 409:
        assert (refused["code"], refused["allowable"]) == ("DUPLICATE", True)
        return_to = client.post(CUSTOMERS, row | {"ask_if_alike": True, "allow_duplicate": True}, status=201).json
        client.delete(f"{CUSTOMERS}/{return_to['id']}", version=1)
    else:
        client.delete(f"{CUSTOMERS}/{refused['id']}", version=1)
    made = client.post(CUSTOMERS, row, status=plain).json
    if plain == 201:
        client.delete(f"{CUSTOMERS}/{made['id']}", version=1)
    with site.acting() as ctx:
        [stored] = bulk.store(ctx, entity, [{name: str(value) for name, value in row.items()}], text=True)
    assert stored.status == plain


def test_likely_ones_are_warned_of(site, api):
    first = site.customer("华信软件有限公司")
    made = api().post(CUSTOMERS, {"name": "华信软件(北京)有限公司"}, status=201)
    assert [(one["level"], one["id"]) for one in made.json["warnings"]] == [("high", first)]
    assert "warnings" not in api().post(CUSTOMERS, {"name": "Nobody like it"}, status=201).json


def test_of_a_hidden_one_only_the_unit_is_told(site, api):
    site.unit("east")
    site.user("li", "east")
    hidden = site.customer("Secret Star", tax_no="S1")
    told = {"hidden": True, "unit": "总部", "since": site.kernel.clock.day(site.kernel.clock.now()).isoformat()}
    for sent in ({"name": "Mine", "tax_no": "S1"}, {"name": "Mine", "tax_no": "S1", "allow_duplicate": True}):
        refused = api("li").post(CUSTOMERS, sent, status=409)
        assert refused.json["duplicates"] == [{"level": "certain", "by": "tax_no"} | told]
        assert "Star" not in refused.text
    shown = api("li").post(CHECK, {"name": "secret star"}, status=200).json["items"]
    assert shown == [{"level": "high", "by": "name"} | told]
    with site.acting(write=False) as ctx:
        probes = ctx.system.scalars(select(Audit.record_id).where(Audit.action == PROBE)).all()
        assert probes == [hidden] * 3  # also where all else was rolled back
        assert verify(ctx.work) is None
        assert ctx.system.scalar(select(func.count()).select_from(Customer)) == 1


def test_the_owner_is_named_where_the_site_says_so(database_url):
    from tests.support.site import Site

    site = Site(database_url, **{"duplicates.reveal": "owner"})
    site.unit("east")
    site.user("li", "east")
    site.customer("Star", tax_no="S1")
    with site.acting("li") as ctx:
        assert duplicates.check(ctx, {"tax_no": "S1"})[0]["owner"] == "管理员"
    site.close()


def test_who_probes_too_often_has_to_wait(database_url):
    from tests.support.site import Site

    site = Site(database_url, duplicate_probes="3")
    site.unit("east")
    site.user("li", "east")
    site.customer("Star", tax_no="S1")
    for _ in range(3):
        with site.acting("li") as ctx:
            assert duplicates.check(ctx, {"tax_no": "S1"})
    with pytest.raises(TooMany), site.acting("li") as ctx:
        duplicates.check(ctx, {"tax_no": "S1"})
    with site.acting("li") as ctx:
        assert duplicates.check(ctx, {"tax_no": "nobody's"}) == []
    site.close()


# --- fields that are closed to the asker ---------------------------------------------------------------

STAR = {"name": "Star", "phone": "010-62431234", "tax_no": "S1", "email": "a@star.com"}
CLOSED = {"hidden": True, "unit": "总部"}


def asker(site, right, *fields, condition=None):
    """Somebody who sees all customers but not these fields of them."""
    grants = [
        {"entity": "core.customer", "action": action, "reach": "all"}
        for action in ("view", "create", "edit", "assign", "merge")
    ]
    more = {"condition": condition} if condition else {}
    site.role("asker", grants, [{"entity": "core.customer", "field": one, "right": right} | more for one in fields])
    site.user("li", roles=["asker"])


def probes(site):
    with site.acting(write=False) as ctx:
        return list(ctx.system.scalars(select(Audit.record_id).where(Audit.action == PROBE)))


@pytest.mark.parametrize("right", ["none", "mask"])
@pytest.mark.parametrize(
    ("sent", "level", "by"),
    [
        ({"phone": "+86 10 62431234"}, "possible", "phone"),
        ({"tax_no": "s-1"}, "certain", "tax_no"),
        ({"email": "b@star.com"}, "possible", "email"),
        ({"name": "Star", "phone": "+86 10 62431234"}, "certain", "name"),
    ],
)
def test_a_value_that_the_asker_may_not_read_cannot_be_guessed(site, api, right, sent, level, by):
    asker(site, right, "phone", "tax_no", "email", condition=["=", "note", "VIP"])
    vip = site.customer(**STAR, note="VIP")
    plain = site.customer("Moon", phone="010-1", tax_no="M1", email="a@moon.com")
    assert api("li").get(f"{CUSTOMERS}/{vip}").json["name"] == "Star"
    assert api("li").post(CHECK, sent, status=200).json["items"] == [{"level": level, "by": by, **CLOSED}]
    assert probes(site) == [vip]
    (seen,) = api("li").post(CHECK, {"name": "Moon", "phone": "010-1"}, status=200).json["items"]
    assert (seen["id"], seen["level"]) == (plain, "certain")
    assert api("li").post(CHECK, {"name": "Star"}, status=200).json["items"][0]["id"] == vip
    assert probes(site) == [vip]


def test_what_the_asker_may_read_is_told(site, api):
    asker(site, "read", "phone", "tax_no")
    star = site.customer(**STAR)
    assert api("li").post(CHECK, {"tax_no": "S1"}, status=200).json["items"][0]["id"] == star
    assert probes(site) == []


def test_creating_tells_no_more_than_checking(site, api):
    asker(site, "none", "phone", "tax_no", condition=["=", "note", "VIP"])
    vip = site.customer(**STAR, note="VIP")
    warned = api("li").post(CUSTOMERS, {"name": "Other", "phone": "010-62431234", "owner": "li"}, status=201)
    assert warned.json["warnings"] == [{"level": "possible", "by": "phone", **CLOSED}]
    for sent in ({"name": "X", "tax_no": "S1"}, {"name": "Star", "phone": "010-62431234"}):
        refused = api("li").post(CUSTOMERS, sent, status=409)
        assert [one | CLOSED for one in refused.json["duplicates"]] == refused.json["duplicates"]
        assert "Star" not in refused.text
    assert probes(site) == [vip] * 3


def test_guessing_is_limited(database_url):
    from tests.support.site import Site

    site = Site(database_url, duplicate_probes="2")
    asker(site, "mask", "tax_no")
    site.customer(**STAR)
    for _ in range(2):
        with site.acting("li") as ctx:
            assert duplicates.check(ctx, {"tax_no": "S1"}) == [{"level": "certain", "by": "tax_no", **CLOSED}]
    with pytest.raises(TooMany), site.acting("li") as ctx:
        duplicates.check(ctx, {"tax_no": "S1"})
    site.close()


def test_rows_of_a_file_meet_each_other_and_those_before(site):
    site.customer("Acme", tax_no="A1")
    rows = [
        {"name": "One", "tax_no": "B1"},
        {"name": "Two", "tax_no": "b1"},
        {"name": "Three", "tax_no": "A-1"},
        {"name": "Four", "phone": "010-62431234"},
        {"name": "Four Ltd", "phone": "+86 10 6243 1234"},
        {"name": "Five"},
    ]
    with site.acting() as ctx:
        results = bulk.store(ctx, ctx.catalog["core.customer"], rows)
    assert [result.status for result in results] == [201, 409, 409, 201, 409, 201]
    assert isinstance(results[1].refusal, Conflict)


def test_checking_needs_the_right_to_create(site, api):
    site.user("sun", roles=["executive"])
    api("sun").post(CHECK, {"name": "x"}, status=403)
    api().post(CHECK, {"name": "x", "id": 1}, status=422)
    api().post(CHECK, {"name": 7}, status=422)


# --- names that are alike ----------------------------------------------------------------------------


@pytest.mark.databases
def test_names_much_alike_are_possible(site):
    star = site.customer("上海蓝海星辰数据科技有限公司")
    site.customer("上海红日朝阳数据科技有限公司")
    latin = site.customer("Northern Harbour Logistics Ltd")
    assert found(site, name="北京蓝海星晨数据科技股份有限公司") == []  # 5 of 7 pairs
    assert found(site, name="蓝海星辰数据科研有限公司") == [("possible", "name")]
    assert found(site, name="深圳蓝海星辰大数据科技公司") == [("possible", "name")]
    assert found(site, name="Northern Harbor Logistics GmbH") == [("possible", "name")]
    with site.acting() as ctx:
        assert [hit.customer_id for hit in duplicates.find(ctx, {"name": "蓝海星辰大数据科技"})] == [star]
        assert [hit.customer_id for hit in duplicates.find(ctx, {"name": "northern harbour logistic"})] == [latin]


def test_no_name_is_alike_by_words_that_all_have(site):
    """The number of customers that are looked at is bounded, however many have a word in common."""
    rows = [{"name": f"{chr(0x4E00 + at)}{chr(0x5E00 + at)}信息技术"} for at in range(400)]
    with site.acting() as ctx:
        bulk.store(ctx, ctx.catalog["core.customer"], rows)
    with site.acting() as ctx:
        assert likeness.alike(ctx, "信息技术") == []
        assert likeness.alike(ctx, f"{chr(0x4E07)}{chr(0x5E07)}信息技术业") != []


def test_likest_first_and_no_more_than_some(site):
    with site.acting() as ctx:
        rows = [{"name": f"蓝海星辰数据科技{chr(0x5E00 + at)}"} for at in range(25)]
        bulk.store(ctx, ctx.catalog["core.customer"], [*rows, {"name": "蓝海星辰数据科技"}])
    with site.acting() as ctx:
        alike = likeness.alike(ctx, "蓝海星辰数据科技园")
        names = dict(ctx.system.execute(select(Customer.id, Customer.core_name)).all())
    assert len(alike) == likeness.MOST
    assert names[alike[0]] == "蓝海星辰数据科技"


@pytest.mark.parametrize("index", ["whole", "incomplete"])
def test_it_costs_three_statements(site, index):
    from sqlalchemy import event, update

    from core.db.guard import unscoped
    from core.models import SearchField

    site.customer("蓝海星辰数据科技")
    with site.acting() as ctx:
        if index == "incomplete":
            unscoped(ctx.work.connection, update(SearchField).values(reached=0))
        statements = []
        event.listen(ctx.work.connection, "before_cursor_execute", lambda *args: statements.append(args[2]))
        hits = duplicates.find(ctx, {"name": "蓝海星辰数据科技园", "phone": "010-62431234"})
    assert [hit.level for hit in hits] == (["possible"] if index == "whole" else [])
    assert len(statements) == (3 if index == "whole" else 2)


def test_rows_of_a_file_are_not_compared_by_likeness(site, monkeypatch):
    def never(*args):
        raise AssertionError("a row of a file asked for names that are alike")

    monkeypatch.setattr(duplicates, "alike", never)
    with site.acting() as ctx:
        assert bulk.store(ctx, ctx.catalog["core.customer"], [{"name": "A Name"}, {"name": "A Nome"}])


def test_who_enters_a_customer_like_a_hidden_one_is_warned_and_written_down(database_url):
    from tests.support.site import Site

    site = Site(database_url, duplicate_probes="2")
    site.unit("east")
    site.user("li", "east")
    hidden = site.customer("蓝海星辰数据科技")

    def enter(name):
        with site.acting("li") as ctx:
            records.create(ctx, ctx.catalog["core.customer"], {"name": name})
            return [one for one in ctx.work.warnings if "hidden" in one]

    today = site.kernel.clock.day(site.kernel.clock.now()).isoformat()
    told = {"level": "possible", "by": "name", "hidden": True, "unit": "总部", "since": today}
    assert enter("蓝海星辰数据科技甲") == [told]
    assert enter("蓝海星辰数据科技乙") == [told]
    assert enter("蓝海星辰数据科技丙") == []  # told often enough; the customer is entered all the same
    with pytest.raises(TooMany), site.acting("li") as ctx:
        duplicates.check(ctx, {"name": "蓝海星辰数据科技丁"})
    with site.acting(write=False) as ctx:
        probes = ctx.system.scalars(select(Audit.record_id).where(Audit.action == PROBE)).all()
        assert probes == [hidden] * 2  # and none of one's own that are alike
    site.close()


def test_a_customer_like_a_hidden_one_can_be_taken_back(site, api):
    """That a hidden one was met is in the trail of the creation, and nothing that stands in its way."""
    site.role("taker", [{"entity": "core.customer", "action": "delete", "reach": "own"}])
    site.user("mo", roles=("sales_rep", "taker"))
    hidden = site.customer("Secret Star")
    mo = api("mo")
    made = mo.post(CUSTOMERS, {"name": "Secret Star"}, status=201)
    assert made.json["warnings"][0]["hidden"]
    mine = f"{CUSTOMERS}/{made.json['id']}"
    assert mo.get(f"{mine}/history").json["items"][0]["undo"] == {"possible": True}
    undone = mo.post(f"/changes/{made.headers['Change-Id']}/undo", None, status=200)
    assert undone.json["records"] == 1
    mo.get(mine, status=404)
    mo.post(f"/changes/{undone.headers['Change-Id']}/undo", None, status=200)
    assert mo.get(mine).json["name"] == "Secret Star"
    assert api().get(f"{CUSTOMERS}/{hidden}").json["version"] == 1
