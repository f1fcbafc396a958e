"""What goes out compressed, to whom, and what never does."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from webob import Request, Response

from core.services.login import new_token
from core.web.assets import asset
from tests.web.conftest import Browser

LIST = "/core/customers"
SHEET = "vendor/tabler-1.6.1/tabler.min.css"
ELSEWHERE = ("cross-site", "same-site", "")


def is_packed(answer: Response) -> bool:
    """Whether it went out compressed."""
    packed = answer.headers.get("Content-Encoding") == "gzip"
    assert packed == answer.body.startswith(b"\x1f\x8b")
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    assert "Accept-Encoding" in answer.headers["Vary"]
    return packed


def sent(app: Any, path: str, method: str = "GET", **headers: str) -> Response:
    """The reply as it goes over the wire: WebTest would unpack it."""
    request = Request.blank(path, method=method, headers={"Accept-Encoding": "gzip, deflate, br"})
    request.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return request.get_response(app)


def asked(browser: Browser, path: str, method: str = "GET", **headers: str) -> Response:
    cookies = "; ".join(f"{name}={value}" for name, value in browser.app.cookies.items())
    return sent(browser.app.app, path, method, Cookie=cookies, **headers)


@pytest.mark.parametrize("header", ["", "identity", "br", "gzip;q=0", "*;q=0", "gzip;q=x", "\xff"])
def test_who_does_not_take_gzip_gets_it_plain(admin, header):
    for path, within in ((LIST, "</html>"), (asset(SHEET), "--tblr-")):
        answer = asked(admin, path, Accept_Encoding=header)
        assert not is_packed(answer)
        assert within in answer.text


def test_who_says_nothing_gets_it_plain(app):
    assert not is_packed(Request.blank(asset(SHEET)).get_response(app))


@pytest.mark.parametrize("header", ["gzip", "GZIP", "br, gzip;q=0.2", "*"])
def test_who_takes_gzip_gets_pages_and_files_so(admin, header):
    for path, within in ((LIST, b"</html>"), (asset(SHEET), b"--tblr-"), ("/static/tokens.css", b"--k-")):
        answer = asked(admin, path, Accept_Encoding=header)
        assert is_packed(answer), path
        assert within in gzip.decompress(answer.body)
        assert len(answer.body) < len(gzip.decompress(answer.body)) / 2


def test_a_page_that_another_site_asks_for_is_not_compressed(admin):
    for where in ("same-origin", "none"):
        assert is_packed(asked(admin, LIST, Sec_Fetch_Site=where))
    for where in ELSEWHERE:
        assert not is_packed(asked(admin, LIST, Sec_Fetch_Site=where)), where
        assert is_packed(asked(admin, asset(SHEET), Sec_Fetch_Site=where)), where


def test_programs_get_it_compressed_too(site, app):
    site.customer("Acme")
    site.customer("Bolt")
    key = site.kernel.run(lambda work: new_token(work, "admin"), write=True)
    answer = sent(app, f"/api/v1{LIST}", Authorization=f"Bearer {key}")
    assert is_packed(answer)
    assert b"Acme" in gzip.decompress(answer.body)
    assert not is_packed(sent(app, f"/api/v1{LIST}/999", Authorization=f"Bearer {key}"))  # too little to gain


def test_files_of_people_and_what_has_no_body_stay_as_they_are(site, admin):
    text = b"<html>" + b"a" * 5000
    number = site.attach(site.customer("Acme"), "a.html", text)
    answer = asked(admin, f"/core/attachments/{number}/content")
    assert answer.body == text
    assert "Content-Encoding" not in answer.headers
    kept = asked(admin, asset(SHEET)).headers["Last-Modified"]
    assert asked(admin, asset(SHEET), If_Modified_Since=kept).status_int == 304
    assert asked(admin, asset(SHEET), "HEAD").body == b""


def test_a_compressed_file_comes_in_parts_like_any_other(site, admin):
    whole = asked(admin, asset(SHEET)).body
    part = asked(admin, asset(SHEET), Range="bytes=100-199")
    assert part.status_int == 206
    assert part.body == whole[100:200]
