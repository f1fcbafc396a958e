"""One's own page, and the bell."""

from __future__ import annotations

import pytest

from core.app import make_app
from core.i18n import _
from core.models import Customer, User
from core.services.notices import notify
from tests.support.site import PASSWORD, Site
from tests.web.conftest import Browser, person, sql

NEW = "Another-Long-1"


@pytest.fixture
def li(site, browser_of):
    person(site, "li")
    return browser_of("li")


def me(site, login="li"):
    def read(ctx):
        return ctx.system.query(User).filter_by(login=login).one()

    return site.run(read, write=False)


def form(page, action):
    return next(form for form in page.forms.values() if form.action == action)


def test_one_says_what_one_is_called_and_no_more(site, li):
    page = form(li.get("/profile"), "/profile")
    page["name"], page["email"] = "李慧 <b>", "li@example.com"
    saved = li.send(page)
    assert "Saved: 李慧" in li.follow(saved).text
    assert (me(site).name, me(site).email) == ("李慧 <b>", "li@example.com")
    li.post("/profile", {"name": "x", "roles": "admin", "clearance": "3", "unit": "9"})
    assert me(site).clearance == 1
    assert "This is needed." in li.post("/profile", {"name": " "}, status=422).text
    assert me(site).name == "x"


def test_density_and_theme_follow_the_user(site, li, browser_of):
    li.post("/preferences", {"density": "compact"})
    assert browser_of("li").get("/profile").html.html["data-density"] == "compact"
    li.post("/preferences", {"density": "huge"}, status=400)


def test_a_new_password_ends_the_other_logins_and_not_this_one(site, li, browser_of):
    other = browser_of("li")
    for old, new, again in (("wrong", NEW, NEW), (PASSWORD, "short", "short"), (PASSWORD, NEW, "x")):
        page = li.post("/profile/password", {"old": old, "new": new, "again": again}, status=422)
        assert page.html.select("[aria-invalid]")
        assert NEW not in page.text
    li.post("/profile/password", {"old": PASSWORD, "new": NEW, "again": NEW})
    li.get("/profile")
    other.get("/profile", status=303)
    assert li.get("/profile").html.select("section[aria-labelledby=se] tbody tr").__len__() == 1


def test_a_login_elsewhere_can_be_ended(site, li, browser_of):
    other = browser_of("li")
    page = li.get("/profile")
    [end] = [one["action"] for one in page.html.select("form[action^='/profile/sessions/']")]
    browser_of().post(end, status=404)  # nobody else's business
    li.post(end)
    other.get("/profile", status=303)
    li.get("/profile")


def test_own_tokens_are_listed_and_others_are_not(site, li):
    site.create("core.token", {"name": "theirs"})
    site.create("core.token", {"name": "mine", "read_only": True}, "li")
    shown = [one.text for one in li.get("/profile").html.select("section[aria-labelledby=to] tbody th")]
    assert shown == ["mine"]


def test_the_bell_counts_what_is_unread_and_leads_there(site, li):
    number = site.customer("Acme", "li")
    user = me(site).id

    def tell(kind):
        site.run(lambda ctx: notify(ctx, user, kind, _("${about} is due."), about=ctx.system.get(Customer, number)))

    assert li.get("/notices").html.select_one(".k-bell .n") is None
    for kind in ("core.a", "core.b", "core.c"):
        tell(kind)
    page = li.get("/core/customers")
    assert page.html.select_one(".k-bell .n").text == "3"
    assert "3 unread" in page.html.select_one(".k-bell")["aria-label"]
    first = li.get("/notices").html.select_one(".new form")["action"]
    there = li.post(first)
    assert there.location.endswith(f"/core/customers/{number}")
    assert li.follow(there).html.select_one(".k-bell .n").text == "2"
    li.post("/notices/read")
    assert li.get("/notices").html.select_one(".k-bell .n") is None
    assert len(li.get("/notices").html.select(".adm-notices li")) == 3


def test_notices_of_others_are_nobody_s(site, li):
    site.run(lambda ctx: notify(ctx, 1, "core.a", _("Done."), about=None))
    assert not li.get("/notices").html.select(".adm-notices li")
    li.post("/notices/1/open", status=404)
    li.post("/notices/read")
    assert site.run(lambda ctx: ctx.rights and ctx.identity.user_id) == 1


@pytest.mark.parametrize("path", ["/profile", "/notices"])
def test_pages_cost_the_same_however_much_there_is(database_url, path):
    site = Site(database_url, testing="true")
    browser = Browser(make_app(site.kernel))
    browser.log_in()

    def fill(at: int) -> None:
        site.create("core.token", {"name": f"t{at}"})
        number = site.customer(f"C{at}")
        site.run(lambda ctx: notify(ctx, 1, "core.a", _("${about}"), about=ctx.system.get(Customer, number)))

    fill(0)
    browser.get(path)
    few = sql(browser.get(path))
    for at in range(1, 6):
        fill(at)
    browser.get(path)
    assert sql(browser.get(path)) == few <= 9
    site.close()


def test_languages_have_the_names_that_their_speakers_give_them(browser_of, site):
    number = person(site, "li", language="zh_Hans")
    admin = browser_of()
    chosen = admin.get(f"/core/users/{number}/edit").html.select("[name=language] option")
    assert [(one["value"], one.text) for one in chosen] == [("", ""), ("zh_Hans", "简体中文"), ("en", "English")]
    for page in (
        admin.get(f"/core/users/{number}"),
        admin.get("/core/users?columns=name,language"),
        admin.get("/profile"),
    ):
        assert "简体中文" in page.text
        assert "zh_Hans" not in page.html.main.text
    admin.post(f"/core/users/{number}/edit", {"language": "fr", "version": "1"}, status=422)
