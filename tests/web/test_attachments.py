"""Files on a record's page, without scripts and with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from core.app import make_app
from tests.support.serving import served
from tests.support.shots import log_in
from tests.support.site import Site
from tests.web.conftest import Browser, form_token, person, spoken, sql
from tests.web.test_safety import PAYLOAD, strictly

ADD = "/core/attachments/add"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40


@pytest.fixture
def customer(site: Site) -> int:
    person(site, "li")
    return site.customer("Acme", "li")


@pytest.fixture
def li(customer: int, browser_of: Callable[..., Browser]) -> Browser:
    return browser_of("li")


def path_of(customer: int) -> str:
    return f"/core/customers/{customer}"


def panel(browser: Browser, customer: int) -> Any:
    [found] = browser.get(path_of(customer)).html.select("[data-panel='core.attachment']")
    return found


def upload(browser: Browser, customer: int, *files: tuple[str, bytes], status: int = 303) -> Any:
    browser.get(path_of(customer))
    return browser.app.post(
        f"{ADD}?entity=core.customer&record={customer}",
        form_token(browser.app),
        upload_files=[("file", name, body) for name, body in files],
        headers=browser.headers,
        status=status,
    )


def links(browser: Browser, customer: int) -> dict[str, str]:
    return {link.text: link["href"] for link in panel(browser, customer).select("li a")}


def test_adding_opening_deleting_and_undoing(li: Browser, customer: int) -> None:
    form = panel(li, customer).select_one("form.k-upload")
    assert (form["enctype"], form["method"]) == ("multipart/form-data", "post")
    done = upload(li, customer, ("报价.pdf", b"%PDF-1.7"), ("图.png", PNG))
    page = li.follow(done)
    assert page.html.main["data-record"] == f"core.customer/{customer}"
    assert "Saved: 报价.pdf, 图.png" in page.html.select_one("[role=status]").text
    found = links(li, customer)
    assert list(found) == ["图.png", "报价.pdf"]
    assert li.get(found["报价.pdf"]).headers["Content-Disposition"].startswith("attachment")
    shown = li.get(found["图.png"])
    assert (shown.body, shown.headers["Content-Type"]) == (PNG, "image/png")
    assert shown.headers["Content-Disposition"].startswith("inline")
    button = panel(li, customer).select_one("li form")
    values = {"version": button.select_one("[name=version]")["value"]}
    li.headers["Referer"] = f"http://localhost{path_of(customer)}"
    page = li.follow(li.post(button["action"], values))
    assert page.html.main["data-record"] == f"core.customer/{customer}"
    assert list(links(li, customer)) == ["报价.pdf"]
    undo = page.html.select_one(".k-toast form")["action"]
    page = li.follow(li.post(undo))
    assert page.html.main["data-record"] == f"core.customer/{customer}"
    assert list(links(li, customer)) == ["图.png", "报价.pdf"]


def test_who_only_looks_is_not_asked_for_files(site: Site, customer: int, browser_of: Callable[..., Browser]) -> None:
    site.role("viewer", [{"entity": "core.customer", "action": "view", "reach": "all"}])
    person(site, "vi", roles=["viewer"])
    site.attach(customer, "a.txt", b"a")
    viewer = browser_of("vi")
    assert list(links(viewer, customer)) == ["a.txt"]
    assert panel(viewer, customer).select("form") == []
    upload(viewer, customer, ("b.txt", b"b"), status=403)
    assert "No files yet." in panel(viewer, site.customer("Bare")).text


def test_hidden_and_absent_records_take_no_files(site: Site, li: Browser) -> None:
    hidden = site.customer("Hidden")
    number = site.attach(hidden, "a.txt", b"a")
    token = form_token(li.app)
    for query in (
        f"entity=core.customer&record={hidden}",
        "entity=core.customer&record=987654",
        "entity=x&record=1",
        "",
    ):
        files = [("file", "b.txt", b"b")]
        li.app.post(f"{ADD}?{query}", token, upload_files=files, headers=li.headers, status=404)
    for path in (f"/core/attachments/{number}", f"/core/attachments/{number}/content"):
        assert spoken(li.get(path, 404)) == spoken(li.get(path.replace(str(number), "987654"), 404))


def test_faults_of_the_form(site: Site, li: Browser, customer: int) -> None:
    assert "Choose a file first." in upload(li, customer, status=422).text
    assert "empty" in upload(li, customer, ("a.txt", b"a"), ("b.txt", b""), status=422).text
    assert "25 MB" in upload(li, customer, ("a.bin", b"x" * (25 * 2**20 + 1)), status=413).text
    upload(li, customer, ("a.bin", b"x" * (25 * 2**20 + 70_000)), status=413)
    path = f"{ADD}?entity=core.customer&record={customer}"
    li.app.post(path, {}, upload_files=[("file", "a.txt", b"a")], headers=li.headers, status=400)
    # WebTest makes a form of its own of what it is told is one; a header is left alone.
    li.app.post(path, b"--x", headers=li.headers | {"Content-Type": "multipart/form-data"}, status=400)
    nested = b"".join(
        f"--b{n}\r\nContent-Type: multipart/mixed; boundary=b{n + 1}\r\n\r\n".encode() for n in range(3000)
    )
    li.app.post(path, nested, headers=li.headers | {"Content-Type": "multipart/form-data; boundary=b0"}, status=400)
    assert links(li, customer) == {}
    assert [one for one in Path(site.settings.files).rglob("*") if one.is_file()] == []


def test_a_file_name_is_shown_as_text(site: Site, li: Browser, customer: int) -> None:
    site.attach(customer, PAYLOAD.replace("/", "\N{FRACTION SLASH}"), b"a")
    page = li.get(path_of(customer))
    assert strictly(page.text) == []
    assert "{{7_7}}" in next(iter(links(li, customer)))


def test_the_panel_takes_no_statement_a_file(database_url: str, tmp_path: Path) -> None:
    site = Site(database_url, testing="true", files=str(tmp_path / "files"))
    browser, customer = Browser(make_app(site.kernel)), site.customer("Acme")
    browser.log_in()
    counts = []
    for number in range(12):
        site.attach(customer, f"{number}.txt", b"a")
        counts.append(sql(browser.get(path_of(customer))))
    assert set(counts[1:]) == {counts[-1]}
    site.close()


@pytest.fixture
def address(site: Site) -> Iterator[str]:
    with served(make_app(site.kernel)) as where:
        yield where


def test_a_chosen_file_is_sent_at_once(site: Site, customer: int, address: str, page: Page, tmp_path: Path) -> None:
    log_in(page, address, "li")
    page.goto(f"{address}{path_of(customer)}")
    large, small = tmp_path / "large.bin", tmp_path / "合同.pdf"
    with large.open("wb") as file:
        file.truncate(25 * 2**20 + 1)
    small.write_bytes(b"%PDF-1.7")
    expect(page.get_by_role("button", name=re.compile("Upload|上传"))).to_be_hidden()
    page.set_input_files("input[type=file]", large)
    assert page.evaluate("document.querySelector('input[type=file]').validationMessage")
    expect(page.locator(".k-files li")).to_have_count(0)
    with page.expect_navigation():
        page.set_input_files("input[type=file]", small)
    expect(page.locator(".k-files li")).to_have_count(1)
    with page.expect_download() as started:
        page.locator(".k-files").get_by_role("link", name="合同.pdf").click()
    assert started.value.suggested_filename == "合同.pdf"
    with page.expect_navigation():
        page.click(".k-files button")
    expect(page.locator(".k-files li")).to_have_count(0)
    with page.expect_navigation():
        page.click(".k-toast form button")
    expect(page.locator(".k-files li")).to_have_count(1)
