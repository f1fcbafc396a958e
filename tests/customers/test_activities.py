"""Activities: who sees them, who changes them, and what follows when one is done (M8, M56)."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from core.entities.listing import ask
from core.entities.resolver import SystemResolver, row_of
from core.errors import Forbidden, Invalid, NotFound
from core.models import Activity, Customer, Unit, User
from core.services import records
from tests.support.site import Site

KEY = "core.activity"


def change(site, activity_id, user="admin", **values):
    with site.acting(user) as ctx:
        stored = ctx.system.get_one(Activity, activity_id)
        records.change(ctx, ctx.catalog[KEY], activity_id, values, stored.version)


def visible(site, user):
    with site.acting(user, write=False) as ctx:
        entity = ctx.catalog[KEY]
        return [
            row.subject for row in records.listing(ctx, ask(ctx.rights, entity, sort="subject", count=True)).records
        ]


@pytest.fixture
def branches(site):
    for unit in ("east", "west"):
        site.unit(unit)
    for login, unit in (("li", "east"), ("wu", "west"), ("sun", "west")):
        site.user(login, unit)
    return site


@pytest.mark.databases
def test_seen_by_its_people_and_with_its_customer(branches):
    site = branches
    mine = site.customer("A", "li")
    site.create(KEY, {"subject": "1 visit", "customer": mine}, "li")
    site.create(KEY, {"subject": "2 own note"}, "li")
    site.create(KEY, {"subject": "3 for wu", "customer": mine, "assignee": "wu"}, "li")
    site.create(KEY, {"subject": "4 with sun", "customer": mine, "participants": ["sun"]}, "li")
    assert visible(site, "li") == ["1 visit", "2 own note", "3 for wu", "4 with sun"]
    assert visible(site, "wu") == ["3 for wu"]
    assert visible(site, "sun") == ["4 with sun"]
    assert visible(site, "admin") == ["1 visit", "3 for wu", "4 with sun"]  # a note without a customer is private


def test_the_customer_of_anothers_task_stays_hidden(branches):
    site = branches
    mine = site.customer("A", "li")
    task = site.create(KEY, {"subject": "offer", "customer": mine, "assignee": "wu"}, "li")
    with site.acting("wu", write=False) as ctx:
        record = records.find(ctx, ctx.catalog[KEY], task)
        document = records.reader(ctx).document(ctx.catalog[KEY], record)
    assert document["customer"] == {"restricted": True}
    change(site, task, "wu", done=True, result="sent")  # what is his to do
    with pytest.raises(Forbidden), site.acting("wu") as ctx:
        records.delete(ctx, ctx.catalog[KEY], task, 2)
    with pytest.raises(NotFound):
        change(site, task, "sun", done=False)


def test_whoever_has_a_task_plans_the_next_without_seeing_its_customer(branches):
    site = branches
    mine = site.customer("A", "li")
    contact = site.create("core.contact", {"customer": mine, "name": "Zhao"})
    task = site.create(KEY, {"subject": "offer", "customer": mine, "contact": contact, "assignee": "wu"}, "li")
    change(site, task, "wu", done=True, next_step="call again", next_at="2026-12-01T02:00:00Z")
    with site.acting("wu") as ctx:
        planned = ctx.system.scalars(select(Activity).where(Activity.subject == "call again")).one()
        assert (planned.customer_id, planned.contact_id, planned.done) == (mine, contact, False)
        assert planned.assignee_id == planned.owner_id == ctx.identity.user_id
        assert planned.happens_at == ctx.system.get_one(Activity, task).next_at
        document = records.reader(ctx).document(ctx.catalog[KEY], records.find(ctx, ctx.catalog[KEY], planned.id))
    assert document["customer"] == {"restricted": True}


def test_a_participant_looks_on(branches):
    site = branches
    task = site.create(KEY, {"subject": "x", "customer": site.customer("A", "li"), "participants": ["sun"]}, "li")
    with pytest.raises(Forbidden):
        change(site, task, "sun", done=True)


def test_a_manager_changes_what_his_people_do(branches):
    site = branches
    site.user("boss", "east", ["sales_manager"])
    own = site.create(KEY, {"subject": "x", "customer": site.customer("A", "li")}, "li")
    other = site.create(KEY, {"subject": "y", "customer": site.customer("B", "wu")}, "wu")
    change(site, own, "boss", done=True)
    with pytest.raises(NotFound):
        change(site, other, "boss", done=True)
    with pytest.raises(Forbidden):
        site.create(KEY, {"subject": "z", "owner": "wu"}, "boss")


def test_completing_with_a_date_plans_the_next(site):
    customer_id = site.customer("A")
    contact = site.create("core.contact", {"customer": customer_id, "name": "Zhao"})
    visit = site.create(KEY, {"kind": "visit", "subject": "first talk", "customer": customer_id, "contact": contact})
    change(site, visit, done=True, result="interested", next_step="send offer", next_at="2026-12-01T02:00:00Z")
    with site.acting(write=False) as ctx:
        rows = ctx.system.scalars(select(Activity).order_by(Activity.id)).all()
        assert [(row.subject, row.done, row.contact_id) for row in rows] == [
            ("first talk", True, contact),
            ("send offer", False, contact),
        ]
        assert rows[1].happens_at == rows[0].next_at
    change(site, visit, result="very interested")
    with site.acting(write=False) as ctx:
        assert ctx.system.scalar(select(func.count()).select_from(Activity)) == 2


def test_a_next_step_needs_a_date(site):
    with pytest.raises(Invalid) as invalid:
        site.create(KEY, {"subject": "x", "next_step": "call again"})
    assert list(invalid.value.errors) == ["next_at"]


def test_the_contact_is_the_customers(site):
    contact = site.create("core.contact", {"customer": site.customer("A"), "name": "Zhao"})
    with pytest.raises(Invalid) as invalid:
        site.create(KEY, {"subject": "x", "customer": site.customer("B"), "contact": contact})
    assert list(invalid.value.errors) == ["contact"]
    alone = site.create(KEY, {"subject": "x", "contact": contact})
    with site.acting(write=False) as ctx:
        assert ctx.system.get_one(Activity, alone).customer_id is not None


def test_goes_and_comes_back_with_its_customer(site):
    site.user("li")
    customer_id = site.customer("A", "li")
    site.create(KEY, {"subject": "x", "customer": customer_id}, "li")
    with site.acting() as ctx:
        records.delete(ctx, ctx.catalog["core.customer"], customer_id, 1)
    assert visible(site, "li") == []
    with site.acting() as ctx:
        entity = ctx.catalog["core.customer"]
        restore = next(verb for verb in entity.verbs if verb.name == "restore")
        records.act(ctx, entity, customer_id, restore, {})
    assert visible(site, "li") == ["x"]


# --- the two readings of the rules agree ----------------------------------------------------------


ACTIONS = ("view", "create", "edit", "delete")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    site = Site(f"sqlite:///{tmp_path_factory.mktemp('world') / 'kehu.db'}")
    rng = random.Random(7)
    units = ["hq", "u1", "u2", "u3"]
    for unit, parent in (("u1", "hq"), ("u2", "u1"), ("u3", "hq")):
        site.unit(unit, parent=parent)
    people = [site.user(f"p{n}", rng.choice(units), []) for n in range(5)]
    customers = [
        site.customer(f"c{n}", owner=rng.choice([*people, None]), unit=rng.choice(units), secrecy=rng.choice((1, 1, 3)))
        for n in range(12)
    ]
    with site.acting() as ctx:
        session = ctx.work.elevated("a world", write=True)
        users = {one.id: one for one in session.scalars(select(User))}
        for n in range(60):
            activity = Activity(kind="task", subject=f"a{n}", owner_id=rng.choice(people), done=rng.random() < 0.3)
            activity.assignee_id = rng.choice([*people, None])
            activity.customer_id = rng.choice([*customers, None])
            activity.participants = [users[one] for one in rng.sample(people, rng.choice((0, 0, 1, 2)))]
            session.add(activity)
    with site.acting() as ctx:
        for customer_id in customers[:2]:
            records.delete(ctx, ctx.catalog["core.customer"], customer_id, 1)
    yield site, people
    site.close()


grants = st.lists(
    st.fixed_dictionaries(
        {
            "entity": st.sampled_from(("core.customer", KEY, "*")),
            "action": st.sampled_from((*ACTIONS, "*")),
            "reach": st.sampled_from(("own", "unit", "subtree", "all")),
            "condition": st.sampled_from((None, None, ["=", "done", False])),
            "deny": st.sampled_from((False, False, False, True)),
        }
    ).filter(lambda grant: grant["condition"] is None or grant["entity"] == KEY),
    max_size=4,
)


@given(grants=grants, who=st.integers(0, 4))
@settings(max_examples=40)
def test_database_and_python_agree_on_every_row(world, grants, who):
    site, people = world
    with site.kernel.work(write=False) as work:
        from core.security.rights import Person, Rights, Shares

        user = work.system.get_one(User, people[who])
        person = Person(user.id, user.unit_id, user.clearance, (), tuple(grants), ())
        rights = Rights(person, work.org, Shares({}), site.kernel.catalog, work.today, "Asia/Shanghai")
        entity = site.kernel.catalog[KEY]
        rows = work.system.scalars(select(Activity)).all()
        resolver = SystemResolver(work.system, site.kernel.catalog)
        for action in ACTIONS:
            enforced = set(work.system.scalars(select(Activity.id).where(rights.criterion(entity, action))))
            explained = {row.id for row in rows if rights.covers(entity, action, row_of(row), resolver)}
            assert enforced == explained == _read_again(work.system, user, grants, action)


def _read_again(session, user, grants, action):
    """The rules once more, written down without the product's code."""
    units = {unit.id: unit for unit in session.scalars(select(Unit))}
    people = {one.id: one for one in session.scalars(select(User))}
    customers = {one.id: one for one in session.scalars(select(Customer))}

    def above(unit_id):
        return {unit_id} | (above(units[unit_id].parent_id) if units[unit_id].parent_id else set())

    def near(unit_id, reach):
        return unit_id == user.unit_id if reach == "unit" else user.unit_id in above(unit_id)

    def speaks(grant, key, wanted):
        return grant["entity"] in (key, "*") and grant["action"] in (wanted, "*")

    def sees_customer(one):
        def hit(grant):
            if grant["reach"] in ("own", "all"):
                return grant["reach"] == "all" or one.owner_id == user.id
            return near(one.unit_id, grant["reach"])

        mine = [grant for grant in grants if speaks(grant, "core.customer", "view") and hit(grant)]
        return one.secrecy <= user.clearance and any(not g["deny"] for g in mine) and not any(g["deny"] for g in mine)

    def hit(grant, row, customer):
        if grant["condition"] is not None and row.done:
            return False
        if grant["reach"] == "all":
            return True
        if grant["reach"] == "own":
            people_of = {row.owner_id, row.assignee_id if action == "edit" else row.owner_id}
            return user.id in people_of or (customer is not None and customer.owner_id == user.id)
        places = [customer.unit_id if customer else None, people[row.owner_id].unit_id]
        return any(place is not None and near(place, grant["reach"]) for place in places)

    found = set()
    involved = {row.id: {one.id for one in row.participants} for row in _with_participants(session)}
    for row in session.scalars(select(Activity)):
        customer = customers.get(row.customer_id)
        if customer is not None and customer.deleted_at is not None:
            continue
        there = user.id in {row.owner_id, row.assignee_id} | involved[row.id]
        if not there and not (customer is not None and sees_customer(customer)):
            continue
        hits = [grant for grant in grants if speaks(grant, KEY, action) and hit(grant, row, customer)]
        if any(grant["deny"] for grant in hits):
            continue
        if action == "view" or hits:
            found.add(row.id)
    return found


def _with_participants(session):
    from sqlalchemy.orm import selectinload

    return session.scalars(select(Activity).options(selectinload(Activity.participants)))
