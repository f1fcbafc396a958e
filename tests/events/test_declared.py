"""Events and subscribers of installed plugins: found at boot, waiting for a plugin that is off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.boot import boot
from core.services.work import Kernel
from core.settings import read
from plugins import ContractError
from tests.plugins.dists import BARE, Site

TELLER = """
from dataclasses import dataclass
from plugins import Event, hookimpl

@dataclass(frozen=True)
class Told(Event):
    key = "teller.Told"
    number: int

class Hooks:
    @hookimpl
    def register_events(self):
        return [Told]

plugin = Hooks()
"""
HEARER = """
from plugins import Subscriber, hookimpl

class Hooks:
    @hookimpl
    def register_subscribers(self):
        return [
            Subscriber(key="hearer.later", event="teller.Told", lane="later", run=lambda ctx, event: None),
            Subscriber(key="hearer.now", event="teller.Told", lane="now", run=lambda ctx, event: None),
        ]

plugin = Hooks()
"""


@pytest.fixture
def dists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    found = Site(tmp_path / "site", monkeypatch)
    found.add_plugin("teller", "x_teller", {"hooks.py": TELLER})
    yield found
    found.forget()


def add_hearer(dists: Site, hooks: str = HEARER, after: str = "after=('teller',), ") -> None:
    manifest = f"Manifest(name='hearer', title='T', version='0.1', {after}{BARE})"
    init = f"from plugins import Manifest\nmanifest = {manifest}\n"
    files = {"x_hearer/__init__.py": init, "x_hearer/hooks.py": hooks}
    dists.add("dist-of-hearer", {"hearer": "x_hearer:manifest"}, files)


def booted(*plugins: str) -> Kernel:
    return boot(read({"kehu.database_url": "sqlite://", "kehu.plugins": " ".join(plugins)}, {}))


def test_a_subscriber_finds_the_event_and_has_a_job_if_it_acts_later(dists: Site) -> None:
    add_hearer(dists)
    kernel = booted("teller", "hearer")
    assert [key for key in kernel.events if not key.startswith("core.")] == ["teller.Told"]
    assert [kernel.subscribers.owner(key) for key in ("hearer.later", "hearer.now")] == ["hearer", "hearer"]
    assert "hearer.later" in kernel.jobs
    assert "hearer.now" not in kernel.jobs


def test_a_subscriber_waits_while_the_plugin_of_its_event_is_off(dists: Site) -> None:
    add_hearer(dists)
    kernel = booted("hearer")
    assert len([key for key in kernel.subscribers if not key.startswith("core.")]) == 2
    assert "hearer.later" not in kernel.jobs


@pytest.mark.parametrize(("plugins", "event"), [(("hearer",), "teller.Told"), (("teller", "hearer"), "teller.Tolled")])
def test_an_event_that_nobody_has_stops_the_boot(dists: Site, plugins: tuple[str, ...], event: str) -> None:
    after = "" if len(plugins) == 1 else "after=('nobody',), "
    add_hearer(dists, HEARER.replace("teller.Told", event), after)
    with pytest.raises(ContractError, match=f"plugin 'hearer': hearer.later is for the event {event}"):
        booted(*plugins)


@pytest.mark.parametrize(
    ("hooks", "words"),
    [
        (HEARER.replace("hearer.now", "hearer.later"), "already taken"),
        (HEARER.replace("hearer.now", "teller.now"), "must begin with hearer"),
        (HEARER.replace("register_subscribers", "register_jobs"), "no Job"),
        (TELLER.replace("teller.Told", "hearer.Told").replace("int", "float"), "field number"),
        (TELLER.replace("teller.Told", "hearer.Told").replace("[Told]", "[Told(1)]"), "no event"),
    ],
)
def test_a_declaration_that_is_wrong_names_its_plugin(dists: Site, hooks: str, words: str) -> None:
    add_hearer(dists, hooks)
    with pytest.raises(ContractError, match=words) as refused:
        booted("teller", "hearer")
    assert "'hearer'" in str(refused.value)
