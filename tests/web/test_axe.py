"""Nobody is kept out: axe finds nothing serious or critical on any page, in both themes, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from core.app import make_app
from core.models import User
from tests.support.serving import served
from tests.support.shots import fill, log_in, pages
from tests.support.site import Site
from tests.web.conftest import give_password

PHONE, DESK = (390, 844), (1280, 800)
GRAVE = ("serious", "critical")
# Pages that are made of other parts than the rest; `make test-long` looks at all of them.
TELLING = (
    "home",
    "core-customer-list",
    "core-customer-record",
    "core-customer-new",
    "core-role-edit",
    "search",
    "design",
)


def addresses(site: Site) -> Iterator[tuple[str, str]]:
    yield "home", "/"
    yield "search", "/search?q=科技"
    yield from pages(site)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    """A site with the demo's data, and where it is served."""
    site = Site(f"sqlite:///{tmp_path_factory.mktemp('axe')}/kehu.db")
    fill(site, 20)
    with site.acting() as ctx:
        people = {user.login: user.id for user in ctx.system.scalars(select(User))}
    for login in ("wangfang", "liming", "zhaoguodong"):
        give_password(site, people[login])
    with served(make_app(site.kernel)) as address:
        yield site, address
    site.close()


def look(browser: Browser, size: tuple[int, int], theme: Any) -> Page:
    width, height = size
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme, locale="zh-CN")
    return context.new_page()


def grave(page: Page) -> list[str]:
    """What axe holds against the page: rule, why, and where."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']} ({one['impact']}): {node['target']} {node['html'][:120]}"
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


def check(browser: Browser, full: tuple[Site, str], size: tuple[int, int], theme: Any, names: Any) -> dict[str, Any]:
    site, address = full
    page, wrong = look(browser, size, theme), {}
    page.goto(f"{address}/login")
    wrong["login"] = grave(page)
    log_in(page, address)
    for name, path in addresses(site):
        if names is None or name in names:
            page.goto(address + path)
            wrong[name] = grave(page)
    page.context.close()
    return {name: found for name, found in wrong.items() if found}


@pytest.mark.parametrize(("size", "theme"), [(DESK, "light"), (PHONE, "dark")], ids=("desk", "phone"))
def test_nothing_keeps_people_out(browser, full, size, theme):
    assert check(browser, full, size, theme, TELLING) == {}


def test_what_keeps_people_out_is_found(browser):
    page = look(browser, DESK, "light")
    page.set_content('<html lang="en"><title>x</title><main><h1>x</h1><img src="x.png"><button></button></main>')
    assert {line.partition(" ")[0] for line in grave(page)} == {"image-alt", "button-name"}
    page.context.close()


@pytest.mark.parametrize("login", ["liming", "zhaoguodong"])
def test_nor_on_start_pages(browser, full, login):
    _site, address = full
    page = look(browser, DESK, "dark")
    log_in(page, address, login)
    assert grave(page) == []
    page.context.close()


@pytest.mark.long
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=("desk", "phone"))
def test_nor_on_any_page(browser, full, size, theme):
    assert check(browser, full, size, theme, None) == {}
