"""Amounts in words and lunar birthdays, where people read them (M21)."""

from __future__ import annotations


def test_a_receipt_says_its_amount_in_words(site, browser_of):
    customer = site.customer("Acme")
    values = {"customer": customer, "source_key": "x/1", "document": "R1", "kind": "receipt", "on": "2026-03-02"}
    number = site.create("core.trade", values | {"amount_base": "10203.05"})
    chinese = browser_of("admin", **{"Accept-Language": "zh-CN"}).get(f"/core/trades/{number}")
    assert "壹万零贰佰零叁元零伍分" in chinese.html.select_one("[data-field=amount_base]").text
    assert "壹" not in browser_of("admin").get(f"/core/trades/{number}").text


def test_a_lunar_birthday_says_when_it_is_kept(site, browser_of):
    values = {"customer": site.customer("Acme"), "name": "Zhao", "birthday": "1980-09-23"}
    solar = site.create("core.contact", values)
    moon = site.create("core.contact", values | {"birthday_lunar": True})
    browser = browser_of("admin")
    assert (
        "lunar 八月十五, next on" in browser.get(f"/core/contacts/{moon}").html.select_one("[data-field=birthday]").text
    )
    assert "lunar" not in browser.get(f"/core/contacts/{solar}").html.select_one("[data-field=birthday]").text


def test_lists_write_amounts_in_ten_thousands_for_who_wants_it(site, browser_of):
    site.customer("Acme", annual_revenue="18600000")
    browser = browser_of("admin", **{"Accept-Language": "zh-CN"})

    def shown():
        return browser.get("/core/customers").html.select_one("td[data-field=annual_revenue]").text.strip()

    assert shown() == "¥18,600,000"
    browser.post("/preferences", {"amounts": "short"})
    assert shown() == "¥1,860.0万"
    assert browser.get("/profile").html.select_one("[name=amounts][value=short]")["aria-pressed"] == "true"
    browser.post("/preferences", {"amounts": "gold"}, status=400)
