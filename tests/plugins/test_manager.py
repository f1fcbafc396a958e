"""Calling hooks: order, owners and blame."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from plugins import (
    ContractError,
    Contribution,
    Manager,
    Manifest,
    PluginError,
    discover,
    hookimpl,
    load_hooks,
    resolve,
)

from .dists import Site


def manifest(name: str) -> Manifest:
    return Manifest(name=name, title=name, version="1")


def panels(function: Callable[[], Any]) -> object:
    """A plugin whose only hook is `register_panels`."""

    class Plugin:
        @hookimpl
        def register_panels(self) -> Any:
            return function()

    return Plugin()


def test_contributions_come_in_order_of_registration_with_their_owner() -> None:
    manager = Manager()
    manager.register(manifest("bb"), panels(lambda: ["one", "two"]))
    manager.register(manifest("aa"), panels(lambda: iter(("three",))))
    manager.register(manifest("cc"), panels(tuple))
    manager.register(manifest("dd"), panels(lambda: {"four": None}))
    assert manager.collect("register_panels") == [
        Contribution("bb", "one"),
        Contribution("bb", "two"),
        Contribution("aa", "three"),
        Contribution("dd", "four"),
    ]
    assert manager.collect("register_columns") == []


@pytest.mark.parametrize("options", [{"tryfirst": True}, {"trylast": True}])
def test_no_plugin_gets_ahead_of_the_order(options: dict[str, Any]) -> None:
    class Pushing:
        @hookimpl(**options)
        def register_panels(self) -> Iterable[str]:
            return ("pushing",)

    for first, second in ((Pushing(), panels(lambda: ["calm"])), (panels(lambda: ["calm"]), Pushing())):
        manager = Manager()
        manager.register(manifest("aa"), first)
        manager.register(manifest("bb"), second)
        assert [found.owner for found in manager.collect("register_panels")] == ["aa", "bb"]


def test_managers_know_nothing_of_each_other() -> None:
    one, other = Manager(), Manager()
    plugin = panels(lambda: ["panel"])
    one.register(manifest("aa"), plugin)
    assert other.collect("register_panels") == []
    other.register(manifest("aa"), plugin)
    assert one.collect("register_panels") == other.collect("register_panels")


def test_a_module_can_be_a_plugin(site: Site) -> None:
    source = (
        "import sys\n"
        "from plugins import hookimpl\n"
        "@hookimpl\n"
        "def register_panels():\n"
        "    yield 'panel'\n"
        "plugin = sys.modules[__name__]\n"
    )
    site.add_plugin("gadgets", "kehu_gadgets", {"hooks.py": source})
    (gadgets,) = resolve(discover(), ["gadgets"])
    manager = Manager()
    manager.register(gadgets, load_hooks(gadgets))
    assert manager.collect("register_panels") == [Contribution("gadgets", "panel")]


def test_the_third_partys_hooks_can_be_registered(dummy_plugin: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "kehu_gifts.models", raising=False)  # of a test before this one
    (gifts,) = resolve(discover(), ["gifts"])
    manager = Manager()
    manager.register(gifts, load_hooks(gifts))
    assert "kehu_gifts.models" not in sys.modules


def raising() -> Iterator[str]:
    yield "one"
    raise LookupError("no such thing")


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda: 1 / 0, "ZeroDivisionError: division by zero"),
        (raising, "LookupError: no such thing"),
        (lambda: None, "TypeError: it must return a list, but returned None (return forgotten?)"),
        (lambda: "panel", "TypeError: it must return a list, but returned 'panel'"),
    ],
)
def test_a_failing_hook_is_blamed_on_its_plugin(function: Callable[[], Any], reason: str) -> None:
    manager = Manager()
    manager.register(manifest("aa"), panels(lambda: ["fine"]))
    manager.register(manifest("bb"), panels(function))
    with pytest.raises(PluginError) as caught:
        manager.collect("register_panels")
    assert str(caught.value) == f"plugin 'bb': hook 'register_panels' failed: {reason}"
    assert caught.value.__cause__ is not None


def refused(plugin: object) -> str:
    """The message with which the plugin is refused, after which the manager is as before."""
    manager = Manager()
    with pytest.raises(ContractError) as caught:
        manager.register(manifest("bad"), plugin)
    assert manager.collect("register_panels") == []
    manager.register(manifest("bad"), panels(lambda: ["mended"]))
    assert manager.collect("register_panels") == [Contribution("bad", "mended")]
    return str(caught.value)


def test_a_misspelt_argument_is_refused_with_those_that_there_are() -> None:
    class Misspelt:
        @hookimpl
        def before_customer_state(self, ctx: Any, custmer: Any, new: Any, later: str = "fine") -> None:
            raise AssertionError

    assert refused(Misspelt()) == (
        "plugin 'bad': hook 'before_customer_state' has no argument 'custmer': did you mean 'customer'?; it gets"
        " ctx, customer, state; hook 'before_customer_state' has no argument 'new'; it gets ctx, customer, state"
    )


def test_an_unknown_hook_is_refused() -> None:
    class Misspelt:
        @hookimpl
        def register_panel(self) -> Iterable[str]:
            return ()

        @hookimpl
        def zzz(self) -> Iterable[str]:
            return ()

    message = refused(Misspelt())
    assert message.startswith("plugin 'bad': ")
    assert "unknown hook 'register_panel': did you mean 'register_panels'?" in message
    assert "unknown hook 'zzz'" in message


def test_an_unknown_hook_may_be_optional() -> None:
    class Adapter:
        @hookimpl(optionalhook=True)
        def callcenter_adapters(self) -> Iterable[str]:
            raise AssertionError("nobody calls this")

        @hookimpl
        def register_panels(self) -> Iterable[str]:
            return ("panel",)

    manager = Manager()
    manager.register(manifest("aa"), Adapter())
    assert manager.collect("register_panels") == [Contribution("aa", "panel")]


def test_an_unknown_argument_is_refused() -> None:
    class Curious:
        @hookimpl
        def register_panels(self, request: object) -> Iterable[str]:
            return ()

    message = refused(Curious())
    assert "'bad'" in message
    assert "'register_panels'" in message
    assert "request" in message


def test_a_forgotten_marker_is_refused() -> None:
    class Forgetful:
        def register_panels(self) -> Iterable[str]:
            return ()

    assert refused(Forgetful()) == "plugin 'bad': hook 'register_panels' lacks @hookimpl"


def test_a_wrapper_is_refused() -> None:
    class Wrapper:
        @hookimpl(wrapper=True)
        def register_panels(self) -> Iterator[Any]:
            return (yield)

    assert refused(Wrapper()) == "plugin 'bad': hook 'register_panels' cannot be a wrapper"


def test_a_name_or_an_object_is_registered_once() -> None:
    manager = Manager()
    plugin = panels(lambda: ["panel"])
    manager.register(manifest("aa"), plugin)
    for name, other in (("aa", panels(list)), ("bb", plugin)):
        with pytest.raises(ContractError, match=f"plugin '{name}'"):
            manager.register(manifest(name), other)
    assert manager.collect("register_panels") == [Contribution("aa", "panel")]
