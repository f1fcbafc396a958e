"""Writes that go past every service, straight into a person's session: the flush judges them all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from core.db.guard import Refused
from core.errors import Forbidden
from core.models import Customer, Role, Share, Unit, User
from core.services.work import Ctx
from tests.scope import oracle
from tests.scope.models import Deal, Visit
from tests.scope.oracle import Grant
from tests.scope.scene import ANN, EAST, HQ, SHOP, WEST, scene
from tests.scope.stage import LONG_AGO, Stage

ZOE, ROLE = 1005, 1005
MINE, BINNED, OTHERS, HIS_DEAL, MY_DEAL = 1001, 1013, 1000, 1000, 1001
CUSTOMER = "core.customer"

NEXT_YEAR = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)

Change = Callable[[Ctx], Any]


def given(stage: Stage, *grants: Grant, shares: tuple[oracle.Share, ...] = ()) -> oracle.User:
    """Zoe in the unit east, with just these grants; two customers, a binned one and a deal are hers."""
    world = scene(stage.kernel.clock.now(), stage.terms())
    zoe = oracle.User(ZOE, "zoe", EAST, 1, (ROLE,))
    world.users[ZOE] = zoe
    world.roles[ROLE] = oracle.Role(ROLE, grants)
    world.shares = {share.id: share for share in shares}
    for customer_id in (MINE, BINNED):
        world.customers[customer_id] = replace(world.customers[customer_id], owner_id=ZOE)
    world.deals[MY_DEAL] = replace(world.deals[MY_DEAL], owner_id=ZOE, unit_id=EAST)
    stage.play(world)
    return zoe


def own(*actions: str, entity: str = CUSTOMER) -> tuple[Grant, ...]:
    return tuple(Grant(entity, action, "own") for action in actions)


def everywhere(*actions: str, entity: str = CUSTOMER) -> tuple[Grant, ...]:
    return tuple(Grant(entity, action, "all") for action in actions)


def borrowed(ctx: Ctx, model: Any, record_id: int) -> Any:
    """A record that another session has loaded, put into the person's: what he may see is no help."""
    elsewhere = ctx.work.elevated("borrowing")
    record = elsewhere.get_one(model, record_id)
    elsewhere.expunge(record)
    ctx.db.add(record)
    return record


def setting(model: Any, target: int, /, **values: Any) -> Change:
    def change(ctx: Ctx) -> None:
        record = borrowed(ctx, model, target)
        for name, value in values.items():
            setattr(record, name, value)

    return change


def adding(model: Any, **values: Any) -> Change:
    return lambda ctx: ctx.db.add(model(**values))


def removing(model: Any, record_id: int) -> Change:
    return lambda ctx: ctx.db.delete(borrowed(ctx, model, record_id))


def new_customer(**values: Any) -> Change:
    base = {"code": "NEW", "name": "New", "kind": "company", "state": "target", "owner_id": ZOE, "unit_id": EAST}
    return adding(Customer, **{**base, **values})


def new_visit(customer_id: int) -> Change:
    return adding(Visit, subject="hello", customer_id=customer_id)


def new_share(record_id: int, **values: Any) -> Change:
    return adding(
        Share, **{"entity": CUSTOMER, "record_id": record_id, "to_user_id": ANN, "actions": ["view"], **values}
    )


@dataclass(frozen=True)
class Case:
    grants: tuple[Grant, ...]
    change: Change
    shares: tuple[oracle.Share, ...] = ()


def shared(record_id: int, *actions: str) -> tuple[oracle.Share, ...]:
    return (oracle.Share(1000, CUSTOMER, record_id, "user", ZOE, actions),)


def of_part(ctx: Ctx) -> None:
    """A foreign deal becomes a part of mine: the collection changes, the row behind it is written."""
    mine = borrowed(ctx, Deal, MY_DEAL)
    mine.parts.append(borrowed(ctx, Deal, HIS_DEAL))


def held_by_me(ctx: Ctx) -> None:
    borrowed(ctx, Deal, HIS_DEAL).holder = borrowed(ctx, User, ZOE)


def one_of_two(ctx: Ctx) -> None:
    """The first may be changed, the second not."""
    borrowed(ctx, Customer, MINE).name = "mine"
    borrowed(ctx, Customer, OTHERS).name = "stolen"


def flushed_one_by_one(ctx: Ctx) -> None:
    borrowed(ctx, Customer, MINE).name = "mine"
    ctx.db.flush()
    borrowed(ctx, Customer, OTHERS).name = "stolen"


DENIED_IN_EAST = Grant(CUSTOMER, "edit", "unit", deny=True)
TARGETS = Grant(CUSTOMER, "edit", "all", ["=", "state", "target"])

FORBIDDEN = {
    # stealing
    "take a foreign record": Case(own("*"), setting(Customer, OTHERS, owner_id=ZOE)),
    "take one and move it": Case(own("*"), setting(Customer, 1003, owner_id=ZOE, unit_id=EAST)),
    "take a pooled one": Case(own("*"), setting(Customer, 1010, owner_id=ZOE)),
    "take one that I may edit": Case(everywhere("view", "edit"), setting(Customer, OTHERS, owner_id=ZOE)),
    "take one that was shared for editing": Case(
        own("*"), setting(Customer, OTHERS, owner_id=ZOE), shared(OTHERS, "view", "edit")
    ),
    "take one of a plugin that declares no right": Case(
        everywhere("view", "edit", entity="tst.deal"), setting(Deal, HIS_DEAL, owner_id=ZOE)
    ),
    "move one of a plugin that declares no right": Case(
        everywhere("view", "edit", entity="tst.deal"), setting(Deal, HIS_DEAL, unit_id=WEST)
    ),
    "take one through a relationship": Case(everywhere("view", "edit", entity="tst.deal"), held_by_me),
    # owner and unit
    "give mine away without assign": Case(own("view", "edit"), setting(Customer, MINE, owner_id=ANN)),
    "give mine away out of my reach": Case(own("view", "edit", "assign"), setting(Customer, MINE, owner_id=ANN)),
    "pool mine out of my reach": Case(own("view", "edit", "assign"), setting(Customer, MINE, owner_id=None)),
    "move mine out of my subtree": Case((Grant(CUSTOMER, "*", "subtree"),), setting(Customer, MINE, unit_id=WEST)),
    "fetch one into my subtree": Case((Grant(CUSTOMER, "*", "subtree"),), setting(Customer, 1003, unit_id=EAST)),
    "rename with assign only": Case(everywhere("view", "assign"), setting(Customer, MINE, name="x")),
    "rename while assigning with assign only": Case(
        everywhere("view", "assign"), setting(Customer, MINE, name="x", owner_id=ANN)
    ),
    # editing
    "edit a foreign record": Case(own("*"), setting(Customer, OTHERS, name="x")),
    "edit what I only see": Case(everywhere("view"), setting(Customer, OTHERS, name="x")),
    "edit what was shared for viewing": Case(own("*"), setting(Customer, OTHERS, name="x"), shared(OTHERS, "view")),
    "edit by a share of the same id elsewhere": Case(
        own("*"),
        setting(Customer, OTHERS, name="x"),
        (oracle.Share(1000, "tst.deal", OTHERS, "user", ZOE, ("edit",)),),
    ),
    "edit into what I may not edit": Case((*own("view"), TARGETS), setting(Customer, OTHERS, state="formal")),
    "edit out of what I may not edit": Case((*own("view"), TARGETS), setting(Customer, MINE, state="target")),
    "edit what is denied": Case((*everywhere("*"), DENIED_IN_EAST), setting(Customer, MINE, name="x")),
    "edit into what is denied": Case(
        (*everywhere("*"), Grant(CUSTOMER, "edit", "all", ["=", "state", "sealed"], deny=True)),
        setting(Customer, MINE, state="sealed"),
    ),
    "hide it above my clearance": Case(own("*"), setting(Customer, MINE, secrecy=2)),
    "uncover what is above my clearance": Case(everywhere("*"), setting(Customer, 1006, secrecy=0)),
    "edit a foreign record of a plugin": Case(own("*", entity="tst.deal"), setting(Deal, HIS_DEAL, name="x")),
    "write to a foreign record by a collection": Case(
        (*everywhere("view", entity="tst.deal"), *own("edit", entity="tst.deal")), of_part
    ),
    # what nobody writes by hand
    "forge who made it": Case(everywhere("view"), setting(Customer, OTHERS, created_by_id=ZOE)),
    "forge when it was made": Case(everywhere("view"), setting(Customer, OTHERS, created_at=NEXT_YEAR)),
    "forge who changed it": Case(everywhere("view"), setting(Customer, OTHERS, updated_by_id=ZOE)),
    "forge its version": Case(everywhere("view"), setting(Customer, OTHERS, version=99)),
    "forge its sort key": Case(everywhere("view"), setting(Customer, OTHERS, sort_key="a")),
    "change its key": Case(everywhere("view"), setting(Customer, OTHERS, id=1999)),
    # deleting
    "bin with edit only": Case(own("view", "edit"), setting(Customer, MINE, deleted_at=LONG_AGO)),
    "bin a foreign record": Case(own("*"), setting(Customer, OTHERS, deleted_at=LONG_AGO)),
    "bin what was shared for editing": Case(
        own("*"), setting(Customer, OTHERS, deleted_at=LONG_AGO), shared(OTHERS, "view", "edit")
    ),
    "restore with edit only": Case(own("view", "edit"), setting(Customer, BINNED, deleted_at=None)),
    "restore a foreign record": Case(own("*"), setting(Customer, 1004, deleted_at=None)),
    "bin what is denied": Case(
        (*everywhere("*"), Grant(CUSTOMER, "delete", "own", deny=True)), setting(Customer, MINE, deleted_at=LONG_AGO)
    ),
    "remove with edit only": Case(own("view", "edit"), removing(Customer, MINE)),
    "remove a foreign record": Case(own("*"), removing(Customer, OTHERS)),
    # creating
    "create without a grant": Case(own("view", "edit"), new_customer()),
    "create for another": Case(own("*"), new_customer(owner_id=ANN)),
    "create for another with assign only on mine": Case(
        (*everywhere("create"), *own("assign")), new_customer(owner_id=ANN)
    ),
    "create for another without assign": Case(everywhere("create"), new_customer(owner_id=ANN)),
    "create for nobody": Case(everywhere("create"), new_customer(owner_id=None)),
    "create in another unit": Case(own("create"), new_customer(unit_id=WEST)),
    "create outside my subtree": Case((Grant(CUSTOMER, "*", "subtree"),), new_customer(unit_id=HQ)),
    "create above my clearance": Case(own("create"), new_customer(secrecy=2)),
    "create what the condition leaves out": Case(
        (Grant(CUSTOMER, "create", "all", ["=", "state", "prospect"]),), new_customer()
    ),
    "create what is denied": Case((*everywhere("*"), Grant(CUSTOMER, "create", "unit", deny=True)), new_customer()),
    "create a record of a plugin": Case(own("*"), adding(Deal, name="x", owner_id=ZOE, unit_id=EAST)),
    # children
    "a child without a grant of its own": Case(own("*"), new_visit(MINE)),
    "a child of a hidden customer": Case((*own("*"), *everywhere("*", entity="tst.visit")), new_visit(OTHERS)),
    "a child of a customer in the bin": Case((*own("*"), *everywhere("*", entity="tst.visit")), new_visit(BINNED)),
    "a child of a customer out of its reach": Case(
        (*everywhere("view"), *own("*", entity="tst.visit")), new_visit(OTHERS)
    ),
    "edit a child with a grant on its customer": Case(own("*"), setting(Visit, 1001, effort=9)),
    "edit a child of a hidden customer": Case(
        (*own("*"), *everywhere("*", entity="tst.visit")), setting(Visit, 1000, effort=9)
    ),
    "hang a child on a hidden customer": Case(
        (*own("*"), *everywhere("*", entity="tst.visit")), setting(Visit, 1001, customer_id=OTHERS)
    ),
    "fetch a child from a hidden customer": Case(
        (*own("*"), *everywhere("*", entity="tst.visit")), setting(Visit, 1000, customer_id=MINE)
    ),
    "remove a child of a hidden customer": Case(
        (*own("*"), *everywhere("*", entity="tst.visit")), removing(Visit, 1000)
    ),
    # shares
    "share without the right": Case(own("view", "edit"), new_share(MINE)),
    "share a foreign record": Case(own("*"), new_share(OTHERS)),
    "share with myself": Case(everywhere("view"), new_share(OTHERS, to_user_id=ZOE, actions=["view", "edit"])),
    "share on what was shared": Case(own("*"), new_share(OTHERS), shared(OTHERS, "view", "edit")),
    "widen a share given to me": Case(own("*"), setting(Share, 1000, actions=["view", "edit"]), shared(OTHERS, "view")),
    "prolong a share given to me": Case(own("*"), setting(Share, 1000, until_at=NEXT_YEAR), shared(OTHERS, "view")),
    "turn a foreign share to mine": Case(own("*"), setting(Share, 1000, record_id=MINE), shared(OTHERS, "view")),
    "turn my share to a foreign record": Case(own("*"), setting(Share, 1000, record_id=OTHERS), shared(MINE, "view")),
    "end a foreign share": Case(own("*"), removing(Share, 1000), shared(OTHERS, "view")),
    # people, roles, units
    "another's password": Case(everywhere("*", entity="*"), setting(User, ANN, password_hash="x")),
    "my own password": Case(everywhere("*", entity="*"), setting(User, ZOE, password_hash="x")),
    "my own clearance": Case(everywhere("*", entity="*"), setting(User, ZOE, clearance=3)),
    "my own unit": Case(everywhere("*", entity="*"), setting(User, ZOE, unit_id=HQ)),
    "my own roles": Case(
        everywhere("*", entity="*"), lambda ctx: setattr(_with_roles(ctx), "roles", [borrowed(ctx, Role, 1)])
    ),
    "my own grants": Case(everywhere("*", entity="*"), setting(Role, ROLE, grants=[])),
    "my unit's place": Case(everywhere("*", entity="*"), setting(Unit, EAST, parent_id=None)),
    "a new administrator": Case(
        everywhere("*", entity="*"), adding(User, login="eva", name="eva", unit_id=EAST, old_passwords=[])
    ),
    # several at once
    "one of two": Case(own("*"), one_of_two),
    "the second of two": Case(own("*"), flushed_one_by_one),
}

ALLOWED = {
    "edit mine": Case(own("edit"), setting(Customer, MINE, name="x")),
    "edit what was shared": Case((), setting(Customer, OTHERS, name="x"), shared(OTHERS, "edit")),
    "edit within the condition": Case((TARGETS,), setting(Customer, OTHERS, name="x")),
    "edit outside of what is denied": Case((*everywhere("*"), DENIED_IN_EAST), setting(Customer, 1003, name="x")),
    "hide it as far as I am cleared": Case(own("edit"), setting(Customer, MINE, secrecy=0)),
    "assign within my subtree": Case(
        (Grant(CUSTOMER, "assign", "subtree"),), setting(Customer, MINE, owner_id=ANN, unit_id=SHOP)
    ),
    "pool within my subtree": Case((Grant(CUSTOMER, "assign", "subtree"),), setting(Customer, MINE, owner_id=None)),
    "take what I may assign": Case(everywhere("assign"), setting(Customer, OTHERS, owner_id=ZOE)),
    "assign one of a plugin": Case(everywhere("assign", entity="tst.deal"), setting(Deal, HIS_DEAL, owner_id=ZOE)),
    "bin mine": Case(own("delete"), setting(Customer, MINE, deleted_at=LONG_AGO)),
    "restore mine": Case(own("delete"), setting(Customer, BINNED, deleted_at=None)),
    "create mine": Case(own("create"), new_customer()),
    "create for another": Case(everywhere("create", "assign"), new_customer(owner_id=ANN)),
    "create in my subtree": Case((Grant(CUSTOMER, "create", "subtree"),), new_customer(unit_id=SHOP)),
    "create a child": Case((*own("view"), *own("create", entity="tst.visit")), new_visit(MINE)),
    "edit a child": Case((*own("view"), *own("edit", entity="tst.visit")), setting(Visit, 1001, effort=9)),
    "share mine": Case(own("share"), new_share(MINE)),
    "end a share of mine": Case(own("share"), removing(Share, 1000), shared(MINE, "view")),
    "my name, as a keeper of users": Case(
        own("edit", entity="core.user"), lambda ctx: setattr(_with_roles(ctx), "name", "Z")
    ),
}


def _with_roles(ctx: Ctx) -> User:
    elsewhere = ctx.work.elevated("borrowing")
    user = elsewhere.scalars(select(User).where(User.id == ZOE).options(selectinload(User.roles))).one()
    held = list(user.roles)
    for one in (user, *held):
        elsewhere.expunge(one)
    ctx.db.add(user)
    return user


@pytest.mark.databases
@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_forbidden_write_is_refused_and_leaves_nothing(stage: Stage, name: str) -> None:
    case = FORBIDDEN[name]
    zoe = given(stage, *case.grants, shares=case.shares)
    before = stage.dump()
    with pytest.raises((Forbidden, Refused)), stage.acting(zoe, write=True) as ctx:
        case.change(ctx)
    assert stage.dump() == before


@pytest.mark.databases
@pytest.mark.parametrize("name", ALLOWED)
def test_an_allowed_write_is_stored(stage: Stage, name: str) -> None:
    """So that the refusals above are for their reason, not for any."""
    case = ALLOWED[name]
    zoe = given(stage, *case.grants, shares=case.shares)
    before = stage.dump()
    with stage.acting(zoe, write=True) as ctx:
        case.change(ctx)
    assert stage.dump() != before


@pytest.mark.parametrize("name", ALLOWED)
def test_a_read_only_token_writes_nothing(stage: Stage, name: str) -> None:
    case = ALLOWED[name]
    zoe = given(stage, *case.grants, shares=case.shares)
    before = stage.dump()
    with pytest.raises(Forbidden), stage.acting(zoe, write=True, read_only=True) as ctx:
        case.change(ctx)
    assert stage.dump() == before


def merge_by_key(ctx: Ctx) -> None:
    """Merging asks for the hidden row, does not get it, and so would make it anew."""
    merged = Customer(id=OTHERS, version=1, name="stolen", owner_id=ZOE, unit_id=EAST, code="X", kind="company")
    record = ctx.db.merge(merged)
    assert inspect(record).pending
    ctx.db.flush()


def merge_without_loading(ctx: Ctx) -> None:
    record = ctx.db.merge(ctx.work.elevated("borrowing").get_one(Customer, OTHERS), load=False)
    record.owner_id, record.name = ZOE, "stolen"


def catch_the_refusal(ctx: Ctx) -> None:
    borrowed(ctx, Customer, MINE).name = "mine"
    ctx.db.flush()
    new_customer(owner_id=ANN)(ctx)
    with pytest.raises(Forbidden):
        ctx.db.flush()


@pytest.mark.databases
@pytest.mark.parametrize(
    ("change", "error"),
    [
        (merge_by_key, IntegrityError),
        (merge_without_loading, Forbidden),
        (catch_the_refusal, Refused),
    ],
)
def test_a_detour_leads_nowhere(stage: Stage, change: Change, error: type[Exception]) -> None:
    zoe = given(stage, *own("*"))
    before = stage.dump()
    with pytest.raises(error), stage.acting(zoe, write=True) as ctx:
        change(ctx)
    assert stage.dump() == before


def test_a_refusal_inside_a_savepoint_takes_only_that_part_back(stage: Stage) -> None:
    zoe = given(stage, *own("*"))
    with stage.acting(zoe, write=True) as ctx:
        borrowed(ctx, Customer, MINE).name = "mine"
        with pytest.raises(Forbidden), ctx.savepoint():
            new_customer(owner_id=ANN)(ctx)
    with stage.engine.connect() as connection:
        assert connection.scalar(select(Customer.name).where(Customer.id == MINE)) == "mine"
        assert connection.scalar(select(Customer.id).where(Customer.code == "NEW")) is None
