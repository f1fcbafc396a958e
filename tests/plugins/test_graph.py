"""Which plugins run, and in what order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins import DependencyError, Found, Manifest, parse_names, resolve


def make(name: str, **attributes: Any) -> Found:
    manifest = Manifest(**{"name": name, "title": name, "version": "1.0", **attributes})
    return Found(manifest, name, "dist", manifest.version)


def table(*plugins: Found) -> dict[str, Found]:
    return {plugin.name: plugin for plugin in plugins}


def order(found: dict[str, Found], enabled: Iterable[str]) -> list[str]:
    return [manifest.name for manifest in resolve(found, enabled)]


def problems(found: dict[str, Found], *enabled: str) -> list[str]:
    with pytest.raises(DependencyError) as caught:
        resolve(found, enabled)
    assert all(problem in str(caught.value) for problem in caught.value.problems)
    return caught.value.problems


SHIPPED = table(
    make("customers"),
    make("sales", depends=("customers>=1",), after=("marketing",)),
    make("service", depends=("customers",), after=("sales",)),
    make("marketing", after=("absent",)),
    make("callcenter"),
    make("glue", depends=("sales", "service")),
)


@given(st.permutations(sorted(SHIPPED)), st.permutations(sorted(SHIPPED)))
def test_the_order_of_the_lists_does_not_matter(listed: list[str], discovered: list[str]) -> None:
    found = {name: SHIPPED[name] for name in discovered}
    assert order(found, listed) == ["callcenter", "customers", "marketing", "sales", "service", "glue"]


@st.composite
def acyclic(draw: st.DrawFn) -> dict[str, Found]:
    """Plugins that each need or go after some of those before them, under shuffled names."""
    names = draw(st.permutations([f"p{number}" for number in range(8)]))
    plugins = []
    for position, name in enumerate(names):
        earlier = st.lists(st.sampled_from(names[:position]), unique=True) if position else st.just([])
        plugins.append(make(name, depends=tuple(draw(earlier)), after=tuple(draw(earlier))))
    return table(*plugins)


@given(acyclic(), st.randoms(use_true_random=False))
def test_everyone_comes_after_what_he_needs(found: dict[str, Found], random: Any) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)
    manifests = resolve(found, shuffled)
    assert manifests == resolve(found, sorted(found))
    for position, manifest in enumerate(manifests):
        before = {other.name for other in manifests[:position]}
        assert {*manifest.depends, *manifest.after} <= before


def test_only_the_enabled_come() -> None:
    assert order(SHIPPED, ["marketing"]) == ["marketing"]
    assert order(SHIPPED, ["customers", "service", "customers"]) == ["customers", "service"]
    assert order(SHIPPED, []) == []


def test_those_free_of_each_other_stand_by_name() -> None:
    found = table(make("aa"), make("bb"), make("yy", depends=("bb",)), make("zz", depends=("aa",)))
    assert order(found, ["zz", "yy", "bb", "aa"]) == ["aa", "bb", "yy", "zz"]


def test_an_unknown_name_gets_a_suggestion() -> None:
    assert problems(SHIPPED, "sale", "zzzz") == [
        "unknown plugin 'sale': did you mean 'sales'?",
        "unknown plugin 'zzzz'",
    ]


def test_a_dependency_that_is_off_or_gone() -> None:
    found = table(make("aa", depends=("bb", "cx")), make("bb"), make("cc"))
    assert problems(found, "aa") == [
        "plugin 'aa' needs 'bb', which is not enabled",
        "plugin 'aa' needs 'cx', which is not installed",
    ]


def test_a_version_that_does_not_satisfy() -> None:
    found = table(make("aa", depends=("bb>=1.2",)), make("bb", version="1.1"))
    assert problems(found, "aa", "bb") == ["plugin 'aa' needs 'bb>=1.2', but 1.1 is installed"]


@pytest.mark.parametrize("version", ["1.2", "1.3.dev1", "2.0rc1"])
def test_a_pre_release_satisfies(version: str) -> None:
    found = table(make("aa", depends=("bb>=1.2",)), make("bb", version=version))
    assert order(found, ["aa", "bb"]) == ["bb", "aa"]


def test_a_conflict_is_told_once_and_only_when_both_are_on() -> None:
    found = table(make("aa", conflicts=("bb",)), make("bb", conflicts=("aa",)))
    assert problems(found, "aa", "bb") == ["plugins 'aa' and 'bb' cannot be enabled together"]
    assert order(found, ["bb"]) == ["bb"]


def test_a_quarantined_plugin_and_those_that_need_it() -> None:
    found = table(make("aa", depends=("bb",)), Found(None, "bb", "dist", "1.0", "no version"))
    assert problems(found, "aa", "bb") == [
        "plugin 'bb' is quarantined: no version",
        "plugin 'aa' needs 'bb', which is quarantined",
    ]


def test_a_quarantined_plugin_that_is_off_harms_nobody() -> None:
    found = {**SHIPPED, "bad": Found(None, "bad", "dist", "1.0", "broken")}
    assert order(found, ["customers"]) == ["customers"]


def test_a_cycle_names_its_path() -> None:
    found = table(
        make("aa", depends=("bb",)),
        make("bb", depends=("cc",)),
        make("cc", depends=("aa",)),
        make("dd", after=("aa",)),
    )
    assert problems(found, "dd", "cc", "bb", "aa") == ["cycle: 'aa' needs 'bb', 'bb' needs 'cc', 'cc' needs 'aa'"]


def test_a_wish_gives_way_in_a_cycle() -> None:
    found = table(
        make("aa", after=("bb",)), make("bb", after=("aa",)), make("cc", depends=("dd",)), make("dd", after=("cc",))
    )
    assert order(found, ["aa"]) == ["aa"]
    assert order(found, ["aa", "bb"]) == order(found, ["bb", "aa"]) == ["aa", "bb"]
    assert order(found, ["cc", "dd"]) == ["dd", "cc"]


def test_every_cycle_is_told() -> None:
    apart = table(
        make("aa", depends=("bb",)),
        make("bb", depends=("aa",)),
        make("cc", depends=("dd",)),
        make("dd", depends=("cc",)),
    )
    assert problems(apart, *apart) == [
        "cycle: 'aa' needs 'bb', 'bb' needs 'aa'",
        "cycle: 'cc' needs 'dd', 'dd' needs 'cc'",
    ]
    joined = table(make("aa", depends=("bb", "cc")), make("bb", depends=("aa",)), make("cc", depends=("aa",)))
    assert problems(joined, *joined) == [
        "cycle: 'aa' needs 'bb', 'bb' needs 'aa'",
        "cycle: 'aa' needs 'cc', 'cc' needs 'aa'",
    ]


def test_a_plugin_that_needs_itself_is_a_cycle() -> None:
    assert problems(table(make("aa", depends=("aa",))), "aa") == ["cycle: 'aa' needs 'aa'"]


def test_all_problems_at_once_and_always_the_same() -> None:
    found = table(
        make("aa", depends=("bb>=2",)),
        make("bb", conflicts=("cc",)),
        make("cc", depends=("dd",)),
        make("dd", depends=("cc",)),
        make("ee", depends=("gone",)),
        Found(None, "ff", "dist", "1.0", "broken"),
    )
    expected = [
        "plugin 'ff' is quarantined: broken",
        "unknown plugin 'hhhh'",
        "plugin 'aa' needs 'bb>=2', but 1.0 is installed",
        "plugin 'ee' needs 'gone', which is not installed",
        "plugins 'bb' and 'cc' cannot be enabled together",
        "cycle: 'cc' needs 'dd', 'dd' needs 'cc'",
    ]
    names = [*found, "hhhh"]
    assert problems(found, *names) == expected
    assert problems(dict(reversed(found.items())), *reversed(names)) == expected


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        (" \n ", ()),
        ("a, b c", ("a", "b", "c")),
        ("a,b,,a", ("a", "b")),
        ("\n  sales\n  service\n", ("sales", "service")),
    ],
)
def test_names_are_parted_by_commas_or_blanks(text: str, names: tuple[str, ...]) -> None:
    assert parse_names(text) == names
