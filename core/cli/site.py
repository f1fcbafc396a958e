"""The site that a command works on: its ini file, settings and kernel."""

from __future__ import annotations

import getpass
import os
from functools import cached_property
from pathlib import Path
from typing import Any

import click
import plaster

from core.boot import boot, manifests
from core.db.engine import sqlite_path
from core.errors import KehuError
from core.migrations import runner
from core.services import login, setup
from core.services.work import Ctx, Kernel, Work
from core.settings import Settings, read

INI = "kehu.ini"
NOT_SET_UP = "this site is not set up yet; run: kehu init"


class Site:
    """What `-c`, the working folder and the environment say."""

    def __init__(self, config: str | None) -> None:
        self.asked = config

    @property
    def ini(self) -> Path:
        """The ini file, whether it is there or not."""
        if self.asked:
            return Path(self.asked)
        return Path(INI) if Path(INI).exists() else Path(os.environ.get("KEHU_INI", INI))

    @cached_property
    def settings(self) -> Settings:
        if self.ini.exists():
            lines = plaster.get_loader(str(self.ini), protocols=["wsgi"]).get_wsgi_app_settings("main")
            return read({name: str(value) for name, value in lines.items()}, folder=self.ini.parent)
        if self.asked:
            raise KehuError(f"there is no file {self.asked}")
        return read({}, folder=Path.cwd())

    @cached_property
    def kernel(self) -> Kernel:
        return boot(self.settings, manifests(self.settings))

    def ready(self) -> Kernel:
        """The kernel of a site whose database is there, current and set up. KehuError otherwise."""
        file = sqlite_path(self.kernel.database.engine)
        if file is not None and not file.exists():  # to look into it would make it
            raise KehuError(NOT_SET_UP)
        behind = [
            one for one in runner.standing(self.settings.database_url, self.kernel.manifests) if not one.is_current
        ]
        if any(one.plugin == "core" and one.current is None for one in behind):
            raise KehuError(NOT_SET_UP)
        if behind:
            names = ", ".join(one.plugin for one in behind)
            raise KehuError(f"the database is behind the program ({names}); run: kehu db upgrade")
        if not self.kernel.run(setup.is_set_up, write=False):
            raise KehuError(NOT_SET_UP)
        return self.kernel

    def act(self, task: Any, user: str = "admin", *, write: bool = True) -> Any:
        """`task(ctx)` in a transaction as a user, audited with the system's user behind him."""

        def act(work: Work) -> Any:
            ctx: Ctx = work.act_as(login.by_login(work, user, door="cli", on_behalf=system_user()))
            return task(ctx)

        return self.ready().run(act, write=write)


def system_user() -> str:
    """Who runs the command, for the audit."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def site(ctx: click.Context) -> Site:
    """The site of a running command."""
    return Site(ctx.find_root().obj)
