"""P4: two worlds that differ only in what somebody may not see answer him with the same bytes.

Records that he can do nothing with are added, removed and changed, and so are values that are closed to
him. A random script of requests then runs as him in both worlds; whatever differs tells him something.
The records' own ids, codes and times are the same on both sides, so that only random names (Change-Ids)
are set aside. That a key is taken, and that a duplicate exists, he may learn by design: scripts use
keys of their own.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from webtest import TestApp

from core.app import make_app
from core.errors import Forbidden, NotFound
from core.models import Customer, Epoch, Role
from core.security.rights import Rights
from core.services import records
from core.services.intake import Intake
from core.services.login import new_token
from core.services.search import rebuild
from tests.scope import oracle
from tests.scope.oracle import World
from tests.scope.stage import Stage
from tests.scope.worlds import ACTIONS, FIRST, WorldMaker
from tests.support.databases import create_database, name_of
from tests.support.site import Site

LAST = FIRST + 900  # the highest id in both worlds, so that what is made gets the same ids in both
ADDED = FIRST + 500
ABSENT = FIRST + 700
CLOSED = {"employees": "none", "annual_revenue": "mask"}  # fields that are closed to everybody's roles
SECRET = "zyzzyva"
UUID = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
COLLECTIONS = (
    *("core/customers",) * 6,
    *("tst/deals", "tst/visits", "core/contacts", "core/activities", "core/trades") * 2,
    *("core/users", "core/units", "core/roles", "core/shares", "core/tokens", "core/audit", "core/terms"),
)


class House:
    """One world's site; `reset` brings its database back to the beginning."""

    def __init__(self, folder: Path) -> None:
        url = create_database("sqlite", folder)
        self.site = Site(url)
        self.stage = Stage(self.site)
        self.file = Path(name_of(url))
        self.site.close()
        self.beginning = self.file.read_bytes()
        self.resets = 0

    def stop_clock(self, now: Any) -> None:
        self.stage.set_clock(now)
        self.app = TestApp(make_app(self.stage.kernel), lint=False)

    def reset(self, world: World, secrets: dict[int, str], seed: int) -> None:
        self.site.close()
        for ending in ("-wal", "-shm"):
            Path(f"{self.file}{ending}").unlink(missing_ok=True)
        self.file.write_bytes(self.beginning)
        self.resets += 1
        self.stage.play(world)
        with self.stage.engine.begin() as connection:
            rules = [
                {"entity": "core.customer", "field": name, "right": right, "condition": None}
                for name, right in CLOSED.items()
            ]
            connection.execute(update(Role).where(Role.id >= FIRST).values(field_rights=rules))
            connection.execute(update(Epoch).values(number=Epoch.number + 1000 * self.resets))
            for customer_id, word in secrets.items():
                values = {"name": word, "name_folded": word, "sort_key": word, "phone": f"1380000{customer_id}"}
                connection.execute(update(Customer).where(Customer.id == customer_id).values(**values))
        rebuild.begin(self.stage.kernel)
        rebuild.rebuild(self.stage.kernel)  # or else no search would find the words

    def token(self, login: str) -> str:
        secret = self.stage.kernel.run(lambda work: new_token(work, login), write=True)
        assert secret is not None
        return secret


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, House]]:
    made = House(tmp_path_factory.mktemp("one")), House(tmp_path_factory.mktemp("two"))
    now = made[0].stage.kernel.clock.now().replace(microsecond=0)
    for house in made:
        house.stop_clock(now)
    yield made
    for house in made:
        house.stage.engine.dispose()
        house.site.close()


# --- the two worlds ---------------------------------------------------------------------------------


@dataclass
class Pair:
    """Two worlds that are one for `user`; `secrets` are the words in hidden records of each."""

    user: oracle.User
    worlds: tuple[World, World]
    secrets: tuple[dict[int, str], dict[int, str]]
    hidden: list[int]
    changed: int


def unknown(world: World, user: oracle.User, record: Any) -> bool:
    """Whether the user can do nothing whatever with the record."""
    return not any(world.can(user, action, record) for action in ACTIONS)


def pair(maker: WorldMaker, rng: random.Random, user: oracle.User) -> Pair | None:
    """None for somebody to whom nothing is hidden, or to whom what hangs on it would always tell."""
    sentinel = hidden_customer(maker.world, rng, user, LAST)
    if sentinel is None:
        return None
    one = replace(maker.world, customers={**maker.world.customers, LAST: sentinel})
    used = {each.parent_id for each in one.customers.values()}
    used |= {deal.customer_id for deal in one.deals.values() if not unknown(one, user, deal)}
    hidden = [each.id for each in one.customers.values() if unknown(one, user, each) and each.id not in used]
    tries = (vary(one, rng, user, hidden) for _ in range(20))
    found = next(((two, changed) for two, changed in tries if is_the_same(one, two, user)), None)
    if found is None:
        return None
    two, changed = found
    words = tuple({number: f"{SECRET}{rng.random()}" for number in hidden if number in w.customers} for w in (one, two))
    return Pair(user, (one, two), words, hidden, changed)  # type: ignore[arg-type]


def vary(one: World, rng: random.Random, user: oracle.User, hidden: list[int]) -> tuple[World, int]:
    """Another world with other hidden records, and how many differ."""
    other, changed = dict(one.customers), 0
    hung = {deal.customer_id for deal in one.deals.values()} | {each.customer_id for each in one.visits.values()}
    for number in hidden:
        what = rng.choice(("keep", "change", "change", "remove"))
        if what == "remove" and number not in hung and number != LAST:
            del other[number]
            changed += 1
        elif what != "keep":
            varied = hidden_customer(one, rng, user, number, other[number])
            other[number] = varied or other[number]
            changed += varied is not None
    for number in range(ADDED, ADDED + rng.randint(0, 4)):
        more = hidden_customer(one, rng, user, number)
        if more is not None:
            other[number] = more
            changed += 1
    changed += close_values(one, rng, user, other)
    deals = {
        number: replace(deal, amount=rng.choice((0, 5, 50, 7))) if unknown(one, user, deal) else deal
        for number, deal in one.deals.items()
    }
    return replace(one, customers=other, deals=deals), changed


def is_the_same(one: World, two: World, user: oracle.User) -> bool:
    """Whether the user may do the same in both worlds. A condition on the customer of a deal or visit,
    or on the parent of a customer, may make what he sees depend on what he does not see.
    """
    return all(
        one.can(user, action, records[number]) == two.can(user, action, others[number])
        for records, others in ((one.customers, two.customers), (one.deals, two.deals), (one.visits, two.visits))
        for number in records.keys() & others.keys()
        for action in ACTIONS
    )


def hidden_customer(
    world: World, rng: random.Random, user: oracle.User, number: int, like: oracle.Customer | None = None
) -> oracle.Customer | None:
    """A customer that the user can do nothing with; None if that takes too long to find."""
    shared = {(share.entity, share.record_id) for share in world.shares.values()}
    for _ in range(30):
        made = oracle.Customer(
            number,
            rng.choice([*world.users, None]),
            rng.choice(list(world.units)),
            rng.choice((0, 1, 2, 3)),
            rng.choice(("target", "prospect", "formal")),
            None,
            None,
            rng.choice((None, 0, 5, 50, 500)),
            None,
            like.parent_id if like else None,
            deleted=rng.random() < 0.2,
        )
        if ("core.customer", number) not in shared and unknown(world, user, made):
            return made
    return None


def close_values(world: World, rng: random.Random, user: oracle.User, customers: dict[int, oracle.Customer]) -> int:
    """Other values in a field that is closed to the user, if none of his roles asks for it."""
    asked = json.dumps([grant.condition for role in user.role_ids for grant in world.roles[role].grants], default=str)
    if not user.role_ids or "employees" in asked:
        return 0
    for number, each in customers.items():
        customers[number] = replace(each, employees=rng.choice((1, 2, 3, 400)))
    return len(customers)


# --- asking both ------------------------------------------------------------------------------------


@dataclass
class Both:
    """A program that asks the same of both houses, and fails when their replies differ."""

    houses: tuple[House, House]
    headers: tuple[dict[str, str], dict[str, str]]
    asked: list[str] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        line = f"{method} {path} {'' if body is None else json.dumps(body, ensure_ascii=False)}"
        self.asked.append(line)
        replies = [
            house.app.request(
                f"/api/v1/{path}",
                method=method,
                body=b"" if body is None else json.dumps(body).encode(),
                headers={**own, **headers, **({} if body is None else {"Content-Type": "application/json"})},
                expect_errors=True,
            )
            for house, own in zip(self.houses, self.headers, strict=True)
        ]
        first, second = (seen(reply) for reply in replies)
        assert first == second, "\n".join([*self.asked, str(first), str(second)])
        status = replies[0].status_code
        assert status < 500, line
        self.statuses[status] = self.statuses.get(status, 0) + 1
        return replies[0]


def seen(reply: Any) -> tuple[int, list[tuple[str, str]], bytes]:
    """All that the program sees of a reply, without the random names in it."""
    headers = sorted((name, value) for name, value in reply.headers.items() if name != "Change-Id")
    return reply.status_code, headers, UUID.sub(b"U", reply.body)


class Script:
    """Random requests of one user, from listing to sharing."""

    def __init__(self, maker: WorldMaker, rng: random.Random, both: Both, pair: Pair) -> None:
        self.maker, self.rng, self.both, self.pair = maker, rng, both, pair
        self.ids = sorted({*pair.worlds[0].customers, *pair.worlds[1].customers, ABSENT})
        self.made = 0

    def run(self, steps: int) -> None:
        kinds: tuple[Callable[[], None], ...] = (
            *(self.list,) * 3,
            *(self.look,) * 2,
            *(self.change,) * 2,
            self.create,
            self.bulk,
            self.delete,
            self.act,
            self.child,
            self.anywhere,
        )
        for _ in range(steps):
            self.rng.choice(kinds)()

    def some(self, *values: Any) -> Any:
        return self.rng.choice(values)

    def number(self) -> int:
        return self.rng.choice(self.rng.choice((self.ids, self.pair.hidden, self.ids)))

    def name(self) -> str:
        self.made += 1
        return f"new {self.made} {self.rng.random()}"

    def list(self) -> None:
        query: dict[str, Any] = {"limit": self.some(1, 2, 5, 500)}
        place = self.some(*COLLECTIONS)
        if self.rng.random() < 0.5:
            kind = {"tst/deals": "deal", "tst/visits": "visit"}.get(place, "customer")
            query["filter"] = json.dumps(self.maker.condition(kind=kind), default=str)
        if self.rng.random() < 0.4:
            query["sort"] = self.some("name", "-name", "code", "state,-id", "-updated_at", "employees", "owner")
        if self.rng.random() < 0.3:
            query["q"] = self.some("n1", "10", SECRET, "new", "1380000")
        for flag in ("count", "deleted"):
            if self.rng.random() < 0.3:
                query[flag] = "1"
        if self.rng.random() < 0.2:
            query["fields"] = self.some("name", "name,employees", "owner,parent,unit")
        reply = self.both("GET", f"{place}?{encoded(query)}")
        for _ in range(2):
            if reply.status_code == 200 and reply.json["next"]:
                reply = self.both("GET", f"{place}?{encoded({**query, 'cursor': reply.json['next']})}")

    def look(self) -> None:
        place = self.some(*COLLECTIONS)
        tail = self.some("", "", "/history", "/access", f"/access?user=p{FIRST}", "/access?user=nobody")
        self.both("GET", f"{place}/{self.number()}{tail}")

    def values(self) -> dict[str, Any]:
        number = self.number()
        possible: dict[str, Any] = {
            "name": self.name(),
            "note": "x",
            "employees": self.some(0, 5, 400),
            "annual_revenue": self.some("0", "99.9999"),
            "parent": self.some(number, f"T{number}", None),
            "owner": self.some(*self.pair.worlds[0].users, f"p{FIRST}", None),
            "unit": self.some(*self.pair.worlds[0].units),
            "secrecy": self.some(0, 1, 2, 3),
            "state": self.some("target", "prospect"),
            "nonsense": 1,
        }
        return {name: possible[name] for name in self.rng.sample(sorted(possible), self.rng.randint(1, 3))}

    def change(self) -> None:
        path = f"core/customers/{self.number()}"
        reply = self.both("GET", path)
        version = reply.json.get("version", 1) if reply.status_code == 200 else 1
        done = self.both("PATCH", path, {**self.values(), "version": self.some(version, version, 7)})
        if done.status_code == 200:
            self.undo(done)

    def create(self) -> None:
        self.both("POST", "core/customers", {"name": self.name(), **self.values()})

    def bulk(self) -> None:
        rows = [{"name": self.name(), **self.values()} for _ in range(self.rng.randint(1, 3))]
        match = self.some(None, "name", "id", "phone", "employees")
        if match == "id":
            rows = [{**row, "id": self.number()} for row in rows]
        if match == "phone":
            rows = [{**row, "phone": f"1380000{self.number()}"} for row in rows]
        self.both("POST", "core/customers/bulk", {"rows": rows, "match": match})

    def delete(self) -> None:
        path = f"{self.some('core/customers', 'tst/deals', 'tst/visits')}/{self.number()}"
        done = self.both("DELETE", path, {"version": self.some(1, 1, 2)})
        if done.status_code == 204:
            self.undo(done)

    def act(self) -> None:
        verb, body = self.some(
            ("assign", {"owner": self.some(*self.pair.worlds[0].users)}),
            ("assign", {}),
            ("share", {"to": {"user": f"p{FIRST + 1}"}, "actions": self.some(["view"], ["edit"])}),
            ("unshare", {}),
            ("restore", {}),
            ("qualify", {}),
            ("seal", {"reason": "x"}),
            ("merge", {"source": self.number()}),
            ("explode", {}),
        )
        self.both("POST", f"core/customers/{self.number()}/actions/{verb}", body)

    def child(self) -> None:
        number = self.number()
        place, body = self.some(
            ("tst/visits", {"subject": "s", "customer": self.some(number, f"T{number}")}),
            ("tst/deals", {"name": self.name(), "customer": number, "owner": self.pair.user.id}),
            ("core/contacts", {"name": self.name(), "customer": number}),
            ("core/activities", {"kind": "note", "subject": "s", "customer": number}),
            (
                "core/shares",
                {"entity": "core.customer", "record": number, "to": {"user": f"p{FIRST}"}, "actions": ["view"]},
            ),
        )
        self.both("POST", place, body)

    def anywhere(self) -> None:
        self.both("GET", self.some("me", "search?q=n1", f"search?q={SECRET}", "changes", "reports/x", "core/nothing"))

    def undo(self, done: Any) -> None:
        """Each house has its own name for the change."""
        if self.rng.random() < 0.3:
            self.both("GET", "changes")


def encoded(query: dict[str, Any]) -> str:
    from urllib.parse import urlencode

    return urlencode(query)


def compare(houses: tuple[House, House], seeds: range, *, scripts: int, steps: int) -> dict[str, int]:
    """Run scripts in as many pairs of worlds as there are seeds; what was done, in numbers."""
    done = {"scripts": 0, "requests": 0, "hidden": 0, "changed": 0}
    for seed in seeds:
        stage = houses[0].stage
        maker = WorldMaker(seed, stage.kernel.clock.now(), stage.terms())
        rng = random.Random(seed)
        for user in maker.world.users.values():
            made = pair(maker, rng, user)
            if made is None:
                continue
            for house, world, words in zip(houses, made.worlds, made.secrets, strict=True):
                house.reset(world, words, seed)
            tokens = [{"Authorization": f"Bearer {house.token(user.login)}"} for house in houses]
            for _ in range(scripts):
                both = Both(houses, (tokens[0], tokens[1]))
                Script(maker, rng, both, made).run(steps)
                done["scripts"] += 1
                done["requests"] += len(both.asked)
            done["hidden"] += len(made.hidden)
            done["changed"] += made.changed
    return done


@pytest.mark.parametrize("first", [6000, 6004])
def test_what_one_may_not_see_makes_no_difference(houses: tuple[House, House], first: int) -> None:
    done = compare(houses, range(first, first + 4), scripts=13, steps=5)
    assert done["scripts"] >= 250
    assert done["requests"] > 1500
    assert done["changed"] > 200


@pytest.mark.parametrize("leak", ["filters", "references", "refusals"])
def test_a_leak_is_found(houses: tuple[House, House], monkeypatch: pytest.MonkeyPatch, leak: str) -> None:
    """Or else the worlds would be compared in vain."""
    real = records.find

    def told(ctx: Any, entity: Any, record_id: int, **how: Any) -> Any:
        try:
            return real(ctx, entity, record_id, **how)
        except NotFound:
            if ctx.system.get(entity.model, record_id) is not None:
                raise Forbidden from None
            raise

    def anything(self: Any, key: str, number: Any, within: Any) -> int:
        if isinstance(number, int) and self.ctx.system.get(self.ctx.catalog[key].model, number) is not None:
            return number
        raise LookupError("absent")

    if leak == "filters":
        monkeypatch.setattr(Rights, "may_ask", lambda *args: True)
    elif leak == "references":
        monkeypatch.setattr(Intake, "_find", anything)
    else:
        monkeypatch.setattr(records, "find", told)
    with pytest.raises(AssertionError, match=r"GET|POST|PATCH|DELETE"):
        compare(houses, range(6100, 6130), scripts=2, steps=10)


@pytest.mark.long
def test_what_one_may_not_see_makes_no_difference_in_many_worlds(houses: tuple[House, House]) -> None:
    done = compare(houses, range(7000, 7220), scripts=5, steps=20)
    assert done["scripts"] > 5000
