"""What a manifest may say."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from plugins import API_VERSION, Manifest, ManifestError, Setting, validate
from plugins.manifest import parse_dependency

SOUND = Manifest(
    name="sales",
    title="Sales",
    version="1.2",
    depends=("customers>=1.2,<2", "terms"),
    after=("service",),
    conflicts=("old_sales",),
    settings=(Setting("days_open", int, 30, "Days"), Setting("strict", bool), Setting("basis", str, "")),
)


def test_a_sound_manifest_has_no_problems() -> None:
    assert validate(SOUND) == []


def test_a_manifest_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        SOUND.name = "other"  # type: ignore[misc]


def test_a_manifest_that_names_no_api_means_the_first() -> None:
    assert SOUND.api == 1


@pytest.mark.parametrize("name", ["ab", "a2", "erp_bridge", "a" * 16])
def test_good_names(name: str) -> None:
    assert validate(replace(SOUND, name=name)) == []


@pytest.mark.parametrize("name", ["", "a", "Sales", "2sales", "_sales", "sa-les", "a" * 17, "sales\n", "客户", 3])
def test_bad_names(name: Any) -> None:
    assert validate(replace(SOUND, name=name)) == [
        f"{name!r} is no name of a plugin: 2 to 16 of a-z, 0-9 and _, a letter first, such as 'gifts'"
    ]


@pytest.mark.parametrize("name", ["core", "custom"])
def test_reserved_names(name: str) -> None:
    assert validate(replace(SOUND, name=name)) == [f"name {name!r} is reserved"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"title": " "}, "title must be a text that is not empty"),
        ({"title": None}, "title must be a text that is not empty"),
        ({"summary": None}, "summary must be a text"),
        ({"version": "one"}, "version 'one' is not a version number"),
        ({"version": 1.2}, "version 1.2 is not a version number"),
        ({"api": 2}, f"is written for plugin API 2, but this is {API_VERSION}"),
        ({"depends": ("customers => 1",)}, "depends: 'customers => 1' does not name a version"),
        ({"depends": ("Customers",)}, "depends: 'Customers' is not a plugin name"),
        ({"depends": ("sales>=1",)}, "depends: a plugin cannot name itself"),
        ({"depends": "customers"}, "depends must be a tuple of texts"),
        ({"depends": ["customers"]}, "depends must be a tuple of texts"),
        ({"after": (1,)}, "after must be a tuple of texts"),
        ({"after": ("service>=1",)}, "after: 'service>=1' is not a plugin name"),
        ({"conflicts": ("sales",)}, "conflicts: a plugin cannot name itself"),
        ({"hooks": None}, "hooks None must look like '.hooks:plugin'"),
        ({"hooks": "plugin_sales.hooks:plugin"}, "must look like '.hooks:plugin'"),
        ({"hooks": ".hooks"}, "must look like '.hooks:plugin'"),
        ({"models": "models"}, "models 'models' must look like '.models'"),
        ({"migrations": "migrations"}, "must look like ':migrations'"),
        ({"templates": ":../templates"}, "must look like ':templates'"),
        ({"locale": "/locale"}, "must look like ':locale'"),
        ({"settings": [Setting("a", int)]}, "settings must be a tuple of Setting"),
        ({"settings": ("a",)}, "settings must be a tuple of Setting"),
        ({"settings": (Setting("A", int),)}, "setting 'A' does not match"),
        ({"settings": (Setting("a__b", int),)}, "setting 'a__b' does not match"),
        ({"settings": (Setting("a", int), Setting("a", str))}, "setting 'a' is declared twice"),
        ({"settings": (Setting("a", list),)}, "setting 'a': type must be str, int or bool"),  # type: ignore[arg-type]
        ({"settings": (Setting("a", int, True),)}, "setting 'a': default True is not int"),
    ],
)
def test_each_fault_is_told(change: dict[str, Any], problem: str) -> None:
    problems = validate(replace(SOUND, **change))
    assert len(problems) == 1
    assert problem in problems[0]


def test_all_faults_are_told_at_once() -> None:
    manifest = Manifest(name="X", title="", version="?", api=9, depends=("!",), hooks="h", settings=(Setting("", int),))
    assert len(validate(manifest)) == 7


def test_absent_parts_are_none() -> None:
    assert validate(replace(SOUND, models=None, migrations=None, templates=None, locale=None)) == []


@pytest.mark.parametrize(
    ("text", "name", "versions"),
    [("terms", "terms", ""), (" customers >= 1.2 ", "customers", ">=1.2"), ("erp_x~=1.0", "erp_x", "~=1.0")],
)
def test_dependencies_are_split(text: str, name: str, versions: str) -> None:
    found, specifier = parse_dependency(text)
    assert (found, str(specifier)) == (name, versions)


@pytest.mark.parametrize("text", ["", ">=1", "customers 1.2", "customers[x]", "customers @ http://x", "c" * 17])
def test_other_texts_are_not_dependencies(text: str) -> None:
    with pytest.raises(ManifestError, match=f"^{re.escape(repr(text))} "):
        parse_dependency(text)
