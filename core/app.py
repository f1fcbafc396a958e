"""The WSGI application: one kernel, and Pyramid around it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pyramid.config import Configurator

from core.boot import boot
from core.services.work import Kernel
from core.settings import read


def main(global_config: dict[str, str] | None = None, **lines: Any) -> Any:
    """Paste's application factory; `lines` are the ini file's settings."""
    here = (global_config or {}).get("here")
    settings = read({name: str(value) for name, value in lines.items()}, folder=Path(here) if here else None)
    return make_app(boot(settings))


def make_app(kernel: Kernel) -> Any:
    """The application on a booted kernel."""
    config = Configurator(settings={"jinja2.newstyle": True, "jinja2.i18n.domain": "kehu"})
    config.registry["kehu"] = kernel
    for part in ("work", "security", "locale", "headers", "timing"):
        config.include(f"core.http.{part}")
    config.include("core.rest")
    config.include("core.web")
    return config.make_wsgi_app()


def from_ini() -> Any:
    """The application of `$KEHU_INI`, for servers that start several processes."""
    import os

    import plaster

    return plaster.get_loader(os.environ["KEHU_INI"], protocols=["wsgi"]).get_wsgi_app("main")
