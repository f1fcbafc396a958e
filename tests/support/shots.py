"""Pictures of every page: `python -m tests.support.shots DIR` writes them and an `index.html` to look through."""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import delete

from core.app import make_app
from core.demo.loading import load
from core.http.paths import by_path
from core.models import LoginAttempt
from core.services import login
from core.services.work import Work
from tests.support.chromium import launched
from tests.support.serving import served
from tests.support.site import PASSWORD, Site

SIZES = {"1280": (1280, 800), "820": (820, 1100), "390": (390, 844)}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_numbers = itertools.count(1)
LANGUAGES = {"zh": "zh-CN", "en": "en-US"}


def fill(site: Site, customers: int = 60) -> None:
    """The demo's people and customers."""
    load(site.kernel, lambda work: login.by_login(work, "admin", door="test"), customers, 1, progress=lambda _n: None)


def pages(site: Site) -> Iterator[tuple[str, str]]:
    """Names and addresses of the pages."""
    for path, entity in by_path(site.kernel.catalog).items():
        name = entity.key.replace(".", "-")
        yield f"{name}-list", path
        yield f"{name}-record", f"{path}/1"
        yield f"{name}-new", f"{path}/new"
        yield f"{name}-edit", f"{path}/1/edit"
    yield "customers-found", "/core/customers?q=科技&sort=-annual_revenue"
    yield "customers-narrowed", '/core/customers?filter=["in","state",["prospect"]]'
    yield "customers-arrange", "/core/customers/arrange"
    yield "customers-filter", '/core/customers/filter?filter=["or",["in","state",["prospect"]],[">","employees",10]]'
    yield "customers-view", "/core/customers/views?sort=-name"
    yield "customers-none", "/core/customers?q=qqqq"
    yield "customer-assign", "/core/customers/1/actions/assign"
    yield "customer-merge", "/core/customers/2/merge?source=1"
    yield "customers-import", "/core/customers/import"
    yield "settings", "/admin"
    for name in (
        "units",
        "roles",
        "roles/4",
        "roles/4/grant?entity=core.customer&action=view",
        "rights",
        "bin",
        "plugins",
    ):
        yield f"admin-{name.partition('?')[0].replace('/', '-')}", f"/admin/{name}"
    yield "admin-settings", "/admin/settings"
    yield "admin-leaver", "/admin/leavers/7"
    yield "changes", "/changes"
    yield "profile", "/profile"
    yield "notices", "/notices"
    yield "design", "/design"
    yield "error-404", "/core/customers/999999"
    yield "error-400", "/core/customers?sort=nothing"


def press(page: Page, selector: str) -> None:
    """Click what leads to another page, and wait for it."""
    with page.expect_navigation():
        page.click(selector)


def log_in(page: Page, address: str, name: str = "admin", password: str = PASSWORD) -> None:
    page.goto(f"{address}/login")
    page.fill("#login", name)
    page.fill("#password", password)
    press(page, "button[type=submit].btn-primary")


def _acted(page: Page, address: str, save: Any) -> None:
    """Pages that only come after something was done."""
    page.goto(f"{address}/core/customers/new")
    page.fill("#f-employees", "many")
    press(page, "button[form=sheet]")
    save("customer-wrong")
    other = page.context.new_page()
    for one in (page, other):
        one.goto(f"{address}/core/customers/1/edit")
    number = next(_numbers)  # each round writes something new
    other.fill("#f-phone", f"021-1111{number:04d}")
    other.fill("#f-employees", str(480 + number))
    press(other, "button[form=sheet]")
    other.close()
    page.fill("#f-phone", f"021-9999{number:04d}")
    page.fill("#f-email", f"hello{number}@example.com")
    press(page, "button[form=sheet]")
    save("customer-conflict")
    page.goto(f"{address}/core/customers/2")
    page.click("summary[aria-label] >> nth=1")
    save("customer-menu")
    press(page, "[data-action='core.customer.delete']")
    save("customers-deleted")
    press(page, ".k-toast form button")
    page.click(".k-top > .k-menu:last-of-type summary")
    save("user-menu")


def _anonymous(page: Page, address: str, save: Any) -> None:
    page.goto(f"{address}/login")
    save("login")
    page.fill("#login", "lihui")
    page.fill("#password", "wrong")
    press(page, "button.btn-primary")
    save("login-wrong")
    for _attempt in range(5):
        page.fill("#password", "wrong")
        press(page, "button.btn-primary")
        if page.locator(".lg-time").count():
            break
    save("login-locked")


def _unlock(work: Work) -> None:
    """Forget wrong passwords, so that each round can lock the name anew."""
    work.elevated("shots", write=True).execute(delete(LoginAttempt))


def take(browser: Browser, site: Site, address: str, folder: Path, languages: Sequence[str] = tuple(LANGUAGES)) -> None:
    """Every page in every size, theme and language."""
    for size, theme, language in itertools.product(SIZES, THEMES, languages):
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            locale=LANGUAGES[language],
        )
        page = context.new_page()

        def save(name: str, page: Page = page, tail: str = f"{size}-{theme}-{language}") -> None:
            page.screenshot(path=folder / f"{name}-{tail}.png")

        site.kernel.run(_unlock, write=True)
        _anonymous(page, address, save)
        log_in(page, address)
        for name, path in pages(site):
            page.goto(address + path)
            save(name)
        _acted(page, address, save)
        context.close()


def write_index(folder: Path) -> None:
    """One page with all pictures, a row for each page of the product."""
    names = sorted(path.stem.rsplit("-", 3) for path in folder.glob("*.png"))
    rows = []
    for name, group in itertools.groupby(names, key=lambda parts: parts[0]):
        cells = "".join(
            f'<a href="{"-".join(parts)}.png"><img loading="lazy" height="300" src="{"-".join(parts)}.png"'
            f' alt="{escape(" ".join(parts))}" title="{escape(" ".join(parts))}"></a> '
            for parts in group
        )
        rows.append(f"<h2>{escape(name)}</h2><p>{cells}</p>")
    head = '<!doctype html><meta charset="utf-8"><title>Pages</title><style>img { border: 1px solid #ccc }</style>'
    (folder / "index.html").write_text(head + "".join(rows), encoding="utf-8")


def main(arguments: list[str]) -> None:
    if len(arguments) != 1:
        raise SystemExit(__doc__)
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        site = Site(f"sqlite:///{temporary}/shots.db")
        fill(site)
        browser = launched(playwright)
        with served(make_app(site.kernel)) as address:
            take(browser, site, address, folder)
        browser.close()
        site.close()
    write_index(folder)
    print(os.path.relpath(folder / "index.html"))


if __name__ == "__main__":
    main(sys.argv[1:])
