"""Finding plugins, and leaving alone what is not enabled."""

from __future__ import annotations

import sys

import pytest

from plugins import (
    Found,
    Manifest,
    PluginError,
    PluginState,
    discover,
    load_hooks,
    load_models,
    resolve,
    states,
)

from .dists import BARE, Site

HEAD = "from plugins import Manifest\n"


def modules_of(package: str) -> set[str]:
    return {name for name in sys.modules if name == package or name.startswith(f"{package}.")}


def test_a_plugin_is_found_by_its_entry_point(site: Site) -> None:
    site.add_plugin("gadgets", "kehu_gadgets")
    found = discover()["gadgets"]
    assert (found.name, found.dist, found.version) == ("gadgets", "dist-of-kehu_gadgets", "0.1")
    assert found.problem is None
    assert found.manifest is not None
    assert found.manifest.package == "kehu_gadgets"


def test_the_third_partys_plugin_is_found(dummy_plugin: Site) -> None:
    # That only its package is imported shows in a process of its own: tests/cli/test_plugins.py.
    found = discover()["gifts"]
    assert found.problem is None
    assert (found.dist, found.version) == ("kehu-dummy", "0.1")


def test_finding_comes_in_order_of_names(site: Site) -> None:
    for name in ("zebra", "apple", "mango"):
        site.add_plugin(name, f"kehu_{name}")
    found = list(discover())
    assert found == sorted(found)
    assert {"apple", "mango", "zebra"} <= set(found)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            "import nothing_of_that_name",
            "bad_one:manifest: ModuleNotFoundError: No module named 'nothing_of_that_name'",
        ),
        ("raise SystemExit(3)", "bad_one:manifest: SystemExit: 3"),
        ("def manifest(:", "bad_one:manifest: SyntaxError: "),
        ("", "bad_one:manifest: AttributeError: "),
        ("manifest = {'name': 'broken'}", "bad_one:manifest is of type dict, not Manifest"),
        (f"{HEAD}manifest = Manifest", "bad_one:manifest is of type type, not Manifest"),
        (f"{HEAD}manifest = Manifest(name='broken')", "TypeError: "),
        (
            f"{HEAD}manifest = Manifest(name='other', title='T', version='1', {BARE})",
            "name 'other' differs from its entry point 'broken'",
        ),
        (
            f"{HEAD}manifest = Manifest(name='broken', title='T', version='1', api=7, {BARE})",
            "is written for plugin API 7",
        ),
        (
            f"{HEAD}manifest = Manifest(name='broken', title='', version='x', {BARE})",
            "title must be a text that is not empty; version 'x' is not a version number",
        ),
        (
            f"{HEAD}manifest = Manifest(name='broken', title='T', version='1', models=None)",
            "migrations: bad_one:migrations is not a folder (say migrations=None if there is none); ",
        ),
    ],
)
def test_a_broken_plugin_is_quarantined_and_the_others_live(site: Site, source: str, reason: str) -> None:
    site.add("bad-dist", {"broken": "bad_one:manifest"}, {"bad_one/__init__.py": source}, version="3.1")
    site.add_plugin("gadgets", "kehu_gadgets")
    found = discover()
    assert found["gadgets"].problem is None
    broken = found["broken"]
    assert (broken.manifest, broken.dist, broken.version) == (None, "bad-dist", "3.1")
    assert broken.problem is not None
    assert reason in broken.problem


def test_folders_that_exist_are_no_problem(site: Site) -> None:
    folders = {f"kehu_full/{folder}/": "" for folder in ("migrations", "templates", "locale")}
    source = f"{HEAD}manifest = Manifest(name='full', title='T', version='1')"
    site.add("full", {"full": "kehu_full:manifest"}, {"kehu_full/__init__.py": source, **folders})
    assert discover()["full"].problem is None


def test_a_manifest_outside_a_package_is_quarantined(site: Site) -> None:
    source = f"{HEAD}manifest = Manifest(name='single', title='T', version='1', {BARE})"
    site.add("single", {"single": "kehu_single:manifest"}, {"kehu_single.py": source})
    assert discover()["single"].problem == ("kehu_single is a module; the manifest belongs in a package's __init__")


def test_a_name_that_two_distributions_offer_goes_to_neither(site: Site) -> None:
    site.add_plugin("gadgets", "kehu_one")
    site.add_plugin("gadgets", "kehu_two")
    found = discover()["gadgets"]
    assert found.manifest is None
    assert found.problem == "offered by both dist-of-kehu_one 0.1 and dist-of-kehu_two 0.1"


def test_extra_manifests_take_the_place_of_installed_ones(site: Site) -> None:
    site.add_plugin("gadgets", "kehu_gadgets")
    mine = Manifest(name="gadgets", title="Mine", version="9", package="elsewhere")
    wrong = Manifest(name="wrong", title="", version="9")
    found = discover([mine, wrong])
    assert found["gadgets"] == Found(mine, "gadgets", None, "9")
    assert found["wrong"] == Found(None, "wrong", None, "9", "title must be a text that is not empty")


def test_only_what_is_enabled_is_imported(site: Site) -> None:
    files = {"hooks.py": "plugin = object()\n", "models.py": "", "views.py": ""}
    manifest = "manifest = Manifest(name={!r}, title='T', version='1', models='.models', {})\n"
    rest = BARE.removeprefix("models=None, ")
    for name in ("on", "off"):
        package = f"kehu_{name}"
        sources = {"__init__.py": HEAD + manifest.format(f"turned_{name}", rest), **files}
        site.add(
            f"dist-{name}",
            {f"turned_{name}": f"{package}:manifest"},
            {f"{package}/{path}": source for path, source in sources.items()},
        )
    (enabled,) = resolve(discover(), ["turned_on"])
    hooks, models = load_hooks(enabled), load_models(enabled)
    assert hooks is sys.modules["kehu_on.hooks"].plugin
    assert models is sys.modules["kehu_on.models"]
    assert modules_of("kehu_on") == {"kehu_on", "kehu_on.hooks", "kehu_on.models"}
    assert modules_of("kehu_off") == {"kehu_off"}


def test_a_plugin_without_models_loads_none(site: Site) -> None:
    site.add_plugin("gadgets", "kehu_gadgets")
    (manifest,) = resolve(discover(), ["gadgets"])
    assert load_models(manifest) is None


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, "plugin 'gadgets': cannot import kehu_gadgets.hooks: ModuleNotFoundError"),
        ({"hooks.py": "1/0"}, "plugin 'gadgets': cannot import kehu_gadgets.hooks: ZeroDivisionError"),
        ({"hooks.py": ""}, "plugin 'gadgets': kehu_gadgets.hooks has no 'plugin'"),
    ],
)
def test_hooks_that_cannot_be_loaded(site: Site, files: dict[str, str], reason: str) -> None:
    site.add_plugin("gadgets", "kehu_gadgets", files)
    (manifest,) = resolve(discover(), ["gadgets"])
    with pytest.raises(PluginError, match=reason):
        load_hooks(manifest)


def test_states_tell_what_is_with_each_plugin() -> None:
    def sound(name: str) -> Found:
        return Found(Manifest(name=name, title="T", version="1"), name, "dist", "1")

    found = {
        "zz_on": sound("zz_on"),
        "kept": sound("kept"),
        "fresh": sound("fresh"),
        "broken": Found(None, "broken", "dist", "2", "no title"),
    }
    assert states(found, ("zz_on", "broken", "lost"), known=("gone", "kept", "zz_on", "lost")) == [
        PluginState("broken", "2", "quarantined", "no title"),
        PluginState("fresh", "1", "available"),
        PluginState("gone", "", "orphaned", "has data in the database, but no installed distribution offers it"),
        PluginState("kept", "1", "available", "its data is kept"),
        PluginState("lost", "", "orphaned", "is enabled, but no installed distribution offers it"),
        PluginState("zz_on", "1", "enabled"),
    ]
