"""The site that a command works on: its ini file, settings and kernel."""

from __future__ import annotations

import configparser
import os
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import click
import plaster

from core.boot import boot, ready
from core.errors import KehuError, NotFound
from core.quarantine import explain
from core.services import login
from core.services.work import Ctx, Kernel, Work
from core.settings import Settings, read
from plugins import Entity, discover
from plugins.errors import did_you_mean

INI = "kehu.ini"


class Site:
    """What `-c`, the working folder and the environment say; `changed` settings hold all the same."""

    def __init__(self, config: str | None, **changed: Any) -> None:
        self.asked, self.changed = config, changed

    @property
    def ini(self) -> Path:
        """The ini file, whether it is there or not."""
        if self.asked:
            return Path(self.asked)
        return Path(INI) if Path(INI).exists() else Path(os.environ.get("KEHU_INI", INI))

    @cached_property
    def settings(self) -> Settings:
        return replace(self._read(), **self.changed)

    def _read(self) -> Settings:
        if self.ini.is_dir():
            raise KehuError(f"{self.ini} is a folder; name the ini file in it")
        if self.ini.exists():
            try:
                lines = plaster.get_loader(str(self.ini), protocols=["wsgi"]).get_wsgi_app_settings("main")
            except (configparser.Error, plaster.PlasterError, LookupError, ValueError) as error:
                raise KehuError(f"{self.ini} cannot be read: {_in_short(error)}") from None
            return read({name: str(value) for name, value in lines.items()}, folder=self.ini.parent)
        if self.asked:
            raise KehuError(f"there is no file {self.asked}")
        return read({}, folder=Path.cwd())

    @cached_property
    def kernel(self) -> Kernel:
        return boot(self.settings)

    def ready(self) -> Kernel:
        """The kernel of a site whose database is there, current and set up. KehuError otherwise."""
        self.kernel = ready(self.kernel)
        for fault in self.kernel.faults:
            click.echo(f"Note: {explain(fault)}", err=True)
        return self.kernel

    def act(self, task: Any, user: str = "admin", *, write: bool = True) -> Any:
        """`task(ctx)` in a transaction as a user, audited with the system's user behind him."""

        def act(work: Work) -> Any:
            ctx: Ctx = work.act_as(login.by_login(work, user, door="cli", on_behalf=login.system_user()))
            return task(ctx)

        return self.ready().run(act, write=write)


def _in_short(error: Exception) -> str:
    """What is wrong with an ini file, without what stands in it: that may be a password."""
    if isinstance(error, UnicodeError):
        return "it is not UTF-8"
    if isinstance(error, configparser.InterpolationError):
        return f"in {error.option} write each % as %%"
    if isinstance(error, configparser.MissingSectionHeaderError):
        return f"line {error.lineno} stands before the first [section]"
    if isinstance(error, configparser.ParsingError):
        return f"line {error.errors[0][0]} is neither a [section] nor a setting"
    if isinstance(error, configparser.DuplicateOptionError | configparser.DuplicateSectionError):
        return f"line {error.lineno} says again what was said before"
    return "there is no section [app:main] with “use = egg:kehu” in it"


def why_not(kernel: Kernel, key: str, known: Iterable[str]) -> str:
    """Why nothing has that key, as the end of a sentence: its plugin is off, or it is misspelt."""
    name = key.partition(".")[0]
    if name in discover() and name not in {manifest.name for manifest in kernel.manifests}:
        return f": the plugin {name} is off; see: kehu plugins"
    return did_you_mean(key, known)


def entity_of(here: Site, key: str) -> Entity:
    """The entity that a command names. NotFound with a hint otherwise."""
    catalog = here.kernel.run(lambda work: work.catalog, write=False) or here.kernel.catalog
    if key not in catalog:
        raise NotFound(f"there is no entity {key}{why_not(here.kernel, key, [one.key for one in catalog])}")
    return catalog[key]


system_user = login.system_user


def site(ctx: click.Context) -> Site:
    """The site of a running command."""
    return Site(ctx.find_root().obj)
