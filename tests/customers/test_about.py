"""What an activity is about: any record of the business that its writer sees (M56)."""

from __future__ import annotations

import json

import pytest

from core.entities.resolver import SystemResolver, row_of
from core.models import Activity
from core.security.conditions import BadCondition, evaluate, parse
from core.services import bulk, exports, login, records
from tests.rest.conftest import api, app  # noqa: F401 - fixtures

KEY = "core.activity"
ACTIVITIES = "/core/activities"


@pytest.fixture
def world(site):
    """li of the east has the customer A with the contact An, wu of the west has B."""
    for unit, login_ in (("east", "li"), ("west", "wu")):
        site.unit(unit)
        site.user(login_, unit)
    site.a = site.customer("A", "li", code="C-A")
    site.an = site.create("core.contact", {"name": "An", "customer": site.a, "code": "P-A"}, "li")
    site.b = site.customer("B", "wu", code="C-B")
    return site


def about(entity, **named):
    return {"entity": entity, **named}


def subjects(client, condition):
    found = client.get(ACTIVITIES, filter=json.dumps(condition), sort="subject").json["items"]
    return [one["subject"] for one in found]


@pytest.mark.databases
def test_it_is_written_by_id_or_key_and_read_with_its_label(world, api):  # noqa: F811
    site, li = world, api("li")
    shown = {"entity": "core.contact", "id": site.an, "label": "An", "key": "P-A"}
    for sent in (about("core.contact", id=site.an), about("core.contact", key="P-A"), "core.contact:P-A", shown):
        made = li.post(ACTIVITIES, {"subject": "x", "about": sent}).json
        assert made["about"] == shown
    path = f"{ACTIVITIES}/{made['id']}"
    same = li.patch(path, {"about": about("core.contact", id=site.an), "version": 1}).json
    assert same["version"] == 1
    # The same number of another entity is another record.
    moved = li.patch(path, {"about": about("core.customer", id=site.a), "version": 1}).json
    assert (moved["about"]["entity"], moved["about"]["label"], moved["version"]) == ("core.customer", "A", 2)
    assert li.patch(path, {"about": None, "version": 2}).json["about"] is None


@pytest.mark.parametrize(
    "sent",
    [
        7,
        "C-A",
        "core.customer:",
        ":C-A",
        {},
        {"entity": "core.customer"},
        {"id": 1},
        {"entity": "core.customer", "id": True},
        {"entity": "core.customer", "id": 0},
        {"entity": "core.customer", "id": 2**40},
        {"entity": "core.customer", "id": 1, "more": 1},
        {"entity": ["core.customer"], "id": 1},
        {"entity": "core.nothing", "id": 1},
        {"entity": "core.unit", "id": 1},
        {"entity": "core.audit", "id": 1},
        {"entity": "core.customer", "id": 999},
    ],
)
def test_what_names_no_record_is_refused(world, api, sent):  # noqa: F811
    refused = api("li").post(ACTIVITIES, {"subject": "x", "about": sent}, status=422)
    assert list(refused.json["errors"]) == ["about"]


def test_one_cannot_point_to_what_one_cannot_see(world, api):  # noqa: F811
    li = api("li")
    hidden = li.post(ACTIVITIES, {"subject": "x", "about": about("core.customer", id=world.b)}, status=422).json
    absent = li.post(ACTIVITIES, {"subject": "x", "about": about("core.customer", id=999)}, status=422).json
    assert hidden == absent
    assert li.post(ACTIVITIES, {"subject": "x", "about": about("core.customer", key="C-B")}, status=422).json == absent


def test_what_one_cannot_see_is_not_read_and_not_found(world, api):  # noqa: F811
    li, wu = api("li"), api("wu")
    made = li.post(ACTIVITIES, {"subject": "for wu", "assignee": "wu", "about": about("core.customer", id=world.a)})
    path = f"{ACTIVITIES}/{made.json['id']}"
    read = wu.get(path).json
    assert read["about"] == {"restricted": True}
    # Written back it stays as it is.
    wu.patch(path, {"about": {"restricted": True}, "done": True, "version": 1})
    assert li.get(path).json["about"]["id"] == world.a
    history = wu.get(f"{path}/history").json["items"]
    assert [line["new"] for line in history[-1]["changes"] if line["field"] == "about"] == [{"restricted": True}]
    for value in (about("core.customer", id=world.a), about("core.customer", key="C-A")):
        assert subjects(li, ["=", "about", value]) == ["for wu"]
        assert subjects(wu, ["=", "about", value]) == []
        assert subjects(wu, ["!=", "about", value]) == ["for wu"]


def test_it_is_filtered_by(world, api):  # noqa: F811
    li = api("li")
    for subject, target in (
        ("1", None),
        ("2", about("core.customer", id=world.a)),
        ("3", about("core.contact", id=world.an)),
    ):
        li.post(ACTIVITIES, {"subject": subject, "about": target})
    a, an = about("core.customer", id=world.a), about("core.contact", key="P-A")
    assert subjects(li, ["=", "about", a]) == ["2"]
    assert subjects(li, ["!=", "about", a]) == ["1", "3"]
    assert subjects(li, ["in", "about", [a, an]]) == ["2", "3"]
    assert subjects(li, ["in", "about", [None, "core.customer:C-A"]]) == ["1", "2"]
    assert subjects(li, ["in", "about", []]) == []
    assert subjects(li, ["empty", "about"]) == ["1"]
    assert subjects(li, ["=", "about", None]) == ["1"]
    for wrong in (7, "A", about("core.nothing", id=1), about("core.customer"), {"$": "me"}):
        li.get(ACTIVITIES, filter=json.dumps(["=", "about", wrong]), status=400)
    li.get(ACTIVITIES, filter=json.dumps([">", "about", a]), status=400)
    li.get(ACTIVITIES, sort="about", status=400)


def test_python_judges_as_the_database_does(world):
    """Conditions of roles are judged on rows too."""
    site = world
    for target in (None, about("core.customer", id=site.a), about("core.contact", id=site.an)):
        site.create(KEY, {"subject": "x", "about": target}, "li")
    conditions = [
        ["=", "about", about("core.customer", id=site.a)],
        ["!=", "about", about("core.customer", key="C-A")],
        ["in", "about", [about("core.contact", id=site.an), None]],
        ["not", ["empty", "about"]],
    ]
    with site.acting("li") as ctx:
        entity, resolver = ctx.catalog[KEY], SystemResolver(ctx.system, ctx.catalog)
        rows = ctx.system.query(Activity).order_by(Activity.id).all()
        for document in conditions:
            condition = parse(document, entity, ctx.catalog)
            listed = {row.id for row in records.listing(ctx, records.Ask(entity, condition)).records}
            judged = {row.id for row in rows if evaluate(condition, row_of(row), resolver, ctx.rights.context)}
            assert listed == judged, document
            assert 0 < len(judged) < len(rows)
        with pytest.raises(BadCondition) as bad:
            parse(["=", "about", about("gone.thing", id=1)], entity, ctx.catalog)
        assert bad.value.unknown_field  # a rule that names a plugin which is off is inert


def test_history_and_undo(world, api):  # noqa: F811
    li = api("li")
    made = li.post(ACTIVITIES, {"subject": "x", "about": about("core.customer", id=world.a)}).json
    path = f"{ACTIVITIES}/{made['id']}"
    changed = li.patch(path, {"about": about("core.contact", id=world.an), "version": 1})
    line = li.get(f"{path}/history").json["items"][0]["changes"]
    assert [(one["field"], one["old"]["label"], one["new"]["label"]) for one in line] == [("about", "A", "An")]
    li.post(f"/changes/{changed.headers['Change-Id']}/undo", {}, status=200)
    assert li.get(path).json["about"]["label"] == "A"


def test_it_is_exported_and_imported(world):
    site = world
    site.create(KEY, {"subject": "x", "about": about("core.contact", id=site.an)}, "li")
    with site.acting("li") as ctx:
        entity = ctx.catalog[KEY]
    exported = exports.export(site.kernel, entity, lambda work: login.by_login(work, "li", door="test"))
    row = dict(zip(exported.headers, next(exported.rows), strict=True))
    assert row["about"] == "core.contact:P-A"
    texts = {"subject": "y", "about": row["about"]}
    with site.acting("li") as ctx:
        wrong = {"subject": "z", "about": "core.customer:C-B"}
        results = bulk.store(ctx, entity, [texts, texts, wrong], text=True)
        assert [one.status for one in results] == [201, 201, 422]
        assert [ctx.system.get_one(Activity, one.id).about for one in results[:2]] == [("core.contact", site.an)] * 2


def test_a_merge_takes_it_along(world, api):  # noqa: F811
    target = world.customer("A2", "li")
    sent = {"subject": "x", "customer": target, "about": about("core.customer", id=world.a)}
    made = api("li").post(ACTIVITIES, sent).json
    note = api("li").post(ACTIVITIES, {"subject": "own", "about": about("core.customer", id=world.a)}).json
    merged = api().act(f"/core/customers/{target}", "merge", {"source": world.a})
    path = f"{ACTIVITIES}/{made['id']}"
    assert api("li").get(path).json["about"]["id"] == target
    own = api("li").get(f"{ACTIVITIES}/{note['id']}").json["about"]
    assert (own["deleted"], own["id"]) == (True, world.a)  # nobody else touches it
    api().post(f"/changes/{merged.headers['Change-Id']}/undo", {}, status=200)
    assert api("li").get(path).json["about"]["id"] == world.a
