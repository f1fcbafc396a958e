"""The schema is a function of what is on or was on and not purged; data never changes on the way.

Three plugins: `pa`; `pb`, which needs it and refers to its table; `pa_x`, whose name begins with the
first one's. Each is absent, on or off; enable, disable and purge lead from state to state, and every
step is compared with what the state looked like when it was first reached.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, inspect, select, text

from core import scaffold
from core.boot import boot, ready
from core.db import tenants
from core.db.base import metadata
from core.errors import KehuError
from core.migrations import leaving, runner
from core.models import Role, Term
from core.quarantine import CriticalPlugin
from core.services import lifecycle, login, missed, records, setup
from core.services.work import Kernel, Work
from core.settings import read
from plugins import discover
from tests.plugins.dists import Site as Dists
from tests.support.site import PASSWORD

from .conftest import Shelf

NAMES = ("pa", "pa_x", "pb")
State = tuple[str, ...]  # of each of NAMES: absent, on, off
KEEPING_BOOKS = {"core_audit", "core_change", "core_chain_head", "core_epoch", "core_plugin"}
SEED = """
    @hookimpl
    def register_grants(self):
        return [RoleGrant(role="auditor", entity="{name}.{name}", action="view", reach="all")]

    @hookimpl
    def on_plugin_enabled(self, ctx):
        if ctx.system.scalar(select(Term.id).where(Term.list_name == "{name}.kind")) is None:
            ctx.db.add(Term(list_name="{name}.kind", code="a", label_zh="甲", label_en="A", position=0))


plugin"""


def write(folder: Path, name: str) -> None:
    """A scaffolded plugin that gives a role a grant and seeds a term; `pb` refers to a row of `pa`."""
    made = scaffold.write(name, folder)
    package = made / f"kehu_{name}"
    _edit(package / "hooks.py", "\n\nplugin", SEED.format(name=name))
    _edit(
        package / "hooks.py",
        "from plugins import hookimpl",
        "from sqlalchemy import select\n\nfrom core.api import Term\nfrom plugins import RoleGrant, hookimpl",
    )
    if name == "pb":
        _edit(package / "__init__.py", '"0.1"', '"0.1", depends=("pa",)')
        _edit(package / "models.py", "import Mapped", "import ForeignKey\nfrom sqlalchemy.orm import Mapped")
        _edit(package / "models.py", "sqlalchemy.orm import ForeignKey", "sqlalchemy import ForeignKey")
        line = '    pa_id: Mapped[int | None] = mapped_column(ForeignKey("pa_pa.id", ondelete="SET NULL"))\n'
        (package / "models.py").write_text((package / "models.py").read_text() + line)
        step = next((package / "migrations" / "versions").glob("*.py"))
        _edit(step, "        sa.PrimaryKey", '        sa.Column("pa_id", sa.Integer()),\n        sa.PrimaryKey')
        key = '        sa.ForeignKeyConstraint(["pa_id"], ["pa_pa.id"], name="fk_pb_pb_pa_id", ondelete="SET NULL"),\n'
        _edit(step, "        sa.PrimaryKey", f"{key}        sa.PrimaryKey")


def _edit(path: Path, old: str, new: str) -> None:
    source = path.read_text(encoding="utf-8")
    assert old in source
    path.write_text(source.replace(old, new, 1), encoding="utf-8")


@dataclass
class Place:
    """A site and where its plugins are."""

    url: str
    folder: Path
    state: State = ("absent",) * 3
    seen: dict[State, Any] = field(default_factory=dict)
    files: Iterator[int] = field(default_factory=count)

    def names(self, *states: str) -> list[str]:
        return [name for name, state in zip(NAMES, self.state, strict=True) if state in states]

    def moves(self) -> list[tuple[str, str]]:
        """What can be done from here: (action, plugin)."""
        now, found = dict(zip(NAMES, self.state, strict=True)), []
        for name in NAMES:
            if now[name] != "on" and (name != "pb" or now["pa"] == "on"):
                found.append(("enable", name))
            if now[name] == "on" and (name != "pa" or now["pb"] != "on"):
                found.append(("disable", name))
            if now[name] == "off" and (name != "pa" or now["pb"] == "absent"):
                found.append(("purge", name))
        return found

    def kernel(self, names: list[str]) -> Kernel:
        return boot(read({"kehu.database_url": self.url, "kehu.plugins": " ".join(names)}, {}))

    def do(self, action: str, name: str) -> None:
        now = dict(zip(NAMES, self.state, strict=True))
        is_new = now[name] == "absent"
        on = [one for one in self.names("on") if one != name] + ([name] if action == "enable" else [])
        kernel = self.kernel(on)
        if action == "purge":
            backup = self.folder / f"{next(self.files)}.zip"
            counts = leaving.purge(self.url, name, backup)
            assert counts == {f"{name}_{name}": 1}
            kernel.run(lambda work: lifecycle.forget(_admin(work), name, counts), write=True)
        else:
            runner.upgrade(self.url, kernel.manifests)
            kernel.run(lifecycle.sync, write=True)
            assert kernel.run(lifecycle.is_synced, write=False)
        kernel.database.dispose()
        if is_new:
            self.fill(name)
        now[name] = {"enable": "on", "disable": "off", "purge": "absent"}[action]
        self.state = tuple(now[one] for one in NAMES)

    def fill(self, name: str) -> None:
        """A row that every database writes as it is told."""
        more = {"pb": (", pa_id", ", 7")}.get(name, ("", ""))
        self.execute(
            f"INSERT INTO {name}_{name} (id, code, name, customer_id, version, created_at, updated_at{more[0]})"
            f" VALUES (7, 'c', '客户𠮷', 1, 1, '2026-01-02 03:04:05', '2026-01-02 03:04:05'{more[1]})"
        )

    def execute(self, statement: str) -> None:
        engine = create_engine(self.url, poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(text(statement))

    def fingerprint(self) -> Any:
        """Tables as they are defined, and rows as they are stored, but for the kernel's bookkeeping."""
        engine = create_engine(self.url, poolclass=NullPool)
        with engine.connect() as connection:
            look = inspect(connection)
            found: dict[str, Any] = {}
            for name in sorted(look.get_table_names()):
                shape = [
                    sorted((repr(part) for part in part_of(name)), key=str)
                    for part_of in (
                        look.get_columns,
                        look.get_indexes,
                        look.get_unique_constraints,
                        look.get_foreign_keys,
                    )
                ]
                rows = [] if name in KEEPING_BOOKS else connection.execute(text(f"SELECT * FROM {name}")).all()
                found[name] = (shape, look.get_pk_constraint(name), sorted(map(repr, rows)))
            # Grants without their order, terms without their numbers and times: those tell of the way.
            grants = connection.execute(select(Role.code, Role.grants)).all()
            found["core_role"] = sorted((code, sorted(map(repr, lines))) for code, lines in grants)
            found["core_term"] = sorted(map(repr, connection.execute(select(Term.list_name, Term.code, Term.label_zh))))
        return found

    def check(self) -> None:
        known = self.seen.setdefault(self.state, self.fingerprint())
        assert self.fingerprint() == known, self.state
        tables = {table for table in known if table.startswith(("pa_", "pb_"))}
        assert tables == {f"{name}_{name}" for name in self.names("on", "off")}


def _admin(work: Work) -> Any:
    return work.act_as(login.by_login(work, "admin", door="test"))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Iterator[Place]:
    dists = Dists(tmp_path / "dists", monkeypatch)
    for name in NAMES:
        write(tmp_path / "sources", name)
        monkeypatch.syspath_prepend(tmp_path / "sources" / f"kehu_{name}")
        dists.add(f"kehu-{name}", {name: f"kehu_{name}:manifest"})
    made = Place(database_url, tmp_path)
    runner.upgrade(database_url, ())
    kernel = made.kernel([])
    kernel.run(lambda work: setup.set_up(work, PASSWORD), write=True)
    kernel.run(lambda work: records.create(_admin(work), kernel.catalog["core.customer"], {"name": "Acme"}), write=True)
    kernel.database.dispose()
    made.check()
    yield made
    for name, found in discover().items():
        if name in NAMES and found.manifest is not None:
            tenants.unload(found.manifest, {f"{name}_{name}"} & set(metadata.tables))
    dists.forget()


@pytest.mark.databases
def test_some_ways_through(place: Place) -> None:
    way = (
        "enable pa, enable pb, enable pa_x, disable pb, disable pa, enable pa, enable pb, disable pb, purge pb,"
        " disable pa, purge pa, disable pa_x, enable pa, enable pa_x, enable pb"
    )
    for step in way.split(", "):
        action, name = step.split()
        assert (action, name) in place.moves()
        place.do(action, name)
        place.check()


@pytest.mark.long
@pytest.mark.databases
def test_every_step_from_every_state(place: Place) -> None:
    done: set[tuple[State, tuple[str, str]]] = set()
    while (way := _way_to_news(place, done)) is not None:
        for move in way:
            done.add((place.state, move))
            place.do(*move)
            place.check()
    assert len(place.seen) == 18
    assert len(done) == sum(len(replace(place, state=state).moves()) for state in place.seen)


def _way_to_news(place: Place, done: set[Any]) -> list[tuple[str, str]] | None:
    """The shortest way that ends with a step which was not taken yet."""
    waiting: list[tuple[State, list[tuple[str, str]]]] = [(place.state, [])]
    met = {place.state}
    for state, way in waiting:
        for move in replace(place, state=state).moves():
            if (state, move) not in done:
                return [*way, move]
            now = dict(zip(NAMES, state, strict=True))
            now[move[1]] = {"enable": "on", "disable": "off", "purge": "absent"}[move[0]]
            after = tuple(now[name] for name in NAMES)
            if after not in met:
                met.add(after)
                waiting.append((after, [*way, move]))
    return None


def test_what_others_refer_to_is_not_purged(place: Place) -> None:
    for action, name in (("enable", "pa"), ("enable", "pb"), ("disable", "pb"), ("disable", "pa")):
        place.do(action, name)
    with pytest.raises(KehuError, match="pb_pb refers to its tables"):
        leaving.purge(place.url, "pa", place.folder / "x.zip")
    assert not (place.folder / "x.zip").exists()
    place.check()


def test_a_backup_is_never_written_over(place: Place) -> None:
    place.do("enable", "pa")
    (place.folder / "x.zip").write_text("precious")
    with pytest.raises(KehuError, match="is there already"):
        leaving.purge(place.url, "pa", place.folder / "x.zip")
    assert (place.folder / "x.zip").read_text() == "precious"
    place.check()


# --- what a plugin gets, and what it has missed ------------------------------------------------------

GIVING = """
    @hookimpl
    def register_grants(self):
        from plugins import RoleGrant
        return [RoleGrant(role="auditor", entity="core.customer", action="view", reach="own"){more}]

    @hookimpl
    def on_plugin_enabled(self, ctx):
        seen.append("enabled")

    @hookimpl
    def on_customer_merge(self, ctx, keep, drop):
        seen.append((keep.name, drop.name))
"""
SEEN = "from plugins import hookimpl\nimport builtins\nseen = builtins.kehu_seen\nclass Plugin:\n"
END = "\nplugin = Plugin()\n"
LINE = {"entity": "core.customer", "action": "view", "reach": "own", "condition": None, "deny": False}


@pytest.fixture
def heard(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the hooks of the plugin `giving` were told; the site is set up."""
    seen: list[Any] = []
    monkeypatch.setattr("builtins.kehu_seen", seen, raising=False)
    shelf.add("giving", {"hooks.py": SEEN + GIVING.format(more="") + END})
    shelf.set_up()
    return seen


def started(shelf: Shelf, *names: str, **lines: str) -> Kernel:
    return ready(shelf.boot(plugins=" ".join(names), **lines))


def lines_of(kernel: Kernel, code: str = "auditor") -> list[Any]:
    return kernel.run(lambda work: work.system.scalar(select(Role.grants).where(Role.code == code)), write=False) or []


def test_what_an_administrator_took_back_stays_back(shelf: Shelf, heard: list[Any]) -> None:
    kernel = started(shelf, "giving")
    assert LINE in lines_of(kernel)

    def take_back(work: Work) -> None:
        ctx = _admin(work)
        role = ctx.db.scalars(select(Role).where(Role.code == "auditor")).one()
        records.change(ctx, ctx.catalog["core.role"], role.id, {"grants": []}, role.version)

    kernel.run(take_back, write=True)
    started(shelf)
    kernel = started(shelf, "giving")
    assert lines_of(kernel) == []
    assert heard == ["enabled", "enabled"]
    started(shelf, "giving")
    assert heard == ["enabled", "enabled"]  # it has been running since


def test_a_plugin_that_cannot_begin_is_off_and_leaves_nothing(shelf: Shelf) -> None:
    hooks = "    @hookimpl\n    def register_grants(self):\n        from plugins import RoleGrant\n"
    shelf.add(
        "bad",
        {"hooks": hooks + "        return [RoleGrant(role='auditor', entity='x.y', action='view', reach='own')]\n"},
    )
    fails = (
        "    from core.api import Term\n"
        "    @hookimpl\n    def on_plugin_enabled(self, ctx):\n"
        "        ctx.db.add(self.Term(list_name='worse.a', code='a', label_zh='a', label_en='a'))\n"
        "        ctx.db.flush()\n        raise LookupError('lost')\n"
    )
    shelf.add("worse", {"hooks": fails})
    shelf.set_up()
    kernel = started(shelf, "bad", "worse")
    assert kernel.manifests == ()
    why = {fault.plugin: fault.why for fault in kernel.faults}
    assert "there is no entity x.y" in why["bad"]
    assert "hook 'on_plugin_enabled' failed: LookupError: lost" in why["worse"]
    terms = select(Term.id).where(Term.list_name == "worse.a")
    assert kernel.run(lambda work: work.system.scalar(terms), write=False) is None


def test_a_merge_that_a_plugin_has_missed_is_made_up_for(place: Place) -> None:
    place.do("enable", "pa")
    place.do("disable", "pa")  # with a row of customer 1
    kernel = place.kernel([])

    def merge(work: Work) -> None:
        ctx = _admin(work)
        customer = ctx.catalog["core.customer"]
        other = records.create(ctx, customer, {"name": "Other"})
        verb = next(verb for verb in customer.verbs if verb.name == "merge")
        records.act(ctx, customer, other.id, verb, {"source": 1})

    kernel.run(merge, write=True)
    kernel.database.dispose()
    place.do("enable", "pa")
    kernel = place.kernel(["pa"])
    model: Any = kernel.catalog["pa.pa"].model
    found = kernel.run(lambda work: work.system.scalars(select(model.customer_id)).all(), write=False)
    assert found == [2]
    kernel.database.dispose()


def test_what_was_said_while_a_plugin_was_off_is_told_when_it_is_back(shelf: Shelf, heard: list[Any]) -> None:
    started(shelf, "giving")
    heard.clear()
    kernel = started(shelf)

    def say(work: Work) -> None:
        ctx = _admin(work)
        one, other = (records.create(ctx, ctx.catalog["core.customer"], {"name": name}) for name in ("A", "B"))
        missed.tell(ctx, "on_customer_merge", keep=one, drop=other)
        missed.tell(ctx, "on_customer_merge", keep=other, drop=one)

    kernel.run(say, write=True)
    assert heard == []
    started(shelf, "giving")
    assert heard == ["enabled", ("A", "B"), ("B", "A")]
    heard.clear()
    started(shelf)
    started(shelf, "giving")
    assert heard == ["enabled"]


def test_a_restriction_that_cannot_even_be_read_is_remembered(shelf: Shelf) -> None:
    shelf.add("guardian", {}, manifest="critical=True")
    shelf.set_up()
    started(shelf, "guardian")
    package = Path(next(iter(__import__("kehu_guardian").__path__)))
    (package / "__init__.py").write_text("1 / 0\n")
    shelf.reload()
    with pytest.raises(CriticalPlugin, match="guardian restricts access"):
        started(shelf, "guardian")
    started(shelf)  # the administrator has switched it off
