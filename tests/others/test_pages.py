"""Fields of others on pages and in files: shown, filled in, refused in place, imported; what they cost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from core.app import make_app
from core.entities.csvfile import CsvFile
from core.entities.mapping import plan
from core.services import imports, login
from tests.others.conftest import LEVELS
from tests.rest.conftest import Api
from tests.support.site import Site
from tests.web.conftest import Browser, names

CUSTOMERS = "/core/customers"


@pytest.fixture
def desk(site: Site, defined: Api) -> Browser:
    """The administrator's desk."""
    opened = Browser(make_app(site.kernel))
    opened.log_in()
    return opened


def shown(page: Any, name: str) -> str:
    [cell] = page.html.select(f'dd[data-field="{name}"]')
    return " ".join(cell.text.split())


def test_the_record_shows_them_in_groups_of_their_own(site: Site, desk: Browser, defined: Api) -> None:
    number = defined.customer(
        "A",
        kind="person",
        custom={"floor_area": 1250.5, "rank": "gold", "has_lift": False, "opened_on": "2026-03-01", "rent": "9"},
        gifts={"budget": "500"},
    )["id"]
    page = desk.get(f"{CUSTOMERS}/{number}")
    heads = [head.text for head in page.html.select(".rec-group h2")]
    assert heads[-3:] == ["Gifts", "Further details", "Record"]
    facts = {name: shown(page, f"custom.{name}") for name in ("floor_area", "rank", "has_lift", "opened_on", "motto")}
    assert facts == {
        "floor_area": "1,250.5",
        "rank": "Gold",
        "has_lift": "No",
        "opened_on": "1 Mar 2026",
        "motto": "—",
    }
    assert (shown(page, "custom.rent"), shown(page, "gifts.budget")) == ("¥9", "¥500")
    titles = {one.text for one in page.html.select("dt")}
    assert {"Floor_Area", "Budget", "No alcohol"} <= titles
    chinese = desk.app.get(f"{CUSTOMERS}/{number}", headers={"Accept-Language": "zh-CN"})
    assert "金" in shown(chinese, "custom.rank")
    assert "floor_area中" in {one.text for one in chinese.html.select("dt")}


def test_the_list_shows_a_plugins_column(desk: Browser, defined: Api) -> None:
    for name, budget in (("A", "5"), ("B", "50"), ("C", None)):
        defined.customer(name, gifts={"budget": budget})
    page = desk.get(f"{CUSTOMERS}?sort=-gifts.budget")
    assert names(page) == ["B", "A", "C"]
    cells = [cell.text.strip() for cell in page.html.select('td[data-field="gifts.budget"]')]
    assert cells == ["¥50", "¥5", "—"]
    assert names(desk.get(f"{CUSTOMERS}?filter={json.dumps(['=', 'gifts.budget', 5])}")) == ["A"]


def test_forms_fill_them_in(site: Site, desk: Browser, defined: Api) -> None:
    form = desk.form(f"{CUSTOMERS}/new")
    form["name"], form["custom.floor_area"], form["gifts.budget"] = "A", "1,250.50", "12.5"
    form["custom.rank"], form["custom.has_lift"], form["custom.opened_on"] = "gold", "true", "2026-03-01"
    page = desk.follow(desk.send(form))
    assert (shown(page, "custom.floor_area"), shown(page, "gifts.budget")) == ("1,250.5", "¥12.50")
    form = desk.form(f"{CUSTOMERS}/1/edit")
    assert (form["custom.floor_area"].value, form["custom.has_lift"].value) == ("1250.5", "true")
    desk.send(form)
    assert defined.get(f"{CUSTOMERS}/1").json["version"] == 1
    form["custom.floor_area"], form["custom.rank"] = "", ""
    desk.send(form)
    again = defined.get(f"{CUSTOMERS}/1").json
    assert (again["version"], again["custom"]["floor_area"], again["custom"]["rank"]) == (2, None, None)


def test_a_refused_form_says_it_at_the_field(desk: Browser) -> None:
    form = desk.form(f"{CUSTOMERS}/new")
    form["name"], form["custom.floor_area"], form["custom.opened_on"] = "A", "much", "2026-02-30"
    page = desk.send(form, 422)
    wrong = {one["data-field"] for one in page.html.select(".fld") if one.select(".k-error")}
    assert wrong == {"custom.floor_area", "custom.opened_on"}
    assert page.forms["sheet"]["custom.floor_area"].value == "much"


def test_a_retired_choice_stays_in_its_records_form(desk: Browser, defined: Api) -> None:
    defined.customer("A", custom={"rank": "gold"})
    [field] = defined.get("/core/custom-fields", filter='["=","name","rank"]').json["items"]
    defined.patch(f"/core/custom-fields/{field['id']}", {"version": field["version"], "choices": LEVELS[1:]})
    assert "gold" in [value for value, _on, _text in desk.form(f"{CUSTOMERS}/1/edit")["custom.rank"].options]
    assert "gold" not in [value for value, _on, _text in desk.form(f"{CUSTOMERS}/new")["custom.rank"].options]
    desk.send(desk.form(f"{CUSTOMERS}/1/edit"))


def test_choices_are_lines_in_a_form(desk: Browser, defined: Api) -> None:
    form = desk.form("/core/custom-fields/new")
    form["name"], form["type"], form["label_zh"], form["label_en"] = "size", "choice", "规模", "Size"
    form["choices"] = "s | 小 | Small\n-m\n l|大"
    desk.send(form)
    [field] = defined.get("/core/custom-fields", filter='["=","name","size"]').json["items"]
    assert [(one["code"], one["label_zh"], one["label_en"], one["active"]) for one in field["choices"]] == [
        ("s", "小", "Small", True),
        ("m", "m", "m", False),
        ("l", "大", "大", True),
    ]
    form = desk.form(f"/core/custom-fields/{field['id']}/edit")
    assert form["choices"].value.split("\n") == ["s | 小 | Small", "-m | m | m", "l | 大 | 大"]
    desk.send(form)
    assert defined.get(f"/core/custom-fields/{field['id']}").json["version"] == 1


def test_pages_cost_one_statement_an_extension(site: Site, desk: Browser, defined: Api) -> None:
    for name in "ABC":
        defined.customer(name, custom={"floor_area": 1}, gifts={"budget": 5})
    sent: list[str] = []
    event.listen(site.kernel.database.engine, "before_cursor_execute", lambda *given: sent.append(given[2]))

    def cost(path: str) -> int:
        desk.get(path)  # rights are compiled
        sent.clear()
        desk.get(path)
        assert sum("gifts_wishes" in one for one in sent) == 1
        assert not any("core_custom_field" in one for one in sent)
        return len(sent)

    paths = (CUSTOMERS, f"{CUSTOMERS}/1")
    with_fields = [cost(path) for path in paths]
    for one in defined.get("/core/custom-fields").json["items"]:
        defined.delete(f"/core/custom-fields/{one['id']}", one["version"])
    assert [cost(path) for path in paths] == with_fields


def test_files_name_them_in_full(site: Site, defined: Api, tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_text(
        "name,custom.floor_area,面积级别,gifts.budget,custom.has_lift\n"
        "A,1250.5,gold,100,是\nB,,silver,,no\nC,x,gold,1,1\nD,1,bronze,1,1\n",
        encoding="utf-8",
    )

    def take() -> dict[str, int]:
        table = CsvFile(path)
        entity = site.run(lambda ctx: ctx.catalog["core.customer"])
        planned = plan(entity, table.headers, [("custom.rank", "面积级别")], "name")
        counts = {"created": 0, "updated": 0, "skipped": 0, "failed": 0}
        for outcome in imports.run(
            site.kernel, planned, table.rows(), lambda work: login.by_login(work, "admin", door="cli")
        ):
            for result, number in outcome.counts.items():
                counts[result] += number
        return counts

    assert take() == {"created": 2, "updated": 0, "skipped": 0, "failed": 2}
    made = {one["name"]: one for one in defined.get(CUSTOMERS).json["items"]}
    assert (made["A"]["custom"]["floor_area"], made["A"]["gifts"]["budget"]) == (1250.5, "100.00")
    assert (made["A"]["custom"]["has_lift"], made["B"]["custom"]["has_lift"]) == (True, False)
    assert take() == {"created": 0, "updated": 0, "skipped": 2, "failed": 2}
    path.write_text("name,custom.floor_area\nA,7\n", encoding="utf-8")
    table = CsvFile(path)
    entity = site.run(lambda ctx: ctx.catalog["core.customer"])
    planned = plan(entity, table.headers, (), "name")
    who = lambda work: login.by_login(work, "admin", door="cli")  # noqa: E731
    [outcome] = imports.run(site.kernel, planned, table.rows(), who)
    assert outcome.counts["updated"] == 1
    again = defined.get(f"{CUSTOMERS}/{made['A']['id']}").json
    assert again["custom"] == made["A"]["custom"] | {"floor_area": 7}
