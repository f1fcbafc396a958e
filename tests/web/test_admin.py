"""The settings: one home in groups, and the pages that no list gives."""

from __future__ import annotations

import pytest

from core.app import make_app
from core.services import records
from core.web.admin import site as module
from tests.support.site import Site
from tests.web.conftest import Browser, person, sql

PAGES = (
    "/admin",
    "/admin/units",
    "/admin/roles",
    "/admin/roles/1",
    "/admin/rights",
    "/admin/bin",
    "/admin/plugins",
    "/admin/settings",
)


def cells(page, row: str) -> dict[str, str]:
    heads = [one.text.strip() for one in page.html.select(".adm-matrix thead th")]
    for line in page.html.select(".adm-matrix tbody tr"):
        if line.th.find(string=True, recursive=False).strip() == row:
            said = [" ".join(cell.text.split()) for cell in line.select("td")]
            return dict(zip(heads[1:], said, strict=False))
    raise AssertionError(row)


def test_the_home_leads_to_every_page_of_the_settings(admin):
    home = admin.get("/admin")
    assert home.html.select_one(".k-side [aria-current=page]")["href"] == "/admin"
    links = [link["href"] for link in home.html.select(".adm-home a")]
    assert {
        *(one for one in PAGES[1:] if not one[-1].isdigit()),
        "/core/users",
        "/admin/roles",
        "/core/jobs",
        "/changes",
    } <= set(links)
    for link in links:
        page = admin.get(link)
        assert page.html.select_one(".k-side [aria-current=page]")["href"] == "/admin", link


def test_what_one_may_not_open_is_not_there(site, browser_of):
    person(site, "li")
    li = browser_of("li")
    links = {link["href"] for link in li.get("/admin").html.select(".adm-home a")}
    assert "/core/users" in links
    assert not links & {"/admin/roles", "/core/audit", "/admin/plugins", "/admin/settings"}
    for path in ("/admin/plugins", "/admin/settings", "/admin/rights?user=admin"):
        li.get(path, status=404)
    assert "What li may do" in li.get("/admin/rights").text


def test_units_stand_in_a_tree_with_their_people(site, admin):
    site.unit("east", parent="hq")
    site.unit("east-1", "department", "east")
    site.user("li", "east-1")
    page = admin.get("/admin/units")
    leaf = page.html.select_one(".adm-tree ul ul ul li")
    assert leaf.b.text == "east-1"
    assert leaf.select_one(".right").text.strip() == "1"


def test_rights_read_as_words(site, admin):
    grants = [
        {"entity": "core.customer", "action": "view", "reach": "own", "condition": None, "deny": False},
        {
            "entity": "core.customer",
            "action": "view",
            "reach": "subtree",
            "condition": ["and", ["=", "state", "formal"], [">=", "annual_revenue", 1000]],
            "deny": False,
        },
        {"entity": "*", "action": "delete", "reach": "all", "condition": None, "deny": True},
    ]
    site.role("odd", grants, [{"entity": "core.customer", "field": "phone", "right": "mask", "condition": None}])
    site.user("li", roles=["odd", "sales_rep"])
    page = admin.get("/admin/rights?user=li")
    row = cells(page, "Customers")
    assert row["View"].startswith("Own unit and below")
    assert "Own unit and below, where State is Formal and Annual revenue ≥" in row["View"]
    assert row["Edit"] == "Own records"
    assert row["Delete"] in ("—", "Never: All records")
    assert "Phone: Partly hidden" in page.text
    admin.get("/admin/rights?user=nobody", status=404)


def test_the_bin_gives_back(site, admin, browser_of):
    person(site, "li")
    number = site.customer("Acme <b>")
    site.run(lambda ctx: records.delete(ctx, ctx.catalog["core.customer"], number, 1))
    page = admin.get("/admin/bin")
    form = page.html.select_one(".adm-wide form")
    assert page.html.select_one(".adm-wide tbody th").text == "Acme <b>"
    assert not browser_of("li").get("/admin/bin").html.select(".adm-wide tbody tr")
    admin.post(form["action"])
    assert not admin.get("/admin/bin?entity=core.customer").html.select(".adm-wide tbody tr")
    admin.get(f"/core/customers/{number}")


def test_settings_hide_passwords_and_say_what_each_line_means(database_url):
    site = Site(database_url)
    browser = Browser(make_app(site.kernel))
    browser.log_in()
    page = browser.get("/admin/settings")
    assert all(row.select_one("small").text.strip() for row in page.html.select(".adm-settings > div"))
    assert "geheim" not in module._shown("database_url", "postgresql+psycopg://kehu:geheim@db/kehu")
    assert module._of_plugin(site.settings, "mail.smtp_password", "geheim") == module.HIDDEN
    site.close()


@pytest.mark.parametrize("path", PAGES)
def test_pages_cost_the_same_however_much_there_is(database_url, path):
    site = Site(database_url, testing="true")
    browser = Browser(make_app(site.kernel))
    browser.log_in()

    def fill(name: str) -> None:
        site.unit(name)
        site.user(name, name)
        number = site.customer(name)
        site.run(lambda ctx: records.delete(ctx, ctx.catalog["core.customer"], number, 1))

    fill("a")
    browser.get(path)
    few = sql(browser.get(path))
    for name in "bcdef":
        fill(name)
    browser.get(path)
    assert sql(browser.get(path)) == few <= 24
    site.close()
