"""A plugin that fails at the start is off as a whole; the others and the kernel are as if it were not there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from core.db.base import metadata
from core.models import Customer
from core.quarantine import CriticalPlugin, explain
from plugins import PluginError

from .conftest import Shelf

GOOD = {
    "models": """
class Thing(CustomerScoped, Record, Binnable, Base):
    __tablename__ = "good_thing"
    name: Mapped[str] = mapped_column(columns.text(100))
""",
    "entities.py": """
from core.api import fields
from plugins import Entity, Field
from .models import Thing
ENTITY = Entity(key="good.thing", model=Thing, title="Thing", plural="Things", natural_key="name", fields=(
    Field("customer", fields.Reference("core.customer"), "Customer", required=True),
    Field("name", fields.Text(100), "Name", required=True)))
""",
    "hooks": """
    @hookimpl
    def register_entities(self):
        from .entities import ENTITY
        return [ENTITY]
""",
}
TABLE = """
class Thing(Record, Base):
    __tablename__ = "bad_thing"
    name: Mapped[str] = mapped_column(columns.text(100))
"""
ENTITY = """
    @hookimpl
    def register_entities(self):
        from core.api import fields
        from .models import Thing
        return [Entity(key={key!r}, model=Thing, title="T", plural="T", natural_key="name", fields=(
            Field({field!r}, fields.Text(100), "Name"), ))]
"""

SHAPED = """
    @hookimpl
    def register_entities(self):
        from core.api import fields
        from plugins import Group, Rules, Verb
        from .models import Thing
        name = Field("name", fields.Text(100), "Name")
        given = dict(fields=(name,))
        given |= dict({given})
        return [Entity(key="bad.thing", model=Thing, title="T", plural="T", natural_key="name", **given)]
"""
VERB = 'Verb("plan", "Plan", "edit", lambda ctx, record, arguments: None, arguments=({}))'
# Arguments that are no tuple: how they are given, and what is said of it.
SHAPES = {
    "fields": ("fields=(name)", "entity bad.thing: fields is one Field and no tuple; a comma is missing: fields=(…,)"),
    "columns": ('columns=("name")', "columns is one text and no tuple; a comma is missing: columns=(…,)"),
    "public": ('public=("name")', "public is one text and no tuple"),
    "groups": ('groups=(Group("G", ("name",)))', "groups is one Group and no tuple"),
    "group": ('groups=(Group("G", ("name")),)', "group 'G': fields is one text and no tuple"),
    "verbs": (f"verbs=({VERB.format('name,')})", "verbs is one Verb and no tuple"),
    "arguments": (f"verbs=({VERB.format('name')},)", "verb 'plan': arguments is one Field and no tuple"),
    "None": ("fields=None", "fields must be a tuple, not None"),
    "a name": ('fields=(name, "name")', "fields holds 'name', which is no Field"),
    "rules": ("rules=Rules", "say rules=MyRules(), with the parentheses"),
}

# What is wrong with the plugin `bad`: its files, what the fault says, and where.
FAULTS = {
    "hooks are not importable": ({"hooks.py": "import nowhere_at_all"}, "cannot import kehu_bad.hooks", "hooks.py:1"),
    "hooks leave the process": ({"hooks.py": "raise SystemExit(3)"}, "SystemExit: 3", "hooks.py:1"),
    "hooks are no Python": ({"hooks.py": "def ("}, "SyntaxError", "hooks.py:1"),
    "no plugin object": ({"hooks.py": "plugins = 1"}, "kehu_bad.hooks has no 'plugin'", ""),
    "models are not importable": ({"models": "1 / 0"}, "ZeroDivisionError", "models.py:6"),
    "a relationship leads nowhere": (
        {"models": TABLE + "    other: Mapped['Nobody'] = relationship()\n"},
        "its models cannot be mapped",
        "",
    ),
    "a backref": (
        {
            "models": TABLE
            + "    customer_id: Mapped[int] = mapped_column(ForeignKey('core_customer.id', ondelete='CASCADE'))\n"
            + "    customer: Mapped[Customer] = relationship(backref='things')\n"
        },
        "Thing.customer has a backref",
        "",
    ),
    "a table with a foreign name": (
        {"models": TABLE.replace("bad_thing", "sales_thing")},
        "its table 'sales_thing' must be named bad_…",
        "",
    ),
    "a hook raises": (
        {"hooks": "    @hookimpl\n    def register_panels(self):\n        raise LookupError('lost')\n"},
        "hook 'register_panels' failed: LookupError: lost",
        "hooks.py:6",
    ),
    "a hook returns nothing": (
        {"hooks": "    @hookimpl\n    def register_panels(self):\n        pass\n"},
        "hook 'register_panels' failed: TypeError: it must return a list, but returned None (return forgotten?)",
        "",
    ),
    "a hook returns something else": (
        {"hooks": "    @hookimpl\n    def register_panels(self):\n        return ['panel']\n"},
        "gave 'panel', which is no Panel",
        "",
    ),
    "a misspelt hook": (
        {"hooks": "    @hookimpl\n    def register_panel(self):\n        return ()\n"},
        "did you mean 'register_panels'?",
        "",
    ),
    "a foreign key": (
        {"models": TABLE, "hooks": ENTITY.format(key="core.customer", field="name")},
        "the key 'core.customer' must begin with bad.",
        "",
    ),
    "a field that the model has not": (
        {"models": TABLE, "hooks": ENTITY.format(key="bad.thing", field="nmae")},
        "field 'nmae' wants Thing.nmae, which is not there: did you mean 'name'?",
        "",
    ),
    "a field that is asked by nothing": (
        {
            "models": TABLE,
            "hooks": SHAPED.format(given='fields=(Field("name", fields.Text(100), "N", asked_when=("nmae", ("x",))),)'),
        },
        "field 'name': asked_when names 'nmae', which is no field of it: did you mean 'name'?",
        "",
    ),
    **{
        f"a forgotten comma: {argument}": ({"models": TABLE, "hooks": SHAPED.format(given=given)}, why, "")
        for argument, (given, why) in SHAPES.items()
    },
    "a panel on nothing": (
        {
            "hooks": "    @hookimpl\n    def register_panels(self):\n"
            "        return [Panel(key='bad.p', entity='sales.order', title='P', render=None)]\n"
        },
        "bad.p is for the entity sales.order, which no enabled plugin has",
        "",
    ),
    "pages that fail": (
        {"hooks": "    @hookimpl\n    def configure_pyramid(self, config):\n        config.add_rout('x', '/x')\n"},
        "hook 'configure_pyramid' failed: AttributeError",
        "hooks.py:6",
    ),
    "pages that are the kernel's": (
        {
            "hooks": "    @hookimpl\n    def configure_pyramid(self, config):\n"
            "        config.add_exception_view(lambda error, request: 1 / 0, context=Exception)\n"
            "        config.set_security_policy(object())\n"
        },
        "its pages cannot be set up: Conflicting configuration actions",
        "",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_site_serves_without_a_plugin_that_fails(shelf: Shelf, fault: str) -> None:
    files, why, where = FAULTS[fault]
    shelf.add("good", GOOD)
    shelf.add("bad", files)
    shelf.add("needy", {}, manifest="depends=('bad',)")
    app = shelf.app()
    kernel = app.app.registry["kehu"]
    assert [manifest.name for manifest in kernel.manifests] == ["good"]
    bad, needy = kernel.faults
    assert (bad.plugin, needy.plugin) == ("bad", "needy")
    assert why in bad.why
    assert bad.where.endswith(where)
    assert "kehu plugin disable bad" in bad.mend
    assert needy.why == "needs bad, which is off"
    assert "bad is off" in explain(bad)
    assert not [table for table in metadata.tables if table.startswith("bad_")] or "models" in files
    app.get("/core/customers", status=200)
    app.post_json("/api/v1/core/customers", {}, status=401)
    with kernel.work(write=False) as work:
        assert work.system.scalars(select(Customer)).all() == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_strict_site_does_not_start(shelf: Shelf, fault: str) -> None:
    files, why, _where = FAULTS[fault]
    shelf.add("bad", files)
    with pytest.raises(PluginError) as caught:
        shelf.app(plugin_failure="strict")
    assert why in str(caught.value)
    assert "plugin 'bad'" in str(caught.value)


def test_a_mended_plugin_comes_back_in_the_same_process(shelf: Shelf) -> None:
    shelf.add("bad", {"models": TABLE + "    other: Mapped['Nobody'] = relationship()\n"})
    assert shelf.boot().manifests == ()
    assert "bad_thing" not in metadata.tables
    assert "kehu_bad.models" not in sys.modules
    package = sys.modules["kehu_bad"]
    path = Path(package.__path__[0], "models.py")
    source = path.read_text(encoding="utf-8").replace("    other: Mapped['Nobody'] = relationship()\n", "# mended\n")
    path.write_text(source, encoding="utf-8")
    assert [manifest.name for manifest in shelf.boot().manifests] == ["bad"]
    assert "bad_thing" in metadata.tables


def test_the_later_of_two_loses_a_key(shelf: Shelf) -> None:
    panel = (
        "    @hookimpl\n    def register_panels(self):\n"
        "        one = Panel(key='bad.p', entity='core.customer', title='P', render=None)\n        return [one, one]\n"
    )
    shelf.add("bad", {"hooks": panel})
    kernel = shelf.boot()
    assert kernel.manifests == ()
    assert "panel 'bad.p' of 'bad' is already taken by 'bad'" in kernel.faults[0].why


@pytest.mark.parametrize("needs", [False, True])
def test_a_restriction_is_never_left_out(shelf: Shelf, needs: bool) -> None:
    broken = {"hooks.py": "1 / 0"}
    if needs:
        shelf.add("bad", broken)
        shelf.add("guardian", {}, manifest="critical=True, depends=('bad',)")
    else:
        shelf.add("guardian", broken, manifest="critical=True")
    with pytest.raises(CriticalPlugin, match="guardian restricts access and cannot run") as caught:
        shelf.boot()
    assert "ZeroDivisionError" in str(caught.value.detail)


def test_what_does_not_fit_together_is_left_out(shelf: Shelf) -> None:
    shelf.add("aa", {}, manifest="depends=('missing',)")
    shelf.add("bb", {}, manifest="depends=('aa',)")
    shelf.add("cc", {}, manifest="conflicts=('dd',)")
    shelf.add("dd", {})
    shelf.add("ee", {}, manifest="depends=('ff',)")
    shelf.add("ff", {}, manifest="depends=('ee',)")
    shelf.add("gg", {}, manifest="api=99")
    shelf.names.append("unheard_of")
    kernel = shelf.boot()
    assert [manifest.name for manifest in kernel.manifests] == ["cc"]
    why = {fault.plugin: fault.why for fault in kernel.faults}
    assert why.keys() == {"aa", "bb", "dd", "ee", "ff", "gg", "unheard_of"}
    assert why["bb"] == "plugin 'bb' needs 'aa', which is off"
    assert "unknown plugin" in why["unheard_of"]
    shelf.names.remove("unheard_of")


def test_what_cannot_be_undone_stops_the_start(shelf: Shelf) -> None:
    # Into a class of another plugin: one of the kernel would stay spoilt for the tests that follow.
    shelf.add("good", GOOD)
    spoiling = "from kehu_good.models import Thing\nThing.more = mapped_column('more', columns.text(10))\n"
    shelf.add("bad", {"models": spoiling}, manifest="after=('good',)")
    with pytest.raises(PluginError, match=r"adds good_thing.more, kehu_good.models.Thing.more: nobody changes"):
        shelf.boot()


def test_settings_of_a_plugin_that_cannot_be_read_are_left_alone(shelf: Shelf) -> None:
    shelf.add("gg", {}, manifest="api=99")
    settings = shelf.settings(**{"gg.colour": "red"})
    assert settings.of_plugins == {"gg.colour": "red"}
    assert shelf.boot(**{"gg.colour": "red"}).faults[0].plugin == "gg"
