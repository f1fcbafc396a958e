"""Language and theme, before the login and after it."""

from __future__ import annotations

import pytest

from core.models import User
from tests.web.conftest import Browser, person


def looks(page):
    root = page.html.html
    return root["lang"], root["data-bs-theme"], root["data-theme"]


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("en-GB,en;q=0.9", "en"),
        ("fr", "zh-Hans"),
        ("", "zh-Hans"),
        ("zh-TW", "zh-Hans"),
    ],
)
def test_before_the_login_the_browser_says_the_language(app, header, language):
    assert looks(Browser(app, {"Accept-Language": header}).get("/login"))[0] == language


def test_before_the_login_a_choice_is_the_browsers(app):
    browser = Browser(app)
    assert looks(browser.get("/login?next=/core/users")) == ("en", "light", "system")
    browser.headers["Referer"] = "http://localhost/login?next=/core/users"
    assert browser.post("/preferences", {"language": "zh_Hans"}).location == "http://localhost/login?next=/core/users"
    browser.post("/preferences", {"theme": "dark"})
    page = browser.get("/login")
    assert looks(page) == ("zh-Hans", "dark", "dark")
    assert "登录名" in page.text


@pytest.mark.databases
def test_a_users_choice_is_his_everywhere_and_needs_no_right_over_users(site, browser_of):
    number = person(site, "li")
    browser = browser_of("li")
    browser.headers["Referer"] = "http://localhost/core/customers?q=x"
    assert browser.post("/preferences", {"language": "zh_Hans"}).location == "http://localhost/core/customers?q=x"
    browser.post("/preferences", {"theme": "dark"})
    assert looks(browser.get("/core/customers")) == ("zh-Hans", "dark", "dark")
    assert looks(browser_of("li").get("/core/customers")) == ("zh-Hans", "dark", "dark")
    with site.kernel.work(write=False) as work:
        user = work.system.get_one(User, number)
        assert (user.language, user.theme) == ("zh_Hans", "dark")


def test_what_the_browser_was_set_to_gives_way_to_the_user(site, app):
    person(site, "li", language="en")
    browser = Browser(app, {"Accept-Language": "en"})
    browser.get("/login")
    browser.post("/preferences", {"language": "zh_Hans"})
    browser.log_in("li")
    assert looks(browser.get("/core/customers"))[0] == "en"


@pytest.mark.parametrize("values", [{"language": "xx"}, {"theme": "pink"}])
def test_there_is_no_other_choice(admin, values):
    admin.post("/preferences", values, status=400)


def test_the_language_of_a_user_counts_on_error_pages_too(site, browser_of):
    person(site, "li", language="zh_Hans")
    browser = browser_of("li")
    assert looks(browser.get("/nothing", status=404))[0] == "zh-Hans"
    assert "没有这一页" in browser.get("/core/customers/99", status=404).text
