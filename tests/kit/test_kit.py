"""The contract kit finds what is wrong with a plugin and says what, where, why and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core import scaffold
from core.db import tenants
from core.db.base import metadata
from core.kit import CHECKS, NAMES, Bench, Check, Finding
from core.migrations import runner
from plugins import discover, usable
from tests.plugins.dists import Site as Dists

HOOK = "\n\nplugin = Plugin()"
USER_KEY = '    by_id: Mapped[int | None] = mapped_column(ForeignKey("core_user.id"{more}))\n'
PANEL = """
    @hookimpl
    def register_panels(self):
        from sqlalchemy import select
        from plugins import Panel
        from .models import Sample

        def render(ctx, customer):
            {body}
            return "kehu_samples:templates/panel.jinja2", {{"customer": customer}}

        return [Panel(key="samples.all", entity="core.customer", title="Samples", render=render)]
"""
CARD = """
    @hookimpl
    def register_cards(self):
        from sqlalchemy import select
        from plugins import Card
        from .models import Sample

        def render(ctx, period):
            {body}
            return "kehu_samples:templates/panel.jinja2", {{"customer": ctx.identity}}

        return [Card(key="samples.all", title="Samples", render=render)]
"""
LIST_VIEW = """
    @hookimpl
    def register_list_views(self):
        from sqlalchemy import select
        from core.api import records
        from plugins import ListView
        from .models import Sample

        def render(ctx, asked):
            found = records.listing(ctx, asked()).records
            {body}
            return "kehu_samples:templates/panel.jinja2", {{"customer": ctx.identity}}

        return [ListView(key="samples.board", entity="samples.sample", title="Board", icon="list", render=render{more})]
"""
COLUMN = """
    @hookimpl
    def register_columns(self):
        from sqlalchemy import select
        from core.api import fields
        from plugins import Column
        from .models import Sample

        def load(ctx, ids):
            return {one: len(ctx.db.scalars(select(Sample).where(Sample.id == one)).all()) for one in ids}

        return [Column(key="samples.n", entity="samples.sample", title="N", type=fields.Integer(), load=load)]
"""
VERB = """    verbs=(Verb("send", _("Send"), "edit", lambda ctx, record, arguments: 1 / 0),),
    rules="""
AGAIN = """
    @hookimpl
    def on_plugin_enabled(self, ctx):
        from sqlalchemy import select
        from core.api import Customer, next_number
        from .models import Sample
        for customer in ctx.db.scalars(select(Customer).limit(1)):
            ctx.db.add(Sample(code=next_number(ctx, "samples.sample"), name="again", customer_id=customer.id))
"""
REFUSAL = """        if values.get("name") == "x":
            raise {}
        if creating"""
GRANT = """
    @hookimpl
    def register_grants(self):
        from plugins import RoleGrant
        return [RoleGrant(role="sales_rep", entity="samples.smaple", action="view", reach="own")]
"""
SUBSCRIBER = """
    @hookimpl
    def register_subscribers(self):
        from plugins import Subscriber
        return [Subscriber(key="samples.told", event="{event}", run=lambda ctx, event: None, lane="now")]
"""
TELLER = """
from dataclasses import dataclass
from plugins import Event, hookimpl


@dataclass(frozen=True)
class Told(Event):
    key = "other.Told"


class Plugin:
    @hookimpl
    def register_events(self):
        return [Told]


plugin = Plugin()
"""
PART = """

class Part(CustomerScoped, Record, Base):
    __tablename__ = "samples_part"

    name: Mapped[str] = mapped_column(columns.text(100))
    sample_id: Mapped[int] = mapped_column(ForeignKey("samples_sample.id", ondelete="CASCADE"), index=True)
"""
PART_ENTITY = """

PART = Entity(
    key="samples.part",
    model=Part,
    title=_("Part"),
    plural=_("Parts"),
    natural_key="name",
    fields=(
        Field("customer", fields.Reference("core.customer"), _("Customer"), required=True),
        Field("sample", fields.Reference("samples.sample"), _("Sample"), required=True),
        Field("name", fields.Text(100), _("Name"), required=True),
    ),
)
"""
LAX = """class Lax(fields.Text):
    def parse_text(self, value):
        return value[:100]


class SampleRules"""


@dataclass(frozen=True)
class Fault:
    """One edit of a scaffolded plugin; the check that finds it, and what it says of what and where."""

    check: str
    file: str
    old: str
    new: str
    says: tuple[str, ...]


FAULTS = {
    "another name": Fault(
        "manifest", "__init__.py", 'name="samples"', 'name="sample"', ("differs from its entry point",)
    ),
    "a folder that is not there": Fault(
        "manifest",
        "__init__.py",
        '"0.1"',
        '"0.1", locale=":language"',
        ("locale: kehu_samples:language is not a folder",),
    ),
    "another API": Fault("manifest", "__init__.py", '"0.1"', '"0.1", api=99', ("plugin API 99, but this is 1",)),
    "too much in the package": Fault(
        "manifest", "__init__.py", "\nmanifest", "\nfrom . import scaffolded_later\n\nmanifest", ("scaffolded_later",)
    ),
    "a private module": Fault(
        "imports",
        "entities.py",
        "from plugins import",
        "from core.services import records\nfrom plugins import",
        ("it imports core.services, which is private", "entities.py:4", "core.api"),
    ),
    "another plugin": Fault(
        "imports",
        "entities.py",
        "from plugins import",
        "import kehu_other.models\nfrom plugins import",
        ("it imports kehu_other.models of the plugin 'other'", "entities.py:4", 'add "other" to depends'),
    ),
    "SQL as text": Fault(
        "statements",
        "entities.py",
        "        if creating",
        '        ctx.db.execute(text("SELECT 1"))\n        if creating',
        ("it uses SQL as text", "entities.py:", "ctx.db"),
    ),
    "the connection": Fault(
        "statements",
        "entities.py",
        "        if creating",
        "        ctx.work.connection.commit()\n        if creating",
        ("it uses the session's connection",),
    ),
    "hooks that cannot be imported": Fault(
        "starts",
        "hooks.py",
        "\nclass",
        "\nimport nowhere_at_all\n\nclass",
        ("cannot import kehu_samples.hooks", "kehu_samples/hooks.py:"),
    ),
    "a misspelt hook": Fault(
        "starts", "hooks.py", "register_entities", "register_entity", ("did you mean 'register_entities'?",)
    ),
    "a hook without its mark": Fault("starts", "hooks.py", "    @hookimpl\n", "", ("lacks @hookimpl",)),
    "a relationship to nobody": Fault(
        "starts",
        "models.py",
        "    name: ",
        '    other: Mapped["Nobody"] = relationship()\n    name: ',
        ("its models cannot be mapped", "Nobody"),
    ),
    "a foreign table name": Fault(
        "starts",
        "models.py",
        '"samples_sample"',
        '"sales_sample"',
        ("its table 'sales_sample' must be named samples_…",),
    ),
    "a foreign key of an entity": Fault(
        "starts",
        "entities.py",
        'key="samples.sample"',
        'key="core.sample"',
        ("'core.sample' must begin with samples.",),
    ),
    "a lane that is none": Fault(
        "starts",
        "hooks.py",
        HOOK,
        SUBSCRIBER.format(event="core.CustomerStateChanged").replace('"now"', '"latr"') + HOOK,
        ("subscriber samples.told: there is no lane 'latr'", "did you mean 'later'?"),
    ),
    "a column of a kind without parentheses": Fault(
        "starts",
        "hooks.py",
        HOOK,
        COLUMN.replace("fields.Integer()", "fields.Integer") + HOOK,
        ("column 'samples.n': say fields.Integer(…)",),
    ),
    "a code that is longer than its column": Fault(
        "starts",
        "entities.py",
        'Field("name", fields.Text(100)',
        'Field("name", fields.Choice({"no": "No", "x" * 101: "Long"})',
        ("field 'name' has the code 'xxx", "of 101 characters, its column name takes only 100", "columns.text(101)"),
    ),
    "a hook without return": Fault(
        "starts",
        "hooks.py",
        "        return [",
        "        [",
        ("hook 'register_entities' failed", "it must return a list, but returned None (return forgotten?)"),
    ),
    "an event that nobody publishes": Fault(
        "starts",
        "hooks.py",
        HOOK,
        SUBSCRIBER.format(event="shop.OrderPaid") + HOOK,
        ("samples.told is for the event shop.OrderPaid, which no enabled plugin has", "after=('shop',)"),
    ),
    "an event of its own that it does not register": Fault(
        "starts",
        "hooks.py",
        HOOK,
        SUBSCRIBER.format(event="samples.Sent") + HOOK,
        ("the event samples.Sent, which no enabled plugin has; return it from the hook register_events",),
    ),
    "an event that its plugin has not": Fault(
        "starts",
        "hooks.py",
        HOOK,
        SUBSCRIBER.format(event="other.Tolled") + HOOK,
        ("the event other.Tolled", "did you mean 'other.Told'?", "beside the plugins that it goes after"),
    ),
    "a panel on nothing": Fault(
        "starts",
        "hooks.py",
        HOOK,
        PANEL.format(body="pass").replace("core.customer", "core.custmer") + HOOK,
        ("samples.all is for the entity core.custmer", "did you mean 'core.customer'?"),
    ),
    "a field that the model has not": Fault(
        "starts", "entities.py", 'Field("name"', 'Field("nmae"', ("wants Sample.nmae", "did you mean 'name'?")
    ),
    "a kind that its column cannot hold": Fault(
        "starts",
        "entities.py",
        'Field("name", fields.Text(100)',
        'Field("name", fields.Money()',
        ("'name' is a fields.Money, but its column name is of type Unicode", "make the column columns.Money"),
    ),
    "a text that is longer than its column": Fault(
        "starts",
        "entities.py",
        'Field("name", fields.Text(100)',
        'Field("name", fields.Text()',
        ("'name' takes 200 characters, its column name only 100", "fields.Text(100)"),
    ),
    "a kind without parentheses": Fault(
        "starts",
        "entities.py",
        'Field("name", fields.Text(100)',
        'Field("name", fields.Text',
        ("field 'name': say fields.Text(…)",),
    ),
    "a kind that is none": Fault(
        "starts",
        "entities.py",
        'Field("name", fields.Text(100)',
        'Field("name", "text"',
        ("field 'name': 'text' is no kind of value", "Money"),
    ),
    "a forgotten comma": Fault(
        "starts",
        "entities.py",
        '    columns=("name", ',
        '    public=("name"),\n    columns=("name", ',
        ("entity samples.sample: public is one text and no tuple; a comma is missing: public=(…,)",),
    ),
    "a field that is asked by nobody": Fault(
        "starts",
        "entities.py",
        'Field("name", fields.Text(100)',
        'Field("nick", fields.Text(100), _("Nick"), column="name", asked_when=("kind", ("big",))),\n'
        '        Field("name", fields.Text(100)',
        ("field 'nick': asked_when names 'kind', which is no field of it",),
    ),
    "a reference to nobody": Fault(
        "starts",
        "entities.py",
        'fields.Reference("core.customer")',
        'fields.Reference("core.custmer")',
        ("field 'customer' refers to core.custmer", "did you mean 'core.customer'?"),
    ),
    "an owner without a field": Fault(
        "starts",
        "models.py",
        "class Sample(CustomerScoped, ",
        "from core.api import RecordScoped\n\n\nclass Sample(RecordScoped, ",
        ("no field owner and unit", "add ownership.OWNER and ownership.UNIT"),
    ),
    "a model that everybody sees": Fault(
        "models",
        "models.py",
        "class Sample(CustomerScoped, ",
        "class Sample(",
        ("belongs to a customer and everybody would see it", "Sample.customer_id", "inherit from CustomerScoped"),
    ),
    "a key that stands in the way": Fault(
        "models",
        "models.py",
        "    name: ",
        USER_KEY.format(more="") + "    name: ",
        ("does not say what happens when that row is deleted", "Sample.by_id", "ondelete"),
    ),
    "a relationship that loads silently": Fault(
        "models",
        "models.py",
        "    name: ",
        "    customer: Mapped[Customer] = relationship()\n    name: ",
        ("customer is loaded silently", "Sample.customer", "raise_on_sql"),
    ),
    "a name that is too long": Fault(
        "models",
        "models.py",
        "    name: ",
        "    a_name_that_no_oracle_would_accept: Mapped[int | None]\n    name: ",
        ("has 34 characters", "take at most 30"),
    ),
    "a column without migration": Fault(
        "migrations",
        "models.py",
        "    name: ",
        "    more: Mapped[int | None]\n    name: ",
        ("the migrations do not make what the models say", "more", "kehu db revision samples"),
    ),
    "a migration that fails": Fault(
        "migrations",
        "migrations/versions/samples_0001.py",
        "def upgrade():\n",
        "def upgrade():\n    1 / 0\n",
        ("the migrations fail on an empty database", "ZeroDivisionError"),
    ),
    "no migration": Fault(
        "migrations",
        "migrations/versions/samples_0001.py",
        "",
        "",
        ("there is no migration for samples_sample", "kehu db revision samples"),
    ),
    "a grant of what is not there": Fault(
        "begins",
        "hooks.py",
        HOOK,
        f"{GRANT}{HOOK}",
        ("hook 'register_grants' gives sales_rep samples.smaple view own", "hooks register_grants"),
    ),
    "a grant to nobody": Fault(
        "begins",
        "hooks.py",
        HOOK,
        GRANT.replace("smaple", "sample").replace('"sales_rep"', '"sales_repp"') + HOOK,
        (
            "gives sales_repp samples.sample view own: there is no starter role 'sales_repp'",
            "did you mean 'sales_rep'?",
        ),
    ),
    "a table of somebody else": Fault(
        "purge",
        "migrations/versions/samples_0001.py",
        "def upgrade():\n",
        'def upgrade():\n    op.create_table("other_thing", sa.Column("id", sa.Integer()))\n',
        ("its migrations leave behind or change other_thing", "make tables named samples_…"),
    ),
    "rules that nothing fits": Fault(
        "scope",
        "entities.py",
        "        if creating",
        '        raise Invalid(errors={"name": ["Never."]})\n        if creating',
        ("no record could be made to try with: 422", "SAMPLES"),
    ),
    "a refusal of a misspelt field": Fault(
        "refusals",
        "entities.py",
        "        if creating",
        REFUSAL.format('Invalid(errors={"nmae": ["No."]})'),
        ("names 'nmae', which is no field of samples.sample: did you mean 'name'?", "entities.py:14"),
    ),
    "a refusal of a field of another entity": Fault(
        "refusals",
        "entities.py",
        "        if creating",
        REFUSAL.format('Conflict("No.", errors={"phone": ["No."]})'),
        ("names 'phone', which is no field of samples.sample",),
    ),
    "a verb that crashes": Fault(
        "permissions",
        "entities.py",
        "    rules=",
        VERB,
        ("/actions/send answers 500 to ann: ZeroDivisionError", "entity samples.sample"),
    ),
    "a column that asks row by row": Fault(
        "pages",
        "hooks.py",
        HOOK,
        f"{COLUMN}{HOOK}",
        ("with more rows it takes more statements", "page /samples/samples"),
    ),
    "a panel that fails": Fault(
        "contributions",
        "hooks.py",
        HOOK,
        PANEL.format(body="raise LookupError") + HOOK,
        ("a panel or column fails on the page /core/customers/", ": LookupError:", "(kehu_samples/hooks.py:"),
    ),
    "a panel that fails when it has rows": Fault(
        "contributions",
        "hooks.py",
        HOOK,
        PANEL.format(body="[one.nmae for one in ctx.db.scalars(select(Sample))]") + HOOK,
        ("a panel or column fails on the page /core/customers/", "AttributeError", "(kehu_samples/hooks.py:"),
    ),
    "a panel that fails when it has many rows": Fault(
        "contributions",
        "hooks.py",
        HOOK,
        PANEL.format(body="assert len(ctx.db.scalars(select(Sample)).all()) < 9") + HOOK,
        ("a panel or column fails on the page /core/customers/", "AssertionError", "(kehu_samples/hooks.py:"),
    ),
    "a panel that fails on another page": Fault(
        "contributions",
        "hooks.py",
        HOOK,
        PANEL.format(body="raise LookupError").replace("core.customer", "core.contact") + HOOK,
        ("a panel or column fails on the page /core/contacts/", "LookupError", "(kehu_samples/hooks.py:"),
    ),
    "a panel that fails on a page of its own": Fault(
        "pages",
        "hooks.py",
        HOOK,
        PANEL.format(body="raise LookupError").replace("core.customer", "samples.sample") + HOOK,
        ("a panel or column fails on the page /samples/samples/", "LookupError", "(kehu_samples/hooks.py:"),
    ),
    "a card that fails": Fault(
        "contributions",
        "hooks.py",
        HOOK,
        CARD.format(body="raise LookupError") + HOOK,
        ("a card fails on the page /", ": LookupError:", "(kehu_samples/hooks.py:"),
    ),
    "a card that fails when it has rows": Fault(
        "contributions",
        "hooks.py",
        HOOK,
        CARD.format(body="[one.nmae for one in ctx.db.scalars(select(Sample))]") + HOOK,
        ("a card fails on the page /", "AttributeError", "(kehu_samples/hooks.py:"),
    ),
    "a card that asks row by row": Fault(
        "contributions",
        "hooks.py",
        HOOK,
        CARD.format(
            body="[ctx.db.scalars(select(Sample).where(Sample.id == one)).all()"
            " for one in ctx.db.scalars(select(Sample.id)).all()]"
        )
        + HOOK,
        ("with more rows it takes more statements", "a card on the page / of"),
    ),
    "a list view that fails when it has rows": Fault(
        "contributions",
        "hooks.py",
        HOOK,
        LIST_VIEW.format(body="[one.nmae for one in found]", more="") + HOOK,
        ("a list view fails on the page /samples/samples?view=board", "AttributeError", "(kehu_samples/hooks.py:"),
    ),
    "a list view that asks row by row": Fault(
        "contributions",
        "hooks.py",
        HOOK,
        LIST_VIEW.format(
            body="[ctx.db.scalars(select(Sample).where(Sample.id == one.id)).all() for one in found]", more=""
        )
        + HOOK,
        ("with more rows it takes more statements", "a list view on the page /samples/samples?view=board of ann"),
    ),
    "a list view by a field that is not there": Fault(
        "starts",
        "hooks.py",
        HOOK,
        LIST_VIEW.format(body="pass", more=', by=("nmae",)') + HOOK,
        ("list view samples.board: samples.sample has no field nmae", "did you mean 'name'?"),
    ),
    "a card for nobody": Fault(
        "starts",
        "hooks.py",
        HOOK,
        CARD.format(body="pass").replace("render=render)]", 'render=render, profiles=("boss",))]') + HOOK,
        ("card samples.all: there is no profile boss",),
    ),
    "a template with a misspelt name": Fault(
        "contributions",
        "templates/panel.jinja2",
        "{{ customer.name }}",
        "{{ custmer.name }}",
        (
            "a panel or column fails on the page /core/customers/",
            "UndefinedError",
            "'custmer' is undefined",
            "(kehu_samples/templates/panel.jinja2:",
        ),
    ),
    "a panel that asks row by row": Fault(
        "contributions",
        "hooks.py",
        HOOK,
        PANEL.format(
            body="[ctx.db.scalars(select(Sample).where(Sample.id == one)).all() for one in"
            " ctx.db.scalars(select(Sample.id).where(Sample.customer_id == customer.id)).all()]"
        )
        + HOOK,
        ("with more rows it takes more statements", "its panels and columns"),
    ),
    "a panel that trusts names": Fault(
        "contributions",
        "templates/panel.jinja2",
        "{{ customer.name }}",
        "{{ customer.name|safe }}",
        ("shows a name as HTML", "leave out |safe"),
    ),
    "a type that is laxer as text": Fault(
        "doors",
        "entities.py",
        "class SampleRules",
        LAX,
        ("a name that is too long is not refused by import", "field name"),
    ),
    "a title that cannot be translated": Fault(
        "translations",
        "entities.py",
        'title=_("Sample")',
        'title="Sample"',
        ("plain text is shown: 'Sample' (entity samples.sample)", "core.api import _"),
    ),
    "a title without Chinese": Fault(
        "translations",
        "entities.py",
        '_("Name")',
        '_("What it is called")',
        ("there is no Chinese for", "'What it is called'", "kehu plugin messages samples"),
    ),
    "a hook that seeds twice": Fault(
        "life",
        "hooks.py",
        HOOK,
        f"{AGAIN}{HOOK}",
        ("its rows are others after it was off and on again", "on_plugin_enabled"),
    ),
}


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Path]]:
    """Installs a scaffolded plugin `samples`, and the package of another one; gives the package's folder."""
    dists = Dists(tmp_path / "dists", monkeypatch)

    def make() -> Path:
        made = scaffold.write("samples", tmp_path)
        monkeypatch.syspath_prepend(made)
        dists.add("kehu-samples", {"samples": "kehu_samples:manifest"})
        dists.add_plugin("other", "kehu_other", {"hooks.py": TELLER})
        return made / "kehu_samples"

    yield make
    manifest = next((one.manifest for name, one in discover().items() if name == "samples"), None)
    if manifest is not None:
        tenants.unload(manifest, {table for table in metadata.tables if table.startswith("samples_")})
    dists.forget()


def edit(package: Path, fault: Fault) -> None:
    path = package / fault.file
    if fault.file.endswith(".jinja2"):
        hooks = package / "hooks.py"
        hooks.write_text(hooks.read_text().replace(HOOK, PANEL.format(body="pass") + HOOK))
        path.write_text(fault.old)
    elif fault.check == "contributions":
        (package / "templates" / "panel.jinja2").write_text("{{ customer.name }}")
    if not fault.old:
        path.unlink()
        return
    source = path.read_text(encoding="utf-8")
    assert fault.old in source
    if "other.T" in fault.new:
        init = package / "__init__.py"
        init.write_text(init.read_text().replace('"0.1"', '"0.1", after=("other",)'))
    source = source.replace(fault.old, fault.new, 1)
    if path.name == "models.py":
        source = source.replace("import Mapped, mapped_column", "import Mapped, mapped_column, relationship")
        source = source.replace(
            "from core.api import", "from sqlalchemy import ForeignKey\nfrom core.api import Customer,"
        )
        if "class Sample(Record" in source:
            source += (
                '    customer_id: Mapped[int] = mapped_column(ForeignKey("core_customer.id", ondelete="CASCADE"))\n'
            )
    if path.name == "entities.py":
        source = source.replace("from core.api import _", "from core.api import Invalid, _")
        source = source.replace("import Entity, Field, Group, Rules", "import Entity, Field, Group, Rules, Verb")
        if "class Lax" in source:
            source = source.replace('Field("name", fields.Text(100)', 'Field("name", Lax(100)')
    path.write_text(source, encoding="utf-8")


def look(bench: Bench, name: str) -> list[str]:
    check = CHECKS[NAMES.index(name)]
    assert not check.waits(bench)
    return [str(found) for found in check.findings(bench)]


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_found(install: Callable[[], Path], name: str) -> None:
    fault = FAULTS[name]
    edit(install(), fault)
    with Bench("samples") as bench:
        found = look(bench, fault.check)
    assert any(all(part in finding for part in fault.says) for finding in found), found
    assert all("Why it matters: " in finding and "What to do: " in finding for finding in found)


def test_a_new_plugin_is_sound(install: Callable[[], Path]) -> None:
    install()
    with Bench("samples") as bench:
        found = {check.name: [check.waits(bench), *map(str, faults(check, bench))] for check in CHECKS}
    assert found == {name: [""] for name in NAMES}


CUSTOMER = 'Field("customer", fields.Reference("core.customer"), _("Customer"), required=True, create_only=True)'
OWNED = {
    "models.py": [("CustomerScoped", "RecordScoped")],
    "entities.py": [
        ("fields, next_number", "fields, next_number, ownership"),
        (CUSTOMER, "ownership.OWNER, ownership.UNIT, ownership.SECRECY"),
        ('("name", "customer", "code")', '("name", "code")'),
        ("    rules=", "    verbs=(ownership.ASSIGN,),\n    rules="),
    ],
}


def test_a_plugin_whose_records_have_owners_is_sound(install: Callable[[], Path]) -> None:
    package = install()
    for name, edits in OWNED.items():
        source = (package / name).read_text(encoding="utf-8")
        for old, new in edits:
            assert old in source
            source = source.replace(old, new)
        (package / name).write_text(source, encoding="utf-8")
    (package / "migrations" / "versions" / "samples_0001.py").unlink()
    manifests = [usable(discover(), "samples")]
    with runner.scratch(manifests) as url:
        runner.revision(url, manifests, "samples", "owners")
    with Bench("samples") as bench:
        found = {check.name: [check.waits(bench), *map(str, faults(check, bench))] for check in CHECKS}
    assert found == {name: [""] for name in NAMES}


def test_a_column_that_takes_no_null_needs_a_value_at_its_field(install: Callable[[], Path]) -> None:
    entities = install() / "entities.py"
    source = entities.read_text(encoding="utf-8")
    assert '_("Name"), required=True)' in source
    entities.write_text(source.replace('_("Name"), required=True)', '_("Name"))'), encoding="utf-8")
    with Bench("samples") as bench:
        ann, customer = bench.client("ann"), bench.customer()
        refused = ann.api("POST", "/samples/samples", {"customer": customer})
        assert (refused.status_int, list(refused.json["errors"])) == (422, ["name"])
        made = ann.api("POST", "/samples/samples", {"customer": customer, "name": "Pump"})
        assert made.json["code"] == "S000001"  # needed too, and filled in by the rules
        refused = ann.api("PATCH", f"/samples/samples/{made.json['id']}", {"version": 1, "name": ""})
        assert (refused.status_int, list(refused.json["errors"])) == (422, ["name"])


def faults(check: Check, bench: Bench) -> list[Finding]:
    return [one for one in check.findings(bench) if not one.note]


@pytest.mark.parametrize(
    ("name", "waiting"),
    [
        ("a misspelt hook", {"models", "migrations", "begins", "scope", "chaos"}),
        ("no migration", {"begins", "scope", "chaos"}),
        ("a column without migration", {"begins", "scope", "chaos"}),
        ("a migration that fails", {"begins", "scope", "chaos"}),
        ("a grant of what is not there", {"scope", "chaos"}),
    ],
)
def test_what_cannot_be_tried_yet_waits(install: Callable[[], Path], name: str, waiting: set[str]) -> None:
    edit(install(), FAULTS[name])
    with Bench("samples") as bench:
        found = {check.name: check.waits(bench) for check in CHECKS}
    assert waiting <= {check for check, words in found.items() if words}
    assert not found[FAULTS[name].check]


def test_every_check_has_a_fault_that_it_finds() -> None:
    assert {fault.check for fault in FAULTS.values()} == set(NAMES) - {"chaos"}


def test_a_verb_that_nobody_may_do_is_a_note(install: Callable[[], Path]) -> None:
    package = install()
    entities = package / "entities.py"
    verb = '    verbs=(Verb("send", _("Send"), "send", lambda ctx, record, arguments: None),),\n    rules='
    source = entities.read_text(encoding="utf-8").replace("Rules\n", "Rules, Verb\n", 1)
    entities.write_text(source.replace("    rules=", verb), encoding="utf-8")
    [check] = [one for one in CHECKS if one.name == "permissions"]
    with Bench("samples") as bench:
        [found] = check.findings(bench)
    assert found.note
    assert "no role has the right 'send', which the verb 'send' needs" in found.what


def test_a_sign_that_there_is_not_is_a_note(install: Callable[[], Path]) -> None:
    entities = install() / "entities.py"
    source = entities.read_text(encoding="utf-8")
    entities.write_text(source.replace("    rules=", '    icon="buildin",\n    rules='), encoding="utf-8")
    [check] = [one for one in CHECKS if one.name == "pages"]
    with Bench("samples") as bench:
        [found] = check.findings(bench)
    assert found.note
    assert "there is no icon 'buildin': did you mean 'building'?" in found.what


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        (
            "models.py",
            "    code: Mapped",
            "    weight: Mapped[int] = mapped_column()\n    code: Mapped",
            "NOT NULL constraint failed: samples_sample.weight",
        ),
        ("entities.py", '(ctx, "samples.sample")', '(ctx, "samples.smaple")', "did you mean 'samples.sample'?"),
    ],
)
def test_a_record_that_cannot_be_made_is_told_once(
    install: Callable[[], Path], name: str, old: str, new: str, says: str
) -> None:
    """With what is to be mended, and not again for what refers to such a record."""
    package = install()
    files = {one: (package / one).read_text(encoding="utf-8") for one in ("models.py", "entities.py", "hooks.py")}
    assert old in files[name]
    files[name] = files[name].replace(old, new)
    files["models.py"] = f"from sqlalchemy import ForeignKey\n{files['models.py']}{PART}"
    files["entities.py"] = files["entities.py"].replace("import Sample", "import Part, Sample") + PART_ENTITY
    files["hooks.py"] = files["hooks.py"].replace("import SAMPLE", "import PART, SAMPLE")
    files["hooks.py"] = files["hooks.py"].replace("[SAMPLE]", "[PART, SAMPLE]")
    for one, source in files.items():
        (package / one).write_text(source, encoding="utf-8")
    (package / "migrations" / "versions" / "samples_0001.py").unlink()
    manifests = [usable(discover(), "samples")]
    with runner.scratch(manifests) as url:
        runner.revision(url, manifests, "samples", "parts")
    with Bench("samples") as bench:
        [found] = CHECKS[NAMES.index("scope")].findings(bench)
    assert "no record could be made to try with: 500 " in found.what
    assert says in found.what
    assert found.where == "entity samples.sample"


def test_a_verb_that_a_role_may_do_is_no_note(install: Callable[[], Path]) -> None:
    package = install()
    entities, hooks = package / "entities.py", package / "hooks.py"
    verb = '    verbs=(Verb("send", _("Send"), "send", lambda ctx, record, arguments: None),),\n    rules='
    source = entities.read_text(encoding="utf-8").replace("Rules\n", "Rules, Verb\n", 1)
    entities.write_text(source.replace("    rules=", verb), encoding="utf-8")
    grant = GRANT.replace("smaple", "sample").replace('"view"', '"send"')
    hooks.write_text(hooks.read_text(encoding="utf-8").replace(HOOK, grant + HOOK), encoding="utf-8")
    [check] = [one for one in CHECKS if one.name == "permissions"]
    with Bench("samples") as bench:
        assert check.findings(bench) == []
