"""Pages: that they answer with few and many rows, in a fixed number of statements, and escape what they show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.entities.mapping import plan
from core.entities.table import Row
from core.http.paths import collection
from core.kit.bench import HOSTILE, Bench, statements
from core.kit.finding import Finding
from core.kit.reach import scoped
from core.services import imports, login
from core.services.saved_views import name_of
from core.web.assets import icons
from plugins import PROFILES, Entity, Registry
from plugins.errors import did_you_mean

MANY = 30


def pages(bench: Bench) -> Iterator[Finding]:
    yield from _without_icon(bench)
    for entity in scoped(bench):
        path = collection(entity.key)
        yield from _answers(bench, entity, (path, f"{path}/new"))
        customer = bench.customer()
        made = bench.create(entity, customer, text=HOSTILE)
        if made.status_int != 201:
            continue  # told by the check `scope`
        number = made.json["id"]
        if failed := [*_answers(bench, entity, (path, f"{path}/{number}", f"{path}/{number}/edit"))]:
            yield from failed
            continue
        few = _cost(bench, path)
        for _time in range(MANY):
            bench.create(entity, customer, text="x")
        many = _cost(bench, path)
        if many > few:
            yield _grows(f"entity {entity.key}, page {path}", few, many)
        yield from _answers(bench, entity, (path, f"{path}/{number}"))


def _without_icon(bench: Bench) -> Iterator[Finding]:
    """A note of each sign that the set has not."""
    for entity in bench.entities:
        if entity.icon not in icons():
            yield Finding(
                f"there is no icon {entity.icon!r}{did_you_mean(entity.icon, icons())}",
                f"entity {entity.key}",
                "the menu shows the sign of a plain list.",
                "take one that there is: the page /design of any site shows them all.",
                note=True,
            )


def _answers(bench: Bench, entity: Entity, paths: tuple[str, ...]) -> Iterator[Finding]:
    for path in paths:
        reply = bench.client("ann").page(path)
        if reply.status_int != 200:
            yield Finding(
                f"the page {path} answers {reply.status_int}{bench.why()}",
                f"entity {entity.key}",
                "whoever follows the menu ends there.",
                "mend it; where no line of the plugin is named, look at what the entity says of fields and groups.",
            )
        elif bench.has_failed:
            yield _grey(bench, path)
        elif HOSTILE in reply.text:
            yield _unescaped(path, f"entity {entity.key}")


def _cost(bench: Bench, path: str, who: str = "ann") -> int:
    bench.client(who).page(path)  # what is kept across requests is there for the second
    return statements(bench.client(who).page(path))


def _grows(where: str, few: int, many: int) -> Finding:
    return Finding(
        f"with more rows it takes more statements: {few} with one, {many} with {MANY + 1}",
        where,
        "a list of a full page then takes seconds.",
        "load what belongs to all rows of a page at once: `load(ctx, ids)` of a Column gets them all.",
    )


def _unescaped(path: str, where: str) -> Finding:
    return Finding(
        f"the page {path} shows a name as HTML",
        where,
        "whoever can name a record can run scripts in his colleagues' browsers.",
        "leave out |safe and Markup(); Jinja escapes by itself.",
    )


def contributions(bench: Bench) -> Iterator[Finding]:
    """The plugin's cards, list views, panels and columns, with none and with many records of its own."""
    yield from _growing(bench, [("/", who) for who in _people(bench)], "a card")
    yield from _growing(bench, [(path, "ann") for path in _list_views(bench)], "a list view")
    registries: tuple[Registry[Any], ...] = (bench.kernel.panels, bench.kernel.columns)
    keys = {one.entity for given in registries for one in given.values() if given.owner(one.key) == bench.name}
    for entity in bench.kernel.catalog:
        if entity.key in keys and entity not in bench.entities:
            yield from _contributed(bench, entity)


def _people(bench: Bench) -> list[str]:
    """Who has the plugin's cards on his start page: one for each profile."""
    cards = bench.kernel.cards
    profiles = {profile for card in cards.values() if cards.owner(card.key) == bench.name for profile in card.profiles}
    return ["ann" if profile == PROFILES[0] else profile for profile in sorted(profiles)]


def _list_views(bench: Bench) -> list[str]:
    """The addresses of lists in the plugin's ways."""
    known = bench.kernel.list_views
    mine = [one for one in known.values() if known.owner(one.key) == bench.name]
    return [f"{collection(one.entity)}?view={name_of(one)}" for one in mine]


def _growing(bench: Bench, places: list[tuple[str, str]], what: str) -> Iterator[Finding]:
    """Pages, each as somebody sees it: with no record of the plugin, with one, with many."""
    before: dict[tuple[str, str], int] = {}
    for text, times in (("", 0), (HOSTILE, 1), ("x", MANY)):
        for entity in scoped(bench) if places else ():
            for _time in range(times):
                bench.create(entity, bench.customer(), text=text)
        failed = [finding for path, who in places for finding in _shown(bench, (path,), who, what)]
        if failed:
            yield from failed
            return
        for path, who in places:
            cost = _cost(bench, path, who)
            if times == MANY and cost > before[path, who]:
                yield _grows(f"plugin {bench.name}, {what} on the page {path} of {who}", before[path, who], cost)
            before[path, who] = cost


def _contributed(bench: Bench, entity: Entity) -> Iterator[Finding]:
    customers = [bench.customer(name=f"{HOSTILE} {number}") for number in range(3)]
    record, who = _page_of(bench, entity, customers[0])
    if record is None:
        return
    path, at = collection(entity.key), (entity.key, record)
    paths = (f"{path}/{record}", path)
    if failed := [*_shown(bench, paths, who)]:
        yield from failed
        return
    for own in scoped(bench):
        bench.create(own, customers[0], text=HOSTILE, at=at)
    if failed := [*_shown(bench, paths, who)]:
        yield from failed
        return
    before = [_cost(bench, one, who) for one in paths]
    for own in scoped(bench):
        for number in range(MANY):
            here = number % 2 or entity.key != "core.customer"
            bench.create(own, customers[0] if here else bench.customer(), text="x", at=at if here else None)
    yield from _shown(bench, paths, who)
    for where, few in zip(paths, before, strict=True):
        many = _cost(bench, where, who)
        if many > few:
            yield _grows(f"plugin {bench.name}, its panels and columns on {where}", few, many)


def _page_of(bench: Bench, entity: Entity, customer: int) -> tuple[int | None, str]:
    """A record of another's entity, and who sees its page: one that ann makes, or one that is there."""
    if entity.key == "core.customer":
        return customer, "ann"
    made = bench.create(entity, customer, text=HOSTILE)
    return (made.json["id"], "ann") if made.status_int == 201 else (bench.first(entity), "admin")


def _shown(bench: Bench, paths: tuple[str, ...], who: str, what: str = "a panel or column") -> Iterator[Finding]:
    for path in paths:
        reply = bench.client(who).page(path)
        if reply.status_int != 200 or bench.has_failed:
            yield _grey(bench, path, what)
        elif HOSTILE in reply.text:
            yield _unescaped(path, f"plugin {bench.name}, panels and columns")


def _grey(bench: Bench, path: str, what: str = "a panel or column") -> Finding:
    return Finding(
        f"{what} fails on the page {path}{bench.why()}",
        f"plugin {bench.name}, panels and columns",
        "people see a grey box instead of it, and after three failures it is cut off.",
        "mend it: it must do with records of any kind, without records of the plugin and with many.",
    )


def doors(bench: Bench) -> Iterator[Finding]:
    """The same bad record by REST, by a form and by import: the same fields are complained of."""
    for entity in scoped(bench):
        customer = bench.customer()
        good = bench.values(entity, customer)
        for field in entity.fields:
            if field.name not in good or field.type.kind != "text":
                continue
            bad = good | {field.name: "x" * (getattr(field.type, "length", 200) + 1)}
            accepting = []
            if field.name not in bench.client("ann").api("POST", collection(entity.key), bad).json.get("errors", {}):
                accepting.append("REST")
            if field.name not in _refused_by_import(bench, entity, bad):
                accepting.append("import")
            form = {name: str(value) for name, value in bad.items()}
            if bench.client("ann").page(f"{collection(entity.key)}/new", form).status_int != 422:
                accepting.append("the form")
            if accepting:
                yield Finding(
                    f"a {field.name} that is too long is not refused by {' and '.join(accepting)}",
                    f"entity {entity.key}, field {field.name}",
                    "a rule that one door forgets is no rule.",
                    "check values in the field's type or in Rules.prepare, which every door calls.",
                )


def _refused_by_import(bench: Bench, entity: Entity, values: dict[str, Any]) -> set[str]:
    names = [name for name in values if not isinstance(values[name], list | dict)]
    row = Row(2, tuple(str(values[name]) for name in names))
    found: set[str] = set()
    tried = imports.Options(dry_run=True)
    for outcome in imports.run(
        bench.kernel, plan(entity, names), [row], lambda work: login.by_login(work, "ann", door="kit"), tried
    ):
        for failure in outcome.failures:
            found |= set(failure.error.errors)
    return found
