"""Forged forms, scripts in names, and the policy that stops what gets through."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest

from core.http.headers import CSP
from core.http.paths import by_path
from core.http.work import MOST_BYTES
from tests.web.conftest import ENGLISH, Browser, form_token

PAYLOAD = """"><script>alert(1)</script><img src=x onerror='a'>{{7*7}}"""


class Strict(HTMLParser):
    """Collects what a strict policy forbids."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.script = False

    def handle_starttag(self, tag, attrs):
        names = dict(attrs)
        self.script = tag == "script"
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(f"inline {tag}")
        self.found += [f"{tag} {name}" for name in names if name.startswith("on") or name == "style"]
        for name in ("href", "src", "action", "formaction"):
            if (names.get(name) or "").lower().startswith(("javascript:", "data:")):
                self.found.append(f"{tag} {name}")
            if tag in ("script", "link", "img", "use") and "//" in (names.get(name) or ""):
                self.found.append(f"{tag} from elsewhere")

    def handle_data(self, data):
        if self.script and data.strip():
            self.found.append("inline script")

    def handle_endtag(self, tag):
        self.script = False


def strictly(html: str) -> list[str]:
    parser = Strict()
    parser.feed(html)
    return parser.found


def pages(site) -> Iterator[str]:
    yield "/login"
    for path in by_path(site.kernel.catalog):
        yield from (path, f"{path}/new", f"{path}/1", f"{path}/1/edit")
    yield from (
        "/core/customers?q=none",
        "/core/customers/1/actions/assign",
        "/core/customers/9999",
        "/core/customers?sort=x",
    )


@pytest.fixture
def full(site):
    """A record of every kind, with a payload wherever text goes."""
    number = site.customer(
        PAYLOAD, short_name=PAYLOAD, note=PAYLOAD, website="javascript:alert(1)", email=PAYLOAD, phone=PAYLOAD
    )
    site.user("li")
    share = {"entity": "core.customer", "record": number, "to": {"user": "li"}, "actions": ["view"]}
    site.create("core.share", share)
    return site


def test_no_page_has_anything_inline(full, admin):
    for path in pages(full):
        page = admin.app.get(path, headers=ENGLISH, expect_errors=True)
        if page.content_type == "text/html" and page.status_int != 303:
            assert strictly(page.text) == [], path
        assert page.headers["Content-Security-Policy"] == CSP, path


def test_what_people_write_is_text_on_every_page(full, admin):
    for path in pages(full):
        page = admin.app.get(path, headers=ENGLISH, expect_errors=True)
        assert "<script>alert" not in page.text, path
        assert "<img src=x" not in page.text, path
        assert "&gt;49" not in page.text, path


def test_what_people_write_is_text_in_titles_toasts_errors_and_conflicts(full, admin):
    form = admin.form("/core/customers/1/edit")
    form["address"] = PAYLOAD
    saved = admin.follow(admin.send(form))
    assert PAYLOAD in saved.html.title.text
    assert PAYLOAD[:40] in saved.html.select_one(".k-toast").text
    old = admin.form("/core/customers/1/edit")
    new = admin.form("/core/customers/1/edit")
    new["short_name"] = f"{PAYLOAD}!"
    admin.send(new)
    old["short_name"] = f"{PAYLOAD}?"
    conflict = admin.send(old, 409)
    wrong = admin.form("/core/customers/new")
    wrong["name"], wrong["employees"] = f"{PAYLOAD} 2", PAYLOAD  # who has the same name is asked about that first
    refused = admin.send(wrong, 422)
    found = admin.get("/core/customers?q=%3Cscript%3Ealert(1)%3C/script%3E")
    for page in (saved, conflict, refused, found):
        assert strictly(page.text) == []
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text


@pytest.mark.parametrize("token", [None, "", "0" * 32, "é"])
def test_a_forged_form_changes_nothing(site, browser_of, token):
    browser = browser_of()
    values = {"name": "Evil"} | ({} if token is None else {"csrf_token": token})
    page = browser.app.post("/core/customers/new", values, headers=ENGLISH, status=400)
    assert "This form has expired" in page.text
    assert names_of(site) == []


def test_no_two_pages_carry_the_same_token_and_none_the_cookie_s(site, browser_of):
    browser = browser_of()
    pages = [browser.get("/core/customers/new") for _time in range(2)]
    tokens = {one["value"] for page in pages for one in page.html.select("[name=csrf_token]")}
    assert len(tokens) == 2
    secret = browser.app.cookies["kehu_csrf"]
    assert not any(secret in page.text for page in pages)
    for number, token in enumerate(tokens):
        values = {"name": f"Acme{number}", "phone": f"021-{number}", "csrf_token": token}
        browser.app.post("/core/customers/new", values, headers=ENGLISH, status=303)
    browser.app.post("/core/customers/new", {"name": "Evil", "csrf_token": secret}, headers=ENGLISH, status=400)
    assert names_of(site) == ["Acme0", "Acme1"]


def test_a_form_from_another_site_changes_nothing(site, browser_of):
    browser = browser_of()
    values = {"name": "Evil"} | form_token(browser.app)
    for header in ({"Origin": "https://elsewhere.example"}, {"Referer": "https://elsewhere.example/"}):
        page = browser.app.post(
            "https://localhost/core/customers/new",
            values,
            headers=ENGLISH | header,
            extra_environ={"wsgi.url_scheme": "https"},
            status=400,
        )
        assert "This form has expired" in page.text
    assert names_of(site) == []


@pytest.mark.parametrize(
    "path", ["/login", "/logout", "/preferences", "/core/customers/1/delete", "/core/customers/1/edit"]
)
def test_every_form_asks_for_the_token(full, browser_of, path):
    assert "expired" in browser_of().app.post(path, {}, headers=ENGLISH, status=400).text


def test_programs_need_no_token_of_the_forms(app):
    Browser(app).app.post_json("/api/v1/core/customers", {"name": "A"}, status=401)


def test_a_request_that_is_too_large_is_refused_before_it_is_read(browser_of):
    browser = browser_of()
    page = browser.app.post("/core/customers/new", b"a" * (MOST_BYTES + 1), headers=ENGLISH, status=413)
    assert "too large" in page.text


def test_what_is_no_text_is_refused(browser_of):
    browser = browser_of()
    values = form_token(browser.app)
    token = urlencode(values).encode()
    for body in (b"__start__=x:sequence&" + token, b"__end__=&" + token):
        browser.app.post("/core/customers/new", body, headers=ENGLISH, status=400)
    browser.app.get("/core/customers?q=%ff", headers=ENGLISH, status=400)
    browser.app.get("/core/customers?q=%00", headers=ENGLISH, status=400)
    for name in ("name", "csrf_token", "__start__"):
        upload = [(name, "a.txt", b"content")]
        sent = {} if name == "csrf_token" else values
        browser.app.post("/core/customers/new", sent, upload_files=upload, headers=ENGLISH, status=400)


def names_of(site) -> list[str]:
    from core.models import Customer

    with site.kernel.work(write=False) as work:
        return [one.name for one in work.system.query(Customer)]
