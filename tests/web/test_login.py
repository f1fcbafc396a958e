"""Logging in and out, and what the cookie is worth."""

from __future__ import annotations

import re

import pytest
import time_machine
from webtest import TestApp

from core.models import LoginSession
from core.services.login import MOST_FAILURES
from tests.support.site import PASSWORD
from tests.web.conftest import ENGLISH, Browser, person


def _cookie(response, name="kehu"):
    [found] = [line for line in response.headers.getall("Set-Cookie") if line.startswith(f"{name}=")]
    return found


def _text(response):
    """The page without what differs from visit to visit."""
    return re.sub(r'value="[^"]*"', "", response.text)


def test_the_login_leads_to_the_page_one_wanted(app):
    browser = Browser(app)
    asked = browser.get("/core/customers?q=a+b", status=303)
    assert asked.location == "http://localhost/login?next=%2Fcore%2Fcustomers%3Fq%3Da%2Bb"
    form = browser.follow(asked).forms[0]
    form["login"], form["password"] = "admin", PASSWORD
    assert browser.send(form).location == "http://localhost/core/customers?q=a+b"


@pytest.mark.parametrize(
    "target",
    ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "login", "/login", "/a\nb", "/客户"],
)
def test_the_login_leads_nowhere_else(app, target):
    assert Browser(app).log_in(next=target).location == "http://localhost/"


def test_the_cookie_is_closed_and_ends_with_the_browser(app):
    cookie = _cookie(Browser(app).log_in())
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Max-Age" not in cookie
    assert "secure" not in cookie.lower()


def test_the_cookie_stays_if_asked_to(app, site):
    cookie = _cookie(Browser(app).log_in(keep="1"))
    assert f"Max-Age={site.settings.session_days * 86400}" in cookie


def test_over_https_the_cookies_are_for_https(app):
    client = TestApp(app, extra_environ={"wsgi.url_scheme": "https", "HTTP_REFERER": "https://localhost/login"})
    page = client.get("https://localhost/login")
    form = page.forms[0]
    form["login"], form["password"] = "admin", PASSWORD
    for line in form.submit().headers.getall("Set-Cookie"):
        assert "secure" in line.lower()


def test_a_wrong_password_and_an_unknown_name_read_the_same(app, site):
    person(site, "li")
    known = Browser(app).log_in("li", "wrong", status=422)
    unknown = Browser(app).log_in("nobody", "wrong", status=422)
    assert _text(known) == _text(unknown)
    assert "not right" in known.text
    assert "kehu=" not in known.headers.get("Set-Cookie", "")


@pytest.mark.parametrize("login", ["li", "nobody"])
def test_five_failures_lock_a_name_known_or_not(app, site, login):
    person(site, "li")
    browser = Browser(app)
    with time_machine.travel("2026-03-02T06:00:00Z", tick=False):
        for _attempt in range(MOST_FAILURES):
            browser.log_in(login, "wrong", status=422)
        locked = browser.log_in(login, PASSWORD, status=429)
    assert locked.headers["Retry-After"] == "901"
    assert "You can try again at 14:15" in locked.text  # in Shanghai
    assert "in 16 minutes" in locked.text or "in 15 minutes" in locked.text


@pytest.mark.databases
def test_logging_out_ends_the_session_here_and_there(browser_of, site):
    browser = browser_of()
    secret = browser.app.cookies["kehu"]
    assert browser.post("/logout").location == "http://localhost/login"
    assert "kehu" not in browser.app.cookies
    with site.kernel.work(write=False) as work:
        assert work.system.query(LoginSession).count() == 0
    browser.app.set_cookie("kehu", secret)
    assert browser.get("/core/customers", status=303).location.endswith("/login?next=%2Fcore%2Fcustomers")


def test_a_session_that_is_over_leads_to_the_login_and_takes_its_cookie_along(browser_of, site):
    browser = browser_of()
    with time_machine.travel("2027-01-01T00:00:00Z"):
        answer = browser.get("/core/customers", status=303)
    assert answer.location == "http://localhost/login?next=%2Fcore%2Fcustomers"
    assert "Max-Age=0" in _cookie(answer)


def _end_session(browser):
    """Its cookie is gone; the one that guards forms is not."""
    browser.app.cookies.pop("kehu")
    token = browser.app.cookies["kehu_csrf"]
    browser.app.reset()
    browser.app.set_cookie("kehu_csrf", token)


def test_what_was_typed_when_the_session_ended_survives_the_login(browser_of, site):
    browser = browser_of()
    number = site.customer("Acme")
    path = f"/core/customers/{number}/edit"
    form = browser.form(path)
    form["phone"], form["note"] = "021", '"><script>alert(1)</script>\nsecond line'
    _end_session(browser)
    browser.headers["Referer"] = f"http://localhost{path}"
    page = browser.send(form, status=403)
    assert "what you have typed is kept" in page.text
    login = page.forms[0]
    login["login"], login["password"] = "admin", "wrong"
    login = login.submit(headers=browser.headers, status=422).forms[0]  # a slip at the login loses nothing either
    login["password"] = PASSWORD
    page = login.submit(headers=browser.headers, status=200)
    assert "not saved yet" in page.text
    assert not page.html.select("main script")
    assert page.html.select_one("a.btn")["href"] == path
    page = browser.follow(page.forms[0].submit(headers=browser.headers, status=303))
    assert "Saved: Acme" in page.text
    assert page.html.select_one("dd[data-field=phone]").text.strip() == "021"
    assert "second line" in page.html.select_one("dd[data-field=note]").text


def test_a_password_does_not_travel_through_the_login(browser_of, site):
    browser = browser_of()
    browser.get("/core/users")
    _end_session(browser)
    values = {"login": "li", "password": "x9-Very-Secret"}
    page = browser.post("/core/users/1/actions/set-password", values, status=403)
    assert "Very-Secret" not in page.text
    assert '"li"' in page.forms[0]["kept"].value


@pytest.mark.parametrize(
    "kept", ["", "x", "[]", '["//elsewhere.example", [["a", "b"]]]', '["/a", [["a"]]]', '["/a", 5]', "[" * 9999]
)
def test_what_is_no_form_of_ours_is_not_handed_back(browser_of, app, kept):
    browser = Browser(app)
    browser.get("/login")
    values = {"login": "admin", "password": PASSWORD, "kept": kept, "next": "/core/users"}
    assert browser.post("/login", values).location == "http://localhost/core/users"


def test_a_button_pressed_after_the_session_ended_leads_back_to_its_page(browser_of, site):
    browser = browser_of()
    number = site.customer("Acme")
    _end_session(browser)
    browser.headers["Referer"] = f"http://localhost/core/customers/{number}"
    answer = browser.post(f"/core/customers/{number}/delete", {"version": "1"})
    assert answer.location == f"http://localhost/login?next=%2Fcore%2Fcustomers%2F{number}"


def test_who_is_in_already_need_not_log_in(browser_of):
    assert browser_of().get("/login?next=/core/users", status=303).location == "http://localhost/core/users"


def test_everything_but_the_login_needs_one(app, site):
    client = TestApp(app)
    for path in ("/", "/core/customers", "/core/customers/1", "/core/users/new", "/core/customers/1/edit"):
        assert "/login" in client.get(path, headers=ENGLISH, status=303).location
